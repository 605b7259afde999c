//! The counters in Prometheus' text format. The names are a contract: dashboards and alerts hang on them.

use std::fmt::Write;

use super::{DropReason, Stats};

pub(super) fn text(stats: &Stats, product: &str) -> String {
    let product = escaped(product);
    let mut out = String::new();
    for (name, kind, help, value) in [
        ("records_accepted_total", "counter", "Records offered, refused ones included.", stats.accepted),
        ("records_delivered_total", "counter", "Records that the server acknowledged.", stats.delivered),
        ("records_pending", "gauge", "Records queued or in flight.", stats.pending),
        ("pending_bytes", "gauge", "Encoded bytes of the pending records.", stats.pending_bytes),
        (
            "records_spooled",
            "gauge",
            "Pending records that are on disk and outlive the process.",
            stats.spooled,
        ),
        ("records_unspooled_total", "counter", "Records that the spool could not take.", stats.unspooled),
        ("records_adopted_total", "counter", "Records read from what earlier processes left.", stats.adopted),
        ("records_adopted_delivered_total", "counter", "Of those, acknowledged.", stats.adopted_delivered),
        ("records_adopted_dropped_total", "counter", "Of those, refused or lost.", stats.adopted_dropped),
        ("requests_total", "counter", "Requests sent, repeated ones included.", stats.requests),
        ("retries_total", "counter", "Requests that repeated an earlier one.", stats.retries),
    ] {
        head(&mut out, name, kind, help);
        line(&mut out, name, &product, None, value);
    }
    let name = "records_dropped_total";
    head(&mut out, name, "counter", "Records that left unacknowledged, by reason.");
    for reason in DropReason::ALL {
        line(&mut out, name, &product, Some(reason.label()), stats.dropped_for(*reason));
    }
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let written =
        write!(out, "# HELP lightwell_client_{name} {help}\n# TYPE lightwell_client_{name} {kind}\n");
    written.expect("a String takes everything");
}

fn line(out: &mut String, name: &str, product: &str, reason: Option<&str>, value: u64) {
    let reason = reason.map(|reason| format!(",reason=\"{reason}\"")).unwrap_or_default();
    let written = writeln!(out, "lightwell_client_{name}{{product=\"{product}\"{reason}}} {value}");
    written.expect("a String takes everything");
}

/// A label's value may hold anything but a bare quote, backslash or line break.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
