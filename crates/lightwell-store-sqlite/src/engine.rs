//! What all threads share: the days, the records on their way, the deletions; and the router that finds each record's file.
//!
//! A record's home is the day's file where its id is known, else the day of its moment. Ids that are on their way count as
//! known, and one lock orders everything that decides about homes; so both halves of a call meet in one file even
//! when they arrive at once, and nothing is stored after a deletion that came before.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use lightwell_model::Day;
use lightwell_store::{Deleted, Deletion, Outcome, StoreError};

use crate::codes;
use crate::delivery::{Accounts, Note};
use crate::fault::Fault;
use crate::gather::Gather;
use crate::id_filter::IdFilter;
use crate::meta::{self, Meta};
use crate::prepare::Prepared;
use crate::reader::Reader;
use crate::selection::{Selection, Tombstones, deletion_row};
use crate::shard::{Entry, Job, Routed, Shard};
use crate::writer;

/// What may wait to be written before senders are asked to come back later.
const WAITING_BYTES: usize = 512 << 20;
const RETRY_WAITING: Duration = Duration::from_secs(1);

/// The engine's shared part.
pub struct Engine {
    /// The folder.
    pub root: PathBuf,
    /// `meta.db`
    pub meta: Meta,
    /// `delivery.db`
    pub accounts: Accounts,
    state: Mutex<State>,
}

struct State {
    days: BTreeMap<Day, Entry>,
    under_way: HashMap<i64, (Day, u32)>,
    /// Looks for the homes of records.
    reader: Reader,
    waiting_bytes: usize,
    tombstones: Tombstones,
    writers: Vec<JoinHandle<()>>,
    closed: bool,
}

impl Engine {
    /// An engine over days that were loaded.
    pub fn new(root: PathBuf, meta: Meta, accounts: Accounts, days: Vec<(Shard, IdFilter)>) -> Self {
        let entry = |(shard, filter): (Shard, IdFilter)| {
            (shard.day, Entry { shard: Arc::new(shard), filter, writer: None })
        };
        let state = State {
            days: days.into_iter().map(entry).collect(),
            under_way: HashMap::new(),
            reader: Reader::new(meta.path().to_owned()),
            waiting_bytes: 0,
            tombstones: Tombstones::default(),
            writers: Vec::new(),
            closed: false,
        };
        Self { root, meta, accounts, state: Mutex::new(state) }
    }

    /// Refuses late copies of what was deleted before.
    pub fn remember_deletions(&self, deletions: &[meta::DeletionRow]) {
        let mut state = self.state();
        deletions.iter().for_each(|row| state.tombstones.add(row));
    }

    /// Sends records to the writers of their days, with what their sender told. `answer` gets the outcomes when all is durable.
    pub fn append(
        self: &Arc<Self>,
        records: Vec<Option<Box<Prepared>>>,
        mut note: Option<Note>,
        answer: impl FnOnce(Result<Vec<Option<Outcome>>, StoreError>) + Send + 'static,
    ) {
        let bytes: usize = records.iter().flatten().map(|prepared| prepared.bytes).sum();
        let mut state = self.state();
        if state.closed {
            return answer(Err(StoreError::Closed));
        }
        if state.waiting_bytes > 0 && state.waiting_bytes + bytes > WAITING_BYTES {
            let reason = format!("{} MB are waiting to be written", state.waiting_bytes >> 20);
            return answer(Err(StoreError::Unavailable { reason, retry_after: RETRY_WAITING }));
        }
        let (outcomes, parts) = match state.route(records) {
            Ok(routed) => routed,
            Err(error) => return answer(Err(error)),
        };
        if let Some(note) = &mut note {
            note.known(&outcomes);
        }
        if parts.is_empty() {
            drop(state);
            let told = note.map_or(Ok(()), |note| self.accounts.take_in_now(note));
            return answer(told.map(|()| outcomes));
        }
        let count = parts.len();
        let mut notes = note.into_iter().flat_map(|note| note.split(count));
        let gather = Arc::new(Gather::new(outcomes, count, answer));
        for (day, records) in parts {
            let bytes = records.iter().map(|routed| routed.prepared.bytes).sum();
            state.waiting_bytes += bytes;
            for Routed { prepared, .. } in &records {
                state.under_way.entry(prepared.key).or_insert((day, 0)).1 += 1;
            }
            let (note, gather) = (notes.next(), Arc::clone(&gather));
            self.send(&mut state, day, Job::Append { records, bytes, note, gather });
        }
    }

    /// Records are durable, or have failed: they are not under way any more.
    pub fn arrived(&self, keys: impl IntoIterator<Item = i64>, bytes: usize) {
        let mut state = self.state();
        state.waiting_bytes = state.waiting_bytes.saturating_sub(bytes);
        for key in keys {
            if let Some((_, count)) = state.under_way.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    state.under_way.remove(&key);
                }
            }
        }
    }

    /// Refuses from now on what the deletion covers, and deletes what is stored. `answer` gets the counts.
    pub fn delete(
        self: &Arc<Self>,
        reader: &mut Reader,
        deletion: &Deletion,
        answer: impl FnOnce(Result<Deleted, StoreError>) + Send + 'static,
    ) {
        let row = deletion_row(deletion);
        let (seq, selection) = {
            let mut state = self.state();
            if state.closed {
                return answer(Err(StoreError::Closed));
            }
            let kept = self.meta.add_deletion(&row).and_then(|seq| Ok((seq, self.selection(&row)?)));
            match kept {
                Ok(kept) => {
                    state.tombstones.add(&row);
                    kept
                }
                Err(error) => return answer(Err(error)),
            }
        };
        self.carry_out(reader, seq, &selection, answer);
    }

    /// Deletes what a deletion selects from the files that have it.
    pub fn carry_out(
        self: &Arc<Self>,
        reader: &mut Reader,
        seq: i64,
        selection: &Selection,
        answer: impl FnOnce(Result<Deleted, StoreError>) + Send + 'static,
    ) {
        let indexed = match selection {
            Selection::Conversation { tenant, id } => {
                match reader.days_of(codes::conversation_key(tenant, id)) {
                    Ok(days) => Some(days),
                    Err(error) => return answer(Err(error)),
                }
            }
            _ => None,
        };
        let mut state = self.state();
        if state.closed {
            return answer(Err(StoreError::Closed));
        }
        let concerned = |entry: &&Entry| {
            entry.writer.is_some()
                || entry.shard.has_trained()
                || entry.shard.is_ready()
                    && indexed.as_ref().is_none_or(|days| days.contains(&entry.shard.number()))
                    && !matches!(selection, Selection::Before { moment, .. } if entry.shard.span().0 >= *moment)
        };
        let days: Vec<Day> = state.days.values().filter(concerned).map(|entry| entry.shard.day).collect();
        let engine = Arc::clone(self);
        let finish = move |result: Result<Deleted, StoreError>| {
            answer(result.and_then(|deleted| engine.meta.finish_deletion(seq).map(|()| deleted)));
        };
        if days.is_empty() {
            drop(state);
            return finish(Ok(Deleted::default()));
        }
        let gather = Arc::new(Gather::new(Deleted::default(), days.len(), finish));
        for day in days {
            self.send(
                &mut state,
                day,
                Job::Delete { selection: Some(selection.clone()), gather: Arc::clone(&gather) },
            );
        }
    }

    /// Writes the files of version 2 anew, one after the other, because something of what their dictionaries were trained from was
    /// deleted before. What fails is left to the next deletion or start.
    pub fn renew(self: &Arc<Self>) {
        let mut state = self.state();
        let day = state.days.values().find(|entry| entry.shard.has_trained()).map(|entry| entry.shard.day);
        if let Some(day) = day.filter(|_| !state.closed) {
            let engine = Arc::clone(self);
            let next = move |result: Result<Deleted, StoreError>| {
                if result.is_ok() {
                    engine.renew();
                }
            };
            let gather = Arc::new(Gather::new(Deleted::default(), 1, next));
            self.send(&mut state, day, Job::Delete { selection: None, gather });
        }
    }

    /// What a kept deletion selects.
    pub fn selection(&self, row: &meta::DeletionRow) -> Result<Selection, StoreError> {
        Selection::of_row(row).map_err(|fault| fault.at(self.meta.path(), "read a deletion"))
    }

    /// The days that can be read, newest first.
    pub fn readable(&self) -> Vec<Arc<Shard>> {
        let state = self.state();
        state
            .days
            .values()
            .rev()
            .map(|entry| &entry.shard)
            .filter(|shard| shard.is_ready())
            .cloned()
            .collect()
    }

    /// The days that can be read and may have an id, newest first.
    pub fn readable_with(&self, key: i64) -> Vec<Arc<Shard>> {
        let state = self.state();
        let entries =
            state.days.values().rev().filter(|entry| entry.shard.is_ready() && entry.filter.may_contain(key));
        entries.map(|entry| Arc::clone(&entry.shard)).collect()
    }

    /// The day of a number, if it can be read.
    pub fn readable_day(&self, number: i64) -> Option<Arc<Shard>> {
        let day = codes::day_of_number(number)?;
        let state = self.state();
        state.days.get(&day).map(|entry| &entry.shard).filter(|shard| shard.is_ready()).cloned()
    }

    /// Ends a writer that has nothing to do; false when there is something after all.
    pub fn retire(&self, day: Day, is_idle: impl FnOnce() -> bool) -> bool {
        let mut state = self.state();
        let idle = is_idle();
        if idle && let Some(entry) = state.days.get_mut(&day) {
            entry.writer = None;
        }
        idle
    }

    /// The day's file is gone, and every id in it.
    pub fn forget_ids(&self, day: Day) {
        let mut state = self.state();
        // Ids that are under way to the next file of this day stay known.
        let under_way: Vec<i64> =
            state.under_way.iter().filter(|(_, (to, _))| *to == day).map(|(key, _)| *key).collect();
        if let Some(entry) = state.days.get_mut(&day) {
            entry.filter = IdFilter::default();
            under_way.into_iter().for_each(|key| entry.filter.insert(key));
        }
    }

    /// Takes nothing more in, waits until everything is written, and closes the files.
    pub fn close(&self) {
        let writers = {
            let mut state = self.state();
            state.closed = true;
            state.days.values_mut().for_each(|entry| entry.writer = None);
            std::mem::take(&mut state.writers)
        };
        for writer in writers {
            // A writer that panicked has said so on standard error.
            let _ = writer.join();
        }
        self.state().reader = Reader::new(self.meta.path().to_owned());
    }

    /// It was closed.
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    fn send(self: &Arc<Self>, state: &mut State, day: Day, job: Job) {
        let root = &self.root;
        let entry = state.days.entry(day).or_insert_with(|| Entry {
            shard: Arc::new(Shard::new(root, day)),
            filter: IdFilter::default(),
            writer: None,
        });
        if let Job::Append { records, .. } = &job {
            records.iter().for_each(|routed| entry.filter.insert(routed.prepared.key));
        }
        let job = match &entry.writer {
            Some(writer) => match writer.send(job) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
            None => job,
        };
        let (sender, receiver) = channel();
        match writer::start(Arc::clone(self), Arc::clone(&entry.shard), receiver) {
            Ok(thread) => {
                // The receiver lives until the writer retires, which it does under this lock.
                let _ = sender.send(job);
                entry.writer = Some(sender);
                state.writers.retain(|writer| !writer.is_finished());
                state.writers.push(thread);
            }
            Err(error) => {
                let error = Fault::from(error).at(&entry.shard.path, "start a writer");
                state.refuse(job, &error);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Parts = BTreeMap<Day, Vec<Routed>>;

impl State {
    /// Outcomes that are known at once, and the other records by the day of their home.
    fn route(
        &mut self,
        records: Vec<Option<Box<Prepared>>>,
    ) -> Result<(Vec<Option<Outcome>>, Parts), StoreError> {
        let mut outcomes = Vec::with_capacity(records.len());
        let (mut parts, mut homes) = (Parts::new(), HashMap::<i64, Day>::new());
        for (place, prepared) in records.into_iter().flatten().enumerate() {
            if self.tombstones.cover(&prepared.tenant, prepared.at, prepared.conversation_key) {
                outcomes.push(Some(Outcome::Deleted));
                continue;
            }
            outcomes.push(None);
            // A half may follow the other one in the same batch.
            let (day, known) = match homes.get(&prepared.key) {
                Some(day) => (*day, true),
                None => self.home(&prepared)?,
            };
            homes.insert(prepared.key, day);
            parts.entry(day).or_default().push(Routed { place, known, prepared });
        }
        Ok((outcomes, parts))
    }

    /// The day of a record's home, and whether the id may be known there.
    fn home(&mut self, prepared: &Prepared) -> Result<(Day, bool), StoreError> {
        if let Some((day, _)) = self.under_way.get(&prepared.key) {
            return Ok((*day, true));
        }
        let own = Day::of(prepared.at);
        for (day, entry) in self.days.iter().rev() {
            if *day != own
                && entry.filter.may_contain(prepared.key)
                && self.reader.has_record(&entry.shard, &prepared.tenant, prepared.key)?
            {
                return Ok((*day, true));
            }
        }
        Ok((own, self.days.get(&own).is_some_and(|entry| entry.filter.may_contain(prepared.key))))
    }

    fn refuse(&mut self, job: Job, error: &StoreError) {
        match job {
            Job::Append { records, bytes, gather, .. } => {
                self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
                for routed in &records {
                    self.under_way.remove(&routed.prepared.key);
                }
                gather.part(Err::<fn(&mut Vec<Option<Outcome>>), _>(error));
            }
            Job::Delete { gather, .. } => gather.part(Err::<fn(&mut Deleted), _>(error)),
        }
    }
}
