//! `GET /api/v1/totals`

use std::sync::Arc;

use lightwell_server::Settings;
use serde_json::json;

use crate::support::{MoodyStore, TestServer, generation};

#[tokio::test]
async fn sums_count_each_generation_once() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        server.store_generations(json!([generation("g1", "c1", "hi"), generation("g2", "c2", "hi")])).await;
    }
    let totals = server.get("/api/v1/totals").await.json();
    assert_eq!((&totals["generations"], &totals["input_tokens"]), (&json!(2), &json!(20)));
    let none = server.get("/api/v1/totals?until=2026-11-22T07:00:00Z").await.json();
    assert_eq!(none["generations"], 0);
    assert_eq!(server.get("/api/v1/totals?limit=3").await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn what_fails_underneath_is_for_the_log_only() {
    let server = TestServer::with(Arc::new(MoodyStore::new()), Settings::default()).await;
    let answer = server.get("/api/v1/totals").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.error(), "the server failed to handle the request; its log says why");
    server.stop().await;
}
