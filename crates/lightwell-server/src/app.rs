//! What every request sees: the store, the bounds, the counters and those who listen live.

use std::sync::Arc;

use lightwell_store::Store;
use tokio::sync::watch;

use crate::admit::Keyring;
use crate::clock::Clock;
use crate::limits::Limits;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::receive::{CpuThreads, InFlight};

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The operator's bounds.
    pub limits: Limits,
    /// Answer without keys on listeners that others can reach, while no key is configured.
    pub open: bool,
    /// The version that `/health` tells.
    pub version: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: Limits::default(), open: false, version: env!("CARGO_PKG_VERSION") }
    }
}

/// Shared by all requests.
pub(crate) struct App {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub settings: Settings,
    pub metrics: Metrics,
    pub keyring: Keyring,
    pub live: Live,
    pub in_flight: InFlight,
    pub cpu_threads: CpuThreads,
    /// True once the server stops: what never ends by itself ends then.
    pub stopping: watch::Sender<bool>,
}

impl App {
    pub fn new(store: Arc<dyn Store>, clock: Clock, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            keyring: Keyring::new(store.clone()),
            store,
            clock,
            metrics: Metrics::default(),
            live: Live::default(),
            in_flight: InFlight::new(settings.limits.in_flight_bytes),
            cpu_threads: CpuThreads::default(),
            stopping: watch::Sender::new(false),
            settings,
        })
    }
}
