//! What a process tells the server of itself, so that the server can say what of it arrived.
//!
//! Each life of a pipeline in a process has an id of its own and numbers every record that it is offered, refused ones
//! included. A request names the numbers of its items; with them go the ledger's counters and the numbers of what was dropped
//! and not told yet. Servers of other makes ignore all that.
//!
//! Invariants: a number is given once in a life; what was told is only taken as told when the server has said that it keeps
//! it; nothing here costs the caller more than a counter under the lock that is taken anyway.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use lightwell_wire::delivery;
use lightwell_wire::delivery::{Counters, DeliveryReport, Process, Ranges};
use uuid::{NoContext, Timestamp, Uuid};

use crate::ledger::{DropReason, Stats};

/// Ranges of dropped numbers that one request tells; the rest follows with the next ones.
const LISTED_RANGES: usize = 64;
/// Ranges of dropped numbers that are kept until they are told. What is dropped beyond is told as a count.
const KEPT_RANGES: usize = 4096;
/// Numbers of one request's items, as text: a request that needs more is sent as two, because proxies refuse long headers.
pub(crate) const ITEMS_BYTES: usize = 2048;

/// One life of a pipeline in a process. A forked child begins a new one.
#[derive(Debug)]
pub(crate) struct Life {
    /// 32 hexadecimal digits, never used twice.
    pub(crate) client: String,
    pub(crate) pid: u32,
    /// Seconds since 1970.
    pub(crate) started: i64,
    /// Asked for by the delivery thread, when it first tells it.
    host: OnceLock<String>,
}

impl Life {
    /// A new one, here and now. Draws its randomness from the system, so that a fork cannot repeat it.
    pub(crate) fn begin() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = Uuid::new_v7(Timestamp::from_unix(NoContext, now.as_secs(), now.subsec_nanos()));
        Self {
            client: id.simple().to_string(),
            pid: std::process::id(),
            started: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            host: OnceLock::new(),
        }
    }

    /// One that ended, as its spool tells.
    pub(crate) fn left(client: String, pid: u32, started: i64, host: String) -> Self {
        Self { client, pid, started, host: OnceLock::from(host) }
    }

    pub(crate) fn host(&self) -> &str {
        self.host.get_or_init(|| gethostname::gethostname().to_string_lossy().into_owned())
    }

    fn process(&self, product: &str) -> Process {
        let host = self.host().to_owned();
        Process { product: product.to_owned(), pid: self.pid, host, started: self.started }
    }
}

/// What of the ledger the server knows.
#[derive(Debug, Default)]
pub(crate) struct Account {
    last_number: u64,
    /// Numbers that were dropped and are not told yet.
    untold: Ranges,
    /// How many dropped numbers were told.
    listed: u64,
    /// How many records the server refused by themselves: those it knows by itself.
    refused_there: u64,
    /// `accepted`, as last told.
    told_accepted: u64,
    /// Dropped records that the server cannot know by itself, as last told.
    told_dropped: u64,
    /// The server has said that it keeps an account.
    is_kept: bool,
    is_closed: bool,
}

/// What one request has told. It counts once the server has said that it keeps it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    accepted: u64,
    dropped: u64,
    listed: Ranges,
}

impl Account {
    /// The number of the record that is being offered.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A record was dropped.
    pub(crate) fn lose(&mut self, number: u64) {
        if self.untold.range_count() < KEPT_RANGES {
            self.untold.insert(number);
        }
    }

    /// The server refused records by themselves: that needs no telling.
    pub(crate) fn refused_there(&mut self, numbers: &Ranges) {
        self.untold.remove(numbers);
        self.refused_there += numbers.count();
    }

    /// What a request says whose items have these numbers, in runs.
    pub(crate) fn report(
        &self,
        life: &Life,
        product: &str,
        stats: &Stats,
        items: Vec<(u64, u64)>,
    ) -> (String, Told) {
        let lost = self.untold.first_ranges(LISTED_RANGES);
        let dropped = self.dropped(stats);
        let unlisted = dropped.saturating_sub(self.listed + lost.count());
        let counters = Counters {
            accepted: stats.accepted,
            delivered: stats.delivered,
            pending: stats.pending,
            spooled: stats.spooled,
            unlisted,
            dropped: reasons(stats).map(|(reason, count)| (reason.to_owned(), count)).collect(),
        };
        let told = Told { accepted: stats.accepted, dropped, listed: lost.clone() };
        (encode(life, product, items, lost, Some(counters)), told)
    }

    /// The server has said that it keeps what a request told.
    pub(crate) fn acknowledged(&mut self, told: &Told) {
        self.is_kept = true;
        self.told_accepted = self.told_accepted.max(told.accepted);
        self.told_dropped = self.told_dropped.max(told.dropped);
        self.listed += self.untold.remove(&told.listed);
    }

    /// Whether something is untold that a closing report can tell. Says so once.
    pub(crate) fn begin_closing(&mut self, stats: &Stats) -> bool {
        let untold = stats.accepted > self.told_accepted || self.dropped(stats) > self.told_dropped;
        let tell = self.is_kept && !self.is_closed && untold;
        self.is_closed |= tell;
        tell
    }

    /// Records that left without the server knowing it by itself.
    fn dropped(&self, stats: &Stats) -> u64 {
        stats.dropped().saturating_sub(self.refused_there)
    }
}

/// What a request says that carries what another life left behind: its numbers and nothing of its ledger.
pub(crate) fn foreign_report(life: &Life, product: &str, items: Vec<(u64, u64)>) -> String {
    encode(life, product, items, Ranges::default(), None)
}

/// The numbers as runs, in order.
pub(crate) fn runs(numbers: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

fn encode(
    life: &Life,
    product: &str,
    items: Vec<(u64, u64)>,
    lost: Ranges,
    counters: Option<Counters>,
) -> String {
    let client = life.client.clone();
    delivery::encode(&DeliveryReport { client, process: life.process(product), items, lost, counters })
}

fn reasons(stats: &Stats) -> impl Iterator<Item = (&'static str, u64)> {
    DropReason::ALL.iter().map(|reason| (reason.label(), stats.dropped_for(*reason)))
}

#[cfg(test)]
mod tests;
