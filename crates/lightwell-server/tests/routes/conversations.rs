//! `GET /api/v1/conversations`

use serde_json::{Value, json};

use crate::support::{TestServer, event, generation};

const PATH: &str = "/api/v1/conversations";

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let mut generations = Vec::new();
    for n in 0..5 {
        let mut one = generation(&format!("g{n}"), &format!("c{n}"), "hi");
        one["started_at"] = format!("2026-11-2{n}T07:00:00Z").into();
        one["agent_name"] = format!("agent-{}", n % 2).into();
        one["tags"] = json!({"env": if n < 3 { "prod" } else { "test" }, "n": n.to_string()});
        one["metadata"] =
            json!({"sigil.user.id": format!("u{n}"), "sigil.conversation.title": format!("Talk {n}")});
        if n == 4 {
            one["call_error"] = "it broke".into();
            one["model"] = json!({"provider": "anthropic", "name": "claude"});
        }
        generations.push(one);
    }
    server.store_generations(generations.into()).await;
    server
}

#[tokio::test]
async fn an_item_says_what_a_list_needs() {
    let server = TestServer::start().await;
    let mut one = generation("g1", "c1", "hi");
    one["agent_name"] = "guide".into();
    server.store_generations(json!([one, generation("g2", "c1", "ho")])).await;
    let end = event("e1", "c1", "run.end", None, json!({}));
    assert_eq!(server.post("/api/v1/ingest", end).await.status, 202);
    let expected = json!({"items": [{
        "id": "c1", "title": "c1", "preview": "hi", "generation_count": 2, "step_count": 0, "event_count": 1, "error_count": 0,
        "created_at": "2026-11-22T07:00:00.000000Z", "updated_at": "2026-11-22T07:00:00.000000Z",
        "last_generation_at": "2026-11-22T07:00:00.000000Z", "ended_at": "2026-11-22T07:00:00.000000Z",
        "user_id": "u-1", "agents": ["guide"], "models": ["gpt-4o"], "providers": ["openai"],
        "totals": {
            "generations": 2, "errors": 0, "input_tokens": 20, "output_tokens": 10, "total_tokens": 30,
            "cache_read_input_tokens": 0, "cache_write_input_tokens": 0, "reasoning_tokens": 0,
            "reported_cost_usd": null, "unpriced_generations": 2,
        },
    }]});
    assert_eq!(server.get(PATH).await.json(), expected);
    server.stop().await;
}

#[tokio::test]
async fn filters_select() {
    let server = filled().await;
    for (query, expected) in [
        ("", vec!["c4", "c3", "c2", "c1", "c0"]),
        ("from=2026-11-22&until=2026-11-24T00:00:00Z", vec!["c3", "c2"]),
        ("agent=agent-1", vec!["c3", "c1"]),
        ("model=claude", vec!["c4"]),
        ("provider=openai&agent=agent-0", vec!["c2", "c0"]),
        ("user=u3", vec!["c3"]),
        ("error=true", vec!["c4"]),
        ("error=false&tag=env%3Dtest", vec!["c3"]),
        ("tag=env=prod&tag=n=1", vec!["c1"]),
        ("agent=nobody", vec![]),
    ] {
        let page = server.get(&format!("{PATH}?{query}")).await.json();
        assert_eq!(ids(&page), expected, "{query}");
        assert_eq!(page.get("next_cursor"), None, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other() {
    let server = filled().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("{PATH}?limit=2&cursor={cursor}")).await.json();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page.get("next_cursor") {
            Some(next) => cursor = next.as_str().unwrap().to_owned(),
            None => break,
        }
        // What arrives meanwhile neither repeats nor hides anything.
        let id = format!("new-{}", seen.len());
        let mut newer = generation(&id, &id, "hi");
        newer["started_at"] = "2026-11-30T00:00:00Z".into();
        server.store_generations(json!([newer])).await;
    }
    assert_eq!(seen, ["c4", "c3", "c2", "c1", "c0"]);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = TestServer::start().await;
    for (query, words) in [
        ("limit=0", "is 0; it can be 1 to 1000"),
        ("limit=many", "\"limit\""),
        ("cursor=here", "invalid cursor"),
        ("from=yesterday", "use 2026-11-22T08:00:00Z"),
        ("tag=env", "use key=value"),
        ("has_bad_rating=true", "\"has_bad_rating\" is not known here"),
    ] {
        let answer = server.get(&format!("{PATH}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.error().contains(words), "{}", answer.error());
    }
    server.stop().await;
}
