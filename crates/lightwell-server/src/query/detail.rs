//! One conversation and one generation, with their whole content.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use lightwell_store::ConversationDetail;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::generation::{GenerationBody, render};
use super::{ConversationItem, EventBody, StepBody, parents};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::evaluate::{RatingSummary, rating_summary};

/// One conversation with its whole content, records in order of time.
#[derive(Serialize, ToSchema)]
pub struct ConversationBody {
    /// What the list says of it.
    #[serde(flatten)]
    pub header: ConversationItem,
    /// Its generations.
    #[schema(value_type = Vec<GenerationBody>)]
    pub generations: Vec<Value>,
    /// Its steps.
    pub steps: Vec<StepBody>,
    /// Its events.
    pub events: Vec<EventBody>,
    /// What people thought of it; not there while nobody rated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_summary: Option<RatingSummary>,
}

/// One conversation with its whole content.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}",
    tag = "query",
    params(("id" = String, Path, description = "The conversation, percent-encoded.")),
    responses(
        (status = 200, description = "The conversation.", body = ConversationBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn conversation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    answer_conversation(&app, &caller, id).await
}

/// The same as `/api/v1/conversations/{id}`, under the name that sigil-sdk asks by.
#[utoipa::path(
    get,
    path = "/api/v1/query/conversations/{id}",
    tag = "query",
    params(("id" = String, Path, description = "The conversation, percent-encoded.")),
    responses(
        (status = 200, description = "The conversation.", body = ConversationBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn conversation_alias(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    answer_conversation(&app, &caller, id).await
}

/// One generation with its whole content.
#[utoipa::path(
    get,
    path = "/api/v1/generations/{id}",
    tag = "query",
    params(("id" = String, Path, description = "The generation, percent-encoded.")),
    responses(
        (status = 200, description = "The generation.", body = GenerationBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn generation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let Some(mut generation) = app.store.generation(&caller.tenant, &id).await? else {
        return Err(Refusal::NotFound { what: "generation", id });
    };
    // As in the conversation's answer. Few generations name a parent this way: those that were told as events.
    if !generation.parent_id.is_empty()
        && let Some(detail) = app.store.conversation(&caller.tenant, &generation.conversation_id).await?
        && let Some(parent) = parents::resolve_one(&detail, &generation.parent_id)
    {
        generation.parent_id = parent;
    }
    answer(&app, move || json(&render(&generation))).await
}

async fn answer_conversation(app: &App, caller: &Caller, id: String) -> Result<Response, Refusal> {
    let Some(detail) = app.store.conversation(&caller.tenant, &id).await? else {
        return Err(Refusal::NotFound { what: "conversation", id });
    };
    let rating_summary = rating_summary(app, &caller.tenant, &detail.summary.id).await?;
    answer(app, move || json(&ConversationBody { rating_summary, ..body(detail) })).await
}

/// Whole histories may be large: they are written where that holds up nobody else.
async fn answer(
    app: &App,
    write: impl FnOnce() -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    let body = app.cpu_threads.run(usize::MAX, write).await?;
    Ok(([(CONTENT_TYPE, "application/json")], Body::from(body)).into_response())
}

fn body(mut detail: ConversationDetail) -> ConversationBody {
    parents::resolve(&mut detail);
    ConversationBody {
        header: ConversationItem::from(&detail.summary),
        generations: detail.generations.iter().map(render).collect(),
        steps: detail.steps.into_iter().map(StepBody::from).collect(),
        events: detail.events.into_iter().map(EventBody::from).collect(),
        rating_summary: None,
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Refusal::Internal
    })
}
