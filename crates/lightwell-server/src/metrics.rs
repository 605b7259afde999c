//! Every metric of the server, and its text form for Prometheus.
//!
//! received = stored + merged + duplicate + conflict + deleted + invalid + unavailable, at every moment between requests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::query::DeliveryTotals;

/// The lane that items came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// `POST /api/v1/ingest`.
    Insidellm,
    /// Sigil over HTTP.
    SigilHttp,
    /// Sigil over gRPC.
    SigilGrpc,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// New.
    Stored,
    /// The other half of a known call.
    Merged,
    /// Known.
    Duplicate,
    /// A known id with another content.
    Conflict,
    /// It belongs to what was deleted.
    Deleted,
    /// It could not be read or breaks a limit.
    Invalid,
    /// The store refused the batch; the sender was told to come again.
    Unavailable,
}

const LANES: [(Lane, &str); 3] =
    [(Lane::Insidellm, "insidellm"), (Lane::SigilHttp, "sigil_http"), (Lane::SigilGrpc, "sigil_grpc")];

const OUTCOMES: [(ItemOutcome, &str); 7] = [
    (ItemOutcome::Stored, "stored"),
    (ItemOutcome::Merged, "merged"),
    (ItemOutcome::Duplicate, "duplicate"),
    (ItemOutcome::Conflict, "conflict"),
    (ItemOutcome::Deleted, "deleted"),
    (ItemOutcome::Invalid, "invalid"),
    (ItemOutcome::Unavailable, "unavailable"),
];

/// What became of what a sender told of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It is kept.
    Kept,
    /// It could not be read, and was ignored.
    Invalid,
}

const REPORTS: [(ReportOutcome, &str); 2] =
    [(ReportOutcome::Kept, "kept"), (ReportOutcome::Invalid, "invalid")];

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// All counters of one server.
#[derive(Default)]
pub struct Metrics {
    items: [[AtomicU64; OUTCOMES.len()]; LANES.len()],
    reports: [AtomicU64; REPORTS.len()],
    body_bytes: AtomicU64,
    connections: AtomicI64,
    tls_hellos: AtomicU64,
    commit: Histogram,
    requests: Mutex<BTreeMap<(String, u16), u64>>,
}

/// Readings that are kept elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Bytes of request bodies under way.
    pub in_flight_bytes: usize,
    /// Those who listen live.
    pub live_subscribers: usize,
    /// What arrived of what processes sent; none when it cannot be told now.
    pub delivery: Option<DeliveryTotals>,
}

#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
}

impl Metrics {
    /// Counts items.
    pub fn items(&self, lane: Lane, outcome: ItemOutcome, count: u64) {
        self.items[lane as usize][outcome as usize].fetch_add(count, Relaxed);
    }

    /// Counts a request that was answered. `route` is the pattern, never the path: ids would make endless series.
    pub fn request(&self, route: &str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match requests.get_mut(&(route.to_owned(), status)) {
            Some(count) => *count += 1,
            None => {
                requests.insert((route.to_owned(), status), 1);
            }
        }
    }

    /// Counts what a sender told of itself.
    pub fn report(&self, outcome: ReportOutcome) {
        self.reports[outcome as usize].fetch_add(1, Relaxed);
    }

    /// Counts bytes of a request body, as they arrived.
    pub fn body_bytes(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts the time that a batch took to become durable.
    pub fn commit(&self, took: Duration) {
        self.commit.observe(took);
    }

    /// A connection was opened (1) or closed (-1).
    pub fn connections(&self, change: i64) {
        self.connections.fetch_add(change, Relaxed);
    }

    /// A client spoke TLS to a port without.
    pub fn tls_hello(&self) {
        self.tls_hellos.fetch_add(1, Relaxed);
    }

    /// The text form.
    pub fn render(&self, gauges: &Gauges) -> String {
        let mut text = String::with_capacity(4096);
        head(
            &mut text,
            "lightwell_items_total",
            "counter",
            "Items received, by lane and by what became of them.",
        );
        for (lane, lane_name) in LANES {
            for (outcome, outcome_name) in OUTCOMES {
                let count = self.items[lane as usize][outcome as usize].load(Relaxed);
                let labels = format!("{{lane=\"{lane_name}\",outcome=\"{outcome_name}\"}}");
                line(&mut text, "lightwell_items_total", &labels, count);
            }
        }
        head(
            &mut text,
            "lightwell_http_requests_total",
            "counter",
            "Requests answered, by route and status.",
        );
        let requests = self.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for ((route, status), count) in &*requests {
            let labels = format!("{{route=\"{route}\",status=\"{status}\"}}");
            line(&mut text, "lightwell_http_requests_total", &labels, count);
        }
        drop(requests);
        for (name, kind, help, value) in [
            (
                "lightwell_request_body_bytes_total",
                "counter",
                "Bytes of request bodies as they arrived.",
                self.body_bytes.load(Relaxed).to_string(),
            ),
            (
                "lightwell_tls_hellos_total",
                "counter",
                "Connections that spoke TLS to a port without.",
                self.tls_hellos.load(Relaxed).to_string(),
            ),
            (
                "lightwell_connections",
                "gauge",
                "Open connections.",
                self.connections.load(Relaxed).to_string(),
            ),
            (
                "lightwell_in_flight_bytes",
                "gauge",
                "Bytes of request bodies being received, decoded or committed.",
                gauges.in_flight_bytes.to_string(),
            ),
            (
                "lightwell_live_subscribers",
                "gauge",
                "Listeners of /api/v1/live.",
                gauges.live_subscribers.to_string(),
            ),
        ] {
            head(&mut text, name, kind, help);
            line(&mut text, name, "", value);
        }
        self.render_delivery(&mut text, gauges.delivery.as_ref());
        head(&mut text, "lightwell_commit_seconds", "histogram", "Time until a batch was durable.");
        self.commit.render(&mut text, "lightwell_commit_seconds");
        text
    }
}

impl Metrics {
    fn render_delivery(&self, text: &mut String, totals: Option<&DeliveryTotals>) {
        let name = "lightwell_delivery_reports_total";
        head(text, name, "counter", "Requests whose sender told of itself, by what became of that.");
        for (outcome, outcome_name) in REPORTS {
            let count = self.reports[outcome as usize].load(Relaxed);
            line(text, name, &format!("{{outcome=\"{outcome_name}\"}}"), count);
        }
        let Some(totals) = totals else { return };
        for (name, help, value) in [
            ("processes", "Processes that told of themselves within a day.", totals.processes),
            ("accepted", "Records that these processes' programs offered.", totals.accepted),
            ("received", "Records of these processes that were stored.", totals.received),
            ("duplicates", "Copies of stored records that came again.", totals.duplicates),
            ("refused", "Records of these processes that the server refused.", totals.refused),
            ("dropped", "Records that these processes dropped.", totals.dropped),
            ("pending", "Records that these processes still hold, as they told.", totals.pending),
            ("missing", "Records of these processes that nobody can account for.", totals.missing),
        ] {
            let name = format!("lightwell_delivery_{name}");
            head(text, &name, "gauge", help);
            line(text, &name, "", value);
        }
    }
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket].fetch_add(1, Relaxed);
        }
        self.count.fetch_add(1, Relaxed);
        self.sum_micros.fetch_add(took.as_micros() as u64, Relaxed);
    }

    fn render(&self, text: &mut String, name: &str) {
        let mut below = 0;
        for (bound, bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += bucket.load(Relaxed);
            line(text, &format!("{name}_bucket"), &format!("{{le=\"{bound}\"}}"), below);
        }
        let count = self.count.load(Relaxed);
        line(text, &format!("{name}_bucket"), "{le=\"+Inf\"}", count);
        line(text, &format!("{name}_sum"), "", self.sum_micros.load(Relaxed) as f64 / 1e6);
        line(text, &format!("{name}_count"), "", count);
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a string can always be written to");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    writeln!(text, "{name}{labels} {value}").expect("a string can always be written to");
}
