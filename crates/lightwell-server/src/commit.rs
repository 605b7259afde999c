//! Committing: a batch goes to the store as one append, and every item gets its own verdict in its own place.
//!
//! Invariant: a verdict of "accepted" exists only for what the store has made durable.

use lightwell_model::{DeliveryReport, Ranges};
use lightwell_model::{Record, TenantId};
use lightwell_store::{Delivery, Outcome, StoreError};
use tokio::time::Instant;

use crate::admit::Admitted;
use crate::app::App;
use crate::error::Refusal;
use crate::live::LiveRecord;
use crate::metrics::{ItemOutcome, Lane, ReportOutcome};
use crate::receive::{Kept, matching};

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub id: String,
    /// Why it was refused; none when it is stored.
    pub error: Option<String>,
}

/// What one request brings.
pub(crate) struct Batch {
    pub lane: Lane,
    pub items: Vec<Admitted>,
    /// What its sender tells of itself.
    pub report: Option<DeliveryReport>,
}

/// Commits a batch: one verdict an item, in order, and whether what its sender told is kept with it.
pub(crate) async fn commit(
    app: &App,
    tenant: &TenantId,
    Batch { lane, items, report }: Batch,
) -> Result<(Vec<Verdict>, Kept), Refusal> {
    let report = matching(app, report, items.len());
    let mut verdicts = Vec::with_capacity(items.len());
    let mut records = Vec::with_capacity(items.len());
    let mut places = Vec::with_capacity(items.len());
    for (place, Admitted { id, record }) in items.into_iter().enumerate() {
        let error = match record {
            Ok(record) => {
                records.push(record);
                places.push(place);
                None
            }
            Err(why) => Some(why),
        };
        verdicts.push(Verdict { id, error });
    }
    app.metrics.items(lane, ItemOutcome::Invalid, (verdicts.len() - records.len()) as u64);
    let delivery = report.map(|report| delivery(app, report, &places));
    let kept = Kept(delivery.is_some());
    if records.is_empty() && delivery.is_none() {
        return Ok((verdicts, kept));
    }
    let outcomes = append(app, tenant, lane, records, delivery).await?;
    for (place, outcome) in places.into_iter().zip(outcomes) {
        app.metrics.items(lane, counted(&outcome), 1);
        verdicts[place].error = match outcome {
            Outcome::Stored | Outcome::Duplicate | Outcome::Merged(_) => None,
            Outcome::Conflict(conflict) => Some(conflict.to_string()),
            Outcome::Deleted => {
                Some("it belongs to a conversation or a time that was deleted; it is not stored".to_owned())
            }
        };
    }
    Ok((verdicts, kept))
}

/// What the sender tells, with the numbers of its records and of the items that are none.
fn delivery(app: &App, report: DeliveryReport, places: &[usize]) -> Delivery {
    let mut numbers = Vec::with_capacity(places.len());
    let mut invalid = Ranges::default();
    let mut records = places.iter().copied().peekable();
    for (place, number) in report.numbers().enumerate() {
        if records.next_if_eq(&place).is_some() {
            numbers.push(number);
        } else {
            invalid.insert(number);
        }
    }
    Delivery { numbers, invalid, ..Delivery::new(report, app.clock.now()) }
}

async fn append(
    app: &App,
    tenant: &TenantId,
    lane: Lane,
    records: Vec<Record>,
    delivery: Option<Delivery>,
) -> Result<Vec<Outcome>, Refusal> {
    let count = records.len();
    let news: Vec<LiveRecord> = if app.live.has_listeners() {
        records.iter().map(|record| LiveRecord::new(tenant, record)).collect()
    } else {
        Vec::new()
    };
    let began = Instant::now();
    let told = delivery.is_some();
    let appended = match delivery {
        Some(delivery) => app.store.append_delivery(tenant, records, delivery).await,
        None => app.store.append(tenant, records).await,
    };
    app.metrics.commit(began.elapsed());
    if told && appended.is_ok() {
        app.metrics.report(ReportOutcome::Kept);
    }
    let outcomes = appended.inspect_err(|_| {
        app.metrics.items(lane, ItemOutcome::Unavailable, count as u64);
    })?;
    if outcomes.len() != count {
        return Err(StoreError::Engine {
            action: "answer for each record of a batch",
            source: format!("{} outcomes for {count} records", outcomes.len()).into(),
        }
        .into());
    }
    for (news, outcome) in news.into_iter().zip(&outcomes) {
        match outcome {
            Outcome::Stored => app.live.tell(news),
            Outcome::Merged(record) => app.live.tell(LiveRecord::new(tenant, record)),
            Outcome::Duplicate | Outcome::Conflict(_) | Outcome::Deleted => {}
        }
    }
    Ok(outcomes)
}

fn counted(outcome: &Outcome) -> ItemOutcome {
    match outcome {
        Outcome::Stored => ItemOutcome::Stored,
        Outcome::Merged(_) => ItemOutcome::Merged,
        Outcome::Duplicate => ItemOutcome::Duplicate,
        Outcome::Conflict(_) => ItemOutcome::Conflict,
        Outcome::Deleted => ItemOutcome::Deleted,
    }
}
