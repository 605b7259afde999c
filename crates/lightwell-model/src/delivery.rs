//! What a sending process tells of itself with a request, so that a receiver can say what of it arrived.
//!
//! A process numbers every record that its program offers, refused ones included, from 1 on. A request names the numbers of
//! its items; the counters are the process' own ledger at the moment of sending.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Ranges;

/// What one request tells of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Which life of which pipeline: 32 hexadecimal digits, never used twice.
    pub client: String,
    /// The process that it lives in.
    pub process: Process,
    /// First and last number of each run of items, in the order of the items.
    pub items: Vec<(u64, u64)>,
    /// Numbers that the process dropped and has not told before.
    pub lost: Ranges,
    /// The process' ledger; none when another process sends what this one left behind.
    pub counters: Option<Counters>,
}

impl DeliveryReport {
    /// How many items it names.
    #[must_use]
    pub fn item_count(&self) -> u64 {
        self.items.iter().map(|(first, last)| last - first + 1).fold(0, u64::saturating_add)
    }

    /// The numbers of the items, in their order.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.items.iter().flat_map(|(first, last)| *first..=*last)
    }
}

/// The process that records come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Which product speaks: `sigil`, `insidellm`.
    pub product: String,
    /// Process id on its host.
    pub pid: u32,
    /// Name of its host.
    pub host: String,
    /// When this life began, in seconds since 1970 by the process' clock.
    pub started: i64,
}

/// The ledger of a process: accepted = delivered + dropped + pending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Records that the program offered, refused ones included.
    pub accepted: u64,
    /// Records that a server acknowledged.
    pub delivered: u64,
    /// Records that it holds.
    pub pending: u64,
    /// Of the pending ones, those that lie on disk and outlive the process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spooled: u64,
    /// Of the dropped ones, those whose numbers were never told, because they were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unlisted: u64,
    /// Records that it dropped, by reason; a reason without any need not be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
}

impl Counters {
    /// Records that have left the process, one way or the other. It never goes back.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.dropped.values().fold(self.delivered, |sum, count| sum.saturating_add(*count))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
