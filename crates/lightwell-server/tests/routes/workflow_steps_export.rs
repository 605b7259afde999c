//! `POST /api/v1/workflow-steps:export`

use serde_json::json;

use crate::support::TestServer;

const PATH: &str = "/api/v1/workflow-steps:export";

#[tokio::test]
async fn steps_are_stored_and_shown() {
    let server = TestServer::start().await;
    let step = json!({
        "id": "s1", "conversation_id": "c", "step_name": "plan", "framework": "langgraph",
        "started_at": "2026-11-22T07:00:00Z", "completed_at": "2026-11-22T07:00:01Z", "tags": {"k": "v"},
        "linked_generation_ids": ["g1"],
    });
    let answer = server.post(PATH, json!({"workflow_steps": [step, 7]})).await;
    assert_eq!(answer.status, 202);
    let results = answer.json()["results"].clone();
    assert_eq!(results[0], json!({"step_id": "s1", "accepted": true}));
    assert!(results[1]["error"].as_str().unwrap().starts_with("workflow_steps[1]: "), "{results}");
    let shown = server.get("/api/v1/conversations/c").await.json()["steps"][0].clone();
    assert_eq!(shown["step_id"], "s1");
    assert_eq!(shown["name"], "plan");
    assert_eq!(shown["kind"], "workflow");
    assert_eq!(shown["open"], false);
    assert_eq!(shown["tags"], json!({"k": "v"}));
    assert_eq!(shown["linked_generation_ids"], json!(["g1"]));
    assert_eq!(shown["started_at"], "2026-11-22T07:00:00.000000Z");
    server.stop().await;
}
