//! Experiments, their trials, scores, artifacts and report.

use serde_json::{Value, json};

use crate::support::TestServer;

const RUN: &str = "/api/v1/experiment-runs/e%2F1";
const EVAL: &str = "/api/v1/eval/experiments/e%2F1";

async fn begin(server: &TestServer) -> Value {
    let run = json!({
        "name": "n", "experiment_id": "e/1", "source": {"kind": "sdk", "id": "python"}, "tags": ["t"],
        "metadata": {"k": 1}, "later": true,
    });
    let answer = server.post("/api/v1/experiment-runs:upsert", run).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn try_case(server: &TestServer, id: &str, case: &str, attempt: i64, passed: bool) {
    let trial = json!({"trial_id": id, "test_case_id": case, "attempt": attempt, "status": "running",
        "metadata": {"test_case_name": format!("Case {case}")}});
    assert_eq!(server.post(&format!("{RUN}/trials"), trial).await.status, 200);
    let score = json!({
        "score_id": format!("score {id}"), "evaluator_id": "e", "evaluator_version": "1", "score_key": "final",
        "value": {"bool": passed}, "trial_id": id,
    });
    let scored = server.post("/api/v1/scores:export", json!({"scores": [score]})).await.json();
    assert_eq!(scored["accepted"], 1, "{scored}");
    let outcome =
        json!({"status": "completed", "cost": 0.25, "input_tokens": 3, "output_tokens": 4, "duration_ms": 5});
    let updated = server.ask("PATCH", &format!("{RUN}/trials/{id}")).json(&outcome).send().await;
    assert_eq!((updated.status, &updated.json()["attempt"]), (200, &json!(attempt)), "{}", updated.text());
}

#[tokio::test]
async fn a_run_from_beginning_to_report() {
    let server = TestServer::start().await;
    let made = begin(&server).await;
    assert_eq!((&made["created"], &made["run"]["status"]), (&json!(true), &json!("running")));
    assert_eq!(made["run"]["created_by"], "ingest:sdk/python");
    assert_eq!(begin(&server).await["created"], false);
    try_case(&server, "t1", "a", 1, true).await;
    try_case(&server, "t2", "a", 2, false).await;
    try_case(&server, "t3", "b", 1, true).await;
    let ask = || {
        server.ask("POST", &format!("{RUN}/trials/t1/artifacts:upload?name=log&kind=text&mime=text/plain"))
    };
    let kept = ask().body("hello").send().await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    assert_eq!(ask().body("hello").send().await.json(), kept.json());
    let content = server.get(kept.json()["content_ref"].as_str().unwrap()).await;
    assert_eq!((content.status, content.text()), (200, "hello".to_owned()));
    let report = server.get(&format!("{EVAL}/report")).await.json();
    let summary = &report["summary"];
    assert_eq!((&summary["test_case_count"], &summary["trial_count"]), (&json!(2), &json!(3)));
    assert_eq!((&summary["pass_count"], &summary["total_tokens"]), (&json!(2), &json!(21)));
    assert_eq!((&summary["pass_at_k"]["1"], &summary["total_cost"]), (&json!(0.75), &json!(0.75)));
    assert_eq!(report["experiment"]["score_count"], 3);
    let row = &report["rows"][0];
    assert_eq!((&row["test_case_id"], &row["test_case_snapshot"]["name"]), (&json!("a"), &json!("Case a")));
    assert_eq!(row["trials"][0]["artifacts"][0]["name"], "log");
    assert_eq!(row["trials"][1]["final_score"]["value"], json!({"bool": false}));
    let page = server.get(&format!("{EVAL}/scores?limit=2")).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), page["next_cursor"].is_string()), (2, true));
    // The scores named their trial only.
    assert_eq!(page["items"][0]["experiment_id"], "e/1");
    let source = json!({"kind": "sdk", "id": "python"});
    let end = json!({"status": "completed", "source": source, "score_count": 3});
    let ended = server.post(&format!("{RUN}:finalize"), end.clone()).await;
    assert_eq!(
        (ended.status, &ended.json()["run"]["status"]),
        (200, &json!("completed")),
        "{}",
        ended.text()
    );
    assert_eq!(server.post(&format!("{RUN}:finalize"), end).await.status, 200);
    let run = server.get(EVAL).await.json();
    assert_eq!((&run["later"], &run["completed_at"]), (&json!(true), &json!("2026-11-22T08:00:00.123456Z")));
    let link = server.get("/a/grafana-sigil-app/offline-experiments/experiments/e%2F1").await;
    assert_eq!(link.status, 307);
    server.stop().await;
}

#[tokio::test]
async fn experiments_are_listed_newest_first() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/v1/eval/experiments").await.json(), json!({"items": []}));
    begin(&server).await;
    try_case(&server, "t1", "a", 1, true).await;
    for id in ["e2", "e3"] {
        let run = json!({"name": id, "experiment_id": id});
        assert_eq!(server.post("/api/v1/experiment-runs:upsert", run).await.status, 200);
    }
    let first = server.get("/api/v1/eval/experiments?limit=2").await.json();
    assert_eq!(
        (&first["items"][0]["experiment_id"], &first["items"][1]["name"]),
        (&json!("e3"), &json!("e2"))
    );
    let next = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("/api/v1/eval/experiments?limit=2&cursor={next}")).await.json();
    assert_eq!(
        (&second["items"][0]["experiment_id"], &second["items"][0]["score_count"]),
        (&json!("e/1"), &json!(1))
    );
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
    let other = server.ask("GET", "/api/v1/eval/experiments").header("x-scope-orgid", "b").send().await;
    assert_eq!(other.json(), json!({"items": []}));
    server.stop().await;
}

#[tokio::test]
async fn what_contradicts_is_a_conflict() {
    let server = TestServer::start().await;
    begin(&server).await;
    let trial = json!({"trial_id": "t1", "test_case_id": "a"});
    server.post(&format!("{RUN}/trials"), trial.clone()).await;
    let finalize = |status: &str, scores: u64| {
        let body = json!({"status": status, "score_count": scores});
        server.ask("POST", &format!("{RUN}:finalize")).json(&body).send()
    };
    for (answer, why) in [
        (finalize("completed", 0).await, "cannot complete experiment with 1 running trial(s)"),
        (finalize("completed", 2).await, "expected 2 scores, found 0"),
        (
            server.post(&format!("{RUN}/trials"), json!({"trial_id": "t1", "test_case_id": "b"})).await,
            "immutable",
        ),
    ] {
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains(why), "{}", answer.text());
    }
    // What failed may leave trials behind.
    assert_eq!(finalize("failed", 0).await.status, 200);
    for answer in [
        finalize("completed", 0).await,
        server.post(&format!("{RUN}/trials"), trial).await,
        server.post("/api/v1/experiment-runs:upsert", json!({"name": "n", "experiment_id": "e/1"})).await,
    ] {
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains("already finalized"), "{}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    for path in [
        EVAL.to_owned(),
        format!("{EVAL}/report"),
        format!("{EVAL}/scores"),
        "/api/v1/eval/artifacts/a".into(),
    ] {
        assert_eq!(server.get(&path).await.status, 404, "{path}");
    }
    for (path, body) in [
        (format!("{RUN}:finalize"), json!({"status": "completed"})),
        (format!("{RUN}/trials"), json!({"trial_id": "t", "test_case_id": "c"})),
        (format!("{RUN}:restart"), json!({"status": "completed"})),
    ] {
        assert_eq!(server.post(&path, body).await.status, 404, "{path}");
    }
    begin(&server).await;
    for (body, why) in [
        (json!({"test_case_id": "c"}), "trial_id is required"),
        (json!({"trial_id": "t", "test_case_id": "c", "status": "odd"}), "not one of running"),
        (json!({"trial_id": "t", "test_case_id": "c", "cost": -1}), "cost is -1"),
    ] {
        let refused = server.post(&format!("{RUN}/trials"), body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    let other = server.ask("GET", EVAL).header("x-scope-orgid", "b").send().await;
    assert_eq!(other.status, 404);
    server.stop().await;
}
