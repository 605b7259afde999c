//! Committing: a batch goes to the store as one append, and every item gets its own verdict in its own place.
//!
//! Invariant: a verdict of "accepted" exists only for what the store has made durable.

use lightwell_model::{Record, TenantId};
use lightwell_store::{Outcome, StoreError};
use tokio::time::Instant;

use crate::admit::Admitted;
use crate::app::App;
use crate::error::Refusal;
use crate::live::LiveRecord;
use crate::metrics::{ItemOutcome, Lane};

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub id: String,
    /// Why it was refused; none when it is stored.
    pub error: Option<String>,
}

/// Commits a batch: one verdict an item, in order.
pub(crate) async fn commit(
    app: &App,
    tenant: &TenantId,
    lane: Lane,
    items: Vec<Admitted>,
) -> Result<Vec<Verdict>, Refusal> {
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
    if records.is_empty() {
        return Ok(verdicts);
    }
    let outcomes = append(app, tenant, lane, records).await?;
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
    Ok(verdicts)
}

async fn append(
    app: &App,
    tenant: &TenantId,
    lane: Lane,
    records: Vec<Record>,
) -> Result<Vec<Outcome>, Refusal> {
    let count = records.len();
    let news: Vec<LiveRecord> = if app.live.has_listeners() {
        records.iter().map(|record| LiveRecord::new(tenant, record)).collect()
    } else {
        Vec::new()
    };
    let began = Instant::now();
    let appended = app.store.append(tenant, records).await;
    app.metrics.commit(began.elapsed());
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
