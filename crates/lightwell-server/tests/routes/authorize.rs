//! Keys and tenants, the same for every route.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lightwell_server::{Clock, Server, Settings, StartError};
use lightwell_store::{MemoryStore, Store};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Answer, Ask, TestServer, add_key, generation};

const LIST: &str = "/api/v1/conversations";

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn ids(answer: &Answer) -> Vec<String> {
    let page = answer.json();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn store_as(ask: Ask, conversation: &str) {
    let body = json!({"generations": [generation(conversation, conversation, "hi")]});
    let answer = ask.json(&body).send().await;
    assert_eq!(answer.json()["results"][0]["accepted"], true, "{}", answer.text());
}

#[tokio::test]
async fn without_keys_the_request_names_the_tenant() {
    let server = TestServer::start().await;
    let export = || server.ask("POST", "/api/v1/generations:export");
    store_as(export(), "of-default").await;
    store_as(export().bearer("any key"), "of-default-too").await;
    store_as(export().header("x-scope-orgid", "team-a"), "of-a").await;
    store_as(export().header("authorization", &basic("team-b", "token")), "of-b").await;
    store_as(
        export().header("x-scope-orgid", "team-a").header("authorization", &basic("x", "t")),
        "of-a-too",
    )
    .await;
    assert_eq!(ids(&server.get(LIST).await).len(), 2);
    let of_a = server.ask("GET", LIST).header("x-scope-orgid", "team-a").send().await;
    assert_eq!(ids(&of_a), ["of-a-too", "of-a"]);
    let of_b = server.ask("GET", LIST).header("x-scope-orgid", "team-b").send().await;
    assert_eq!(ids(&of_b), ["of-b"]);
    let hidden = server.ask("GET", "/api/v1/conversations/of-a").send().await;
    assert_eq!(hidden.status, 404);
    let bad = server.ask("GET", LIST).header("x-scope-orgid", "a/b").send().await;
    assert_eq!(bad.status, 400);
    assert!(bad.error().contains("tenant id contains '/'"), "{}", bad.error());
    server.stop().await;
}

#[tokio::test]
async fn with_keys_a_key_is_required_and_decides() {
    let (server, secret) = TestServer::with_key("team-a").await;
    store_as(server.ask("POST", "/api/v1/generations:export").bearer(&secret), "of-a").await;
    let list = || server.ask("GET", LIST);
    for ask in [
        list().bearer(&secret),
        list().header("authorization", &basic("whoever", &secret)),
        list().bearer(&secret).header("x-scope-orgid", "team-a"),
    ] {
        assert_eq!(ids(&ask.send().await), ["of-a"]);
    }
    for (ask, status, words) in [
        (list(), 401, "an API key is required"),
        (list().header("x-scope-orgid", "team-a"), 401, "an API key is required"),
        (list().bearer("lw_wrong"), 401, "the API key is not valid"),
        (list().header("authorization", "Digest x"), 401, "the Authorization header is not readable"),
        (list().header("authorization", "Basic !"), 401, "the Authorization header is not readable"),
        (list().bearer(&secret).header("x-scope-orgid", "team-b"), 403, "the API key belongs to \"team-a\""),
    ] {
        let answer = ask.send().await;
        assert_eq!(answer.status, status, "{words}");
        assert!(answer.error().contains(words), "{}", answer.error());
        assert_eq!(answer.header("www-authenticate").is_empty(), status != 401);
    }
    for open in ["/health", "/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(server.get(open).await.status, 200, "{open}");
    }
    server.stop().await;
}

#[tokio::test]
async fn keys_made_and_revoked_count_within_a_second() {
    let server = TestServer::start().await;
    assert_eq!(server.get(LIST).await.status, 200);
    let secret = add_key(&*server.store, "key_2", "team-a").await;
    let until = |status: u16, key: Option<String>| {
        let server = &server;
        async move {
            tokio::time::timeout(std::time::Duration::from_secs(5), async {
                loop {
                    let ask = server.ask("GET", LIST);
                    let ask = match &key {
                        Some(key) => ask.bearer(key),
                        None => ask,
                    };
                    if ask.send().await.status == status {
                        break;
                    }
                }
            })
            .await
            .unwrap();
        }
    };
    until(401, None).await;
    until(200, Some(secret.clone())).await;
    add_key(&*server.store, "key_3", "team-b").await;
    assert!(server.store.revoke_key("key_2").await.unwrap());
    until(401, Some(secret)).await;
    server.stop().await;
}

#[tokio::test]
async fn without_keys_no_other_web_site_may_ask() {
    let server = TestServer::start().await;
    let rebound = server.ask("GET", LIST).header("host", "evil.example").send().await;
    assert_eq!(rebound.status, 403);
    let cross = server.ask("GET", LIST).header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(cross.status, 403);
    let own =
        server.ask("GET", LIST).header("host", "localhost:8080").header("sec-fetch-site", "same-origin");
    assert_eq!(own.send().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn without_keys_it_does_not_listen_wider_than_this_machine() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Clock::new(|| crate::support::NOW.parse().unwrap());
    let listen = || async { vec![TcpListener::bind("0.0.0.0:0").await.unwrap()] };
    let refused = Server::new(store.clone(), clock.clone(), Settings::default(), listen().await).await;
    let why = match refused {
        Err(why @ StartError::Open { .. }) => why.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it would serve everybody"),
    };
    assert!(why.contains("refusing to listen on 0.0.0.0:") && why.contains("--open"), "{why}");
    let open = Settings { open: true, ..Settings::default() };
    assert!(Server::new(store.clone(), clock.clone(), open, listen().await).await.is_ok());
    add_key(&*store, "key_1", "team-a").await;
    assert!(Server::new(store, clock, Settings::default(), listen().await).await.is_ok());
}
