//! `GET /api/v1/delivery`, and the sums of it that the metrics show.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Uri;
use jiff::{SignedDuration, Timestamp};
use lightwell_store::{ClientAccount, Cursor, DeliveryQuery, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::{DELIVERY, DeliveryParameters, Parameters};
use super::rfc3339;
use crate::admit::Caller;
use crate::app::App;
use crate::error::{Chain, ErrorBody, Refusal};
use crate::limits;

/// Accounts that are in memory at once.
const PAGE: usize = 500;

/// What arrived of what processes sent, process by process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryBody {
    /// Sums over all processes that were asked for; on the first page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<DeliveryTotals>,
    /// The processes, the one that was heard of last first.
    pub processes: Vec<ProcessDelivery>,
    /// Where the next page begins: pass it as `cursor`. Not there on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Sums over processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryTotals {
    /// Processes, or rather lives of a client in one: a forked child is another.
    pub processes: u64,
    /// Records that their programs offered.
    pub accepted: u64,
    /// Records that are, or were, stored.
    pub received: u64,
    /// Copies of stored records that came again and changed nothing.
    pub duplicates: u64,
    /// Records that the server refused by themselves.
    pub refused: u64,
    /// Records that the processes dropped.
    pub dropped: u64,
    /// Records that the processes still hold, as they told.
    pub pending: u64,
    /// Records that a server had acknowledged before this server's account began.
    pub elsewhere: u64,
    /// Records that nobody can account for.
    pub missing: u64,
}

/// What arrived of what one process sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcessDelivery {
    /// The life of one client in one process: 32 hexadecimal digits.
    pub client: String,
    /// `sigil`, `insidellm`.
    pub product: String,
    /// Process id on its host.
    pub pid: u32,
    /// Name of its host.
    pub host: String,
    /// When the life began, by the process' clock. RFC 3339.
    pub started_at: String,
    /// When the server first heard of it. RFC 3339.
    pub first_heard_at: String,
    /// When the server last heard of it. RFC 3339.
    pub last_heard_at: String,
    /// Records that its program offered, refused ones included, as far as is known.
    pub accepted: u64,
    /// Records of it that are, or were, stored.
    pub received: u64,
    /// Copies of stored records that came again and changed nothing.
    pub duplicates: u64,
    /// Records that the server refused by themselves, by reason: `invalid`, `conflict`, `deleted`.
    pub refused: BTreeMap<String, u64>,
    /// Records that the process dropped, by its reasons: `queue_full`, `too_large`, `gave_up`, ...
    pub dropped: BTreeMap<String, u64>,
    /// Records that it still holds, as it last told.
    pub pending: u64,
    /// Records that a server had acknowledged before this server's account began.
    pub elsewhere: u64,
    /// Records that nobody can account for.
    pub missing: u64,
    /// Their numbers in the process, counted from 1: first and last of each range, 1000 ranges at most.
    pub missing_ranges: Vec<[u64; 2]>,
}

/// What arrived of what processes sent, process by process.
///
/// Told by processes that use Lightwell's own client, in the header `lightwell-delivery` of each request: they number what
/// their program offers, and the server keeps which numbers came, durably with each acknowledgement. accepted = received +
/// refused + dropped + pending + elsewhere + missing, as long as no process gave up on what arrived all the same. Processes that were
/// not heard of for 30 days are forgotten.
#[utoipa::path(
    get,
    path = "/api/v1/delivery",
    tag = "query",
    params(DeliveryParameters),
    responses(
        (status = 200, description = "The processes and their sums.", body = DeliveryBody),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn delivery(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<DeliveryBody>, Refusal> {
    let mut parameters = Parameters::of(&uri, &DELIVERY)?;
    let since = parameters.moment("since")?;
    let product = parameters.take("product");
    let only_missing = parameters.parse("only_missing")?.unwrap_or(false);
    let quiet = parameters.parse::<u32>("quiet_after")?;
    let quiet = quiet.map_or(limits::CLIENT_QUIET, |seconds| SignedDuration::from_secs(seconds.into()));
    let limit = parameters.parse("limit")?.unwrap_or(limits::DELIVERY_DEFAULT).min(limits::DELIVERY_MAX);
    let now = app.clock.now();
    let after: Option<Cursor> = parameters.parse("cursor")?;
    let tenant = caller.tenant;
    let mut totals = after.is_none().then(DeliveryTotals::default);
    let mut body = DeliveryBody::default();
    let mut last = None;
    let since = since.max(forgotten(now));
    let query = DeliveryQuery { tenant: Some(tenant.clone()), since, product, limit: PAGE, after };
    each(&app, query, |account| {
        let place = DeliveryQuery::place(&account, tenant.as_str());
        let process = ProcessDelivery::new(account, now, quiet);
        if only_missing && process.missing == 0 {
            return ControlFlow::Continue(());
        }
        if let Some(totals) = &mut totals {
            totals.add(&process);
        }
        if body.processes.len() < limit {
            body.processes.push(process);
            last = Some(place);
        } else if body.next_cursor.is_none() {
            body.next_cursor = last.take().map(|place| place.to_string());
        }
        // The sums need the others too.
        if body.next_cursor.is_some() && totals.is_none() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .await?;
    Ok(Json(DeliveryBody { totals, ..body }))
}

/// Looks at the accounts that are asked for, a page at a time, until `look` has seen enough.
async fn each(
    app: &App,
    mut query: DeliveryQuery,
    mut look: impl FnMut(ClientAccount) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    loop {
        let page = app.store.deliveries(&query).await?;
        if page.items.into_iter().try_for_each(&mut look).is_break() {
            return Ok(());
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(());
        }
    }
}

/// Sums over the processes of all tenants that were heard of within a day, for the metrics.
pub(crate) async fn delivery_sums(app: &App) -> Option<DeliveryTotals> {
    let now = app.clock.now();
    let since = now.checked_sub(limits::DELIVERY_METRICS).ok();
    let query = DeliveryQuery { since, limit: PAGE, ..DeliveryQuery::default() };
    let mut totals = DeliveryTotals::default();
    let add = |account| {
        totals.add(&ProcessDelivery::new(account, now, limits::CLIENT_QUIET));
        ControlFlow::Continue(())
    };
    match each(app, query, add).await {
        Ok(()) => Some(totals),
        Err(error) => {
            tracing::warn!(reason = %Chain(&error), "the metrics are shown without the sums of deliveries");
            None
        }
    }
}

impl ProcessDelivery {
    fn new(account: ClientAccount, now: Timestamp, quiet: SignedDuration) -> Self {
        let standing = account.standing(now, quiet);
        let started = Timestamp::from_second(account.process.started).unwrap_or(Timestamp::UNIX_EPOCH);
        let ranges = standing.missing_numbers.iter().take(limits::DELIVERY_RANGES);
        Self {
            missing_ranges: ranges.map(|(first, last)| [first, last]).collect(),
            client: account.client,
            product: account.process.product,
            pid: account.process.pid,
            host: account.process.host,
            started_at: rfc3339(started),
            first_heard_at: rfc3339(account.first_heard),
            last_heard_at: rfc3339(account.last_heard),
            accepted: standing.accepted,
            received: account.received,
            duplicates: account.duplicates,
            refused: account.refused.iter().map(|(why, count)| (why.name().to_owned(), *count)).collect(),
            dropped: standing.dropped,
            pending: standing.pending,
            elsewhere: account.elsewhere,
            missing: standing.missing,
        }
    }
}

impl DeliveryTotals {
    fn add(&mut self, process: &ProcessDelivery) {
        self.processes += 1;
        self.accepted += process.accepted;
        self.received += process.received;
        self.duplicates += process.duplicates;
        self.refused += process.refused.values().sum::<u64>();
        self.dropped += process.dropped.values().sum::<u64>();
        self.pending += process.pending;
        self.elsewhere += process.elsewhere;
        self.missing += process.missing;
    }
}

/// The moment before which nobody is remembered.
fn forgotten(now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(limits::CLIENT_FORGOTTEN).ok()
}
