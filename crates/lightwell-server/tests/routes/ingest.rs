//! `POST /api/v1/ingest`

use serde_json::json;

use crate::support::{TestServer, event};

const PATH: &str = "/api/v1/ingest";

#[tokio::test]
async fn one_event_is_an_object_and_more_are_a_list() {
    let server = TestServer::start().await;
    let one = server.post(PATH, event("e1", "run", "user.input", None, json!({"input_text": "hi"}))).await;
    assert_eq!(one.status, 202);
    let expected = json!({"results": [{"event_id": "e1", "accepted": true}], "accepted": 1, "rejected": 0});
    assert_eq!(one.json(), expected);
    let events =
        [event("e2", "run", "run.start", None, json!({})), event("e3", "run", "run.end", None, json!({}))];
    let more = server.post(PATH, json!(events)).await;
    assert_eq!((more.status, more.json()["accepted"].clone()), (202, json!(2)));
    let none = server.post(PATH, json!([])).await;
    assert_eq!((none.status, none.json()), (202, json!({"results": [], "accepted": 0, "rejected": 0})));
    server.stop().await;
}

#[tokio::test]
async fn a_bad_event_is_refused_alone_with_its_place_and_field() {
    let server = TestServer::start().await;
    let events = json!([
        event("e1", "run", "user.input", None, json!({"input_text": "hi"})),
        {"event_id": "e2", "run_id": "run"},
        7,
        event(&"x".repeat(256), "run", "run.start", None, json!({})),
        event("e3", "run", "run.start", None, json!({})),
    ]);
    let answer = server.post(PATH, events).await;
    assert_eq!(answer.status, 202);
    let answer = answer.json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(3)));
    let errors: Vec<_> = answer["results"].as_array().unwrap().iter().map(|r| r["error"].clone()).collect();
    assert_eq!(
        errors,
        [
            json!(null),
            json!("events[1]: event.event_type is required"),
            json!("events[2]: event must be an object, not a number"),
            json!("events[3]: event.event_id has 256 bytes, the limit is 255"),
            json!(null),
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn when_every_event_is_bad_the_status_says_so() {
    let server = TestServer::start().await;
    let answer = server.post(PATH, json!([{}, {"event_id": "e"}])).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error(), "every event was refused; results say why, one by one");
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_json_is_refused_whole() {
    let server = TestServer::start().await;
    for body in ["", "hello", "[{]", "\"text\"", "{\"a\":1"] {
        let answer = server.ask("POST", PATH).body(body).send().await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.error().starts_with("the body "), "{}", answer.error());
    }
    server.stop().await;
}

#[tokio::test]
async fn halves_become_one_call_and_a_repeated_event_changes_nothing() {
    let server = TestServer::start().await;
    let request =
        event("q", "run", "llm.request", None, json!({"model_name": "m", "provider": "p", "prompt": "hi"}));
    let response = event(
        "a",
        "run",
        "llm.response",
        Some("q"),
        json!({"model_name": "m", "provider": "p", "response_text": "yes"}),
    );
    for event in [&response, &request, &response] {
        let answer = server.post(PATH, event.clone()).await;
        assert_eq!((answer.status, answer.json()["accepted"].clone()), (202, json!(1)), "{}", answer.text());
    }
    let run = server.get("/api/v1/conversations/run").await.json();
    assert_eq!(run["generation_count"], 1);
    let generation = &run["generations"][0];
    assert_eq!(generation["open"], false);
    assert_eq!(generation["input"][0]["parts"][0]["text"], "hi");
    assert_eq!(generation["output"][0]["parts"][0]["text"], "yes");
    server.stop().await;
}

#[tokio::test]
async fn the_same_id_with_another_content_is_a_conflict() {
    let server = TestServer::start().await;
    let say = |text: &str| event("e1", "run", "user.input", None, json!({"input_text": text}));
    assert_eq!(server.post(PATH, say("hi")).await.status, 202);
    let answer = server.post(PATH, say("ho")).await;
    assert_eq!(answer.status, 400);
    let why = answer.json()["results"][0]["error"].as_str().unwrap().to_owned();
    assert!(why.contains("event already exists"), "{why}");
    let run = server.get("/api/v1/conversations/run").await.json();
    assert_eq!(run["events"][0]["text"], "hi");
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_may_put_a_prefix_before_it() {
    let server = TestServer::start().await;
    let start = event("e1", "run", "run.start", None, json!({}));
    assert_eq!(server.post("/tools/insidellm/api/v1/ingest", start).await.status, 202);
    assert_eq!(server.get("/tools/insidellm/health").await.status, 200);
    assert_eq!(server.get("/tools/insidellm/healthy").await.status, 404);
    server.stop().await;
}
