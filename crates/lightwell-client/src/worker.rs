//! The delivery thread: one per pipeline and process, a single-threaded runtime, no helper threads.
//!
//! Invariants: it sleeps without a timer while nothing is queued; it ends when the pipeline is closed and empty, or
//! aborted; whatever way it ends, its records are accounted for and the next record may start it again.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Instant;

use lightwell_spool::ReadLimit;
use tokio::task::JoinSet;

use crate::deliver::Transport;
use crate::ledger::DropReason;
use crate::notices::Level;
use crate::queue::{Item, Phase, Step};
use crate::settings::RetryPolicy;
use crate::state::{State, Ticket};
use crate::verdict::{Action, Verdict, decide, judge};

/// Fits the 15 bytes that Linux keeps of a thread's name.
pub(crate) const THREAD_NAME: &str = "lightwell-send";

/// The thread's body.
pub(crate) fn run(state: Arc<State>) {
    let end = End(state);
    let state = &end.0;
    match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
        Ok(runtime) => runtime.block_on(serve(state)),
        Err(error) => give_up_queued(state, &format!("lightwell cannot start its delivery thread: {error}")),
    }
}

/// Without a runtime nothing can ever be sent: what is queued is given up, so that nobody waits for it.
fn give_up_queued(state: &Arc<State>, why: &str) {
    state.queue().notices.push(Level::Error, why.to_owned());
    loop {
        let taken = state.queue().take_any(&state.config.settings);
        let Some((lane, items)) = taken else { return };
        Ticket::new(Arc::clone(state), lane, items).leave(why);
    }
}

/// Marks the thread as gone when it ends, even by a panic.
struct End(Arc<State>);

impl Drop for End {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.worker_runs = false;
        let is_over = queue.phase != Phase::Open;
        drop(queue);
        if is_over {
            self.0.close_spool();
        }
        self.0.settled.notify_all();
    }
}

async fn serve(state: &Arc<State>) {
    let transport = Arc::new(Transport::open(&state.config.target, &state.config.settings));
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        let sync_at = tend_spool(state);
        let step = state.queue().next_step(&state.config.settings, Instant::now(), running.len());
        match step {
            Step::Send(lane, items) => {
                let ticket = Ticket::new(Arc::clone(state), lane, items);
                running.spawn(deliver(Arc::clone(state), Arc::clone(&transport), ticket));
            }
            Step::Close => {
                running.spawn(close(Arc::clone(state), Arc::clone(&transport)));
            }
            Step::ReadBack => {
                for (lane, items) in read_back(state) {
                    let ticket = Ticket::new(Arc::clone(state), lane, items);
                    running.spawn(deliver(Arc::clone(state), Arc::clone(&transport), ticket));
                }
            }
            Step::Wait(until) => match until.into_iter().chain(sync_at).min() {
                None => state.wake.notified().await,
                Some(until) => {
                    let woken = tokio::time::timeout_at(until.into(), state.wake.notified()).await;
                    drop(woken);
                }
            },
            Step::Stop => return,
        }
    }
}

/// Looks for what other processes left, and forces to the device what is due. Says when that is to be done next.
fn tend_spool(state: &State) -> Option<Instant> {
    let spool = state.spool.as_ref()?;
    let now = Instant::now();
    let (_folders, mut notice) = spool.look_for_leftovers(now);
    spool.count_others();
    if spool.sync_at().is_some_and(|at| at <= now) {
        notice = spool.sync().or(notice);
    }
    if let Some(notice) = notice {
        state.queue().notices.push(Level::Warning, notice);
    }
    spool.sync_at()
}

/// One batch of what is on disk only, by lane.
fn read_back(state: &State) -> Vec<(usize, Vec<Item>)> {
    let Some(spool) = &state.spool else { return Vec::new() };
    let settings = &state.config.settings;
    let limit = ReadLimit { records: settings.batch_items, bytes: settings.batch_bytes as u64 };
    let back = spool.read_back(limit, state.config.lanes.len(), Instant::now());
    let mut queue = state.queue();
    let batches = queue.take_back(back);
    state.settled.notify_all();
    batches
}

/// Wakes the loop when a delivery ends, even by a panic, so that it takes the next batch.
struct Done(Arc<State>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.wake.notify_one();
    }
}

async fn deliver(state: Arc<State>, transport: Arc<Transport>, mut ticket: Ticket) {
    let done = Done(state);
    ticket.prepare();
    if ticket.len() == 0 {
        return;
    }
    let batch_bytes = done.0.config.settings.batch_bytes;
    let mut work = vec![ticket];
    while let Some(ticket) = work.pop() {
        if ticket.len() > 1 && (ticket.numbers_are_long() || ticket.is_over(batch_bytes)) {
            work.extend(ticket.split_bytes());
            continue;
        }
        match attempt(&done.0, &transport, &ticket).await {
            Action::Settle { results } => ticket.settle(results),
            Action::Drop { reason, why } => ticket.give_up(reason, &why),
            Action::Bisect => work.extend(ticket.bisect()),
            Action::SplitBytes => work.extend(ticket.split_bytes()),
            Action::Shrink { why } => match ticket.shrink(&why) {
                Ok(smaller) => work.push(smaller),
                Err(whole) => whole.give_up(DropReason::TooLarge, &why),
            },
            Action::Wait { .. } => unreachable!("attempt() waits by itself"),
        }
    }
}

/// Tells the server, with an empty batch, what no request has told it. One attempt: there is nothing in it that could be lost.
async fn close(state: Arc<State>, transport: Arc<Transport>) {
    let done = Done(state);
    let state = &done.0;
    let Some(lane) = state.config.lanes.first() else { return };
    state.queue().ledger.request(false);
    let (report, told) = state.queue().report(&state.life, lane.product, Vec::new());
    let answer = transport.send(0, lane.encoding.as_ref(), lane.encoding.join(&[]), &report).await;
    if answer.keeps_account {
        state.queue().account.acknowledged(&told);
    }
}

/// Sends one ticket until something final comes of it.
async fn attempt(state: &State, transport: &Transport, ticket: &Ticket) -> Action {
    let lane = &state.config.lanes[ticket.lane];
    let given = &state.config.settings.retry;
    let outlasting = RetryPolicy { max_retries: u32::MAX, ..given.clone() };
    let policy = if ticket.is_on_disk() { &outlasting } else { given };
    let body = ticket.body();
    let begun = Instant::now();
    let mut number = 0;
    loop {
        hold(state).await;
        state.queue().ledger.request(number > 0);
        let (report, told) = ticket.report();
        let answer = transport.send(ticket.lane, lane.encoding.as_ref(), body.clone(), &report).await;
        if answer.keeps_account {
            state.queue().account.acknowledged(&told);
        }
        let verdict = judge(answer.reply);
        learn(state, &verdict);
        if let Verdict::Retry { why, .. } = &verdict
            && number >= given.max_retries
            && number < policy.max_retries
        {
            state.queue().stall(why);
            state.settled.notify_all();
            state.wake.notify_one();
        }
        match decide(verdict, number, ticket.len(), policy, random()) {
            Action::Wait { pause } => {
                tokio::time::sleep(pause.max(policy.least_pause(number, begun.elapsed()))).await;
                number += 1;
            }
            action => return action,
        }
    }
}

/// What one answer means for all requests: how many may be under way, and whether to leave the server alone for a while.
fn learn(state: &State, verdict: &Verdict) {
    let mut queue = state.queue();
    queue.healthy = !matches!(verdict, Verdict::Retry { .. } | Verdict::Refused { .. });
    if let Some(pause) = verdict.pause_for_all(&state.config.settings.retry) {
        let until = Instant::now() + pause;
        queue.paused_until = Some(queue.paused_until.map_or(until, |known| known.max(until)));
    }
}

/// Waits out the pause that the server asked for, whichever request it answered.
async fn hold(state: &State) {
    loop {
        let until = state.queue().paused_until;
        match until {
            Some(until) if until > Instant::now() => tokio::time::sleep_until(until.into()).await,
            _ => return,
        }
    }
}

/// A number in `[0, 1)` for jitter; nothing hangs on its quality.
fn random() -> f64 {
    let bits = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
