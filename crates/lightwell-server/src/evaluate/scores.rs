//! Scores: judgements on generations and trials.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use lightwell_model::TenantId;
use lightwell_store::{Added, Document, DocumentKind, DocumentQuery, DocumentsOf};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Object, invalid, read_object, required, text, told};
use super::kept;
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::query::rfc3339;

const MOST: usize = 500;
const ID_BYTES: usize = 1024;
const TEXTS: [&str; 11] = [
    "generation_id",
    "conversation_id",
    "experiment_id",
    "trial_id",
    "test_case_id",
    "trace_id",
    "span_id",
    "rule_id",
    "grader_conversation_id",
    "grader_generation_id",
    "grader_trace_id",
];
const KNOWN_OTHERWISE: &str = "a score of this id is known with another content; what was stored stands";

/// A score.
#[derive(Serialize, ToSchema)]
pub struct ScoreBody {
    /// Its id, unique in the tenant.
    score_id: String,
    /// Who or what judged.
    evaluator_id: String,
    /// In which version.
    evaluator_version: String,
    /// What was judged; `final` decides a trial.
    score_key: String,
    /// Exactly one of `number`, `bool` and `string`.
    value: Value,
    /// The generation that was judged. This or `trial_id`.
    generation_id: Option<String>,
    /// Its conversation: the score is deleted with it. Not needed when the generation is known.
    conversation_id: Option<String>,
    /// The experiment.
    experiment_id: Option<String>,
    /// The trial that was judged.
    trial_id: Option<String>,
    /// Its test case.
    test_case_id: Option<String>,
    /// The verdict, if there is one.
    passed: Option<bool>,
    /// Why.
    explanation: Option<String>,
    /// Anything else.
    metadata: Option<Value>,
    /// When it was made: RFC 3339. When it was received, unless told.
    created_at: Option<String>,
}

/// A batch of scores.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreBatch {
    /// Scores.
    scores: Vec<ScoreBody>,
}

/// What became of a batch of scores.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreResults {
    /// One result a score, in order.
    results: Vec<ScoreResult>,
    /// Scores that are new and stored.
    accepted: usize,
    /// Scores that were there before.
    duplicates: usize,
    /// Scores that were refused.
    rejected: usize,
}

/// What became of one score.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct ScoreResult {
    /// Its id; empty when it cannot be told.
    score_id: String,
    /// It is new and stored.
    accepted: bool,
    /// `duplicate`: it was there before.
    #[serde(skip_serializing_if = "str::is_empty")]
    status: &'static str,
    /// Why it was refused, or what differs from the one that was there.
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
}

/// A page of scores.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScorePage {
    /// Scores, in the order in which they came.
    items: Vec<ScoreBody>,
    /// Where the next page begins; not there on the last.
    next_cursor: Option<String>,
}

/// Stores scores. A score is refused by itself, in its place in the results; one that was there before is a duplicate.
#[utoipa::path(
    post,
    path = "/api/v1/scores:export",
    tag = "evaluate",
    request_body(content = ScoreBatch),
    responses(
        (status = 202, description = "One result a score.", body = ScoreResults),
        (status = 400, description = "The body cannot be read at all.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn export_scores(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<ScoreResults>), Refusal> {
    let (_, mut body) = read_object(&app, request).await?;
    let Some(Value::Array(items)) = body.remove("scores") else {
        return Err(invalid("scores is not a list".to_owned()));
    };
    let mut known = Known::default();
    let mut results: Vec<ScoreResult> = Vec::with_capacity(items.len());
    let (mut documents, mut places) = (Vec::new(), Vec::new());
    for (place, item) in items.into_iter().enumerate() {
        let score_id = item.get("score_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut result = ScoreResult { score_id, ..ScoreResult::default() };
        match judge(&app, &caller.tenant, &mut known, item).await? {
            Ok(document) => {
                documents.push(document);
                places.push(place);
            }
            Err(why) => result.error = format!("scores[{place}]: {why}"),
        }
        results.push(result);
    }
    let sent = documents.clone();
    let added = if documents.is_empty() {
        Vec::new()
    } else {
        app.store.add_documents(&caller.tenant, documents).await?
    };
    for ((place, added), sent) in places.into_iter().zip(added).zip(sent) {
        tell(&mut results[place], added, &sent);
    }
    let count = |is: fn(&ScoreResult) -> bool| results.iter().filter(|result| is(result)).count();
    let (accepted, duplicates) =
        (count(|result| result.accepted), count(|result| result.status == "duplicate"));
    let rejected = results.len() - accepted - duplicates;
    Ok((StatusCode::ACCEPTED, Json(ScoreResults { results, accepted, duplicates, rejected })))
}

/// The scores of an experiment, in the order in which they came.
#[utoipa::path(
    get,
    path = "/api/v1/eval/experiments/{id}/scores",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The experiment, percent-encoded."),
        ("limit" = Option<usize>, Query, description = "Scores in the answer, at most; 50 unless told, 500 at most."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of scores.", body = ScorePage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is no such experiment.", body = ErrorBody),
    )
)]
pub(crate) async fn experiment_scores(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    if app.store.document(&caller.tenant, DocumentKind::Experiment, &id).await?.is_none() {
        return Err(Refusal::NotFound { what: "experiment", id });
    }
    page(&app, &caller.tenant, DocumentsOf::Parent(id), &uri).await
}

/// The scores of a generation, in the order in which they came.
#[utoipa::path(
    get,
    path = "/api/v1/generations/{id}/scores",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The generation, percent-encoded."),
        ("limit" = Option<usize>, Query, description = "Scores in the answer, at most; 50 unless told, 500 at most."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of scores.", body = ScorePage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn generation_scores(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    page(&app, &caller.tenant, DocumentsOf::About(id), &uri).await
}

/// The scores of a conversation's generations, in the order in which they came.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}/scores",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The conversation, percent-encoded."),
        ("limit" = Option<usize>, Query, description = "Scores in the answer, at most; 50 unless told, 500 at most."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of scores.", body = ScorePage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn conversation_scores(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    page(&app, &caller.tenant, DocumentsOf::Conversation(id), &uri).await
}

async fn page(app: &App, tenant: &TenantId, of: DocumentsOf, uri: &Uri) -> Result<Json<Value>, Refusal> {
    let (limit, after) = kept::paging(uri, MOST)?;
    let query = DocumentQuery { kind: DocumentKind::Score, of, newest_first: false, limit, after };
    kept::list(app, tenant, &query, score).await
}

/// A score as it was sent; where it does not say them, with its trial's experiment and the moment of receipt.
pub(super) fn score(document: &Document) -> Result<Object, Refusal> {
    let mut score = kept::object(document)?;
    if !document.parent.is_empty() {
        score.entry("experiment_id").or_insert_with(|| document.parent.as_str().into());
    }
    score.entry("created_at").or_insert_with(|| rfc3339(document.at).into());
    Ok(score)
}

/// What earlier scores of a batch have looked up.
#[derive(Default)]
struct Known {
    /// The experiment and the conversation of trials.
    trials: BTreeMap<String, Option<(String, String)>>,
    /// The conversation of generations.
    generations: BTreeMap<String, Option<String>>,
}

/// The document that a score becomes, or why it cannot.
async fn judge(
    app: &App,
    tenant: &TenantId,
    known: &mut Known,
    item: Value,
) -> Result<Result<Document, String>, Refusal> {
    let Value::Object(score) = item else { return Ok(Err("it is not an object".to_owned())) };
    let at = match checked(&score) {
        Ok(at) => at.unwrap_or_else(|| app.clock.now()),
        Err(why) => return Ok(Err(why)),
    };
    let (generation, trial) = (told(&score, "generation_id"), told(&score, "trial_id"));
    let mut conversation = told(&score, "conversation_id").to_owned();
    let mut experiment = told(&score, "experiment_id").to_owned();
    if !trial.is_empty() {
        let Some((of_trial, in_conversation)) = known.trial(app, tenant, trial).await? else {
            return Ok(Err(format!("trial_id {trial:?} was not found: create the trial first")));
        };
        if !experiment.is_empty() && experiment != of_trial {
            return Ok(Err(format!("trial_id {trial:?} belongs to the experiment {of_trial:?}")));
        }
        experiment = of_trial;
        if conversation.is_empty() {
            conversation = in_conversation;
        }
    }
    if conversation.is_empty() && !generation.is_empty() {
        conversation = known.generation(app, tenant, generation).await?.unwrap_or_default();
        if conversation.is_empty() && trial.is_empty() {
            return Ok(Err(format!(
                "generation_id {generation:?} was not found: send the generation first, or its conversation_id with the score"
            )));
        }
    }
    Ok(Ok(Document {
        kind: DocumentKind::Score,
        id: told(&score, "score_id").to_owned(),
        parent: experiment,
        about: if generation.is_empty() { trial } else { generation }.to_owned(),
        conversation_id: conversation,
        at,
        body: kept::bytes(&score),
    }))
}

impl Known {
    async fn trial(
        &mut self,
        app: &App,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<(String, String)>, Refusal> {
        if let Some(known) = self.trials.get(id) {
            return Ok(known.clone());
        }
        let found = kept::find(app, tenant, DocumentKind::Trial, id).await?;
        let found =
            found.map(|(document, trial)| (document.parent, told(&trial, "conversation_id").to_owned()));
        self.trials.insert(id.to_owned(), found.clone());
        Ok(found)
    }

    async fn generation(
        &mut self,
        app: &App,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<String>, Refusal> {
        if let Some(known) = self.generations.get(id) {
            return Ok(known.clone());
        }
        let found = app.store.generation(tenant, id).await?.map(|generation| generation.conversation_id);
        self.generations.insert(id.to_owned(), found.clone());
        Ok(found)
    }
}

/// When it was made, if it says.
fn checked(score: &Object) -> Result<Option<Timestamp>, String> {
    for name in ["score_id", "evaluator_id", "evaluator_version", "score_key"] {
        required(score, name, ID_BYTES)?;
    }
    for name in TEXTS {
        text(score, name, ID_BYTES)?;
    }
    if told(score, "generation_id").is_empty() && told(score, "trial_id").is_empty() {
        return Err("generation_id or trial_id is required".to_owned());
    }
    let is_value = |value: &Object| {
        value.len() == 1
            && value.iter().all(|(kind, value)| match kind.as_str() {
                "number" => value.is_number(),
                "bool" => value.is_boolean(),
                "string" => value.is_string(),
                _ => false,
            })
    };
    match score.get("value") {
        Some(Value::Object(value)) if is_value(value) => {}
        _ => return Err("value must set exactly one of number, bool and string".to_owned()),
    }
    if score.get("passed").is_some_and(|passed| !passed.is_boolean() && !passed.is_null()) {
        return Err("passed is neither true nor false".to_owned());
    }
    match text(score, "created_at", 64)?.as_str() {
        "" => Ok(None),
        moment => moment.parse().map(Some).map_err(|_| format!("created_at is {moment:?}, not RFC 3339")),
    }
}

fn tell(result: &mut ScoreResult, added: Added, sent: &Document) {
    match added {
        Added::Stored => result.accepted = true,
        Added::Known(known) => {
            result.status = "duplicate";
            match kept::same(&known, sent) {
                Ok(true) => {}
                Ok(false) => result.error = KNOWN_OTHERWISE.to_owned(),
                // The score is there, and the log says what is wrong with it.
                Err(unreadable) => result.error = unreadable.to_string(),
            }
        }
        Added::Deleted => result.error = "its conversation was deleted; it is not stored".to_owned(),
    }
}
