//! The pipeline as its host sees it: record, flush, shut down, read the counters; and the guard against forks.
//!
//! Invariants: `record` never waits for the network; every wait has the bound that its caller gave; after a fork the
//! child replaces the whole state before it touches any lock of it, and leaves the parent's memory alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;

use crate::deliver::{Probe, Target};
use crate::encoding::Lane;
use crate::ledger::{DropReason, Stats};
use crate::notices::{Level, Notice};
use crate::queue::{FlushReport, Phase, Queue};
use crate::settings::Settings;
use crate::spool::Fsync;
use crate::state::{Config, State};
use crate::worker;

/// Time that `shutdown` grants its thread to end after the deadline.
const END_GRACE: Duration = Duration::from_millis(40);

/// Time before a thread that could not be started is tried again.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// Why a record was refused. Each refusal is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The queue's count or byte bound is reached.
    #[error("{noun} queue is full")]
    QueueFull {
        /// One such record.
        noun: &'static str,
    },
    /// The record alone is over a limit.
    #[error("{noun} payload exceeds max bytes ({size} > {limit})")]
    TooLarge {
        /// One such record.
        noun: &'static str,
        /// Its encoded bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Shutdown has begun.
    #[error("the client is shutting down")]
    Closed,
}

/// Admit, queue, batch, deliver. Made by [`crate::sigil`] or [`crate::insidellm`].
///
/// Dropped without [`Pipeline::shutdown`], it delivers what it has in the background and then frees its thread.
#[derive(Debug)]
pub struct Pipeline {
    state: ArcSwap<State>,
    closed: AtomicBool,
}

impl Pipeline {
    pub(crate) fn new(lanes: Vec<Lane>, target: Target, settings: Settings) -> Self {
        let state = State::new(Arc::new(Config::new(lanes, target, settings)), Phase::Open);
        deliver_leftovers(&state);
        Self { state: ArcSwap::new(state), closed: AtomicBool::new(false) }
    }

    /// Queues one encoded record of a lane. `id` serves log lines and the matching of results.
    ///
    /// # Errors
    /// See [`RecordError`]; nothing is kept then.
    pub fn record(&self, lane: usize, id: &str, bytes: impl Into<Bytes>) -> Result<(), RecordError> {
        let state = self.state();
        let settings = &state.config.settings;
        let bytes = shortened(&state, lane, id, bytes.into());
        let size = bytes.len();
        let now = Instant::now();
        let mut queue = state.queue();
        match queue.offer(lane, id, bytes, settings, now) {
            Ok(wake) => {
                if !queue.worker_runs {
                    queue.worker_runs = start_worker(&state, &mut queue.notices);
                }
                drop(queue);
                if wake {
                    state.wake.notify_one();
                }
                Ok(())
            }
            Err(reason) => {
                drop(queue);
                Err(refusal(reason, &state.config, lane, size))
            }
        }
    }

    /// Sends now and waits until everything recorded before is acknowledged or given up, or the time is over.
    pub fn flush(&self, timeout: Option<Duration>) -> FlushReport {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let flush = self.begin_flush();
        while !flush.wait(until) && until.map_or(!flush.is_stalled(), |until| Instant::now() < until) {}
        flush.report()
    }

    /// Starts a flush; the caller waits on what it returns, in slices if it likes.
    pub fn begin_flush(&self) -> Flush {
        let state = self.state();
        let id = state.queue().begin_flush();
        state.wake.notify_one();
        Flush { state, id }
    }

    /// Refuses new records, delivers what is pending until the deadline, leaves the rest on disk if there is a spool, drops
    /// it otherwise, and ends the thread. True when nothing was left unsent. Idempotent; an empty pipeline ends at once and touches no network.
    pub fn shutdown(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let shutdown = self.begin_shutdown();
        while !shutdown.wait(until) && until.map_or(!shutdown.is_stalled(), |until| Instant::now() < until) {}
        shutdown.finish()
    }

    /// Starts the shutdown; the caller waits on what it returns, and finishes it.
    pub fn begin_shutdown(&self) -> Shutdown {
        self.closed.store(true, Ordering::Release);
        let state = self.state();
        let mut queue = state.queue();
        if queue.phase == Phase::Open {
            queue.phase = Phase::Closing;
        }
        let stalls = queue.stalls;
        drop(queue);
        state.wake.notify_one();
        Shutdown { state, stalls }
    }

    /// Counters since construction; in a forked child, since the fork.
    pub fn stats(&self) -> Stats {
        self.state().queue().ledger.stats().clone()
    }

    /// The counters in Prometheus' text format, labelled with the product: `sigil` or `insidellm`.
    pub fn prometheus(&self) -> String {
        let state = self.state();
        let stats = state.queue().ledger.stats().clone();
        stats.prometheus(state.config.product())
    }

    /// One line for people about what was dropped; `None` when nothing was.
    pub fn summary(&self) -> Option<String> {
        let state = self.state();
        let stats = state.queue().ledger.stats().clone();
        stats.summary(state.config.product())
    }

    /// Whether `record` waits for a device, because every record is forced to it.
    pub fn waits_for_disk(&self) -> bool {
        let spool = &self.state.load().config.settings.spool;
        spool.as_ref().is_some_and(|spool| spool.fsync == Fsync::Always)
    }

    /// Records that wait to be sent, in flight not included.
    pub fn queue_len(&self) -> usize {
        self.state().queue().queued()
    }

    /// Whether [`Pipeline::take_notices`] would bring any. Costs next to nothing.
    pub fn has_notices(&self) -> bool {
        self.state.load().has_notices.load(Ordering::Relaxed)
    }

    /// Takes the log lines that the delivery thread left, oldest first; at most 64 are kept.
    pub fn take_notices(&self) -> Vec<Notice> {
        self.state().queue().notices.take()
    }

    /// Adds a log line of the host's own to those that the delivery thread leaves.
    pub fn note(&self, level: Level, text: String) {
        self.state().queue().notices.push(level, text);
    }

    /// Whether `GET {base}/health` answers exactly 200, asked on the calling thread.
    pub fn probe(&self, timeout: Duration) -> bool {
        self.begin_probe(timeout).wait(timeout).unwrap_or(false)
    }

    /// Starts asking for the health page; it goes on while the caller waits on what it returns.
    pub fn begin_probe(&self, timeout: Duration) -> Probe {
        Probe::begin(&self.state().config.target, timeout)
    }

    /// This process's state. In a forked child the first call replaces the parent's.
    fn state(&self) -> Arc<State> {
        let state = self.state.load_full();
        if state.process.is_current() {
            return state;
        }
        let phase = if self.closed.load(Ordering::Acquire) { Phase::Closing } else { Phase::Open };
        let fresh = State::new(Arc::clone(&state.config), phase);
        self.state.compare_and_swap(&state, fresh);
        // The parent's thread does not exist here and its locks may be held for ever: its state is left as it is, but for
        // the copies of its spool's locks, which would keep its folder from whoever comes after it.
        if let Some(spool) = &state.spool {
            spool.let_go_in_child();
        }
        std::mem::forget(state);
        self.state.load_full()
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let shutdown = self.begin_shutdown();
        shutdown.state.queue().is_abandoned = true;
    }
}

/// A flush under way.
#[derive(Debug)]
pub struct Flush {
    state: Arc<State>,
    id: u64,
}

impl Flush {
    /// Waits until the flush is complete (true) or, now or later, `until` has come (false). `None`: no bound.
    #[must_use]
    pub fn wait(&self, until: Option<Instant>) -> bool {
        wait_until(&self.state, until, |queue| {
            queue.flush_report(self.id).complete
                || queue.phase == Phase::Aborted
                || (until.is_none() && queue.is_stalled(self.id))
        })
    }

    /// What is waited for is safe on disk, and an attempt more has failed than the retry settings would allow it in memory:
    /// nobody should wait for it without a bound.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.state.queue().is_stalled(self.id)
    }

    /// What became of the records so far.
    #[must_use]
    pub fn report(&self) -> FlushReport {
        self.state.queue().flush_report(self.id)
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if self.state.process.is_current() {
            self.state.queue().end_flush(self.id);
        }
    }
}

/// A shutdown under way.
#[derive(Debug)]
pub struct Shutdown {
    state: Arc<State>,
    stalls: u64,
}

impl Shutdown {
    /// Waits until nothing is pending and the thread has ended (true) or `until` has come (false). What is safe on disk is
    /// not waited for once the server does not answer: the next start delivers it.
    #[must_use]
    pub fn wait(&self, until: Option<Instant>) -> bool {
        wait_until(&self.state, until, |queue| {
            let stats = queue.ledger.stats();
            let idle = stats.pending == 0 && !queue.worker_runs;
            let safe = stats.pending == stats.spooled || until.is_none();
            idle || queue.phase == Phase::Aborted || (safe && queue.stalls > self.stalls)
        })
    }

    /// See [`Flush::is_stalled`].
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.state.queue().stalls > self.stalls
    }

    /// Drops what is still pending and sees the thread off. True when nothing had to be dropped.
    pub fn finish(self) -> bool {
        let mut queue = self.state.queue();
        if queue.phase == Phase::Aborted {
            return queue.ledger.stats().dropped_shutdown == 0 && queue.ledger.stats().pending == 0;
        }
        let dropped = if queue.ledger.stats().pending > 0 { queue.abort() } else { 0 };
        if queue.worker_runs {
            // Without records, all that the thread can be at is the closing report, and the time for that is over.
            queue.phase = Phase::Aborted;
        }
        queue.sum_up(self.state.config.product());
        self.state.wake.notify_one();
        self.state.settled.notify_all();
        let until = Instant::now() + END_GRACE;
        while queue.worker_runs && Instant::now() < until {
            queue = self.state.wait(queue, Some(until));
        }
        let left = queue.ledger.stats().pending;
        if let (1.., Some(spool)) = (left, &self.state.spool) {
            let dir = spool.dir().display();
            let text = format!(
                "lightwell: {left} records stay in the spool {dir}: the next start that sends there delivers them"
            );
            queue.notices.push(Level::Warning, text);
        }
        drop(queue);
        self.state.close_spool();
        dropped == 0 && left == 0
    }
}

/// Waits for `over`, at most until `until`; sees to it that a thread works on what is pending.
fn wait_until(state: &Arc<State>, until: Option<Instant>, over: impl Fn(&Queue) -> bool) -> bool {
    if !state.process.is_current() {
        // Forked in the middle of the wait: this process has nothing to wait for.
        return true;
    }
    let mut queue = state.queue();
    loop {
        if over(&queue) {
            return true;
        }
        let now = Instant::now();
        if until.is_some_and(|until| now >= until) {
            return false;
        }
        let mut next = until;
        if queue.ledger.stats().pending > 0 && !queue.worker_runs {
            queue.worker_runs = start_worker(state, &mut queue.notices);
            if !queue.worker_runs {
                let again = now + RESTART_PAUSE;
                next = Some(until.map_or(again, |until| until.min(again)));
            }
        }
        queue = state.wait(queue, next);
    }
}

/// What earlier processes left does not wait for this one's first record.
fn deliver_leftovers(state: &Arc<State>) {
    let Some(spool) = &state.spool else { return };
    let (folders, notice) = spool.look_for_leftovers(Instant::now());
    spool.count_others();
    let mut queue = state.queue();
    if let Some(notice) = notice {
        queue.notices.push(Level::Warning, notice);
    }
    if folders > 0 {
        queue.worker_runs = start_worker(state, &mut queue.notices);
    }
}

fn start_worker(state: &Arc<State>, notices: &mut crate::notices::Notices) -> bool {
    let own = Arc::clone(state);
    let thread = std::thread::Builder::new().name(worker::THREAD_NAME.to_owned());
    match thread.spawn(move || worker::run(own)) {
        Ok(_detached) => true,
        Err(error) => {
            notices.push(Level::Error, format!("lightwell cannot start its delivery thread: {error}"));
            false
        }
    }
}

/// A record that is over its limit loses its longest parts, if that brings it below; otherwise it is as it was.
fn shortened(state: &State, lane: usize, id: &str, bytes: Bytes) -> Bytes {
    let limit = state.config.settings.item_limit();
    if bytes.len() <= limit {
        return bytes;
    }
    let lane = &state.config.lanes[lane];
    let Some(shrunk) = lane.encoding.shrink(&bytes, limit) else { return bytes };
    let why = "it was over the limit of one record";
    let text = lane.shortened(id, bytes.len(), shrunk.len(), why);
    state.queue().notices.push(Level::Warning, text);
    shrunk
}

fn refusal(reason: DropReason, config: &Config, lane: usize, size: usize) -> RecordError {
    let noun = config.lanes[lane].noun;
    match reason {
        DropReason::TooLarge => RecordError::TooLarge { noun, size, limit: config.settings.item_limit() },
        DropReason::Shutdown => RecordError::Closed,
        _ => RecordError::QueueFull { noun },
    }
}
