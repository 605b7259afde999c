//! `/health`, `/healthz`, `/readyz`, `/metrics`

use std::sync::Arc;

use lightwell_server::Settings;
use serde_json::json;

use crate::support::{MoodyStore, TestServer, generation};

#[tokio::test]
async fn health_is_exactly_200() {
    let server = TestServer::start().await;
    for path in ["/health", "/healthz", "/readyz"] {
        let answer = server.ask("GET", path).bearer("whatever").send().await;
        assert_eq!((answer.status, answer.json()["status"].clone()), (200, json!("ok")), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn readyz_says_why_it_cannot_store() {
    let store = Arc::new(MoodyStore::new());
    let server = TestServer::with(store.clone(), Settings::default()).await;
    store.set_full(true);
    let answer = server.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "degraded");
    assert_eq!(answer.json()["errors"], json!(["storage is unavailable: the disk is full; make room"]));
    assert_eq!(server.get("/health").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn every_item_is_counted_once() {
    let server = TestServer::start().await;
    let batch = |said: &str| json!({"generations": [generation("g1", "c", said), {"id": "bad"}]});
    for said in ["hi", "hi", "another"] {
        server.post("/api/v1/generations:export", batch(said)).await;
    }
    let metrics = server.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let metrics = metrics.text();
    for (outcome, count) in [("stored", 1), ("duplicate", 1), ("conflict", 1), ("invalid", 3)] {
        let line = format!("lightwell_items_total{{lane=\"sigil_http\",outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    let line = "lightwell_http_requests_total{route=\"/api/v1/generations:export\",status=\"202\"} 3\n";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("lightwell_commit_seconds_count 3\n"), "{metrics}");
    server.stop().await;
}
