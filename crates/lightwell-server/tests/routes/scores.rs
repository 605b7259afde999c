//! `POST /api/v1/scores:export`, hooks and collections.

use serde_json::{Value, json};

use crate::support::{TestServer, generation};

fn score(id: &str, fields: impl Into<Value>) -> Value {
    let fields: Value = fields.into();
    let mut score = json!({
        "score_id": id, "evaluator_id": "e", "evaluator_version": "1", "score_key": "k", "value": {"number": 0.5},
    });
    score.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    score
}

async fn export(server: &TestServer, scores: Value) -> Value {
    let answer = server.post("/api/v1/scores:export", json!({"scores": scores})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn every_score_has_its_own_result() {
    let server = TestServer::start().await;
    server.store_generations(json!([generation("g1", "c1", "hi")])).await;
    let good = score("s1", json!({"generation_id": "g1", "later": {"x": 1}}));
    let answer = export(
        &server,
        json!([
            good,
            score("s2", json!({"generation_id": "nobody"})),
            score("s3", json!({"generation_id": "g1", "value": {"number": 1, "bool": true}})),
            score("s4", json!({})),
            score("s5", json!({"trial_id": "t"})),
            score("", json!({"generation_id": "g1"})),
            5,
            score("s6", json!({"generation_id": "later", "conversation_id": "c1", "value": {"string": "x"}})),
        ]),
    )
    .await;
    let results = answer["results"].as_array().unwrap();
    let accepted: Vec<bool> = results.iter().map(|result| result["accepted"] == true).collect();
    assert_eq!(accepted, [true, false, false, false, false, false, false, true]);
    for (place, why) in [
        (1, "generation_id \"nobody\" was not found"),
        (2, "exactly one of number"),
        (3, "generation_id or trial_id is required"),
        (4, "trial_id \"t\" was not found"),
        (5, "score_id is required"),
        (6, "scores[6]: it is not an object"),
    ] {
        assert!(results[place]["error"].as_str().unwrap().contains(why), "{}", results[place]);
    }
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(6)));
    let other = score("s1", json!({"generation_id": "g1"}));
    let again = export(&server, json!([good, other])).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));
    assert_eq!(again["results"][0], json!({"score_id": "s1", "accepted": false, "status": "duplicate"}));
    assert!(again["results"][1]["error"].as_str().unwrap().contains("what was stored stands"));
    let page = server.get("/api/v1/generations/g1/scores").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["later"], json!({"x": 1}));
    assert_eq!(page["items"][0]["created_at"], "2026-11-22T08:00:00.123456Z");
    let page = server.get("/api/v1/conversations/c1/scores").await.json();
    assert_eq!((&page["items"][0]["score_id"], &page["items"][1]["score_id"]), (&json!("s1"), &json!("s6")));
    server.ask("DELETE", "/api/v1/conversations/c1").send().await;
    assert_eq!(server.get("/api/v1/generations/g1/scores").await.json(), json!({"items": []}));
    let late = score("s7", json!({"generation_id": "g", "conversation_id": "c1"}));
    let late = export(&server, json!([late])).await;
    assert!(late["results"][0]["error"].as_str().unwrap().contains("was deleted"), "{late}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_without_scores_is_refused() {
    let server = TestServer::start().await;
    assert_eq!(server.post("/api/v1/scores:export", json!({})).await.status, 400);
    assert_eq!(export(&server, json!([])).await["results"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn hooks_allow_and_there_are_no_collections() {
    let server = TestServer::start().await;
    let question = json!({"phase": "preflight", "context": {}, "input": {"messages": []}});
    let answer = server.post("/api/v1/hooks:evaluate", question).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"action": "allow", "evaluations": []})));
    assert_eq!(server.post("/api/v1/hooks:evaluate", json!({"phase": " "})).await.status, 400);
    let none = server.get("/api/v1/eval/collections/c/members").await;
    assert_eq!(none.status, 404);
    assert!(none.text().contains("keeps no collections"), "{}", none.text());
    server.stop().await;
}
