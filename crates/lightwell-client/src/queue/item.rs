//! What the queue holds.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::account::Life;
use crate::spool::Origin;

/// One encoded record.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) bytes: Bytes,
    /// Its number in its life, from 1; the refused ones have theirs too.
    pub(crate) number: u64,
    /// Whose number that is, when it is not this process' own life.
    pub(crate) life: Option<Arc<Life>>,
    /// Its copy on disk.
    pub(crate) origin: Option<Origin>,
    /// Order of admission over all lanes, from 0.
    pub(super) sequence: u64,
    pub(super) queued_at: Instant,
}

impl Item {
    pub(crate) fn new(id: String, bytes: Bytes, number: u64, queued_at: Instant) -> Self {
        Self { id, bytes, number, life: None, origin: None, sequence: number.saturating_sub(1), queued_at }
    }
}
