//! `GET /api/v1/conversations/{id}` and its alias.

use serde_json::json;

use crate::support::{TestServer, event, generation};

#[tokio::test]
async fn a_conversation_has_its_whole_content_under_both_names() {
    let server = TestServer::start().await;
    let mut second = generation("g2", "c1", "and then?");
    second["input"] = json!([
        {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "hi"}]},
        {"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "yes"}]},
        {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "and then?"}]},
    ]);
    second["started_at"] = "2026-11-22T07:00:05Z".into();
    server.store_generations(json!([second, generation("g1", "c1", "hi")])).await;
    let call = event(
        "t1",
        "c1",
        "tool.call",
        None,
        json!({"tool_name": "weather", "tool_type": "api", "parameters": {"city": "Oslo"}}),
    );
    let input = event("e1", "c1", "user.input", None, json!({"input_text": "hi"}));
    assert_eq!(server.post("/api/v1/ingest", json!([call, input])).await.status, 202);
    let shown = server.get("/api/v1/conversations/c1").await;
    assert_eq!((shown.status, shown.header("content-type")), (200, "application/json"));
    assert_eq!(server.get("/api/v1/query/conversations/c1").await.json(), shown.json());
    let shown = shown.json();
    assert_eq!((&shown["id"], &shown["generation_count"]), (&json!("c1"), &json!(2)));
    let generations = shown["generations"].as_array().unwrap();
    assert_eq!(generations[0]["generation_id"], "g1");
    assert_eq!(generations[1]["input"].as_array().unwrap().len(), 3);
    assert_eq!(generations[1]["input"][2]["parts"], json!([{"text": "and then?"}]));
    assert_eq!(generations[1]["created_at"], "2026-11-22T08:00:00.123456Z");
    assert_eq!(generations[1]["error"], json!(null));
    let step = &shown["steps"][0];
    assert_eq!(
        (&step["step_id"], &step["name"], &step["open"]),
        (&json!("t1"), &json!("weather"), &json!(true))
    );
    assert_eq!(shown["events"][0]["event_id"], "e1");
    assert_eq!(shown["events"][0]["payload"]["input_text"], "hi");
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_as_json() {
    let server = TestServer::start().await;
    let answer = server.get("/api/v1/conversations/%FF").await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "application/json"));
    assert!(answer.error().contains("encode ids as UTF-8"), "{}", answer.error());
    server.stop().await;
}

#[tokio::test]
async fn ids_may_contain_anything() {
    let server = TestServer::start().await;
    let id = "a/b c:export?é#%";
    server.store_generations(json!([generation("g/1", id, "hi")])).await;
    let shown = server.get("/api/v1/conversations/a%2Fb%20c%3Aexport%3F%C3%A9%23%25").await;
    assert_eq!((shown.status, shown.json()["id"].as_str()), (200, Some(id)));
    assert_eq!(server.get("/api/v1/generations/g%2F1").await.json()["generation_id"], "g/1");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    for path in ["/api/v1/conversations/nope", "/api/v1/query/conversations/nope"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.error(), "there is no conversation \"nope\"");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_who_wants_it() {
    let server = TestServer::start().await;
    server.store_generations(json!([generation("g1", "c1", &"word ".repeat(10_000))])).await;
    for (accepted, used) in [("gzip", "gzip"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd")] {
        let ask = server.ask("GET", "/api/v1/conversations/c1").header("accept-encoding", accepted);
        let packed = ask.send().await;
        assert_eq!(packed.header("content-encoding"), used);
        assert!(packed.body.len() < 5_000);
    }
    let plain = server.get("/api/v1/conversations/c1").await;
    assert!(plain.header("content-encoding").is_empty() && plain.body.len() > 50_000);
    server.stop().await;
}
