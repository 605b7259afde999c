//! A server on a free port with an engine of the test's choice, and a plain client.

mod client;
mod store;

pub use client::{Answer, Ask};
pub use store::MoodyStore;

use std::net::SocketAddr;
use std::sync::Arc;

use lightwell_server::{Clock, KeySecret, Server, Settings};
use lightwell_store::{MemoryStore, NewApiKey, Store};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The time in every test.
pub const NOW: &str = "2026-11-22T08:00:00.123456Z";

/// A running server.
pub struct TestServer {
    pub address: SocketAddr,
    pub store: Arc<dyn Store>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// With an empty in-memory engine and default settings.
    pub async fn start() -> Self {
        Self::with(Arc::new(MemoryStore::new()), Settings::default()).await
    }

    pub async fn with(store: Arc<dyn Store>, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::new(|| NOW.parse().unwrap());
        let server = Server::new(store.clone(), clock, settings, vec![listener]).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(async { stopped.await.unwrap() }));
        Self { address, store, stop, served }
    }

    /// With a key for this tenant; gives its secret.
    pub async fn with_key(tenant: &str) -> (Self, String) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let secret = add_key(&*store, "key_1", tenant).await;
        (Self::with(store, Settings::default()).await, secret)
    }

    /// A request to this server.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.address, method, path)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path).json(&body).send().await
    }

    /// Stores generations and expects that all are accepted.
    pub async fn store_generations(&self, generations: Value) {
        let count = generations.as_array().unwrap().len();
        let answer = self.post("/api/v1/generations:export", json!({"generations": generations})).await;
        assert_eq!(answer.status, 202);
        let accepted =
            answer.json()["results"].as_array().unwrap().iter().filter(|r| r["accepted"] == true).count();
        assert_eq!(accepted, count, "{}", answer.text());
    }

    /// Stops the server and waits until it has.
    pub async fn stop(self) {
        self.begin_to_stop().await.unwrap().unwrap();
    }

    /// Tells the server to stop; what comes back ends when it has.
    pub fn begin_to_stop(self) -> JoinHandle<std::io::Result<()>> {
        self.stop.send(()).unwrap();
        self.served
    }
}

/// Adds a key to a store; gives its secret.
pub async fn add_key(store: &dyn Store, id: &str, tenant: &str) -> String {
    let mut random = [7; 32];
    random[0] = id.len() as u8;
    random[1] = *id.as_bytes().last().unwrap();
    let secret = KeySecret::from_random(random);
    let key = NewApiKey {
        id: id.to_owned(),
        name: "test".to_owned(),
        tenant: tenant.parse().unwrap(),
        digest: secret.digest(),
        created_at: NOW.parse().unwrap(),
    };
    store.add_key(key).await.unwrap();
    secret.reveal().to_owned()
}

/// A generation as an SDK sends it.
pub fn generation(id: &str, conversation: &str, said: &str) -> Value {
    json!({
        "id": id,
        "conversation_id": conversation,
        "model": {"provider": "openai", "name": "gpt-4o"},
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": said}]}],
        "output": [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "yes"}]}],
        "usage": {"input_tokens": "10", "output_tokens": "5"},
        "started_at": "2026-11-22T07:00:00Z",
        "completed_at": "2026-11-22T07:00:01.500Z",
    })
}

/// An InsideLLM event.
pub fn event(
    id: &str,
    run: &str,
    event_type: &str,
    parent: Option<&str>,
    payload: impl Into<Value>,
) -> Value {
    let mut event = json!({
        "event_id": id,
        "run_id": run,
        "timestamp": "2026-11-22T07:00:00Z",
        "event_type": event_type,
        "user_id": "u-1",
        "payload": payload.into(),
    });
    if let Some(parent) = parent {
        event["parent_event_id"] = parent.into();
    }
    event
}
