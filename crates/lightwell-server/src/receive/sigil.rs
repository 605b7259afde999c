//! The Sigil lane: generations and workflow steps, over HTTP as JSON or protobuf, and over gRPC.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use lightwell_model::TenantId;
use lightwell_wire::sigil::{Signal, paths, results, results::ItemResult};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Kept, Received, body, grpc, judge, report};
use crate::admit::{Caller, Peer, authorize};
use crate::app::App;
use crate::commit::{Batch, Verdict, commit};
use crate::error::{ErrorBody, Refusal};
use crate::metrics::Lane;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// A batch of generations.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct GenerationBatch {
    /// Generations as proto-JSON of `sigil.v1.Generation`, in snake_case or camelCase; fields that we do not know are kept.
    pub generations: Vec<serde_json::Value>,
}

/// A batch of workflow steps.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct WorkflowStepBatch {
    /// Steps as proto-JSON of `sigil.v1.WorkflowStep`, in snake_case or camelCase; fields that we do not know are kept.
    pub workflow_steps: Vec<serde_json::Value>,
}

/// The answer to a batch of generations: one result an item, in order.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct GenerationResults {
    /// One result an item, in order. Not there when the batch was empty.
    pub results: Option<Vec<GenerationResult>>,
}

/// What became of one generation.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct GenerationResult {
    /// Its id: the sender's, or the one that it was given.
    pub generation_id: Option<String>,
    /// It is stored; not there when it is not.
    pub accepted: Option<bool>,
    /// Why it was refused: index, field and limit. "generation already exists ..." when its id is known with another content.
    pub error: Option<String>,
}

/// The answer to a batch of workflow steps: one result an item, in order.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct WorkflowStepResults {
    /// One result an item, in order. Not there when the batch was empty.
    pub results: Option<Vec<WorkflowStepResult>>,
}

/// What became of one workflow step.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct WorkflowStepResult {
    /// Its id: the sender's, or the one that it was given.
    pub step_id: Option<String>,
    /// It is stored; not there when it is not.
    pub accepted: Option<bool>,
    /// Why it was refused: index, field and limit.
    pub error: Option<String>,
}

/// Stores generations.
///
/// The answer comes when they are durable. An item is refused by itself, in its place in the results. Also served under any
/// prefix (`/sigil/api/v1/generations:export`), and answered as it was asked: JSON or protobuf.
#[utoipa::path(
    post,
    path = "/api/v1/generations:export",
    tag = "ingest",
    request_body(content(
        (GenerationBatch = "application/json"),
        (Vec<u8> = "application/x-protobuf"),
    ), description = "sigil.v1.ExportGenerationsRequest; may be compressed with gzip or zstd."),
    responses(
        (status = 202, description = "One result an item.", body = GenerationResults),
        (status = 400, description = "The body cannot be read at all.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "Neither JSON nor protobuf, or an unknown compression.", body = ErrorBody),
        (status = 503, description = "Try again after `Retry-After` seconds; nothing was stored.", body = ErrorBody),
    )
)]
pub(crate) async fn export_generations(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    http_export(&app, &caller.tenant, Signal::Generations, request).await
}

/// Stores workflow steps.
///
/// As for generations.
#[utoipa::path(
    post,
    path = "/api/v1/workflow-steps:export",
    tag = "ingest",
    request_body(content(
        (WorkflowStepBatch = "application/json"),
        (Vec<u8> = "application/x-protobuf"),
    ), description = "sigil.v1.ExportWorkflowStepsRequest; may be compressed with gzip or zstd."),
    responses(
        (status = 202, description = "One result an item.", body = WorkflowStepResults),
        (status = 400, description = "The body cannot be read at all.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "Neither JSON nor protobuf, or an unknown compression.", body = ErrorBody),
        (status = 503, description = "Try again after `Retry-After` seconds; nothing was stored.", body = ErrorBody),
    )
)]
pub(crate) async fn export_workflow_steps(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    http_export(&app, &caller.tenant, Signal::WorkflowSteps, request).await
}

/// The same over gRPC, for both packages.
pub(crate) async fn grpc_export(State(app): State<Arc<App>>, request: Request) -> Response {
    match try_grpc_export(&app, request).await {
        Ok((message, kept)) => {
            let mut response = grpc::answer(&message);
            kept.tell(response.headers_mut());
            response
        }
        Err(refusal) => grpc::refuse(&refusal),
    }
}

async fn try_grpc_export(app: &App, request: Request) -> Result<(Vec<u8>, Kept), Refusal> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let signal = paths::signal_of_grpc(path).ok_or_else(|| Refusal::NoRoute { path: path.to_owned() })?;
    if !grpc::is_grpc(&parts.headers) {
        return Err(media_type(&parts.headers, "application/grpc"));
    }
    let peer = parts.extensions.get::<Peer>().copied().ok_or(Refusal::Internal)?;
    let caller = authorize(app, peer, &parts.headers).await?;
    let limit = app.settings.limits.body_bytes;
    let framed = body::read(app, &parts.headers, body, limit.saturating_add(grpc::HEAD_BYTES)).await;
    let framed = framed.map_err(|refusal| match refusal {
        // The limit that was set, not ours with the head of the message.
        Refusal::TooLarge { .. } => Refusal::TooLarge { limit },
        other => other,
    })?;
    let received = grpc::unframe(&parts.headers, framed)?;
    let sent = Sent { lane: Lane::SigilGrpc, signal, format: Format::Protobuf, received };
    let (results, kept) = export(app, &caller.tenant, &parts.headers, sent).await?;
    Ok((results::encode_protobuf(signal, results), kept))
}

async fn http_export(
    app: &App,
    tenant: &TenantId,
    signal: Signal,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers)?;
    let received = body::read(app, &parts.headers, body, app.settings.limits.body_bytes).await?;
    let sent = Sent { lane: Lane::SigilHttp, signal, format, received };
    let (results, kept) = export(app, tenant, &parts.headers, sent).await?;
    let (kind, answer) = match format {
        Format::Protobuf => (PROTOBUF, results::encode_protobuf(signal, results)),
        Format::Json => {
            let mut answer = Vec::new();
            results::encode_json(&mut answer, signal, &results);
            (JSON, answer)
        }
    };
    Ok((StatusCode::ACCEPTED, kept, [(CONTENT_TYPE, kind)], Body::from(answer)).into_response())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Protobuf,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Self::Json) };
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"application/json" | b"text/json" => Ok(Self::Json),
            b"application/x-protobuf" | b"application/protobuf" | b"application/vnd.google.protobuf" => {
                Ok(Self::Protobuf)
            }
            _ => Err(media_type(headers, "application/json or application/x-protobuf")),
        }
    }
}

fn media_type(headers: &HeaderMap, expected: &'static str) -> Refusal {
    let value = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Refusal::MediaType { content_type: value.unwrap_or_default(), expected }
}

/// A batch as it was sent.
struct Sent {
    lane: Lane,
    signal: Signal,
    format: Format,
    received: Received,
}

async fn export(
    app: &App,
    tenant: &TenantId,
    headers: &HeaderMap,
    Sent { lane, signal, format, received }: Sent,
) -> Result<(Vec<ItemResult>, Kept), Refusal> {
    let decode = match format {
        Format::Json => lightwell_wire::sigil::json::decode,
        Format::Protobuf => lightwell_wire::sigil::protobuf::decode,
    };
    let (items, room) =
        judge(app, received, signal.json_key(), move |body, receipt| decode(signal, body, receipt)).await?;
    let batch = Batch { lane, items, report: report(app, headers) };
    let (verdicts, kept) = commit(app, tenant, batch).await?;
    drop(room);
    Ok((verdicts.into_iter().map(result).collect(), kept))
}

fn result(verdict: Verdict) -> ItemResult {
    ItemResult { id: verdict.id, accepted: verdict.error.is_none(), error: verdict.error.unwrap_or_default() }
}
