//! What is known of one segment's file.

use std::path::PathBuf;
use std::sync::Arc;

use crate::files::LogFile;
use crate::ranges::Ranges;

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// Bytes of whole frames and the header: what is beyond is torn.
    pub(crate) bytes: u64,
    pub(crate) ack_bytes: u64,
    pub(crate) has_ack_file: bool,
    pub(crate) seed: u32,
    /// Where the next reading begins.
    pub(crate) cursor: u64,
    /// Records that somebody holds in memory: appended as held, or read.
    pub(crate) held: Ranges,
    /// Of a segment of our own: records that are on disk only.
    pub(crate) unread: Ranges,
    /// Bytes of the unread payloads.
    pub(crate) unread_bytes: u64,
    pub(crate) acked: Ranges,
    /// Nothing is appended any more.
    pub(crate) sealed: bool,
    /// Of a segment that was taken over: not read to its end yet.
    pub(crate) unscanned: bool,
    /// It cannot be read, here or by this version: left as it is.
    pub(crate) set_aside: bool,
    pub(crate) log: Option<Arc<dyn LogFile>>,
    pub(crate) ack_log: Option<Arc<dyn LogFile>>,
}

impl Segment {
    /// A segment of which `bytes` are the header.
    pub(crate) fn new(number: u64, bytes: u64, seed: u32) -> Self {
        Self {
            number,
            bytes,
            ack_bytes: 0,
            has_ack_file: false,
            seed,
            cursor: bytes,
            held: Ranges::default(),
            unread: Ranges::default(),
            unread_bytes: 0,
            acked: Ranges::default(),
            sealed: false,
            unscanned: false,
            set_aside: false,
            log: None,
            ack_log: None,
        }
    }

    /// Everything in it is acknowledged.
    pub(crate) fn is_done(&self) -> bool {
        !self.set_aside && !self.unscanned && self.held.is_empty() && self.unread.is_empty()
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.bytes + self.ack_bytes
    }

    /// Whether a reading could find something.
    pub(crate) fn wants_reading(&self) -> bool {
        !self.set_aside && (self.unscanned || !self.unread.is_empty())
    }
}

/// The file of a segment's frames.
pub(crate) fn log_name(segment: u64) -> String {
    format!("{segment:016x}.seg")
}

/// The file of a segment's acknowledgements.
pub(crate) fn ack_name(segment: u64) -> String {
    format!("{segment:016x}.ack")
}

/// The segment that a file's name speaks of.
pub(crate) fn number_of(name: &str, extension: &str) -> Option<u64> {
    let stem = name.strip_suffix(extension)?.strip_suffix('.')?;
    if stem.len() == 16 { u64::from_str_radix(stem, 16).ok() } else { None }
}

/// Files to remove once no lock is held.
pub(crate) type Trash = Vec<PathBuf>;
