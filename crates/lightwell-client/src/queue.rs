//! The queue and everything that changes with it, as one plain value: a function of (itself, input, now).
//!
//! Invariants: every record in a lane or in a [`Ticket`] is in the ledger as pending, exactly once; bounds hold after
//! every call; nothing here waits, sleeps or calls out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::account::{Account, Life, Told};
use crate::ledger::{DropReason, Ledger};
use crate::notices::{Level, Notices};
use crate::settings::Settings;

/// One encoded record.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) bytes: Bytes,
    /// Its number in its life, from 1; the refused ones have theirs too.
    pub(crate) number: u64,
    /// Whose number that is, when it is not this process' own life.
    pub(crate) life: Option<Arc<Life>>,
    /// Order of admission over all lanes, from 0.
    sequence: u64,
    queued_at: Instant,
}

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
    /// Tell the server what no request has told it: everything else is done.
    Close,
    /// Nothing to do before this instant, or before being woken.
    Wait(Option<Instant>),
    /// End the thread.
    Stop,
}

/// What became of the records that one flush waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Each of them is acknowledged or given up.
    pub complete: bool,
    /// Acknowledged.
    pub delivered: u64,
    /// Refused by the server, alone.
    pub rejected: u64,
    /// Dropped for any other reason.
    pub gave_up: u64,
    /// What the first drop of a whole request was due to.
    pub error: Option<String>,
}

impl FlushReport {
    /// Complete, and every record acknowledged.
    #[must_use]
    pub fn all_delivered(&self) -> bool {
        self.complete && self.rejected == 0 && self.gave_up == 0
    }
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    /// Records below this sequence are waited for.
    before: u64,
    remaining: u64,
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
        if let Some(reason) = self.refusal(lane, bytes.len(), settings) {
            self.ledger.refuse(reason);
            self.account.lose(number);
            return Err(reason);
        }
        let size = bytes.len();
        let was_due = self.is_due(lane, settings);
        let was_empty = self.lanes[lane].is_empty();
        self.ledger.admit(size);
        self.lane_bytes[lane] += size;
        self.lanes[lane].push_back(Item {
            id: id.to_owned(),
            bytes,
            number,
            life: None,
            sequence: self.next_sequence,
            queued_at: now,
        });
        self.next_sequence += 1;
        Ok(was_empty || (!was_due && self.is_due(lane, settings)))
    }

    /// What to do next, with `in_flight` requests under way.
    pub(crate) fn next_step(&mut self, settings: &Settings, now: Instant, in_flight: usize) -> Step {
        let queued = self.lanes.iter().any(|lane| !lane.is_empty());
        match self.phase {
            Phase::Aborted => return Step::Stop,
            Phase::Closing if !queued && in_flight == 0 => {
                let untold = self.account.begin_closing(self.ledger.stats());
                return if untold { Step::Close } else { Step::Stop };
            }
            Phase::Open | Phase::Closing => {}
        }
        let slots = if self.healthy { settings.max_in_flight } else { 1 };
        if !queued || in_flight >= slots {
            return Step::Wait(None);
        }
        if let Some(until) = self.paused_until
            && until > now
        {
            return Step::Wait(Some(until));
        }
        self.paused_until = None;
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
        Step::Wait(earliest)
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
        self.waiters.push(Waiter { id, before: self.next_sequence, remaining, report });
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
        let bytes = items.iter().map(|item| item.bytes.len() as u64).sum();
        match outcome {
            None => self.ledger.deliver(records, bytes),
            Some(reason) => {
                self.ledger.drop(reason, records, bytes);
                items
                    .iter()
                    .filter(|item| item.life.is_none())
                    .for_each(|item| self.account.lose(item.number));
            }
        }
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

    /// The shutdown deadline came: everything pending is dropped. Returns how many that were.
    pub(crate) fn abort(&mut self) -> u64 {
        let pending = self.ledger.stats().pending;
        let bytes = self.ledger.stats().pending_bytes;
        self.phase = Phase::Aborted;
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.lane_bytes.fill(0);
        self.ledger.drop(DropReason::Shutdown, pending, bytes);
        for waiter in &mut self.waiters {
            waiter.report.gave_up += std::mem::take(&mut waiter.remaining);
            waiter.report.complete = true;
            waiter.report.error.get_or_insert_with(|| "shut down before everything was sent".to_owned());
        }
        pending
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

    fn refusal(&self, lane: usize, size: usize, settings: &Settings) -> Option<DropReason> {
        if self.phase != Phase::Open {
            return Some(DropReason::Shutdown);
        }
        let limit = settings.item_bytes.map_or(settings.queue_bytes, |bytes| bytes.min(settings.queue_bytes));
        if size > limit {
            return Some(DropReason::TooLarge);
        }
        let held = usize::try_from(self.ledger.stats().pending_bytes).unwrap_or(usize::MAX);
        if self.lanes[lane].len() >= settings.queue_items || held.saturating_add(size) > settings.queue_bytes
        {
            return Some(DropReason::QueueFull);
        }
        None
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
