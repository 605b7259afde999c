//! `DELETE /api/v1/conversations/{id}`

use serde_json::json;

use crate::support::{TestServer, generation};

#[tokio::test]
async fn a_deleted_conversation_is_gone_and_stays_gone() {
    let server = TestServer::start().await;
    server.store_generations(json!([generation("g1", "c1", "hi"), generation("g2", "c2", "hi")])).await;
    let deleted = server.ask("DELETE", "/api/v1/conversations/c1").send().await;
    assert_eq!((deleted.status, deleted.json()["records"].clone()), (200, json!(1)));
    assert_eq!(server.get("/api/v1/conversations/c1").await.status, 404);
    assert_eq!(server.get("/api/v1/conversations/c2").await.status, 200);
    let late = json!({"generations": [generation("g1", "c1", "hi")]});
    let result = server.post("/api/v1/generations:export", late).await.json()["results"][0].clone();
    assert_eq!(result.get("accepted"), None);
    assert!(result["error"].as_str().unwrap().contains("was deleted"), "{result}");
    server.stop().await;
}
