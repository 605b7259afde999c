//! What a spool is told: where, how much, how safe.

use std::path::PathBuf;

/// Smallest segment, and with it the granularity of a small quota.
const SEGMENT_BYTES_MIN: u64 = 64 << 10;
/// Largest segment: acknowledged disk space comes back in such steps.
const SEGMENT_BYTES_MAX: u64 = 4 << 20;

/// Where a life of a spool writes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of all spools, which the quota is for.
    pub dir: PathBuf,
    /// A folder's name: records in it may be taken over by one another's lives.
    pub group: String,
    /// A folder's name, of this life alone. Lives are taken over in the order of their names.
    pub life: String,
    /// Opaque; given to whoever takes the records over. At most 16 KiB.
    pub meta: Vec<u8>,
}

/// How much, and how safe.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes that all files under the folder may have. Other processes' are counted now and then, so each of them may
    /// exceed it by up to a sixteenth.
    pub quota_bytes: u64,
    /// What gives way then.
    pub when_full: WhenFull,
    /// When bytes are forced to the device.
    pub sync: Sync,
}

impl Default for Options {
    fn default() -> Self {
        Self { quota_bytes: 1 << 30, when_full: WhenFull::DropNewest, sync: Sync::Never }
    }
}

impl Options {
    pub(crate) fn segment_bytes(&self) -> u64 {
        (self.quota_bytes / 16).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)
    }
}

/// What gives way when the quota is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The record that comes: it is refused.
    DropNewest,
    /// The oldest segment: what an earlier process left first, then our own.
    DropOldest,
}

/// When bytes are forced to the device. Whatever it is, they outlive the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// When the system likes: a power cut loses the last seconds.
    Never,
    /// When [`crate::Spool::sync`] is called.
    OnCall,
    /// Before an append returns.
    Always,
}

/// Whether the caller keeps the record that it appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It does, and will acknowledge it; [`crate::Spool::read`] will not bring it.
    InMemory,
    /// It does not: [`crate::Spool::read`] brings it.
    OnDiskOnly,
}

/// How much one reading may bring; at least one record.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    /// Records.
    pub records: usize,
    /// Bytes of payload.
    pub bytes: u64,
}
