//! `POST /api/v1/generations:export`

use std::sync::Arc;

use lightwell_server::Settings;
use lightwell_wire::sigil::{Signal, messages, protobuf, results};
use serde_json::json;

use crate::support::{MoodyStore, TestServer, generation};

const PATH: &str = "/api/v1/generations:export";

#[tokio::test]
async fn an_empty_request_is_answered_emptily() {
    let server = TestServer::start().await;
    let answer = server.post(PATH, json!({})).await;
    assert_eq!((answer.status, answer.text().as_str()), (202, "{}"));
    assert_eq!(answer.header("content-type"), "application/json");
    server.stop().await;
}

#[tokio::test]
async fn every_generation_has_its_result_in_its_place() {
    let server = TestServer::start().await;
    let mut too_long = generation("g3", "c", "hi");
    too_long["agent_name"] = "x".repeat(1025).into();
    let batch = json!([
        generation("g1", "c", "hi"),
        {"id": "g2", "model": {"provider": "p"}},
        too_long,
        null,
        generation("g4", "c", "ho"),
    ]);
    let answer = server.post(PATH, json!({"generations": batch})).await;
    assert_eq!(answer.status, 202);
    let results = answer.json()["results"].clone();
    assert_eq!(results.as_array().unwrap().len(), 5);
    assert_eq!(results[0], json!({"generation_id": "g1", "accepted": true}));
    assert_eq!(
        results[1],
        json!({"generation_id": "g2", "error": "generations[1]: generation.model.name is required"})
    );
    assert_eq!(
        results[2]["error"],
        "generations[2]: generation.agent_name has 1025 bytes, the limit is 1024"
    );
    assert!(results[3]["error"].as_str().unwrap().starts_with("generations[3]: generation"), "{results}");
    assert_eq!(results[4], json!({"generation_id": "g4", "accepted": true}));
    server.stop().await;
}

#[tokio::test]
async fn a_generation_without_an_id_gets_one() {
    let server = TestServer::start().await;
    let mut nameless = generation("", "c", "hi");
    nameless.as_object_mut().unwrap().remove("id");
    let answer = server.post(PATH, json!({"generations": [nameless, nameless]})).await.json();
    let ids: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|r| r["generation_id"].as_str().unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        assert_eq!(server.get(&format!("/api/v1/generations/{id}")).await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_generation_again_is_accepted_and_another_of_its_id_is_not() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        server.store_generations(json!([generation("g1", "c", "hi")])).await;
    }
    let answer = server.post(PATH, json!({"generations": [generation("g1", "c", "something else")]})).await;
    assert_eq!(answer.status, 202);
    let result = answer.json()["results"][0].clone();
    assert_eq!(result.get("accepted"), None);
    // Go SDKs take this wording for success.
    assert!(result["error"].as_str().unwrap().contains("generation already exists"), "{result}");
    assert_eq!(server.get("/api/v1/totals").await.json()["generations"], 1);
    server.stop().await;
}

#[tokio::test]
async fn protobuf_is_answered_in_protobuf() {
    let server = TestServer::start().await;
    let item = |id: &str| {
        let model = Some(messages::ModelRef { provider: "p".into(), name: "m".into() });
        let generation = messages::Generation { id: id.into(), model, ..messages::Generation::default() };
        let mut bytes = Vec::new();
        protobuf::encode(&mut bytes, &generation);
        bytes
    };
    let (first, last) = (item("a"), item("b"));
    let mut body = Vec::new();
    protobuf::join(&mut body, [&first[..], b"\xff\xff\xff", &last[..]].into_iter());
    for kind in ["application/x-protobuf", "application/protobuf; charset=utf-8"] {
        let answer = server.ask("POST", PATH).header("content-type", kind).body(body.clone()).send().await;
        assert_eq!((answer.status, answer.header("content-type")), (202, "application/x-protobuf"));
        let results = results::decode_protobuf(Signal::Generations, &answer.body).unwrap();
        assert_eq!(results.iter().map(|result| result.accepted).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!((results[0].id.as_str(), results[2].id.as_str()), ("a", "b"));
        assert!(
            results[1].error.starts_with("generations[1]: the item is not valid"),
            "{}",
            results[1].error
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_garbled_request_is_refused_whole() {
    let server = TestServer::start().await;
    let cases = [
        ("application/json", &b"{\"generations\": [{]}"[..]),
        ("application/json", b"\xff"),
        ("application/json", b"[]"),
        ("application/x-protobuf", b"\x0a\x7f\x00"),
        ("application/x-protobuf", b"\x0b"),
    ];
    for (kind, body) in cases {
        let answer = server.ask("POST", PATH).header("content-type", kind).body(body).send().await;
        assert_eq!(answer.status, 400, "{kind} {body:?}");
        assert!(!answer.error().is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn other_types_and_methods_are_refused_with_what_would_work() {
    let server = TestServer::start().await;
    let answer = server.ask("POST", PATH).header("content-type", "text/csv").body("a,b").send().await;
    assert_eq!(answer.status, 415);
    assert_eq!(
        answer.error(),
        "the content type \"text/csv\" is not supported here; use application/json or application/x-protobuf"
    );
    let answer = server.get(PATH).await;
    assert_eq!(answer.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_told_with_when_to_come_again() {
    let store = Arc::new(MoodyStore::new());
    let server = TestServer::with(store.clone(), Settings::default()).await;
    store.set_full(true);
    let body = json!({"generations": [generation("g1", "c", "hi")]});
    let answer = server.post(PATH, body.clone()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "3"));
    assert_eq!(answer.error(), "storage is unavailable: the disk is full; make room");
    store.set_full(false);
    assert_eq!(server.post(PATH, body).await.json()["results"][0]["accepted"], true);
    let metrics = server.get("/metrics").await.text();
    for line in [
        "lightwell_items_total{lane=\"sigil_http\",outcome=\"unavailable\"} 1",
        "lightwell_items_total{lane=\"sigil_http\",outcome=\"stored\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    server.stop().await;
}

#[tokio::test]
async fn it_is_served_under_any_prefix() {
    let server = TestServer::start().await;
    for prefix in ["/sigil", "/a/b/c"] {
        let answer = server.post(&format!("{prefix}{PATH}"), json!({})).await;
        assert_eq!(answer.status, 202, "{prefix}");
    }
    assert_eq!(server.post("/api/v1/generations%3Aexport", json!({})).await.status, 202);
    assert_eq!(server.post("/sigil/api/v1/generations:delete", json!({})).await.status, 404);
    server.stop().await;
}
