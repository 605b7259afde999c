//! `DELETE /api/v1/conversations/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use lightwell_store::{Deleted, Deletion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
