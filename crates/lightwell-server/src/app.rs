//! What every request sees: the store, the bounds, the counters and those who listen live.

use std::sync::Arc;

use lightwell_store::Store;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::admit::Keyring;
use crate::clock::Clock;
use crate::limits::{self, Limits};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::query::{DeliveryTotals, delivery_sums};
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
    /// What the metrics said of deliveries, and when.
    delivery_sums: Mutex<Option<(Instant, Option<DeliveryTotals>)>>,
    /// Experiments and trials are read, changed and written by one request at a time.
    pub experiments: Mutex<()>,
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
            delivery_sums: Mutex::default(),
            experiments: Mutex::default(),
            stopping: watch::Sender::new(false),
            settings,
        })
    }

    /// Sums over processes, remembered for [`limits::DELIVERY_METRICS_CACHE`]: those who scrape must not cost much.
    pub async fn delivery_sums(&self) -> Option<DeliveryTotals> {
        let mut known = self.delivery_sums.lock().await;
        if let Some((at, sums)) = known.as_ref()
            && at.elapsed() < limits::DELIVERY_METRICS_CACHE
        {
            return sums.clone();
        }
        let sums = delivery_sums(self).await;
        *known = Some((Instant::now(), sums.clone()));
        sums
    }
}
