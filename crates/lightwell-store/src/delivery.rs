//! The account of what arrived: which of a process' records were received, refused, or never came.
//!
//! ```text
//!   request ─► Delivery ─► append ─► Heard (one request, with what became of its records) ─► ClientAccount::apply
//! ```
//!
//! Engines differ in where they keep accounts, not in what they say: [`ClientAccount::apply`] is the only thing that changes
//! one.
//!
//! Invariants: a number is accounted for once, however often it is sent; what is missing is only ever understated by what the
//! client itself said it still has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use lightwell_model::{Counters, DeliveryReport, Process, Ranges, TenantId};
use serde::{Deserialize, Serialize};

use crate::{Cursor, Outcome};

/// Ranges of numbers that are kept of one client. One that lost nothing takes one.
const RANGES: usize = 4096;

/// What a request tells of its sender, next to the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which client.
    pub client: String,
    /// The process it lives in.
    pub process: Process,
    /// Its ledger.
    pub counters: Option<Counters>,
    /// Numbers that it dropped.
    pub lost: Ranges,
    /// When the request came.
    pub heard_at: Timestamp,
    /// The numbers of the records, in their order.
    pub numbers: Vec<u64>,
    /// The numbers of items that are no records: they could not be read, or break a limit.
    pub invalid: Ranges,
}

impl Delivery {
    /// What a report says that came now. The numbers of its items are for the caller to sort out.
    #[must_use]
    pub fn new(report: DeliveryReport, heard_at: Timestamp) -> Self {
        let DeliveryReport { client, process, lost, counters, items: _ } = report;
        Self { client, process, counters, lost, heard_at, numbers: Vec::new(), invalid: Ranges::default() }
    }

    /// One request as it is accounted for, as yet without its records. Their numbers come back in their order.
    #[must_use]
    pub fn begin(self, tenant: &TenantId) -> (Heard, Vec<u64>) {
        let Self { client, process, counters, lost, heard_at, numbers, invalid } = self;
        let mut refused = BTreeMap::new();
        if !invalid.is_empty() {
            refused.insert(RefusedFor::Invalid, invalid);
        }
        let tenant = tenant.as_str().to_owned();
        let (received, duplicates) = (Ranges::default(), Ranges::default());
        (Heard { tenant, client, process, heard_at, counters, lost, received, duplicates, refused }, numbers)
    }
}

/// Why the server refused a record by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedFor {
    /// It cannot be read, or breaks a limit.
    Invalid,
    /// Its id is known with another content.
    Conflict,
    /// It belongs to what was deleted.
    Deleted,
}

impl RefusedFor {
    /// Lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Deleted => "deleted",
        }
    }
}

/// One request as it is accounted for: what it told, and what became of its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Whose records.
    #[serde(rename = "t")]
    pub tenant: String,
    /// Which client.
    #[serde(rename = "c")]
    pub client: String,
    /// The process it lives in.
    #[serde(rename = "p")]
    pub process: Process,
    /// When the request came.
    #[serde(rename = "at")]
    pub heard_at: Timestamp,
    /// The client's ledger.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
    /// Numbers that the client dropped.
    #[serde(rename = "l", default, skip_serializing_if = "Ranges::is_empty")]
    pub lost: Ranges,
    /// Numbers of records that are stored now and said something new.
    #[serde(rename = "r", default, skip_serializing_if = "Ranges::is_empty")]
    pub received: Ranges,
    /// Numbers of records that were stored before.
    #[serde(rename = "d", default, skip_serializing_if = "Ranges::is_empty")]
    pub duplicates: Ranges,
    /// Numbers of records that were refused.
    #[serde(rename = "x", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<RefusedFor, Ranges>,
}

impl Heard {
    /// A record's outcome.
    pub fn add(&mut self, number: u64, outcome: &Outcome) {
        let numbers = match outcome {
            Outcome::Stored | Outcome::Merged(_) => &mut self.received,
            Outcome::Duplicate => &mut self.duplicates,
            Outcome::Conflict(_) => self.refused.entry(RefusedFor::Conflict).or_default(),
            Outcome::Deleted => self.refused.entry(RefusedFor::Deleted).or_default(),
        };
        numbers.insert(number);
    }

    /// The same request for another part of its records: what is said once stays with the first part.
    #[must_use]
    pub fn another_part(&self) -> Self {
        Self {
            lost: Ranges::default(),
            received: Ranges::default(),
            duplicates: Ranges::default(),
            refused: BTreeMap::new(),
            ..self.clone()
        }
    }
}

/// What is known of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAccount {
    /// Which client.
    pub client: String,
    /// The process it lives, or lived, in.
    pub process: Process,
    /// When it was first heard of.
    pub first_heard: Timestamp,
    /// When it was last heard of.
    pub last_heard: Timestamp,
    /// Its ledger, as last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
    /// Records that a server had acknowledged before this account began.
    #[serde(default)]
    pub elsewhere: u64,
    /// Numbers that were received, refused, or told as dropped.
    pub accounted: Ranges,
    /// Numbers that were not accounted for when their gaps became too many to be kept: only their count is known.
    #[serde(default)]
    pub unnumbered: u64,
    /// Records that are, or were, stored.
    pub received: u64,
    /// Copies of stored records that came again.
    pub duplicates: u64,
    /// Records that were refused, by reason.
    #[serde(default)]
    pub refused: BTreeMap<RefusedFor, u64>,
}

impl ClientAccount {
    /// A client that is heard of for the first time.
    #[must_use]
    pub fn of(heard: &Heard) -> Self {
        let mut account = Self {
            client: heard.client.clone(),
            process: heard.process.clone(),
            first_heard: heard.heard_at,
            last_heard: heard.heard_at,
            counters: None,
            // Nothing that this server acknowledged is unknown to it: what was delivered before went elsewhere.
            elsewhere: heard.counters.as_ref().map_or(0, |counters| counters.delivered),
            accounted: Ranges::default(),
            unnumbered: 0,
            received: 0,
            duplicates: 0,
            refused: BTreeMap::new(),
        };
        account.apply(heard);
        account
    }

    /// Takes one more request in.
    pub fn apply(&mut self, heard: &Heard) {
        self.first_heard = self.first_heard.min(heard.heard_at);
        self.last_heard = self.last_heard.max(heard.heard_at);
        // Requests may overtake each other; a ledger never goes back.
        let order = |counters: &Counters| (counters.accepted, counters.settled());
        if let Some(told) = &heard.counters
            && self.counters.as_ref().is_none_or(|known| order(known) <= order(told))
        {
            self.counters = Some(told.clone());
        }
        self.received += heard.received.count();
        self.duplicates += heard.duplicates.count();
        self.received += self.count_new(&heard.duplicates);
        self.accounted.extend(&heard.received);
        for (reason, numbers) in &heard.refused {
            let new = self.count_new(numbers);
            if new > 0 {
                *self.refused.entry(*reason).or_default() += new;
            }
        }
        self.accounted.extend(&heard.lost);
        if self.accounted.range_count() > RANGES {
            self.unnumbered += self.accounted.fill_lowest_gaps(RANGES / 2);
        }
    }

    /// What there is to say of the client now. One that was not heard of for `quiet` no longer holds what it said it held, unless
    /// that lies on its disk.
    #[must_use]
    pub fn standing(&self, now: Timestamp, quiet: SignedDuration) -> Standing {
        let told = self.counters.clone().unwrap_or_default();
        let accepted = told.accepted.max(self.accounted.last().unwrap_or(0));
        let mut numbers = self.accounted.gaps(accepted);
        let unaccounted =
            (numbers.count() + self.unnumbered).saturating_sub(told.unlisted).saturating_sub(self.elsewhere);
        let is_quiet = now.duration_since(self.last_heard) >= quiet;
        let pending = unaccounted.min(if is_quiet { told.spooled } else { told.pending.max(told.spooled) });
        let missing = unaccounted - pending;
        if missing == 0 {
            numbers = Ranges::default();
        } else {
            numbers.skip_lowest(self.elsewhere.saturating_sub(self.unnumbered));
            numbers.skip_highest(pending);
        }
        Standing { accepted, pending, missing, missing_numbers: numbers, dropped: self.dropped(&told) }
    }

    /// Records that were refused, for whatever reason.
    #[must_use]
    pub fn refused_count(&self) -> u64 {
        self.refused.values().sum()
    }

    /// What the client dropped by itself: its `rejected` counts what this server refused, too.
    fn dropped(&self, told: &Counters) -> BTreeMap<String, u64> {
        let own = |(reason, count): (&String, &u64)| {
            let refused_here = if reason == "rejected" { self.refused_count() } else { 0 };
            (reason.clone(), count.saturating_sub(refused_here))
        };
        told.dropped.iter().map(own).filter(|(_, count)| *count > 0).collect()
    }

    /// Accounts for numbers; gives how many of them were not yet.
    fn count_new(&mut self, numbers: &Ranges) -> u64 {
        let before = self.accounted.count();
        self.accounted.extend(numbers);
        self.accounted.count() - before
    }
}

/// What there is to say of a client at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Records that its program offered, as far as is known.
    pub accepted: u64,
    /// Records that it still holds, as it told.
    pub pending: u64,
    /// Records that nobody can account for.
    pub missing: u64,
    /// Their numbers, as far as those are known. Where the client could only tell how many it dropped and not which, those are among them.
    pub missing_numbers: Ranges,
    /// Records that the client dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// Which accounts to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// Whose; everybody's when none.
    pub tenant: Option<TenantId>,
    /// Only clients that were heard of since.
    pub since: Option<Timestamp>,
    /// Only clients of this product.
    pub product: Option<String>,
    /// Page size, at least 1.
    pub limit: usize,
    /// Where the previous page ended.
    pub after: Option<Cursor>,
}

/// Page size, unless told.
const PAGE: usize = 1000;

impl Default for DeliveryQuery {
    fn default() -> Self {
        Self { tenant: None, since: None, product: None, limit: PAGE, after: None }
    }
}

impl DeliveryQuery {
    /// An account's place in the list: by when the client was last heard of, then by client and tenant.
    #[must_use]
    pub fn place(account: &ClientAccount, tenant: &str) -> Cursor {
        Cursor { at: account.last_heard, id: format!("{}/{tenant}", account.client) }
    }

    /// Whether an account is asked for. Whose it is, is for the engine to tell.
    #[must_use]
    pub fn selects(&self, account: &ClientAccount) -> bool {
        self.since.is_none_or(|since| account.last_heard >= since)
            && self.product.as_ref().is_none_or(|product| *product == account.process.product)
    }
}

#[cfg(test)]
mod tests;
