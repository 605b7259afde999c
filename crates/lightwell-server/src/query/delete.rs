//! Deleting: one conversation, what is older than a moment, everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::Uri;
use lightwell_store::{Deleted, Deletion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Parameters;
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};

/// What was deleted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeletedBody {
    /// Generations, steps and events.
    pub records: u64,
    /// Messages, system prompts and tool sets that nothing references any more.
    pub contents: u64,
}

impl From<Deleted> for DeletedBody {
    fn from(deleted: Deleted) -> Self {
        Self { records: deleted.records, contents: deleted.contents }
    }
}

/// Deletes a conversation with the content that only it references. Records that come for it later are refused.
///
/// Deleting what does not exist deletes nothing and succeeds, and what comes for it later is refused all the same.
#[utoipa::path(
    delete,
    path = "/api/v1/conversations/{id}",
    tag = "query",
    params(("id" = String, Path, description = "The conversation, percent-encoded.")),
    responses(
        (status = 200, description = "What was deleted.", body = DeletedBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 503, description = "The disk is full, or does not keep what is deleted away: send it again later.", body = ErrorBody),
    )
)]
pub(crate) async fn delete_conversation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeletedBody>, Refusal> {
    let deletion = Deletion::Conversation { tenant: caller.tenant, id };
    Ok(Json(app.store.delete(&deletion).await?.into()))
}

/// Deletes what happened before a moment: generations, steps and events, with the content that only they reference.
///
/// Of a conversation that goes on after the moment, what is older goes and the rest stays. Records that come later, and
/// happened before the moment, are refused.
#[utoipa::path(
    delete,
    path = "/api/v1/records",
    tag = "query",
    params(("before" = String, Query, description = "The moment, not in the future: RFC 3339, or a date (midnight UTC).")),
    responses(
        (status = 200, description = "What was deleted.", body = DeletedBody),
        (status = 400, description = "The moment is not given, cannot be read, or is in the future.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 503, description = "The disk is full, or does not keep what is deleted away: send it again later.", body = ErrorBody),
    )
)]
pub(crate) async fn delete_records(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<DeletedBody>, Refusal> {
    let refused = |why: &str| Refusal::Query { parameter: "before", why: why.to_owned() };
    let before = Parameters::of(&uri, &["before"])?.moment("before")?;
    let moment = before.ok_or_else(|| refused("is not given; say from which moment on records stay"))?;
    // What is received from now on until that moment would be refused.
    if moment > app.clock.now() {
        return Err(refused("is in the future; use a moment that has passed"));
    }
    let deletion = Deletion::Before { tenant: Some(caller.tenant), moment };
    Ok(Json(app.store.delete(&deletion).await?.into()))
}

/// Deletes everything that is stored of the tenant whose key is sent, or that is named.
///
/// Its keys stay. Records that come later, and happened before now, are refused.
#[utoipa::path(
    delete,
    path = "/api/v1/tenant",
    tag = "query",
    responses(
        (status = 200, description = "What was deleted.", body = DeletedBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 503, description = "The disk is full, or does not keep what is deleted away: send it again later.", body = ErrorBody),
    )
)]
pub(crate) async fn delete_tenant(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<DeletedBody>, Refusal> {
    let deletion = Deletion::Tenant { tenant: caller.tenant, now: app.clock.now() };
    Ok(Json(app.store.delete(&deletion).await?.into()))
}
