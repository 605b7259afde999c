//! Every bound of the server, in one place. What a single record may hold is in [`lightwell_model::limits`].

use std::time::Duration;

use jiff::SignedDuration;

const MIB: usize = 1024 * 1024;

/// A request body smaller than this is decoded where it arrived; a larger one on a thread that may block.
pub const DECODE_INLINE_BYTES: usize = 16 * 1024;
/// Conversations on one page of an answer, unless the request says.
pub const PAGE_DEFAULT: usize = 50;
/// Conversations on one page of an answer, at most.
pub const PAGE_MAX: usize = 1000;
/// Committed records that a live listener may fall behind before it misses some.
pub const LIVE_BACKLOG: usize = 1024;
/// Characters of a preview in a live record.
pub const LIVE_PREVIEW_CHARS: usize = 200;
/// How long an answer about an API key is remembered: a new key works, and a revoked one fails, within this.
pub const KEY_CACHE: Duration = Duration::from_millis(500);
/// Keys that are remembered at a time.
pub const KEY_CACHE_ENTRIES: usize = 10_000;
/// Connections at a time.
pub const CONNECTIONS: usize = 4096;
/// HTTP/2 requests under way on one connection.
pub const STREAMS_PER_CONNECTION: u32 = 256;
/// How long a new connection, or a request's head, may stay silent.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a request body may stay silent.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// The bytes of one artifact, at most.
pub const ARTIFACT_BYTES: usize = 16 * MIB;
/// How long a process may be silent before what it said it held counts as missing, unless the question says.
pub const CLIENT_QUIET: SignedDuration = SignedDuration::from_secs(60);
/// How long a process is remembered that is not heard of.
pub const CLIENT_FORGOTTEN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often the server forgets.
pub const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// Processes in one answer about deliveries, unless the request says.
pub const DELIVERY_DEFAULT: usize = 1000;
/// Processes in one answer about deliveries, at most.
pub const DELIVERY_MAX: usize = 10_000;
/// Ranges of missing numbers that are told of one process.
pub const DELIVERY_RANGES: usize = 1000;
/// The metrics speak of processes that were heard of within this.
pub const DELIVERY_METRICS: SignedDuration = SignedDuration::from_hours(24);
/// How long the sums of deliveries in the metrics are remembered.
pub const DELIVERY_METRICS_CACHE: Duration = Duration::from_secs(5);
/// When a sender is told to come back after the server was too busy.
pub const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Bounds that the operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of one request body, before and after decompression.
    pub body_bytes: usize,
    /// Size of all request bodies that are being received, decoded and committed.
    pub in_flight_bytes: usize,
    /// How long requests under way may take to finish when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 64 * MIB, in_flight_bytes: 256 * MIB, drain: Duration::from_secs(20) }
    }
}
