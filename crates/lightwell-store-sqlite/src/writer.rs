//! The one thread that writes a day's file. It takes what has queued up while the last group was being made durable, writes it in one
//! transaction, and answers everyone after the commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use lightwell_store::{Deleted, Heard, Outcome, StoreError};

use crate::cleaning::Cleaning;
use crate::codes::nanoseconds;
use crate::day_file::DayFile;
use crate::delivery::{Accounts, Note};
use crate::engine::Engine;
use crate::fault::{Fault, Result};
use crate::gather::Gather;
use crate::selection::Selection;
use crate::shard::{Job, Routed, Shard};

/// A group is committed when it has this many records ...
const GROUP_RECORDS: usize = 2000;
/// ... or takes this much memory.
const GROUP_BYTES: usize = 64 << 20;
/// A writer without work moves its log into the file, closes it and ends.
const IDLE: Duration = Duration::from_secs(20);

/// Starts the writer of a day.
pub fn start(engine: Arc<Engine>, shard: Arc<Shard>, jobs: Receiver<Job>) -> std::io::Result<JoinHandle<()>> {
    let name = format!("lightwell-{}", shard.day);
    std::thread::Builder::new()
        .name(name)
        .spawn(move || Writer { engine, shard, file: None, unindexed: Vec::new(), cleaning: None }.run(&jobs))
}

struct Writer {
    engine: Arc<Engine>,
    shard: Arc<Shard>,
    file: Option<DayFile>,
    /// New conversations that the index does not have yet.
    unindexed: Vec<(i64, i64)>,
    /// Something was deleted and is being cleaned away, a step after each job.
    cleaning: Option<Cleaning>,
}

struct Append {
    records: Vec<Routed>,
    bytes: usize,
    note: Option<Note>,
    gather: Arc<Gather<Vec<Option<Outcome>>>>,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let patience = if self.cleaning.is_some() { Duration::ZERO } else { IDLE };
            let mut next = match jobs.recv_timeout(patience) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) if self.cleaning.is_some() => None,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let mut late = None;
                    let is_idle = || match jobs.try_recv() {
                        Ok(job) => {
                            late = Some(job);
                            false
                        }
                        Err(TryRecvError::Empty | TryRecvError::Disconnected) => true,
                    };
                    if self.engine.retire(self.shard.day, is_idle) {
                        break;
                    }
                    late
                }
            };
            while let Some(job) = next.take() {
                next = match job {
                    Job::Append { records, bytes, note, gather } => {
                        self.group(Append { records, bytes, note, gather }, jobs)
                    }
                    Job::Delete { selection, gather } => {
                        self.delete(selection.as_ref(), gather);
                        None
                    }
                };
            }
            self.clean();
        }
        self.end_cleaning(Err(&StoreError::Closed));
        self.leave();
    }

    /// Commits a group that begins with `first`; gives the job that came after it, if one was taken already.
    fn group(&mut self, first: Append, jobs: &Receiver<Job>) -> Option<Job> {
        let (mut count, mut bytes) = (first.records.len(), first.bytes);
        let mut group = vec![first];
        let mut next = None;
        while count < GROUP_RECORDS && bytes < GROUP_BYTES {
            match jobs.try_recv() {
                Ok(Job::Append { records, bytes: more, note, gather }) => {
                    count += records.len();
                    bytes += more;
                    group.push(Append { records, bytes: more, note, gather });
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        self.commit(group);
        next
    }

    fn commit(&mut self, group: Vec<Append>) {
        let mut keys = Vec::new();
        let mut bytes = 0;
        let mut span = None::<(i64, i64)>;
        let (mut gathers, mut parts) = (Vec::new(), Vec::new());
        for append in group {
            bytes += append.bytes;
            for Routed { prepared, .. } in &append.records {
                keys.push(prepared.key);
                let at = nanoseconds(prepared.at);
                span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            }
            gathers.push(append.gather);
            parts.push((append.records, append.note));
        }
        let result = self.store(parts);
        if let Some((first, last)) = span.filter(|_| result.is_ok()) {
            self.shard.cover(first);
            self.shard.cover(last);
        }
        self.engine.arrived(keys, bytes);
        match result {
            Ok(parts) => {
                for (gather, outcomes) in gathers.into_iter().zip(parts) {
                    gather.part(Ok::<_, &StoreError>(|all: &mut Vec<Option<Outcome>>| {
                        outcomes.into_iter().for_each(|(place, outcome)| all[place] = Some(outcome));
                    }));
                }
            }
            Err(error) => {
                for gather in gathers {
                    gather.part(Err::<fn(&mut Vec<Option<Outcome>>), _>(&error));
                }
            }
        }
        if let Some(file) = &mut self.file {
            file.tidy();
        }
        self.engine.accounts.take_in_if_due();
    }

    fn store(&mut self, parts: Vec<Part>) -> std::result::Result<Vec<Vec<(usize, Outcome)>>, StoreError> {
        let path = self.shard.path.clone();
        let (engine, day) = (Arc::clone(&self.engine), self.shard.number());
        let stored = self.open().and_then(|file| write(file, parts, (&engine.accounts, day)));
        let Written { outcomes, conversations, journaled } = stored.map_err(|fault| {
            self.recover();
            fault.at(&path, "store records")
        })?;
        self.shard.set_ready();
        if let Some((seq, heard)) = journaled {
            engine.accounts.heard(day, seq, heard);
        }
        self.unindexed.extend(conversations);
        self.index()?;
        Ok(outcomes)
    }

    /// Brings the index of conversations up to date. What could not be indexed is tried again with the next group.
    fn index(&mut self) -> std::result::Result<(), StoreError> {
        let meta = &self.engine.meta;
        meta.index(self.shard.number(), &self.unindexed)
            .map_err(|fault| fault.at(meta.path(), "index conversations"))?;
        self.unindexed.clear();
        Ok(())
    }

    fn delete(&mut self, selection: Option<&Selection>, gather: Arc<Gather<Deleted>>) {
        let path = self.shard.path.clone();
        let result = selection.map_or(Ok(Deleted::default()), |selection| self.sweep(selection));
        match result {
            Ok(deleted) => self.cleaning.get_or_insert_default().wait(gather, deleted),
            Err(fault) => {
                self.recover();
                gather.part(Err::<fn(&mut Deleted), _>(&fault.at(&path, "delete records")));
            }
        }
    }

    /// Cleans away some of what was deleted, if anything was.
    fn clean(&mut self) {
        let Some(mut cleaning) = self.cleaning.take() else { return };
        let result = if self.shard.is_ready() {
            cleaning.renewed = !self.shard.has_trained();
            self.open().and_then(|file| file.clean_step(&mut cleaning))
        } else {
            // The file is gone as a whole.
            Ok(true)
        };
        if cleaning.renewed && result.is_ok() {
            self.shard.set_renewed();
        }
        self.cleaning = Some(cleaning);
        match result {
            Ok(false) => {}
            Ok(true) => self.end_cleaning(Ok(())),
            Err(fault) => {
                self.recover();
                let error = fault.at(&self.shard.path, "clean up after a deletion");
                self.end_cleaning(Err(&error));
            }
        }
    }

    fn end_cleaning(&mut self, result: std::result::Result<(), &StoreError>) {
        if let Some(cleaning) = self.cleaning.take() {
            cleaning.end(result);
        }
    }

    fn sweep(&mut self, selection: &Selection) -> Result<Deleted> {
        if self.file.is_none() && !self.shard.is_ready() {
            return Ok(Deleted::default());
        }
        let swept = self.open()?.sweep(selection)?;
        if swept.empty {
            self.remove()?;
        }
        Ok(swept.deleted)
    }

    /// Removes the file with everything in it.
    fn remove(&mut self) -> Result<()> {
        // What its journal has goes with it.
        self.engine.accounts.settle()?;
        self.shard.set_removed();
        self.file = None;
        self.unindexed.clear();
        if let Some(folder) = self.shard.path.parent() {
            match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => sync_folder(&self.engine.root)?,
            }
        }
        self.engine.meta.forget_day(self.shard.number())?;
        self.engine.forget_ids(self.shard.day);
        Ok(())
    }

    fn open(&mut self) -> Result<&mut DayFile> {
        if self.file.is_none() {
            if let Some(folder) = self.shard.path.parent().filter(|folder| !folder.exists()) {
                std::fs::create_dir_all(folder)?;
                sync_folder(&self.engine.root)?;
            }
            self.file = Some(DayFile::open(&self.shard.path)?);
        }
        self.file.as_mut().ok_or_else(|| Fault::Damaged("the file is not open".to_owned()))
    }

    /// After a failure: what is cached may not be what is stored. The next group opens the file anew.
    fn recover(&mut self) {
        if let Some(file) = &mut self.file {
            file.roll_back();
        }
        self.file = None;
    }

    fn leave(&mut self) {
        if let Some(mut file) = self.file.take() {
            // What is not settled is looked for without the index.
            let _ = file.settle();
            self.engine.accounts.leave(self.shard.number(), &file.connection);
            // What stays in the log is read from there, and moved by whoever opens the file next.
            let _ = crate::file::checkpoint(&file.connection);
        }
    }
}

/// The records of one request, and what their sender told.
type Part = (Vec<Routed>, Option<Note>);

/// What a group has left in the file.
struct Written {
    /// What became of each record, by part.
    outcomes: Vec<Vec<(usize, Outcome)>>,
    /// (row, key) of new ones.
    conversations: Vec<(i64, i64)>,
    /// The row of the journal and what it says.
    journaled: Option<(i64, Vec<Heard>)>,
}

fn write(file: &mut DayFile, parts: Vec<Part>, (accounts, day): (&Accounts, i64)) -> Result<Written> {
    file.begin()?;
    let mut outcomes = Vec::with_capacity(parts.len());
    let mut heard = Vec::new();
    for (records, note) in parts {
        let part = records
            .into_iter()
            .map(|Routed { place, known, prepared }| Ok((place, file.apply(prepared, known)?)));
        let part = part.collect::<Result<Vec<_>>>()?;
        heard.extend(note.map(|note| note.complete(&part)));
        outcomes.push(part);
    }
    let journaled = match &heard[..] {
        [] => None,
        heard => Some(accounts.journal(day, &file.connection, heard)?),
    };
    let conversations = file.commit()?;
    Ok(Written { outcomes, conversations, journaled: journaled.map(|seq| (seq, heard)) })
}

/// Makes a new or removed folder entry durable.
fn sync_folder(folder: &std::path::Path) -> Result<()> {
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}
