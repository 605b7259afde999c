//! The numbers over trials. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Object, told};

/// What counts of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    status: String,
    passed: bool,
    score: Option<f64>,
    cost: Option<f64>,
    tokens: Option<u64>,
}

/// Numbers over trials. What cannot be told yet is 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Test cases that were tried.
    test_case_count: u64,
    /// Trials.
    trial_count: u64,
    /// Trials that came to an end by themselves.
    completed_count: u64,
    /// Trials that could not be carried out.
    failed_count: u64,
    /// Trials that were given up or left out.
    canceled_count: u64,
    /// Trials that passed.
    pass_count: u64,
    /// Trials that have ended: what `pass_rate` is a part of.
    pass_denominator: u64,
    /// Trials that passed, of those that have ended.
    pass_rate: f64,
    /// The same, under its name in rows.
    trial_pass_rate: f64,
    /// The chance that at least one of k attempts passes.
    pass_at_k: BTreeMap<String, f64>,
    /// The chance that all of k attempts pass.
    pass_power_k: BTreeMap<String, f64>,
    /// The average of final scores that are numbers; true counts as 1.
    final_score_avg: f64,
    /// Their sum.
    final_score_sum: f64,
    /// How many they are.
    final_score_count: u64,
    /// What the trials cost that say so.
    total_cost: f64,
    /// Tokens of the trials that say so.
    total_tokens: u64,
    /// Trials that say what they cost, of all.
    cost_coverage: f64,
    /// Trials that say their tokens, of all.
    token_coverage: f64,
}

impl Outcome {
    /// Of a trial and the score that decides it.
    pub(super) fn of(trial: &Object, decides: Option<&Object>) -> Self {
        let value = decides.and_then(|score| score.get("value"));
        let truth = value.and_then(|value| value["bool"].as_bool());
        let said = decides.and_then(|score| score.get("passed")).and_then(Value::as_bool);
        let tokens: Vec<u64> =
            ["input_tokens", "output_tokens"].iter().filter_map(|name| trial.get(*name)?.as_u64()).collect();
        Self {
            status: told(trial, "status").to_owned(),
            passed: said.or(truth).unwrap_or(false),
            score: value
                .and_then(|value| value["number"].as_f64())
                .or(truth.map(|truth| f64::from(u8::from(truth)))),
            cost: trial.get("cost").and_then(Value::as_f64),
            tokens: (!tokens.is_empty()).then(|| tokens.iter().sum()),
        }
    }

    fn has_ended(&self) -> bool {
        self.status != "running"
    }
}

impl Summary {
    /// Over the trials of test cases.
    pub(super) fn of<'a>(cases: impl IntoIterator<Item = &'a [Outcome]>) -> Self {
        let cases: Vec<&[Outcome]> = cases.into_iter().collect();
        let trials: Vec<&Outcome> = cases.iter().copied().flatten().collect();
        let count = |is: &dyn Fn(&Outcome) -> bool| trials.iter().filter(|trial| is(trial)).count() as u64;
        let with_status = |known: &[&str]| count(&|trial| known.contains(&trial.status.as_str()));
        let scores: Vec<f64> = trials.iter().filter_map(|trial| trial.score).collect();
        let (pass_count, ended) =
            (count(&|trial| trial.has_ended() && trial.passed), count(&Outcome::has_ended));
        let pass_rate = ratio(pass_count as f64, ended);
        let sum: f64 = scores.iter().sum();
        Self {
            test_case_count: cases.len() as u64,
            trial_count: trials.len() as u64,
            completed_count: with_status(&["completed"]),
            failed_count: with_status(&["failed", "errored"]),
            canceled_count: with_status(&["canceled", "skipped"]),
            pass_count,
            pass_denominator: ended,
            pass_rate,
            trial_pass_rate: pass_rate,
            pass_at_k: over_k(&cases, |attempts, passed, k| 1.0 - none_of(attempts, passed, k)),
            pass_power_k: over_k(&cases, |attempts, passed, k| none_of(attempts, attempts - passed, k)),
            final_score_avg: ratio(sum, scores.len() as u64),
            final_score_sum: sum,
            final_score_count: scores.len() as u64,
            total_cost: trials.iter().filter_map(|trial| trial.cost).sum(),
            total_tokens: trials.iter().filter_map(|trial| trial.tokens).sum(),
            cost_coverage: ratio(count(&|trial| trial.cost.is_some()) as f64, trials.len() as u64),
            token_coverage: ratio(count(&|trial| trial.tokens.is_some()) as f64, trials.len() as u64),
        }
    }
}

/// A chance for each k, averaged over the test cases with at least k attempts that have ended.
fn over_k(cases: &[&[Outcome]], chance: impl Fn(u64, u64, u64) -> f64) -> BTreeMap<String, f64> {
    let counted: Vec<(u64, u64)> = cases
        .iter()
        .map(|trials| {
            let ended = trials.iter().filter(|trial| trial.has_ended());
            let passed = ended.clone().filter(|trial| trial.passed).count();
            (ended.count() as u64, passed as u64)
        })
        .collect();
    let most = counted.iter().map(|(attempts, _)| *attempts).max().unwrap_or(0);
    let average = |k: u64| {
        let enough: Vec<_> = counted.iter().filter(|(attempts, _)| *attempts >= k).collect();
        let sum: f64 = enough.iter().map(|(attempts, passed)| chance(*attempts, *passed, k)).sum();
        ratio(sum, enough.len() as u64)
    };
    (1..=most).map(|k| (k.to_string(), average(k))).collect()
}

/// The chance that none of k attempts, drawn from these, is marked.
fn none_of(attempts: u64, marked: u64, k: u64) -> f64 {
    (0..k).map(|drawn| (attempts - marked).saturating_sub(drawn) as f64 / (attempts - drawn) as f64).product()
}

fn ratio(part: f64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part / of as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(status: &str, passed: bool) -> Outcome {
        Outcome { status: status.to_owned(), passed, ..Outcome::default() }
    }

    #[test]
    fn chances_over_attempts() {
        let mixed = [trial("completed", true), trial("completed", false), trial("completed", false)];
        let sure = [trial("completed", true), trial("completed", true)];
        let summary = Summary::of([mixed.as_slice(), sure.as_slice()]);
        assert_eq!((summary.test_case_count, summary.trial_count, summary.pass_count), (2, 5, 3));
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(summary.pass_rate, 0.6));
        // One of three passed: any one 1/3, any two 2/3, all three certainly contain it. Of the other both passed.
        assert!(close(summary.pass_at_k["1"], (1.0 / 3.0 + 1.0) / 2.0));
        assert!(close(summary.pass_at_k["2"], (2.0 / 3.0 + 1.0) / 2.0));
        assert!(close(summary.pass_at_k["3"], 1.0));
        assert!(close(summary.pass_power_k["2"], 0.5));
        assert!(close(summary.pass_power_k["3"], 0.0));
    }

    #[test]
    fn what_runs_or_failed_is_counted_as_that() {
        let trials = [
            trial("running", true),
            trial("failed", false),
            trial("canceled", false),
            trial("errored", false),
        ];
        let summary = Summary::of([trials.as_slice()]);
        assert_eq!((summary.completed_count, summary.failed_count, summary.canceled_count), (0, 2, 1));
        assert_eq!((summary.pass_count, summary.pass_denominator), (0, 3));
        assert_eq!(Summary::of([]), Summary::default());
    }

    #[test]
    fn the_final_score_decides() {
        let object = |value: Value| match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        };
        let trial = object(serde_json::json!({"status": "completed", "input_tokens": 3, "cost": 0.5}));
        let of = |score: Value| Outcome::of(&trial, Some(&object(score)));
        assert!(of(serde_json::json!({"value": {"number": 0.2}, "passed": true})).passed);
        assert!(!of(serde_json::json!({"value": {"number": 0.9}})).passed);
        let by_itself = of(serde_json::json!({"value": {"bool": true}}));
        assert_eq!((by_itself.passed, by_itself.score), (true, Some(1.0)));
        assert_eq!((by_itself.tokens, by_itself.cost), (Some(3), Some(0.5)));
        assert!(!Outcome::of(&trial, None).passed);
    }
}
