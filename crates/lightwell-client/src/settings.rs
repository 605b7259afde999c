//! What a pipeline is told at construction. Plain values with units in their types; nothing is read from the environment.

use std::time::Duration;

use crate::endpoint::BuildError;
use crate::spool::SpoolSettings;

/// Bounds and times of one pipeline.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A batch leaves when it holds this many records, and never holds more.
    pub batch_items: usize,
    /// A batch leaves when it holds this many encoded bytes, and holds more only when one record alone does.
    pub batch_bytes: usize,
    /// A batch leaves when its oldest record has waited this long.
    pub flush_interval: Duration,
    /// Records that each lane queues; the next one is refused.
    pub queue_items: usize,
    /// Encoded bytes that the pipeline holds, queued and in flight; the record that would pass it is refused.
    pub queue_bytes: usize,
    /// Encoded bytes of one record; `None`: a quarter of `queue_bytes`, so that no record fills the queue. A larger one has its
    /// longest parts cut.
    pub item_bytes: Option<usize>,
    /// Requests under way at once while the server answers well; one otherwise.
    pub max_in_flight: usize,
    /// Time that one attempt may take, connecting included.
    pub request_timeout: Duration,
    /// When and how often a request is repeated.
    pub retry: RetryPolicy,
    /// Whether request bodies are compressed.
    pub compression: Compression,
    /// Where records are kept that must outlive the process; `None`: nowhere.
    pub spool: Option<SpoolSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_items: 100,
            batch_bytes: 3_500_000,
            flush_interval: Duration::from_secs(1),
            queue_items: 2000,
            queue_bytes: 64 << 20,
            item_bytes: Some(4 << 20),
            max_in_flight: 4,
            request_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            compression: Compression::default(),
            spool: None,
        }
    }
}

impl Settings {
    /// Encoded bytes that one record may have.
    pub(crate) fn item_limit(&self) -> usize {
        self.item_bytes.unwrap_or(self.queue_bytes / 4).min(self.queue_bytes)
    }

    /// Brings values that cannot work (zero items, zero bytes) to the least that can.
    #[must_use]
    pub(crate) fn normalised(mut self) -> Self {
        self.batch_items = self.batch_items.max(1);
        self.batch_bytes = self.batch_bytes.max(1);
        self.queue_items = self.queue_items.max(1);
        self.queue_bytes = self.queue_bytes.max(1);
        self.max_in_flight = self.max_in_flight.max(1);
        self
    }
}

/// Whether request bodies are compressed (gzip), on the delivery thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Never.
    Off,
    /// When the server has said that it understands it and is not on this machine.
    #[default]
    Auto,
    /// Always; a server that refuses it gets the body as it is.
    On,
}

impl std::str::FromStr for Compression {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "off" => Ok(Self::Off),
            "auto" => Ok(Self::Auto),
            "on" => Ok(Self::On),
            _ => Err(BuildError::Compression(text.to_owned())),
        }
    }
}

/// When and how often a request is repeated.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Repeats after the first attempt: `n` means `n + 1` attempts.
    pub max_retries: u32,
    /// Longest pause before the first repeat; it doubles with each further one.
    pub initial_backoff: Duration,
    /// Longest pause before any repeat.
    pub max_backoff: Duration,
    /// Longest pause that a server's `Retry-After` or `RetryInfo` may ask for.
    pub max_server_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 5,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            max_server_delay: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Pause before repeat number `repeat` (from 0): full jitter, `random` in `[0, 1)` of a doubling, capped bound.
    #[must_use]
    pub fn backoff(&self, repeat: u32, random: f64) -> Duration {
        Duration::try_from_secs_f64(self.bound_s(repeat) * random.clamp(0.0, 1.0)).unwrap_or(self.max_backoff)
    }

    /// Least pause before repeat number `repeat` of a request that began `elapsed` ago. It is nothing but before the last repeat,
    /// which waits until the time has passed that all pauses without jitter would take: scattered pauses must not make us give
    /// up earlier than regular ones would.
    #[must_use]
    pub fn least_pause(&self, repeat: u32, elapsed: Duration) -> Duration {
        if repeat.checked_add(1) != Some(self.max_retries) {
            return Duration::ZERO;
        }
        let span_s: f64 = (0..self.max_retries).map(|repeat| self.bound_s(repeat)).sum();
        Duration::try_from_secs_f64(span_s).unwrap_or(self.max_backoff).saturating_sub(elapsed)
    }

    /// Longest pause before a repeat, in seconds.
    fn bound_s(&self, repeat: u32) -> f64 {
        let factor = 2_f64.powi(i32::try_from(repeat.min(64)).unwrap_or(64));
        (self.initial_backoff.as_secs_f64() * factor).min(self.max_backoff.as_secs_f64())
    }
}
