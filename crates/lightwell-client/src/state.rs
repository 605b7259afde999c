//! The state that a pipeline's callers and its delivery thread share, within one process.
//!
//! Invariants: one lock, held for moments, never across a call to the host, the network or the clock of another; a
//! [`Ticket`] that is dropped with records accounts for them, and in debug builds that is a panic: somebody forgot them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::account::{self, Life, Told};
use crate::deliver::Target;
use crate::encoding::{ItemResult, Lane};
use crate::ledger::DropReason;
use crate::notices::Level;
use crate::process::Process;
use crate::queue::{Item, Phase, Queue};
use crate::settings::Settings;
use crate::spool::{Destination, Spooler};

/// What a pipeline is made of and never changes; shared with the states of forked children.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    /// Under which name the spool keeps what goes there.
    pub(crate) destination: Option<Destination>,
}

impl Config {
    pub(crate) fn new(lanes: Vec<Lane>, target: Target, settings: Settings) -> Self {
        let product = lanes.first().map_or("lightwell", |lane| lane.product);
        let destination = settings.spool.as_ref().and_then(|_| Destination::of(product, &target));
        Self { lanes, target, settings: settings.normalised(), destination }
    }

    /// Whose records these are: `sigil`.
    pub(crate) fn product(&self) -> &'static str {
        self.lanes.first().map_or("lightwell", |lane| lane.product)
    }
}

#[derive(Debug)]
pub(crate) struct State {
    /// The process this state belongs to.
    pub(crate) process: Process,
    pub(crate) config: Arc<Config>,
    /// What the server knows this process by.
    pub(crate) life: Life,
    pub(crate) spool: Option<Arc<Spooler>>,
    queue: Mutex<Queue>,
    /// Log lines wait for the host.
    pub(crate) has_notices: Arc<AtomicBool>,
    /// Signalled when a wait may be over.
    pub(crate) settled: Condvar,
    /// Signalled when the delivery thread has something new to know.
    pub(crate) wake: Notify,
}

impl State {
    pub(crate) fn new(config: Arc<Config>, phase: Phase) -> Arc<Self> {
        let mut queue = Queue::new(config.lanes.len(), phase);
        let life = Life::begin();
        let spool = config.settings.spool.as_ref().zip(config.destination.as_ref());
        let spool = spool.map(|(settings, to)| Arc::new(Spooler::new(settings, to, &life)));
        queue.spool.clone_from(&spool);
        Arc::new(Self {
            process: Process::current(),
            config,
            life,
            spool,
            has_notices: queue.notices.waiting(),
            queue: Mutex::new(queue),
            settled: Condvar::new(),
            wake: Notify::new(),
        })
    }

    /// Leaves what the spool has to the next start. Not to be called with the queue locked.
    pub(crate) fn close_spool(&self) {
        if let Some(notice) = self.spool.as_ref().and_then(|spool| spool.close()) {
            self.queue().notices.push(Level::Warning, notice);
        }
    }

    /// Tells the spool that these records are settled. Not to be called with the queue locked.
    fn forget(&self, items: &[Item]) {
        let Some(spool) = &self.spool else { return };
        let Some(origin) = items.iter().find_map(|item| item.origin.as_ref()) else { return };
        let numbers: Vec<u64> =
            items.iter().filter(|item| item.origin.is_some()).map(|item| item.number).collect();
        if let Some(notice) = spool.settle(origin, &numbers) {
            self.queue().notices.push(Level::Warning, notice);
        }
    }

    /// The queue. A panic under the lock leaves counters that are still worth reading, so poison is ignored.
    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a settlement, at most until `until`.
    pub(crate) fn wait<'a>(
        &self,
        guard: MutexGuard<'a, Queue>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, Queue> {
        match until {
            None => self.settled.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.settled.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

/// Records on their way: taken from a lane, not yet accounted for.
#[derive(Debug)]
pub(crate) struct Ticket {
    state: Arc<State>,
    pub(crate) lane: usize,
    items: Vec<Item>,
    /// The items as they are sent, once prepared.
    prepared: Vec<Bytes>,
    /// The only record was shortened to this many bytes.
    shrunk_to: Option<usize>,
}

impl Ticket {
    pub(crate) fn new(state: Arc<State>, lane: usize, items: Vec<Item>) -> Self {
        Self { state, lane, items, prepared: Vec::new(), shrunk_to: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Brings the items to the form in which they are sent; those that have none are refused alone.
    pub(crate) fn prepare(&mut self) {
        let encoding = &self.state.config.lanes[self.lane].encoding;
        let mut kept = Vec::with_capacity(self.items.len());
        let mut rejected = Vec::new();
        for item in std::mem::take(&mut self.items) {
            match encoding.prepare(&item.bytes) {
                Ok(bytes) => {
                    self.prepared.push(bytes);
                    kept.push(item);
                }
                Err(why) => rejected.push((item, why)),
            }
        }
        self.items = kept;
        self.account(&[], rejected, false);
    }

    /// A copy on disk outlasts any outage, so nothing needs to be given up for one.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.items.iter().any(|item| item.origin.is_some())
    }

    /// Nothing more is tried for these: what is on disk stays there, the rest is given up.
    pub(crate) fn leave(mut self, why: &str) {
        let on_disk = self.items.extract_if(.., |item| item.origin.is_some()).count();
        debug_assert!(on_disk > 0 || !self.items.is_empty(), "nobody to leave");
        if !self.items.is_empty() {
            self.give_up(DropReason::GaveUp, why);
        }
    }

    /// What the request says of the sender, and what of that counts as told once the server keeps it.
    pub(crate) fn report(&self) -> (String, Told) {
        let product = self.state.config.lanes[self.lane].product;
        let items = self.runs();
        match self.items.first().and_then(|item| item.life.as_deref()) {
            Some(left) => (account::foreign_report(left, product, items), Told::default()),
            None => self.state.queue().report(&self.state.life, product, items),
        }
    }

    /// The numbers of the records take more room than a header has.
    pub(crate) fn numbers_are_long(&self) -> bool {
        let runs = self.runs();
        let digits = |number: u64| number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let bytes: usize = runs.iter().map(|(first, last)| digits(*first) + digits(*last) + 2).sum();
        bytes > account::ITEMS_BYTES
    }

    fn runs(&self) -> Vec<(u64, u64)> {
        account::runs(self.items.iter().map(|item| item.number))
    }

    /// The request body.
    pub(crate) fn body(&self) -> Bytes {
        self.state.config.lanes[self.lane].encoding.join(&self.prepared)
    }

    /// Whether the request body would have more bytes than this. JSON has more than the protobuf it was queued as.
    pub(crate) fn is_over(&self, bytes: usize) -> bool {
        self.prepared.iter().map(Bytes::len).sum::<usize>() > bytes
    }

    /// Two tickets of half the records each, the second one first: whoever sends takes from the end.
    pub(crate) fn bisect(self) -> [Self; 2] {
        let middle = self.items.len() / 2;
        self.split_at(middle)
    }

    /// Two tickets of about as many bytes each, the second one first. There must be two records.
    pub(crate) fn split_bytes(self) -> [Self; 2] {
        let half = self.prepared.iter().map(Bytes::len).sum::<usize>() / 2;
        let mut bytes = 0;
        let within = self.prepared.iter().take_while(|item| {
            bytes += item.len();
            bytes <= half
        });
        let middle = within.count().clamp(1, self.items.len() - 1);
        self.split_at(middle)
    }

    fn split_at(mut self, middle: usize) -> [Self; 2] {
        let mut second = Self::new(Arc::clone(&self.state), self.lane, self.items.split_off(middle));
        second.prepared = self.prepared.split_off(middle);
        [second, self]
    }

    /// The same record with its longest parts cut, to half of what it was; or unchanged when there is nothing to cut.
    pub(crate) fn shrink(mut self, why: &str) -> Result<Self, Self> {
        let lane = &self.state.config.lanes[self.lane];
        let [item] = &self.items[..] else { return Err(self) };
        let limit = self.shrunk_to.unwrap_or(item.bytes.len()) / 2;
        let shrunk = lane.encoding.shrink(&item.bytes, limit);
        let Some(prepared) = shrunk.and_then(|shrunk| lane.encoding.prepare(&shrunk).ok()) else {
            return Err(self);
        };
        let text = lane.shortened(&item.id, item.bytes.len(), limit, why);
        self.state.queue().notices.push(Level::Warning, text);
        self.prepared = vec![prepared];
        self.shrunk_to = Some(limit);
        Ok(self)
    }

    /// The server has the records, apart from those that it refused by themselves. A result belongs to the record with
    /// its id, else to the record in its place; a record without a result is taken as accepted.
    pub(crate) fn settle(mut self, results: Vec<ItemResult>) {
        let items = std::mem::take(&mut self.items);
        let mut refused: Vec<Option<String>> = vec![None; items.len()];
        for (index, result) in results.into_iter().enumerate() {
            if result.accepted {
                continue;
            }
            let at_place = items.get(index).is_some_and(|item| result.id.is_empty() || item.id == result.id);
            let place =
                if at_place { Some(index) } else { items.iter().position(|item| item.id == result.id) };
            if let Some(place) = place.or_else(|| (index < items.len()).then_some(index)) {
                refused[place] = Some(result.error);
            }
        }
        let mut kept = Vec::with_capacity(items.len());
        let mut rejected = Vec::new();
        for (item, error) in items.into_iter().zip(refused) {
            match error {
                None => kept.push(item),
                Some(error) => rejected.push((item, error)),
            }
        }
        self.account(&kept, rejected, true);
    }

    /// All records are given up.
    pub(crate) fn give_up(mut self, reason: DropReason, why: &str) {
        let items = std::mem::take(&mut self.items);
        let lane = &self.state.config.lanes[self.lane];
        let text = match (&items[..], reason) {
            ([item], DropReason::Rejected | DropReason::TooLarge) => {
                format!("{} {} rejected id={} error={why}", lane.product, lane.noun, item.id)
            }
            _ => format!("{} {} export failed: {why}", lane.product, lane.noun),
        };
        let mut queue = self.state.queue();
        queue.notices.push(Level::Warning, text);
        if let ([item], DropReason::Rejected | DropReason::TooLarge) = (&items[..], reason) {
            queue.note_refusal(item, why);
        }
        if queue.settle(&items, Some(reason), why) {
            self.state.settled.notify_all();
        }
        drop(queue);
        self.state.forget(&items);
    }

    /// `there`: it was the server that rejected them, so it knows.
    fn account(&self, kept: &[Item], rejected: Vec<(Item, String)>, there: bool) {
        const NAMED: usize = 10;
        let lane = &self.state.config.lanes[self.lane];
        let mut queue = self.state.queue();
        let more = rejected.len().saturating_sub(NAMED);
        for (item, error) in rejected.iter().take(NAMED) {
            let text = format!("{} {} rejected id={} error={error}", lane.product, lane.noun, item.id);
            queue.notices.push(Level::Warning, text);
        }
        if more > 0 {
            let text = format!("{} {} rejected: {more} more in the same request", lane.product, lane.noun);
            queue.notices.push(Level::Warning, text);
        }
        rejected.iter().for_each(|(item, error)| queue.note_refusal(item, error));
        let rejected: Vec<Item> = rejected.into_iter().map(|(item, _)| item).collect();
        let mut someone = queue.settle(kept, None, "");
        someone |= queue.settle(&rejected, Some(DropReason::Rejected), "");
        if there {
            let own = rejected.iter().filter(|item| item.life.is_none());
            queue.account.refused_there(&own.map(|item| item.number).collect());
        }
        if someone {
            self.state.settled.notify_all();
        }
        drop(queue);
        self.state.forget(kept);
        self.state.forget(&rejected);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.items.is_empty() {
            let items = std::mem::take(&mut self.items);
            let mut queue = self.state.queue();
            // Whoever aborts accounts for what is in flight. A panic is told by itself.
            let is_accounted_for = queue.phase == Phase::Aborted || std::thread::panicking();
            // Those on disk stay pending: the next start delivers them.
            let items: Vec<Item> = items.into_iter().filter(|item| item.origin.is_none()).collect();
            if queue.settle(&items, Some(DropReason::GaveUp), "the delivery thread ended") {
                self.state.settled.notify_all();
            }
            drop(queue);
            debug_assert!(is_accounted_for, "{} records left without an entry in the ledger", items.len());
        }
    }
}

#[cfg(test)]
mod tests;
