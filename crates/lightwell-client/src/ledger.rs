//! The account of every record: accepted = delivered + dropped(reason) + pending, at every moment.
//!
//! Invariants: a record enters once and leaves once; the equation is checked after each change in debug builds. The
//! ledger is only changed under the state's one lock, so a reader never sees half a change.

mod prometheus;

/// Why a record left without being acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Refused at the door: the queue's count or byte bound was reached.
    QueueFull,
    /// Refused at the door, or by the server when it stood alone in a request: too many bytes.
    TooLarge,
    /// The server refused this record by itself.
    Rejected,
    /// The last attempt failed, or the server refused the whole request for good.
    GaveUp,
    /// Unsent when the shutdown deadline came, or offered after shutdown began.
    Shutdown,
    /// The spool's quota was reached: refused at the door when memory was full too, or evicted from the disk.
    SpoolFull,
    /// Damaged on disk, or removed from there by somebody else.
    SpoolDamaged,
}

/// The one table of reasons: the variant, its counter in [`Stats`], its name in Python's `stats()`, and its Prometheus label.
/// A variant without a row does not compile.
macro_rules! reasons {
    ($($variant:ident, $field:ident, $key:literal, $label:literal;)*) => {
        impl DropReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in Python's `stats()`.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// Its Prometheus label, also its name on the wire.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }
        }

        impl Stats {
            /// Records dropped for one reason.
            #[must_use]
            pub const fn dropped_for(&self, reason: DropReason) -> u64 {
                match reason { $(DropReason::$variant => self.$field),* }
            }

            const fn dropped_for_mut(&mut self, reason: DropReason) -> &mut u64 {
                match reason { $(DropReason::$variant => &mut self.$field),* }
            }
        }
    };
}

reasons! {
    QueueFull, dropped_queue_full, "dropped_queue_full", "queue_full";
    TooLarge,  dropped_too_large,  "dropped_too_large",  "too_large";
    Rejected,  dropped_rejected,   "dropped_rejected",   "rejected";
    GaveUp,    dropped_gave_up,    "dropped_gave_up",    "gave_up";
    Shutdown,  dropped_shutdown,   "dropped_shutdown",   "shutdown";
    SpoolFull, dropped_spool_full, "dropped_spool_full", "spool_full";
    SpoolDamaged, dropped_spool_damaged, "dropped_spool_damaged", "spool_damaged";
}

/// A reading of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records offered, refused ones included.
    pub accepted: u64,
    /// Records that the server acknowledged.
    pub delivered: u64,
    /// See [`DropReason::QueueFull`].
    pub dropped_queue_full: u64,
    /// See [`DropReason::TooLarge`].
    pub dropped_too_large: u64,
    /// See [`DropReason::Rejected`].
    pub dropped_rejected: u64,
    /// See [`DropReason::GaveUp`].
    pub dropped_gave_up: u64,
    /// See [`DropReason::Shutdown`].
    pub dropped_shutdown: u64,
    /// See [`DropReason::SpoolFull`].
    pub dropped_spool_full: u64,
    /// See [`DropReason::SpoolDamaged`].
    pub dropped_spool_damaged: u64,
    /// Records queued or in flight.
    pub pending: u64,
    /// Encoded bytes of the pending records.
    pub pending_bytes: u64,
    /// Of the pending records, those that are on disk and outlive the process.
    pub spooled: u64,
    /// Records that the spool could not take and that were accepted into memory alone.
    pub unspooled: u64,
    /// Records of earlier processes that were read from the spool. They are not among `accepted`.
    pub adopted: u64,
    /// Of those, the ones that the server acknowledged.
    pub adopted_delivered: u64,
    /// Of those, the ones that it refused, or that were evicted or damaged.
    pub adopted_dropped: u64,
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Requests that repeated an earlier one.
    pub retries: u64,
}

impl Stats {
    /// Records dropped for any reason.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.dropped_for(*reason)).sum()
    }

    /// Whether the equation holds.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.accepted == self.delivered + self.dropped() + self.pending
    }

    /// Every counter with its name in Python's `stats()`.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let dropped = DropReason::ALL.iter().map(|reason| (reason.key(), self.dropped_for(*reason)));
        [("accepted", self.accepted), ("delivered", self.delivered)].into_iter().chain(dropped).chain([
            ("pending", self.pending),
            ("pending_bytes", self.pending_bytes),
            ("spooled", self.spooled),
            ("unspooled", self.unspooled),
            ("adopted", self.adopted),
            ("adopted_delivered", self.adopted_delivered),
            ("adopted_dropped", self.adopted_dropped),
            ("requests", self.requests),
            ("retries", self.retries),
        ])
    }

    /// One line for people about what was lost; `None` when nothing was. `product` is whose records these are: `sigil`.
    #[must_use]
    pub fn summary(&self, product: &str) -> Option<String> {
        let lost = self.dropped();
        if lost == 0 {
            return None;
        }
        let reasons = DropReason::ALL.iter().filter(|reason| self.dropped_for(**reason) > 0);
        let reasons: Vec<String> =
            reasons.map(|reason| format!("{} {}", self.dropped_for(*reason), reason.label())).collect();
        Some(format!(
            "lightwell: {lost} of {} {product} records were dropped ({}), {} delivered",
            self.accepted,
            reasons.join(", "),
            self.delivered
        ))
    }

    /// The counters in Prometheus' text format, each with the label `product`.
    #[must_use]
    pub fn prometheus(&self, product: &str) -> String {
        prometheus::text(self, product)
    }
}

/// The only writer of [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    stats: Stats,
}

impl Ledger {
    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// A record was queued.
    pub(crate) fn admit(&mut self, bytes: usize) {
        self.stats.accepted += 1;
        self.stats.pending += 1;
        self.stats.pending_bytes += bytes as u64;
        self.check();
    }

    /// A record was refused at the door.
    pub(crate) fn refuse(&mut self, reason: DropReason) {
        self.stats.accepted += 1;
        *self.counter(reason) += 1;
        self.check();
    }

    /// Pending records were acknowledged.
    pub(crate) fn deliver(&mut self, records: u64, bytes: u64) {
        self.leave(records, bytes);
        self.stats.delivered += records;
        self.check();
    }

    /// Pending records were given up.
    pub(crate) fn drop(&mut self, reason: DropReason, records: u64, bytes: u64) {
        self.leave(records, bytes);
        *self.counter(reason) += records;
        self.check();
    }

    /// A record that was queued is on disk too, or, with a spool that did not take it, is not.
    pub(crate) fn spool(&mut self, on_disk: bool) {
        if on_disk {
            self.stats.spooled += 1;
        } else {
            self.stats.unspooled += 1;
        }
    }

    /// Pending records have no copy on disk any more.
    pub(crate) fn unspool(&mut self, records: u64) {
        debug_assert!(self.stats.spooled >= records, "more records left the disk than were on it");
        self.stats.spooled = self.stats.spooled.saturating_sub(records);
    }

    /// Records of an earlier process were read.
    pub(crate) fn adopt(&mut self, records: u64) {
        self.stats.adopted += records;
    }

    /// Records of an earlier process are settled.
    pub(crate) fn settle_adopted(&mut self, records: u64, delivered: bool) {
        if delivered {
            self.stats.adopted_delivered += records;
        } else {
            self.stats.adopted_dropped += records;
        }
    }

    /// A request went out.
    pub(crate) fn request(&mut self, is_retry: bool) {
        self.stats.requests += 1;
        self.stats.retries += u64::from(is_retry);
    }

    fn leave(&mut self, records: u64, bytes: u64) {
        debug_assert!(self.stats.pending >= records, "more records left than were pending");
        debug_assert!(self.stats.pending_bytes >= bytes, "more bytes left than were pending");
        self.stats.pending -= records;
        self.stats.pending_bytes -= bytes;
    }

    fn counter(&mut self, reason: DropReason) -> &mut u64 {
        self.stats.dropped_for_mut(reason)
    }

    fn check(&self) {
        debug_assert!(self.stats.balances(), "the ledger does not balance: {:?}", self.stats);
    }
}

#[cfg(test)]
mod tests;
