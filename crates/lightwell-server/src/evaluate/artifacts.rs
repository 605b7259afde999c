//! Artifacts: bytes that are kept with a trial.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use lightwell_store::{Added, Document, DocumentKind};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::fields::{invalid, told};
use super::{kept, trials};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::limits;
use crate::query::{Parameters, rfc3339};
use crate::receive::read_body;

/// Something that is kept with a trial.
#[derive(Serialize, ToSchema)]
pub struct TrialArtifactBody {
    /// Its id: the same trial, name and content have the same.
    artifact_id: String,
    /// `test_case_trial`.
    parent_kind: String,
    /// The trial.
    parent_id: String,
    /// Its name.
    name: String,
    /// `image`, `json`, `markdown`, `text`, `pdf`, `csv` or `binary`.
    kind: String,
    /// Its MIME type.
    mime: String,
    /// Where its bytes are.
    content_ref: String,
    /// How many they are.
    size_bytes: u64,
    /// Who sent it.
    created_by: String,
    /// When it came: RFC 3339 in UTC.
    created_at: String,
}

/// Keeps bytes with a trial. The same again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/experiment-runs/{id}/trials/{trial}/artifacts:upload",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The experiment, percent-encoded."),
        ("trial" = String, Path, description = "The trial, percent-encoded."),
        ("name" = String, Query, description = "Its name."),
        ("kind" = String, Query, description = "What it is."),
        ("mime" = Option<String>, Query, description = "Its MIME type."),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The bytes, at most 16 MiB."),
    responses(
        (status = 200, description = "What is known of it.", body = TrialArtifactBody),
        (status = 400, description = "The name or the bytes are missing.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is no such trial.", body = ErrorBody),
        (status = 413, description = "It is too large.", body = ErrorBody),
    )
)]
pub(crate) async fn upload_artifact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((experiment, trial)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (parts, body) = request.into_parts();
    let mut parameters = Parameters::of(&parts.uri, &["name", "kind", "mime"])?;
    let name = parameters.take("name").ok_or_else(|| invalid("name is required".to_owned()))?;
    let kind = parameters.take("kind").ok_or_else(|| invalid("kind is required".to_owned()))?;
    let mime = parameters.take("mime").unwrap_or_else(|| "application/octet-stream".to_owned());
    trials::require(&app, &caller.tenant, &experiment, &trial).await?;
    let (content, room) = read_body(&app, &parts.headers, body, limits::ARTIFACT_BYTES).await?;
    if content.is_empty() {
        return Err(invalid("the body is empty: send the bytes of the artifact".to_owned()));
    }
    let (id, now) = (artifact_id(&trial, &name, &content), app.clock.now());
    let about = json!({
        "artifact_id": id,
        "parent_kind": "test_case_trial",
        "parent_id": trial,
        "name": name,
        "kind": kind,
        "mime": mime,
        "content_ref": format!("/api/v1/eval/artifacts/{id}"),
        "size_bytes": content.len(),
        "created_by": kept::actor(&parts.headers, None),
        "created_at": rfc3339(now),
    });
    let document = |kind, body| Document {
        kind,
        id: id.clone(),
        parent: experiment.clone(),
        about: trial.clone(),
        conversation_id: String::new(),
        at: now,
        body,
    };
    let documents = vec![
        document(DocumentKind::Artifact, about.to_string().into_bytes()),
        document(DocumentKind::ArtifactContent, content.to_vec()),
    ];
    drop(room);
    let added = app.store.add_documents(&caller.tenant, documents).await?;
    match added.into_iter().next() {
        Some(Added::Known(known)) => Ok(Json(kept::object(&known)?.into())),
        _ => Ok(Json(about)),
    }
}

/// The bytes of an artifact, as they came.
#[utoipa::path(
    get,
    path = "/api/v1/eval/artifacts/{id}",
    tag = "evaluate",
    params(("id" = String, Path, description = "The artifact.")),
    responses(
        (status = 200, description = "Its bytes, to be saved and not to be shown: they are somebody else's.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn artifact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let about = kept::find(&app, &caller.tenant, DocumentKind::Artifact, &id).await?;
    let content = app.store.document(&caller.tenant, DocumentKind::ArtifactContent, &id).await?;
    let (Some((_, about)), Some(content)) = (about, content) else {
        return Err(Refusal::NotFound { what: "artifact", id });
    };
    let mime = http::HeaderValue::from_str(told(&about, "mime"));
    let mime = mime.unwrap_or_else(|_| http::HeaderValue::from_static("application/octet-stream"));
    let mut response = Body::from(content.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, mime);
    headers.insert(CONTENT_DISPOSITION, http::HeaderValue::from_static("attachment"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn artifact_id(trial: &str, name: &str, content: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [trial.as_bytes(), name.as_bytes(), content] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("art-{hex}")
}
