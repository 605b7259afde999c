//! Experiments: runs that begin, have trials, and end.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::Redirect;
use http::{HeaderMap, Uri};
use lightwell_model::TenantId;
use lightwell_store::{Added, Document, DocumentKind, DocumentQuery, DocumentsOf};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Object, invalid, one_of, read_object, required, text, told};
use super::kept;
use crate::admit::{Admission, Caller};
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::query::rfc3339;

const MOST: usize = 200;
const FINALIZE: &str = ":finalize";
const FINAL: [&str; 3] = ["completed", "failed", "canceled"];
const NAME_BYTES: usize = 1024;
const TEXT_BYTES: usize = 64 * 1024;
/// What stands for itself in an id that browsers show.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An experiment. Fields that a client sent and that this version does not know come back as they were.
#[derive(Serialize, ToSchema)]
pub struct ExperimentBody {
    /// Its id, unique in the tenant.
    experiment_id: String,
    /// Its name.
    name: String,
    /// Who runs it: `kind` and `id`.
    source: Option<Value>,
    /// `running`, `completed`, `failed` or `canceled`.
    status: String,
    /// What it is about.
    description: Option<String>,
    /// Labels.
    tags: Option<Vec<String>>,
    /// Anything else.
    metadata: Option<Value>,
    /// Scores of it that are stored.
    score_count: u64,
    /// Why it failed.
    error: Option<String>,
    /// Who made it.
    created_by: String,
    /// When it was made: RFC 3339 in UTC.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
    /// When it began.
    started_at: String,
    /// When it ended.
    completed_at: Option<String>,
}

/// A page of experiments.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExperimentPage {
    /// Experiments, newest first.
    items: Vec<ExperimentBody>,
    /// Where the next page begins; not there on the last.
    next_cursor: Option<String>,
}

/// An experiment that was made or changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunAnswer {
    /// The experiment.
    #[schema(value_type = ExperimentBody)]
    run: Value,
    /// It was not there before.
    created: bool,
}

/// Makes an experiment, or finds it by its id; while it runs, what is sent replaces what was said of it.
#[utoipa::path(
    post,
    path = "/api/v1/experiment-runs:upsert",
    tag = "evaluate",
    request_body(content = ExperimentBody, description = "name and source; experiment_id, description, tags and metadata if there are any."),
    responses(
        (status = 200, description = "The experiment.", body = RunAnswer),
        (status = 400, description = "A field is missing or not what it must be.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 409, description = "It has ended.", body = ErrorBody),
    )
)]
pub(crate) async fn upsert_experiment(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Json<RunAnswer>, Refusal> {
    let (parts, sent) = read_object(&app, request).await?;
    let sent = checked(sent).map_err(invalid)?;
    let _one_at_a_time = app.experiments.lock().await;
    let id = told(&sent, "experiment_id");
    let known = kept::find(&app, &caller.tenant, DocumentKind::Experiment, id).await?;
    let (run, created) = match known {
        Some((document, run)) => {
            require_running(id, &run)?;
            let run = merged(run, sent, &app);
            replace(&app, &caller.tenant, document, &run).await?;
            (run, false)
        }
        None => (create(&app, &caller.tenant, &parts.headers, sent).await?, true),
    };
    Ok(Json(RunAnswer { run: run.into(), created }))
}

/// Ends an experiment. Ending it again in the same way changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/experiment-runs/{action}",
    tag = "evaluate",
    params(("action" = String, Path, description = "The experiment, percent-encoded, and `:finalize`.")),
    request_body(content = Value, content_type = "application/json", description = "status: completed, failed or canceled; score_count and error if there are any."),
    responses(
        (status = 200, description = "The experiment.", body = RunAnswer),
        (status = 400, description = "A field is missing or not what it must be.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id, or nothing of that name to do.", body = ErrorBody),
        (status = 409, description = "It has ended, trials are running, or scores are missing.", body = ErrorBody),
    )
)]
pub(crate) async fn finalize_experiment(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Json<RunAnswer>, Refusal> {
    let id = finalized(request.uri())?;
    let (_, sent) = read_object(&app, request).await?;
    let status = one_of(&sent, "status", &FINAL).map_err(invalid)?;
    let error = text(&sent, "error", TEXT_BYTES).map_err(invalid)?;
    let _one_at_a_time = app.experiments.lock().await;
    let (document, mut run) = require(&app, &caller.tenant, &id).await?;
    if told(&run, "status") == status && told(&run, "error") == error {
        return Ok(Json(RunAnswer { run: run.into(), created: false }));
    }
    require_running(&id, &run)?;
    let scores = kept::all(&*app.store, &caller.tenant, DocumentKind::Score, &id).await?.len() as u64;
    if status == "completed" {
        let expected = sent.get("score_count").and_then(Value::as_u64).unwrap_or(0);
        if expected > scores {
            return Err(Refusal::Conflict(format!(
                "score_count: expected {expected} scores, found {scores}"
            )));
        }
        require_no_running_trials(&app, &caller.tenant, &id).await?;
    }
    let now = rfc3339(app.clock.now());
    run.insert("status".to_owned(), status.into());
    run.insert("score_count".to_owned(), scores.into());
    run.insert("updated_at".to_owned(), now.clone().into());
    run.insert("completed_at".to_owned(), now.into());
    if !error.is_empty() {
        run.insert("error".to_owned(), error.into());
    }
    replace(&app, &caller.tenant, document, &run).await?;
    Ok(Json(RunAnswer { run: run.into(), created: false }))
}

/// Experiments, newest first. Of those that have ended `score_count` is that of their end.
#[utoipa::path(
    get,
    path = "/api/v1/eval/experiments",
    tag = "evaluate",
    params(
        ("limit" = Option<usize>, Query, description = "Experiments in the answer, at most; 50 unless told, 200 at most."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of experiments.", body = ExperimentPage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn experiments(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let (limit, after) = kept::paging(&uri, MOST)?;
    // An experiment belongs to nothing.
    let of = DocumentsOf::Parent(String::new());
    let query = DocumentQuery { kind: DocumentKind::Experiment, of, newest_first: true, limit, after };
    let page = app.store.documents(&caller.tenant, &query).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for document in &page.items {
        let run = kept::object(document)?;
        // What has ended was counted then: a list does not read every score of every experiment.
        let running = told(&run, "status") == "running";
        items
            .push(if running { counted(&app, &caller.tenant, &document.id, run).await? } else { run }.into());
    }
    Ok(Json(kept::page(items, page.next)))
}

/// One experiment.
#[utoipa::path(
    get,
    path = "/api/v1/eval/experiments/{id}",
    tag = "evaluate",
    params(("id" = String, Path, description = "The experiment, percent-encoded.")),
    responses(
        (status = 200, description = "The experiment.", body = ExperimentBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn experiment(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(told_run(&app, &caller.tenant, &id).await?.into()))
}

/// Where SDKs send people: to the experiment's report.
#[utoipa::path(
    get,
    path = "/a/{plugin}/offline-experiments/experiments/{id}",
    tag = "evaluate",
    params(
        ("plugin" = String, Path, description = "Any: the name of a page that is not here."),
        ("id" = String, Path, description = "The experiment, percent-encoded."),
    ),
    responses((status = 307, description = "To its page; where the server has none, to `/api/v1/eval/experiments/{id}/report`."))
)]
pub(crate) async fn experiment_link(Path((_, id)): Path<(String, String)>) -> Redirect {
    let id = utf8_percent_encode(&id, IN_A_PATH);
    Redirect::temporary(&match cfg!(feature = "ui") {
        true => format!("/experiments/{id}"),
        false => format!("/api/v1/eval/experiments/{id}/report"),
    })
}

/// The experiment with how many scores it has now.
pub(super) async fn told_run(app: &App, tenant: &TenantId, id: &str) -> Result<Object, Refusal> {
    let (_, run) = require(app, tenant, id).await?;
    counted(app, tenant, id, run).await
}

async fn counted(app: &App, tenant: &TenantId, id: &str, mut run: Object) -> Result<Object, Refusal> {
    let scores = kept::all(&*app.store, tenant, DocumentKind::Score, id).await?.len();
    run.insert("score_count".to_owned(), scores.into());
    Ok(run)
}

/// The experiment; refused when there is none.
pub(super) async fn require(app: &App, tenant: &TenantId, id: &str) -> Result<(Document, Object), Refusal> {
    let found = kept::find(app, tenant, DocumentKind::Experiment, id).await?;
    found.ok_or_else(|| Refusal::NotFound { what: "experiment", id: id.to_owned() })
}

/// Nothing of an experiment that has ended is changed.
pub(super) fn require_running(id: &str, run: &Object) -> Result<(), Refusal> {
    match told(run, "status") {
        "running" => Ok(()),
        status => {
            Err(Refusal::Conflict(format!("the experiment {id:?} is already finalized: it is {status}")))
        }
    }
}

async fn require_no_running_trials(app: &App, tenant: &TenantId, id: &str) -> Result<(), Refusal> {
    let mut running = 0;
    for document in kept::all(&*app.store, tenant, DocumentKind::Trial, id).await? {
        running += usize::from(told(&kept::object(&document)?, "status") == "running");
    }
    if running == 0 {
        return Ok(());
    }
    Err(Refusal::Conflict(format!("cannot complete experiment with {running} running trial(s)")))
}

fn checked(mut sent: Object) -> Result<Object, String> {
    required(&sent, "name", NAME_BYTES)?;
    text(&sent, "experiment_id", NAME_BYTES)?;
    text(&sent, "description", TEXT_BYTES)?;
    if sent.get("tags").is_some_and(|tags| !tags.is_array() && !tags.is_null()) {
        return Err("tags is not a list".to_owned());
    }
    if sent.get("metadata").is_some_and(|metadata| !metadata.is_object() && !metadata.is_null()) {
        return Err("metadata is not an object".to_owned());
    }
    sent.retain(|_, value| !value.is_null());
    Ok(sent)
}

async fn create(
    app: &App,
    tenant: &TenantId,
    headers: &HeaderMap,
    mut run: Object,
) -> Result<Object, Refusal> {
    let now = app.clock.now();
    if told(&run, "experiment_id").is_empty() {
        run.insert("experiment_id".to_owned(), Admission { now }.new_id().into());
    }
    let actor = kept::actor(headers, run.get("source"));
    let said = [
        ("status", "running".to_owned()),
        ("tenant_id", tenant.as_str().to_owned()),
        ("created_by", actor),
        ("created_at", rfc3339(now)),
        ("updated_at", rfc3339(now)),
        ("started_at", rfc3339(now)),
    ];
    run.extend(said.map(|(name, value)| (name.to_owned(), value.into())));
    run.insert("score_count".to_owned(), 0.into());
    let document = Document {
        kind: DocumentKind::Experiment,
        id: told(&run, "experiment_id").to_owned(),
        parent: String::new(),
        about: String::new(),
        conversation_id: String::new(),
        at: now,
        body: kept::bytes(&run),
    };
    match app.store.add_documents(tenant, vec![document]).await?.pop() {
        Some(Added::Stored) => Ok(run),
        _ => Err(Refusal::Internal),
    }
}

/// What is sent replaces what was said before; what the server said stays.
fn merged(mut run: Object, sent: Object, app: &App) -> Object {
    let ours =
        ["status", "tenant_id", "created_by", "created_at", "started_at", "score_count", "experiment_id"];
    run.extend(sent.into_iter().filter(|(name, _)| !ours.contains(&name.as_str())));
    run.insert("updated_at".to_owned(), rfc3339(app.clock.now()).into());
    run
}

async fn replace(app: &App, tenant: &TenantId, document: Document, run: &Object) -> Result<(), Refusal> {
    let document = Document { body: kept::bytes(run), ..document };
    let id = document.id.clone();
    match app.store.replace_document(tenant, document).await? {
        true => Ok(()),
        false => Err(Refusal::NotFound { what: "experiment", id }),
    }
}

/// The experiment that a path ends. The verb is taken off before the id is decoded: an id may contain a colon.
fn finalized(uri: &Uri) -> Result<String, Refusal> {
    let nothing = || Refusal::NoRoute { path: uri.path().to_owned() };
    let segment = uri.path().rsplit('/').next().and_then(|segment| segment.strip_suffix(FINALIZE));
    let id = percent_decode_str(segment.ok_or_else(nothing)?).decode_utf8().map_err(|_| nothing())?;
    if id.is_empty() { Err(nothing()) } else { Ok(id.into_owned()) }
}
