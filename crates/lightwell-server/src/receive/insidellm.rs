//! The InsideLLM lane: one event or a list of events, as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};

use super::{Kept, body, judge, report};
use crate::admit::Caller;
use crate::app::App;
use crate::commit::{Batch, Verdict, commit};
use crate::error::{ErrorBody, Refusal};
use crate::metrics::Lane;

/// What became of a batch of events.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IngestResults {
    /// One result an event, in order.
    pub results: Vec<IngestResult>,
    /// Events that are stored.
    pub accepted: usize,
    /// Events that are not.
    pub rejected: usize,
    /// Not there unless every event was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why nothing of a request was stored: [`IngestResults`] event by event, or [`ErrorBody`] when the body is no event and no
/// list of events. Never built: it describes the answer in the OpenAPI document.
pub(crate) struct IngestRefusal;

impl utoipa::PartialSchema for IngestRefusal {
    fn schema() -> RefOr<Schema> {
        // Not "one of": refused results have an `error` beside them, as every refusal has.
        let either = AnyOfBuilder::new()
            .item(Ref::from_schema_name(IngestResults::name()))
            .item(Ref::from_schema_name(ErrorBody::name()))
            .description(Some(
                "Why nothing of a request was stored: event by event, or of the body as a whole.",
            ));
        Schema::AnyOf(either.build()).into()
    }
}

impl ToSchema for IngestRefusal {}

/// What became of one event.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IngestResult {
    /// The event's id; empty when it cannot be told.
    pub event_id: String,
    /// It is stored.
    pub accepted: bool,
    /// Why it was refused: index, field and limit. Not there when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Stores InsideLLM events: an object, or a list of objects.
///
/// The answer comes when they are durable. An event is refused by itself, in its place in the results. The status is 202
/// unless every event was refused: then it is 400, with the same results. Also served under any prefix.
#[utoipa::path(
    post,
    path = "/api/v1/ingest",
    tag = "ingest",
    request_body(
        content = serde_json::Value,
        content_type = "application/json",
        description = "An event or a list of events; may be compressed with gzip or zstd."
    ),
    responses(
        (status = 202, description = "One result an event.", body = IngestResults),
        (status = 400, description = "Every event was refused (with results), or the body is not JSON (without).", body = IngestRefusal),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "An unknown compression.", body = ErrorBody),
        (status = 503, description = "Try again after `Retry-After` seconds; nothing was stored.", body = ErrorBody),
    )
)]
pub(crate) async fn ingest(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Kept, Json<IngestResults>), Refusal> {
    let (parts, body) = request.into_parts();
    let received = body::read(&app, &parts.headers, body, app.settings.limits.body_bytes).await?;
    let (items, room) = judge(&app, received, "events", lightwell_wire::insidellm::json::decode).await?;
    let batch = Batch { lane: Lane::Insidellm, items, report: report(&app, &parts.headers) };
    let (verdicts, kept) = commit(&app, &caller.tenant, batch).await?;
    drop(room);
    let (status, results) = answer(verdicts);
    Ok((status, kept, results))
}

fn answer(verdicts: Vec<Verdict>) -> (StatusCode, Json<IngestResults>) {
    let count = verdicts.len();
    let results: Vec<_> = verdicts.into_iter().map(result).collect();
    let accepted = results.iter().filter(|result| result.accepted).count();
    let none = accepted == 0 && count > 0;
    let error = none.then(|| "every event was refused; results say why, one by one".to_owned());
    let status = if none { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED };
    (status, Json(IngestResults { results, accepted, rejected: count - accepted, error }))
}

fn result(verdict: Verdict) -> IngestResult {
    IngestResult { event_id: verdict.id, accepted: verdict.error.is_none(), error: verdict.error }
}
