//! The report of an experiment: its trials by test case, with their scores and artifacts, and the numbers over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use lightwell_store::DocumentKind;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::experiments::told_run;
use super::fields::{Object, told};
use super::scores::score;
use super::statistics::{Outcome, Summary};
use super::{experiments, kept, scores, trials};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};

/// The report of an experiment.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportBody {
    /// The experiment.
    #[schema(value_type = experiments::ExperimentBody)]
    experiment: Value,
    /// The numbers over all trials.
    summary: Summary,
    /// One row a test case, in the order in which they were first tried.
    rows: Vec<ReportRow>,
}

/// The trials of one test case.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportRow {
    /// The test case.
    test_case_id: String,
    /// What is known of it: its name.
    #[schema(value_type = Object)]
    test_case_snapshot: Value,
    /// The numbers over its trials.
    summary: Summary,
    /// Its trials, in the order in which they began.
    trials: Vec<ReportTrial>,
}

/// One trial of a report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportTrial {
    /// The trial.
    #[schema(value_type = trials::TrialBody)]
    trial: Value,
    /// Its score `final`.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Option<scores::ScoreBody>)]
    final_score: Value,
    /// All its scores.
    #[schema(value_type = Vec<scores::ScoreBody>)]
    scores: Vec<Value>,
    /// What is kept with it.
    #[schema(value_type = Vec<super::artifacts::TrialArtifactBody>)]
    artifacts: Vec<Value>,
}

/// The report of an experiment, also while it runs.
///
/// A trial passed when its score `final` says so: by `passed`, else by being `true`. `pass_at_k` is the chance that at least one
/// of k attempts at a test case passes, `pass_power_k` that all do; both are averages over the test cases with at least k
/// attempts that have ended.
#[utoipa::path(
    get,
    path = "/api/v1/eval/experiments/{id}/report",
    tag = "evaluate",
    params(("id" = String, Path, description = "The experiment, percent-encoded.")),
    responses(
        (status = 200, description = "The report.", body = ReportBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 404, description = "There is none of that id.", body = ErrorBody),
    )
)]
pub(crate) async fn experiment_report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ReportBody>, Refusal> {
    let tenant = &caller.tenant;
    let run = told_run(&app, tenant, &id).await?;
    let mut of_trial: BTreeMap<String, (Vec<Object>, Vec<Value>)> = BTreeMap::new();
    for document in kept::all(&*app.store, tenant, DocumentKind::Score, &id).await? {
        let score = score(&document)?;
        of_trial.entry(told(&score, "trial_id").to_owned()).or_default().0.push(score);
    }
    for document in kept::all(&*app.store, tenant, DocumentKind::Artifact, &id).await? {
        of_trial.entry(document.about.clone()).or_default().1.push(kept::object(&document)?.into());
    }
    let mut cases: Vec<(String, Vec<ReportTrial>, Vec<Outcome>)> = Vec::new();
    for document in kept::all(&*app.store, tenant, DocumentKind::Trial, &id).await? {
        let trial = kept::object(&document)?;
        let (scores, artifacts) = of_trial.remove(&document.id).unwrap_or_default();
        let decides = scores.iter().rfind(|score| told(score, "score_key") == "final").cloned();
        let outcome = Outcome::of(&trial, decides.as_ref());
        let case = told(&trial, "test_case_id").to_owned();
        let place = cases.iter().position(|(known, ..)| *known == case).unwrap_or(cases.len());
        if place == cases.len() {
            cases.push((case, Vec::new(), Vec::new()));
        }
        let shown = ReportTrial {
            trial: trial.into(),
            final_score: decides.map_or(Value::Null, Value::from),
            scores: scores.into_iter().map(Value::from).collect(),
            artifacts,
        };
        cases[place].1.push(shown);
        cases[place].2.push(outcome);
    }
    let summary = Summary::of(cases.iter().map(|(_, _, outcomes)| outcomes.as_slice()));
    Ok(Json(ReportBody { experiment: run.into(), summary, rows: cases.into_iter().map(row).collect() }))
}

fn row((test_case_id, trials, outcomes): (String, Vec<ReportTrial>, Vec<Outcome>)) -> ReportRow {
    let name = trials.iter().find_map(|trial| trial.trial["metadata"]["test_case_name"].as_str());
    let test_case_snapshot = json!({"test_case_id": test_case_id, "name": name.unwrap_or(&test_case_id)});
    let summary = Summary::of([outcomes.as_slice()]);
    ReportRow { test_case_id, test_case_snapshot, summary, trials }
}
