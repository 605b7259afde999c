//! Sockets: protocols on one port, and stopping.

use std::sync::Arc;

use lightwell_server::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{MoodyStore, TestServer, generation};

#[tokio::test]
async fn one_port_speaks_http1_and_http2() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/health").await.status, 200);
    assert_eq!(server.ask("GET", "/health").http2().send().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_speaks_tls_is_told() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("the client spoke TLS"), "{answer}");
    assert!(server.get("/metrics").await.text().contains("lightwell_tls_hellos_total 1\n"));
    server.stop().await;
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_store_is_closed() {
    let store = Arc::new(MoodyStore::new());
    store.appends.forget_permits(usize::MAX);
    let server = TestServer::with(store.clone(), Settings::default()).await;
    let body = json!({"generations": [generation("g1", "c", "hi")]});
    let under_way = tokio::spawn(server.ask("POST", "/api/v1/generations:export").json(&body).send());
    drop(store.begun.acquire().await.unwrap());
    let address = server.address;
    let stopped = server.begin_to_stop();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!*store.closed.lock().unwrap());
    store.appends.add_permits(1);
    assert_eq!(under_way.await.unwrap().json()["results"][0]["accepted"], true);
    stopped.await.unwrap().unwrap();
    assert!(*store.closed.lock().unwrap());
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_stopping() {
    let server = TestServer::start().await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(server.get("/health").await.status, 200);
    server.stop().await;
    drop(silent);
}
