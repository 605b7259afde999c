//! `DELETE /api/v1/conversations/{id}`, `/api/v1/records`, `/api/v1/tenant`

use serde_json::json;

use crate::support::{TestServer, generation};

async fn ids(server: &TestServer, tenant: &str) -> Vec<String> {
    let page = server.ask("GET", "/api/v1/conversations").header("x-scope-orgid", tenant).send().await.json();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn store_for(server: &TestServer, tenant: &str, generations: serde_json::Value) -> serde_json::Value {
    let ask = server.ask("POST", "/api/v1/generations:export").header("x-scope-orgid", tenant);
    ask.json(&json!({"generations": generations})).send().await.json()["results"].clone()
}

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

#[tokio::test]
async fn what_is_older_than_a_moment_is_deleted_for_one_tenant() {
    let server = TestServer::start().await;
    let mut old = generation("g1", "old", "hi");
    old["started_at"] = "2026-10-01T07:00:00Z".into();
    for tenant in ["a", "b"] {
        store_for(&server, tenant, json!([old, generation("g2", "new", "hi")])).await;
    }
    let delete = |query: &str| {
        let ask = server.ask("DELETE", &format!("/api/v1/records{query}"));
        ask.header("x-scope-orgid", "a").send()
    };
    for (query, why) in [
        ("", "is not given"),
        ("?before=soon", "use 2026-11-22T08:00:00Z or 2026-11-22"),
        ("?before=2026-11-23", "is in the future"),
        ("?until=2026-11-01", "before"),
    ] {
        let refused = delete(query).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    assert_eq!(ids(&server, "a").await, ["new", "old"]);
    let deleted = delete("?before=2026-11-01").await;
    assert_eq!((deleted.status, deleted.json()["records"].clone()), (200, json!(1)));
    assert_eq!(ids(&server, "a").await, ["new"]);
    assert_eq!(ids(&server, "b").await, ["new", "old"]);
    let late = store_for(&server, "a", json!([old])).await;
    assert!(late[0]["error"].as_str().unwrap().contains("was deleted"), "{late}");
    server.stop().await;
}

#[tokio::test]
async fn a_key_deletes_its_own_tenant_and_no_other() {
    let (server, key) = TestServer::with_key("a").await;
    let other = crate::support::add_key(&*server.store, "key_2", "b").await;
    let with = |method: &str, path: &str, key: &str| server.ask(method, path).bearer(key);
    for key in [&key, &other] {
        let stored = json!({"generations": [generation("g1", "c1", "hi")]});
        assert_eq!(with("POST", "/api/v1/generations:export", key).json(&stored).send().await.status, 202);
    }
    assert_eq!(server.ask("DELETE", "/api/v1/tenant").send().await.status, 401);
    let foreign = with("DELETE", "/api/v1/tenant", &key).header("x-scope-orgid", "b").send().await;
    assert_eq!(foreign.status, 403);
    let deleted = with("DELETE", "/api/v1/tenant", &key).send().await;
    assert_eq!((deleted.status, deleted.json()["records"].clone()), (200, json!(1)));
    assert_eq!(with("GET", "/api/v1/conversations/c1", &key).send().await.status, 404);
    assert_eq!(with("GET", "/api/v1/conversations/c1", &other).send().await.status, 200);
    server.stop().await;
}
