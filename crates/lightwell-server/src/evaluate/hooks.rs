//! Hooks and collections, of which this server has none: the answers that clients understand.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{invalid, read_object, required};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};

/// Whether a call may go on.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookAnswer {
    /// `allow`: no rule is configured that could deny.
    action: &'static str,
    /// What each rule found.
    #[schema(value_type = Vec<Object>)]
    evaluations: Vec<Value>,
}

/// Whether a call may go on. This server has no rules, so everything may.
#[utoipa::path(
    post,
    path = "/api/v1/hooks:evaluate",
    tag = "evaluate",
    request_body(content = Value, content_type = "application/json", description = "phase, context and input of the call."),
    responses(
        (status = 200, description = "The call may go on.", body = HookAnswer),
        (status = 400, description = "The body is not a hook request.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn evaluate_hook(
    State(app): State<Arc<App>>,
    _caller: Caller,
    request: Request,
) -> Result<Json<HookAnswer>, Refusal> {
    let (_, question) = read_object(&app, request).await?;
    required(&question, "phase", 64).map_err(invalid)?;
    Ok(Json(HookAnswer { action: "allow", evaluations: Vec::new() }))
}

/// The members of a collection. This server keeps no collections.
#[utoipa::path(
    get,
    path = "/api/v1/eval/collections/{id}/members",
    tag = "evaluate",
    params(("id" = String, Path, description = "The collection, percent-encoded.")),
    responses(
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There are no collections.", body = ErrorBody),
    )
)]
pub(crate) async fn collection_members(_caller: Caller, Path(id): Path<String>) -> Refusal {
    Refusal::NoCollections { id }
}
