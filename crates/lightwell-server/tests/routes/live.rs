//! `GET /api/v1/live`

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{TestServer, event, generation};

/// A listener, and the lines that it hears.
struct Listener(BufReader<TcpStream>);

impl Listener {
    async fn new(server: &TestServer, query: &str, tenant: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head =
            format!("GET /api/v1/live{query} HTTP/1.1\r\nhost: localhost\r\nx-scope-orgid: {tenant}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listener = Self(BufReader::new(stream));
        assert_eq!(listener.line().await.unwrap(), "HTTP/1.1 200 OK");
        while !listener.line().await.unwrap().is_empty() {}
        listener
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next record: its event name and its summary.
    async fn hear(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let line = self.line().await.expect("the stream goes on");
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn listeners_hear_what_was_committed_in_their_tenant() {
    let server = TestServer::start().await;
    let mut all = Listener::new(&server, "", "default").await;
    let mut one = Listener::new(&server, "?conversation=c2", "default").await;
    let mut other = Listener::new(&server, "", "team-b").await;
    server.store_generations(json!([generation("g1", "c1", "hi")])).await;
    // Not news: it is known.
    server.store_generations(json!([generation("g1", "c1", "hi")])).await;
    let input = event("e1", "c2", "user.input", None, json!({"input_text": "hello"}));
    server.post("/api/v1/ingest", input.clone()).await;
    server.ask("POST", "/api/v1/ingest").header("x-scope-orgid", "team-b").json(&input).send().await;
    let (name, heard) = all.hear().await;
    assert_eq!(name, "generation");
    let expected = json!({
        "kind": "generation", "id": "g1", "conversation_id": "c1", "at": "2026-11-22T07:00:00.000000Z",
        "name": "generateText", "provider": "openai", "model": "gpt-4o", "preview": "yes",
        "input_tokens": 10, "output_tokens": 5, "duration_ms": 1500,
    });
    assert_eq!(heard, expected);
    for listener in [&mut all, &mut one, &mut other] {
        let (name, heard) = listener.hear().await;
        assert_eq!(
            (name.as_str(), &heard["id"], &heard["preview"]),
            ("event", &json!("e1"), &json!("hello"))
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_call_is_told_again_when_its_other_half_arrives() {
    let server = TestServer::start().await;
    let mut listener = Listener::new(&server, "", "default").await;
    let request =
        event("q", "run", "llm.request", None, json!({"model_name": "m", "provider": "p", "prompt": "hi"}));
    let response = event(
        "a",
        "run",
        "llm.response",
        Some("q"),
        json!({"model_name": "m", "provider": "p", "response_text": "yes"}),
    );
    for event in [request, response] {
        assert_eq!(server.post("/api/v1/ingest", event).await.status, 202);
    }
    let (_, first) = listener.hear().await;
    let (_, second) = listener.hear().await;
    assert_eq!((&first["open"], &first["id"]), (&json!(true), &second["id"]));
    assert_eq!((second.get("open"), &second["preview"]), (None, &json!("yes")));
    server.stop().await;
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops() {
    let server = TestServer::start().await;
    let mut listener = Listener::new(&server, "", "default").await;
    server.stop().await;
    while listener.line().await.is_some() {}
}
