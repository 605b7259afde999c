//! Trials: attempts at test cases.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use lightwell_model::TenantId;
use lightwell_store::{Added, Document, DocumentKind};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Object, invalid, one_of, read_object, required, shown, text, told};
use super::{experiments, kept};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::query::rfc3339;

const ID_BYTES: usize = 1024;
const STATUSES: [&str; 6] = ["running", "completed", "failed", "canceled", "errored", "skipped"];
/// What an update may say.
const NUMBERS: [&str; 4] = ["cost", "input_tokens", "output_tokens", "duration_ms"];

/// A trial. Fields that a client sent and that this version does not know come back as they were.
#[derive(Serialize, ToSchema)]
pub struct TrialBody {
    /// Its id, unique in the tenant.
    trial_id: String,
    /// Its experiment.
    experiment_id: String,
    /// What was attempted.
    test_case_id: String,
    /// Which attempt, from 1.
    attempt: u64,
    /// `running`, `completed`, `failed`, `canceled`, `errored` or `skipped`.
    status: String,
    /// Why it failed.
    error: Option<String>,
    /// The conversation that it was.
    conversation_id: Option<String>,
    /// Its trace.
    trace_id: Option<String>,
    /// Its span.
    span_id: Option<String>,
    /// What it cost, in the currency that the program counts in.
    cost: Option<f64>,
    /// Tokens that went in.
    input_tokens: Option<u64>,
    /// Tokens that came out.
    output_tokens: Option<u64>,
    /// How long it took, in milliseconds.
    duration_ms: Option<u64>,
    /// Anything else.
    metadata: Option<Value>,
    /// When it was made: RFC 3339 in UTC.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

/// Makes a trial, or finds it by its id; what is sent replaces what was said of it.
#[utoipa::path(
    post,
    path = "/api/v1/experiment-runs/{id}/trials",
    tag = "evaluate",
    params(("id" = String, Path, description = "The experiment, percent-encoded.")),
    request_body(content = TrialBody, description = "trial_id and test_case_id; the rest if there is any."),
    responses(
        (status = 200, description = "The trial.", body = TrialBody),
        (status = 400, description = "A field is missing or not what it must be.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is no such experiment.", body = ErrorBody),
        (status = 409, description = "The experiment has ended, or the id is that of another trial.", body = ErrorBody),
    )
)]
pub(crate) async fn create_trial(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(experiment): Path<String>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (_, sent) = read_object(&app, request).await?;
    required(&sent, "trial_id", ID_BYTES).map_err(invalid)?;
    required(&sent, "test_case_id", ID_BYTES).map_err(invalid)?;
    let sent = checked(sent).map_err(invalid)?;
    let id = told(&sent, "trial_id").to_owned();
    let _one_at_a_time = app.experiments.lock().await;
    let (_, run) = experiments::require(&app, &caller.tenant, &experiment).await?;
    experiments::require_running(&experiment, &run)?;
    let Some((document, trial)) = kept::find(&app, &caller.tenant, DocumentKind::Trial, &id).await? else {
        return create(&app, &caller.tenant, &experiment, sent).await;
    };
    if document.parent != experiment || told(&trial, "test_case_id") != told(&sent, "test_case_id") {
        return Err(Refusal::Conflict(format!(
            "the trial {id:?} is one of the experiment {:?} and the test case {:?}: these are immutable",
            document.parent,
            told(&trial, "test_case_id")
        )));
    }
    change(&app, &caller.tenant, document, trial, sent).await
}

/// Changes what is sent of a trial.
#[utoipa::path(
    patch,
    path = "/api/v1/experiment-runs/{id}/trials/{trial}",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The experiment, percent-encoded."),
        ("trial" = String, Path, description = "The trial, percent-encoded."),
    ),
    request_body(content = Value, content_type = "application/json", description = "status, error, cost, input_tokens, output_tokens, duration_ms, conversation_id, trace_id: those that change."),
    responses(
        (status = 200, description = "The trial.", body = TrialBody),
        (status = 400, description = "A field is not what it must be.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is no such trial.", body = ErrorBody),
        (status = 409, description = "The experiment has ended.", body = ErrorBody),
    )
)]
pub(crate) async fn update_trial(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((experiment, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (_, mut sent) = read_object(&app, request).await?;
    sent.retain(|name, _| !["trial_id", "test_case_id", "experiment_id", "attempt"].contains(&name.as_str()));
    let sent = checked(sent).map_err(invalid)?;
    let _one_at_a_time = app.experiments.lock().await;
    let (document, trial) = require(&app, &caller.tenant, &experiment, &id).await?;
    let (_, run) = experiments::require(&app, &caller.tenant, &experiment).await?;
    experiments::require_running(&experiment, &run)?;
    change(&app, &caller.tenant, document, trial, sent).await
}

/// The trial of an experiment; refused when there is none.
pub(super) async fn require(
    app: &App,
    tenant: &TenantId,
    experiment: &str,
    id: &str,
) -> Result<(Document, Object), Refusal> {
    let found = kept::find(app, tenant, DocumentKind::Trial, id).await?;
    found
        .filter(|(document, _)| document.parent == experiment)
        .ok_or_else(|| Refusal::NotFound { what: "trial", id: id.to_owned() })
}

fn checked(mut sent: Object) -> Result<Object, String> {
    sent.retain(|_, value| !value.is_null());
    if sent.contains_key("status") {
        one_of(&sent, "status", &STATUSES)?;
    }
    for name in ["conversation_id", "trace_id", "span_id"] {
        text(&sent, name, ID_BYTES)?;
    }
    text(&sent, "error", 64 * 1024)?;
    for name in NUMBERS {
        if let Some(given) = sent.get(name)
            && !given.as_f64().is_some_and(|number| number >= 0.0)
        {
            return Err(format!("{name} is {}, not a number from 0 on", shown(given)));
        }
    }
    if let Some(attempt) = sent.get("attempt")
        && attempt.as_i64().is_none()
    {
        return Err(format!("attempt is {}, not a whole number", shown(attempt)));
    }
    Ok(sent)
}

async fn create(
    app: &App,
    tenant: &TenantId,
    experiment: &str,
    mut trial: Object,
) -> Result<Json<Value>, Refusal> {
    let now = app.clock.now();
    trial.entry("attempt").or_insert_with(|| 1.into());
    trial.entry("status").or_insert_with(|| "running".into());
    trial.insert("experiment_id".to_owned(), experiment.into());
    trial.insert("created_at".to_owned(), rfc3339(now).into());
    trial.insert("updated_at".to_owned(), rfc3339(now).into());
    let conversation_id = told(&trial, "conversation_id").to_owned();
    let document = Document {
        kind: DocumentKind::Trial,
        id: told(&trial, "trial_id").to_owned(),
        parent: experiment.to_owned(),
        about: conversation_id,
        conversation_id: String::new(),
        at: now,
        body: kept::bytes(&trial),
    };
    match app.store.add_documents(tenant, vec![document]).await?.pop() {
        Some(Added::Stored) => Ok(Json(trial.into())),
        _ => Err(Refusal::Internal),
    }
}

async fn change(
    app: &App,
    tenant: &TenantId,
    document: Document,
    mut trial: Object,
    sent: Object,
) -> Result<Json<Value>, Refusal> {
    trial.extend(sent);
    trial.insert("updated_at".to_owned(), rfc3339(app.clock.now()).into());
    let about = told(&trial, "conversation_id").to_owned();
    let document = Document { about, body: kept::bytes(&trial), ..document };
    let id = document.id.clone();
    match app.store.replace_document(tenant, document).await? {
        true => Ok(Json(trial.into())),
        false => Err(Refusal::NotFound { what: "trial", id }),
    }
}
