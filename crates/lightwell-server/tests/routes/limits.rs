//! Bodies: too large, compressed, cut, too many.

use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use lightwell_server::{Limits, Settings};
use lightwell_store::MemoryStore;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{MoodyStore, TestServer, generation};

const PATH: &str = "/api/v1/generations:export";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

async fn small_server(body_bytes: usize) -> TestServer {
    let limits = Limits { body_bytes, ..Limits::default() };
    TestServer::with(Arc::new(MemoryStore::new()), Settings { limits, ..Settings::default() }).await
}

#[tokio::test]
async fn a_body_may_be_compressed() {
    let server = TestServer::start().await;
    let body = json!({"generations": [generation("g1", "c", &"long ".repeat(50_000))]}).to_string();
    let zstd = zstd::encode_all(body.as_bytes(), 3).unwrap();
    for (encoding, packed) in
        [("gzip", gzip(body.as_bytes())), ("ZSTD", zstd), ("identity", body.into_bytes())]
    {
        let ask = server.ask("POST", PATH).header("content-type", "application/json");
        let answer = ask.header("content-encoding", encoding).body(packed).send().await;
        assert_eq!(answer.json()["results"][0]["accepted"], true, "{encoding}: {}", answer.text());
        assert_eq!(
            answer.header("accept-encoding"),
            "gzip, zstd",
            "senders look for it before they compress"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_as_it_says_is_refused() {
    let server = TestServer::start().await;
    for (encoding, body, status) in [
        ("gzip", &b"hello"[..], 400),
        ("zstd", b"hello", 400),
        ("br", b"hello", 415),
        ("gzip, gzip", b"hello", 415),
    ] {
        let ask = server.ask("POST", PATH).header("content-type", "application/json");
        let answer = ask.header("content-encoding", encoding).body(body).send().await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text());
    }
    let half = &gzip(&[b'x'; 10_000])[..20];
    let ask = server.ask("POST", PATH).header("content-encoding", "gzip").body(half.to_vec());
    let answer = ask.send().await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().starts_with("the request body is not valid gzip"), "{}", answer.error());
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit() {
    let server = small_server(10_000).await;
    let bomb = gzip(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 100_000);
    let zstd_bomb = zstd::encode_all(&vec![b' '; 50_000_000][..], 3).unwrap();
    let plain = server.ask("POST", PATH).body(vec![b' '; 10_001]);
    let packed = server.ask("POST", PATH).header("content-encoding", "gzip").body(gzip(&vec![b' '; 10_001]));
    let zstd = server.ask("POST", PATH).header("content-encoding", "zstd").body(zstd_bomb);
    for ask in [plain, packed, zstd] {
        let answer = ask.send().await;
        assert_eq!(answer.status, 413);
        assert!(answer.error().contains("the limit of 10000 bytes"), "{}", answer.error());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refused_sender_gets_to_read_why_although_it_still_writes() {
    let server = small_server(1_000_000).await;
    let answer = server.ask("POST", PATH).body(vec![b' '; 1_800_000]).send().await;
    assert_eq!(answer.status, 413);
    server.stop().await;
}

/// curl asks before it sends more than a megabyte: its answer is the refusal, at once, and it sends nothing.
#[tokio::test]
async fn who_asks_before_sending_too_much_is_not_told_to_go_on() {
    let server = small_server(1_000_000).await;
    for (bytes, answered) in [(1_000_001, "HTTP/1.1 413 "), (2, "HTTP/1.1 100 ")] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; answered.len()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), answered);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cut_body_stores_nothing() {
    let server = TestServer::start().await;
    let body = json!({"generations": [generation("g1", "c", "hi")]}).to_string();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..body.len() / 2]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.get("/api/v1/totals").await.json()["generations"], 0);
    server.stop().await;
}

#[tokio::test]
async fn who_finds_no_room_is_told_to_come_again() {
    let store = Arc::new(MoodyStore::new());
    store.appends.forget_permits(usize::MAX);
    let limits = Limits { in_flight_bytes: 3000, ..Limits::default() };
    let server = TestServer::with(store.clone(), Settings { limits, ..Settings::default() }).await;
    let body = json!({"generations": [generation("g1", "c", &"x".repeat(2000))]});
    let first = server.ask("POST", PATH).json(&body);
    let first = tokio::spawn(first.send());
    drop(store.begun.acquire().await.unwrap());
    let busy = server.post(PATH, body.clone()).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, "1"));
    assert!(busy.error().starts_with("the server is busy: 3000 bytes"), "{}", busy.error());
    store.appends.add_permits(2);
    assert_eq!(first.await.unwrap().status, 202);
    assert_eq!(server.post(PATH, body).await.status, 202);
    assert!(server.get("/metrics").await.text().contains("lightwell_in_flight_bytes 0\n"));
    server.stop().await;
}
