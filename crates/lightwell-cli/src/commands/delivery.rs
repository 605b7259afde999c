//! `lightwell delivery`: what arrived of what programs sent, process by process.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::anyhow;
use lightwell_server::{DeliveryBody, ProcessDelivery};

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::{Paint, printable};
use crate::show::Times;
use crate::table::{Align, Table, thousands};

/// Ranges of missing numbers that are printed of one process.
const RANGES: usize = 20;

/// Say what arrived of what programs sent, process by process.
///
/// Every process that sends with Lightwell's client numbers its records; the server knows which numbers came.
#[derive(clap::Args)]
pub struct Delivery {
    /// Only processes that were heard of since: 2026-11-22T08:00:00Z, or a date (midnight UTC).
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
    /// Only processes of this product: sigil, insidellm.
    #[arg(long)]
    product: Option<String>,
    /// Only processes of which something is missing.
    #[arg(long)]
    only_missing: bool,
    /// What a process said it holds counts as missing after so many seconds of silence. [default: 60]
    #[arg(long, value_name = "SECONDS")]
    quiet_after: Option<u32>,
    /// Exit with 1 when anything is missing.
    #[arg(long)]
    check: bool,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Delivery {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let mut query = Vec::new();
        query.extend(self.since.map(|since| ("since", since)));
        query.extend(self.product.map(|product| ("product", product)));
        query.extend(self.only_missing.then(|| ("only_missing", "true".to_owned())));
        query.extend(self.quiet_after.map(|seconds| ("quiet_after", seconds.to_string())));
        let url = api.url(&["delivery"], &query);
        let mut out = std::io::stdout().lock();
        let missing = if self.json {
            let body: serde_json::Value = api.get(url).await?;
            writeln!(out, "{body:#}")?;
            serde_json::from_value::<DeliveryBody>(body)?.totals.unwrap_or_default().missing
        } else {
            let body: DeliveryBody = api.get(url).await?;
            write!(out, "{}", render(&body, &Times::local(), Paint::for_stdout()))?;
            body.totals.unwrap_or_default().missing
        };
        if self.check && missing > 0 {
            let records = if missing == 1 { "record is" } else { "records are" };
            return Err(anyhow!("{} {records} missing", count(missing)).into());
        }
        Ok(())
    }
}

fn render(body: &DeliveryBody, times: &Times, paint: Paint) -> String {
    if body.processes.is_empty() {
        return "No processes. Programs that send with Lightwell's client appear here; original SDKs do not.\n"
            .to_owned();
    }
    let mut table = Table::new(&[
        ("PRODUCT", Align::Left),
        ("PROCESS", Align::Left),
        ("STARTED", Align::Left),
        ("HEARD", Align::Left),
        ("ACCEPTED", Align::Right),
        ("RECEIVED", Align::Right),
        ("COPIES", Align::Right),
        ("PENDING", Align::Right),
        ("MISSING", Align::Right),
        ("REFUSED", Align::Left),
        ("DROPPED", Align::Left),
    ]);
    for process in &body.processes {
        table.row(cells(process, times));
    }
    let totals = body.totals.clone().unwrap_or_default();
    table.row([
        "all".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        count(totals.accepted),
        count(totals.received),
        count(totals.duplicates),
        count(totals.pending),
        count(totals.missing),
        if totals.refused > 0 { count(totals.refused) } else { String::new() },
        if totals.dropped > 0 { count(totals.dropped) } else { String::new() },
    ]);
    let mut text = table.render(paint);
    for process in body.processes.iter().filter(|process| process.missing > 0) {
        text.push_str(&paint.red(missing(process)));
        text.push('\n');
    }
    if body.next_cursor.is_some() {
        text.push_str(&paint.dim("There are more; ask for some with --since or --product.\n"));
    }
    text
}

fn cells(process: &ProcessDelivery, times: &Times) -> [String; 11] {
    [
        process.product.clone(),
        name(process),
        times.minute(&process.started_at),
        times.minute(&process.last_heard_at),
        count(process.accepted),
        count(process.received),
        count(process.duplicates),
        count(process.pending),
        count(process.missing),
        reasons(&process.refused),
        reasons(&process.dropped),
    ]
}

fn missing(process: &ProcessDelivery) -> String {
    let ranges = process
        .missing_ranges
        .iter()
        .take(RANGES)
        .map(|[first, last]| if first == last { first.to_string() } else { format!("{first}-{last}") });
    let ranges: Vec<_> = ranges.collect();
    let more = if process.missing_ranges.len() > RANGES { " ..." } else { "" };
    let name = printable(&name(process));
    format!("missing of {name} ({}): {}{more}", process.client, ranges.join(" "))
}

fn name(process: &ProcessDelivery) -> String {
    format!("{}@{}", process.pid, process.host)
}

fn reasons(counts: &BTreeMap<String, u64>) -> String {
    let each: Vec<_> = counts.iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
    each.join(", ")
}

fn count(number: u64) -> String {
    thousands(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use lightwell_server::DeliveryTotals;

    use super::*;

    fn process() -> ProcessDelivery {
        ProcessDelivery {
            client: "01939a0b1c2d7e3f8a9b0c1d2e3f4a5b".to_owned(),
            product: "sigil".to_owned(),
            pid: 4711,
            host: "box".to_owned(),
            started_at: "2026-11-22T08:00:00.000000Z".to_owned(),
            last_heard_at: "2026-11-22T09:30:01.000000Z".to_owned(),
            accepted: 12_345,
            received: 12_000,
            ..ProcessDelivery::default()
        }
    }

    #[test]
    fn processes_are_a_table() {
        let lossy = ProcessDelivery {
            duplicates: 50,
            refused: [("invalid".to_owned(), 2)].into(),
            dropped: [("gave_up".to_owned(), 1000), ("queue_full".to_owned(), 300)].into(),
            pending: 3,
            missing: 40,
            missing_ranges: vec![[7, 45], [99, 99]],
            ..process()
        };
        let totals =
            DeliveryTotals { accepted: 24_690, received: 24_000, missing: 40, ..DeliveryTotals::default() };
        let body = DeliveryBody {
            totals: Some(totals),
            processes: vec![process(), lossy],
            next_cursor: Some("next".to_owned()),
        };
        insta::assert_snapshot!(render(&body, &Times::utc(), Paint::PLAIN));
    }

    #[test]
    fn none_says_who_would_be_there() {
        insta::assert_snapshot!(render(&DeliveryBody::default(), &Times::utc(), Paint::PLAIN));
    }
}
