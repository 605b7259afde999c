//! The queue and everything that changes with it, as one plain value: a function of (itself, input, now).
//!
//! Invariants: every record in a lane or in a [`Ticket`] is in the ledger as pending, exactly once; bounds hold after
//! every call; nothing here waits, sleeps or calls out, but for the write that keeps a record on disk.

mod refusals;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::account::{Account, Life, Told};
use crate::ledger::{DropReason, Ledger};
use crate::notices::{Level, Notices};
use crate::settings::Settings;
use crate::spool::{Kept, Origin, ReadBack, Spooler};

pub(crate) use item::Item;
pub use report::FlushReport;

mod item;
mod report;

/// How far the pipeline's life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// No new records; what is pending still leaves.
    Closing,
    /// The shutdown deadline came: what was pending is dropped and accounted for, what is in flight no longer counts.
    Aborted,
}

/// What the delivery thread does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send these records of this lane.
    Send(usize, Vec<Item>),
    /// Send what is on disk only.
    ReadBack,
    /// Tell the server what no request has told it: everything else is done.
    Close,
    /// Nothing to do before this instant, or before being woken.
    Wait(Option<Instant>),
    /// End the thread.
    Stop,
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    /// Records below this sequence are waited for.
    before: u64,
    remaining: u64,
    /// How often records that are safe on disk had used up their attempts when the wait began.
    stalls: u64,
    report: FlushReport,
}

#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Vec<VecDeque<Item>>,
    lane_bytes: Vec<usize>,
    /// The lane to look at first, so that a busy one does not starve the others.
    turn: usize,
    pub(crate) ledger: Ledger,
    pub(crate) account: Account,
    pub(crate) notices: Notices,
    pub(crate) phase: Phase,
    pub(crate) worker_runs: bool,
    /// The line about what was lost is said.
    summed_up: bool,
    /// The server asked for a pause until then.
    pub(crate) paused_until: Option<Instant>,
    /// The last attempt was answered well, so several may be under way at once.
    pub(crate) healthy: bool,
    next_sequence: u64,
    /// Records below this sequence leave without waiting for a full batch.
    flush_before: u64,
    waiters: Vec<Waiter>,
    next_waiter: u64,
    pub(crate) spool: Option<Arc<Spooler>>,
    /// Bytes of pending records that are on disk only.
    on_disk_bytes: usize,
    /// Bytes of records of earlier processes that are in memory.
    adopted_bytes: usize,
    backlog_turn: bool,
    pub(crate) stalls: u64,
    /// Something was taken since the thread last had nothing to do.
    was_busy: bool,
    /// The idle thread wakes by itself then, before any record that comes until then is due.
    rests_until: Option<Instant>,
    /// Nobody has the pipeline any more, and nobody will say when it is enough.
    pub(crate) is_abandoned: bool,
}

impl Queue {
    pub(crate) fn new(lanes: usize, phase: Phase) -> Self {
        Self {
            lanes: (0..lanes).map(|_| VecDeque::new()).collect(),
            lane_bytes: vec![0; lanes],
            turn: 0,
            ledger: Ledger::default(),
            account: Account::default(),
            notices: Notices::default(),
            phase,
            worker_runs: false,
            summed_up: false,
            paused_until: None,
            healthy: false,
            next_sequence: 0,
            flush_before: 0,
            waiters: Vec::new(),
            next_waiter: 0,
            spool: None,
            on_disk_bytes: 0,
            adopted_bytes: 0,
            backlog_turn: false,
            stalls: 0,
            was_busy: false,
            rests_until: None,
            is_abandoned: false,
        }
    }

    /// Takes a record or says why not. `Ok(true)`: the delivery thread has something new to know.
    pub(crate) fn offer(
        &mut self,
        lane: usize,
        id: &str,
        bytes: Bytes,
        settings: &Settings,
        now: Instant,
    ) -> Result<bool, DropReason> {
        let number = self.account.next_number();
        if let Some(reason) = self.refusal(bytes.len(), settings) {
            return Err(self.refuse(number, reason));
        }
        let mut item = Item::new(id.to_owned(), bytes, number, now);
        let size = item.bytes.len();
        let has_room = self.has_room(lane, size, settings);
        let kept = self.keep(&item, lane, has_room, now);
        if !has_room && !kept.on_disk {
            let reason = if kept.is_full { DropReason::SpoolFull } else { DropReason::QueueFull };
            return Err(self.refuse(number, reason));
        }
        let was_due = self.is_due(lane, settings);
        let is_awaited = self.lanes[lane].is_empty() && self.rests_until.is_none();
        self.ledger.admit(size);
        self.next_sequence = number;
        if self.spool.is_some() {
            self.ledger.spool(kept.on_disk);
        }
        if !has_room {
            let is_first = self.on_disk_bytes == 0;
            self.on_disk_bytes += size;
            return Ok(kept.wake || is_first);
        }
        item.origin = kept.on_disk.then_some(Origin::Own);
        self.lane_bytes[lane] += size;
        self.lanes[lane].push_back(item);
        Ok(kept.wake || is_awaited || (!was_due && self.is_due(lane, settings)))
    }

    /// What to do next, with `in_flight` requests under way.
    pub(crate) fn next_step(&mut self, settings: &Settings, now: Instant, in_flight: usize) -> Step {
        let queued = self.lanes.iter().any(|lane| !lane.is_empty());
        let backlog = self.spool.as_ref().is_some_and(|spool| spool.has_backlog());
        match self.phase {
            Phase::Aborted => return Step::Stop,
            Phase::Closing if !queued && !backlog && in_flight == 0 => {
                let untold = self.account.begin_closing(self.ledger.stats());
                return if untold { Step::Close } else { Step::Stop };
            }
            Phase::Open | Phase::Closing => {}
        }
        let slots = if self.healthy { settings.max_in_flight } else { 1 };
        if !(queued || backlog) {
            return Step::Wait(self.rest(now + settings.flush_interval, now));
        }
        self.rests_until = None;
        if in_flight >= slots {
            return Step::Wait(None);
        }
        if let Some(until) = self.paused_until
            && until > now
        {
            return Step::Wait(Some(until));
        }
        self.paused_until = None;
        // What is on disk only takes turns with what is in memory, and waits while its batch would not fit there.
        let backlog =
            backlog && (in_flight == 0 || self.held() + settings.batch_bytes <= settings.queue_bytes);
        self.backlog_turn = backlog && !self.backlog_turn;
        if self.backlog_turn {
            return Step::ReadBack;
        }
        let mut earliest: Option<Instant> = None;
        let lanes = self.lanes.len();
        for lane in (self.turn..self.turn + lanes).map(|lane| lane % lanes) {
            let Some(front) = self.lanes[lane].front() else { continue };
            let due_at = front.queued_at + settings.flush_interval;
            if self.is_due(lane, settings) || due_at <= now {
                self.turn = (lane + 1) % lanes;
                return Step::Send(lane, self.take(lane, settings));
            }
            earliest = Some(earliest.map_or(due_at, |known| known.min(due_at)));
        }
        if backlog { Step::ReadBack } else { Step::Wait(earliest) }
    }

    /// Nothing is queued. For one interval after it was busy the thread wakes by itself, so that the first record after a batch
    /// need not wake it: waking a thread costs a caller more than recording does.
    fn rest(&mut self, until: Instant, now: Instant) -> Option<Instant> {
        if std::mem::take(&mut self.was_busy) && self.phase == Phase::Open {
            self.rests_until = Some(until);
        }
        self.rests_until = self.rests_until.filter(|until| *until > now);
        self.rests_until
    }

    /// A batch of any lane, due or not.
    pub(crate) fn take_any(&mut self, settings: &Settings) -> Option<(usize, Vec<Item>)> {
        let lane = self.lanes.iter().position(|lane| !lane.is_empty())?;
        Some((lane, self.take(lane, settings)))
    }

    /// Starts waiting for everything that is pending now; makes it leave at once.
    pub(crate) fn begin_flush(&mut self) -> u64 {
        let id = self.next_waiter;
        self.next_waiter += 1;
        self.flush_before = self.next_sequence;
        let remaining = self.ledger.stats().pending;
        let report = FlushReport { complete: remaining == 0, ..FlushReport::default() };
        self.waiters.push(Waiter { id, before: self.next_sequence, remaining, stalls: self.stalls, report });
        id
    }

    pub(crate) fn flush_report(&self, id: u64) -> FlushReport {
        self.waiters.iter().find(|waiter| waiter.id == id).map(|w| w.report.clone()).unwrap_or_default()
    }

    pub(crate) fn end_flush(&mut self, id: u64) {
        self.waiters.retain(|waiter| waiter.id != id);
    }

    /// Accounts for records that left a lane. `outcome`: `None` = acknowledged. True when somebody's wait is over.
    pub(crate) fn settle(&mut self, items: &[Item], outcome: Option<DropReason>, why: &str) -> bool {
        if self.phase == Phase::Aborted || items.is_empty() {
            return false;
        }
        let records = items.len() as u64;
        let bytes: u64 = items.iter().map(|item| item.bytes.len() as u64).sum();
        if items[0].life.is_some() {
            self.adopted_bytes =
                self.adopted_bytes.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.ledger.settle_adopted(records, outcome.is_none());
            return false;
        }
        match outcome {
            None => self.ledger.deliver(records, bytes),
            Some(reason) => {
                self.ledger.drop(reason, records, bytes);
                items.iter().for_each(|item| self.account.lose(item.number));
            }
        }
        let on_disk = items.iter().filter(|item| item.origin.is_some()).count() as u64;
        self.ledger.unspool(on_disk.min(self.ledger.stats().spooled));
        let mut someone = self.ledger.stats().pending == 0;
        for waiter in &mut self.waiters {
            let hit = items.iter().filter(|item| item.sequence < waiter.before).count() as u64;
            if hit == 0 {
                continue;
            }
            waiter.remaining -= hit;
            waiter.report.complete = waiter.remaining == 0;
            someone |= waiter.report.complete;
            match outcome {
                None => waiter.report.delivered += hit,
                Some(DropReason::Rejected) => waiter.report.rejected += hit,
                Some(_) => waiter.report.gave_up += hit,
            }
            if outcome.is_some_and(|reason| reason != DropReason::Rejected) && waiter.report.error.is_none() {
                waiter.report.error = Some(why.to_owned());
            }
        }
        someone
    }

    /// The shutdown deadline came: everything pending is dropped that is not safe on disk. Returns how many that were.
    pub(crate) fn abort(&mut self) -> u64 {
        let stats = self.ledger.stats();
        let kept = self.spool.as_ref().map_or(0, |spool| spool.remaining().records).min(stats.spooled);
        let (pending, dropped) = (stats.pending, stats.pending - kept);
        // Which of them are on disk is the spool's to know; so is how many bytes those have. It matters to nobody now.
        let bytes = if kept == 0 { stats.pending_bytes } else { stats.pending_bytes * dropped / pending };
        let without_copy = stats.spooled - kept;
        self.phase = Phase::Aborted;
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.lane_bytes.fill(0);
        self.ledger.drop(DropReason::Shutdown, dropped, bytes);
        self.ledger.unspool(without_copy);
        for waiter in &mut self.waiters {
            waiter.report.complete = kept == 0;
            if kept == 0 {
                waiter.report.gave_up += std::mem::take(&mut waiter.remaining);
            }
            waiter.report.error.get_or_insert_with(|| "shut down before everything was sent".to_owned());
        }
        dropped
    }

    /// Takes note of what was read from disk, and gives it back as batches by lane.
    pub(crate) fn take_back(&mut self, back: ReadBack) -> Vec<(usize, Vec<Item>)> {
        if let Some(notice) = back.notice {
            self.notices.push(Level::Warning, notice);
        }
        if back.left_lost > 0 {
            self.ledger.adopt(back.left_lost);
            self.ledger.settle_adopted(back.left_lost, false);
        }
        if let Some((numbers, bytes)) = back.lost {
            self.lose_on_disk(DropReason::SpoolDamaged, &numbers, bytes);
        }
        let mut batches: Vec<(usize, Vec<Item>)> = Vec::new();
        for (lane, item) in back.items {
            if item.life.is_some() {
                self.ledger.adopt(1);
                self.adopted_bytes += item.bytes.len();
            } else {
                self.on_disk_bytes = self.on_disk_bytes.saturating_sub(item.bytes.len());
            }
            match batches.iter_mut().find(|(other, _)| *other == lane) {
                Some((_, items)) => items.push(item),
                None => batches.push((lane, vec![item])),
            }
        }
        batches
    }

    /// Records that are safe on disk have used up the attempts that they would have in memory. They go on waiting; who
    /// waits for them without a bound does not.
    pub(crate) fn stall(&mut self, why: &str) {
        self.stalls += 1;
        for waiter in &mut self.waiters {
            waiter.report.error.get_or_insert_with(|| why.to_owned());
        }
        if self.is_abandoned {
            self.abort();
        }
    }

    /// The flush waits for records that are safe on disk, while their attempts are used up.
    pub(crate) fn is_stalled(&self, id: u64) -> bool {
        self.waiters.iter().any(|waiter| waiter.id == id && self.stalls > waiter.stalls)
    }

    /// What a request with these items says of this life, with the ledger as it is now.
    pub(crate) fn report(&self, life: &Life, product: &str, items: Vec<(u64, u64)>) -> (String, Told) {
        self.account.report(life, product, self.ledger.stats(), items)
    }

    /// Leaves the one line about what was lost in this life, if anything was.
    pub(crate) fn sum_up(&mut self, product: &str) {
        if self.summed_up {
            return;
        }
        if let Some(line) = self.ledger.stats().summary(product) {
            self.summed_up = true;
            self.notices.push(Level::Warning, line);
        }
    }

    pub(crate) fn queued(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    fn refusal(&self, size: usize, settings: &Settings) -> Option<DropReason> {
        if self.phase != Phase::Open {
            return Some(DropReason::Shutdown);
        }
        let limit = settings.item_limit();
        (size > limit).then_some(DropReason::TooLarge)
    }

    fn refuse(&mut self, number: u64, reason: DropReason) -> DropReason {
        self.ledger.refuse(reason);
        self.account.lose(number);
        reason
    }

    fn has_room(&self, lane: usize, size: usize, settings: &Settings) -> bool {
        self.lanes[lane].len() < settings.queue_items
            && self.held().saturating_add(size) <= settings.queue_bytes
    }

    /// Bytes of records in memory, queued and in flight.
    fn held(&self) -> usize {
        let pending = usize::try_from(self.ledger.stats().pending_bytes).unwrap_or(usize::MAX);
        pending.saturating_sub(self.on_disk_bytes).saturating_add(self.adopted_bytes)
    }

    /// Writes the record to disk, if there is a spool.
    fn keep(&mut self, item: &Item, lane: usize, has_room: bool, now: Instant) -> Kept {
        let Some(spool) = &self.spool else { return Kept::default() };
        let mut kept = spool.keep(item, lane, has_room, now);
        let reason = spool.eviction_reason();
        if let Some(notice) = kept.notice.take() {
            self.notices.push(Level::Warning, notice);
        }
        if let Some(evicted) = kept.evicted.take() {
            self.lose_on_disk(reason, &evicted.lost, evicted.lost_bytes);
            self.ledger.adopt(evicted.adopted);
            self.ledger.settle_adopted(evicted.adopted, false);
        }
        kept
    }

    /// Records of this life that were on disk only are there no more.
    fn lose_on_disk(&mut self, reason: DropReason, numbers: &lightwell_spool::Ranges, bytes: u64) {
        let records = numbers.count();
        if records == 0 || self.phase == Phase::Aborted {
            return;
        }
        self.ledger.drop(reason, records, bytes);
        self.ledger.unspool(records);
        self.on_disk_bytes = self.on_disk_bytes.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
        for number in numbers.iter().flat_map(|(first, last)| first..=last) {
            self.account.lose(number);
        }
        for waiter in &mut self.waiters {
            // A sequence is a number less one: those up to `before` are waited for.
            let hit = numbers.between(0, waiter.before).count();
            waiter.remaining -= hit;
            waiter.report.gave_up += hit;
            waiter.report.complete = waiter.remaining == 0;
        }
    }

    /// Due whatever the time: full, flushed, or closing.
    fn is_due(&self, lane: usize, settings: &Settings) -> bool {
        let items = &self.lanes[lane];
        let Some(front) = items.front() else { return false };
        self.phase == Phase::Closing
            || front.sequence < self.flush_before
            || items.len() >= settings.batch_items
            || self.lane_bytes[lane] >= settings.batch_bytes
    }

    fn take(&mut self, lane: usize, settings: &Settings) -> Vec<Item> {
        let mut bytes = 0;
        let mut count = 0;
        for item in self.lanes[lane].iter().take(settings.batch_items) {
            let another = !same_life(&self.lanes[lane][0], item);
            if count > 0 && (another || bytes + item.bytes.len() > settings.batch_bytes) {
                break;
            }
            bytes += item.bytes.len();
            count += 1;
        }
        self.was_busy = true;
        self.lane_bytes[lane] -= bytes;
        self.lanes[lane].drain(..count).collect()
    }
}

/// A request carries the records of one life only: its numbers are told once for all of them.
fn same_life(first: &Item, second: &Item) -> bool {
    match (&first.life, &second.life) {
        (None, None) => true,
        (Some(first), Some(second)) => first.client == second.client,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
