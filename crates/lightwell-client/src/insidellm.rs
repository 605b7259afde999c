//! A client for InsideLLM events: JSON over HTTP, one object for one event, a list for more.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use lightwell_wire::insidellm::{json, paths, shrink};

use crate::deliver::{HttpTarget, Target};
use crate::encoding::{Encoding, ItemResult, Lane};
use crate::endpoint::{BuildError, below, http_url};
use crate::headers;
use crate::pipeline::{Pipeline, RecordError};
use crate::settings::Settings;

/// The only lane.
pub const EVENTS: usize = 0;

/// Settings of an [`InsideLlmClient`] before they are checked.
#[derive(Clone, Debug)]
pub struct InsideLlmBuilder {
    base_url: String,
    api_key: String,
    user_agent: String,
    settings: Settings,
}

impl InsideLlmBuilder {
    /// Begins with the server's base URL and the key.
    #[must_use]
    pub fn new(base_url: &str, api_key: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            api_key: api_key.to_owned(),
            user_agent: concat!("lightwell-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            settings: Settings { item_bytes: None, ..Settings::default() },
        }
    }

    /// `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// Bounds, times and retries.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Checks everything and makes the client. Connects to nothing and starts no thread, unless there is a spool in which an
    /// earlier process left something.
    ///
    /// # Errors
    /// When the URL or the key cannot be used.
    pub fn build(self) -> Result<InsideLlmClient, BuildError> {
        let base = http_url(&self.base_url)?;
        let mut headers = headers::build(&[], &self.user_agent)?;
        let bearer = format!("Bearer {}", self.api_key);
        headers.insert(AUTHORIZATION, headers::header_value("Authorization", &bearer)?);
        let target = HttpTarget {
            urls: vec![below(&base, paths::INGEST)],
            health: below(&base, paths::HEALTH),
            headers,
        };
        let lane = Lane { product: "insidellm", noun: "event", encoding: Box::new(EventBodies) };
        Ok(InsideLlmClient { pipeline: Pipeline::new(vec![lane], Target::Http(target), self.settings) })
    }
}

/// Delivers events in the background.
#[derive(Debug)]
pub struct InsideLlmClient {
    pipeline: Pipeline,
}

impl InsideLlmClient {
    /// Queues one event that is already a JSON object. Never waits.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn record_event(&self, event_id: &str, json: impl Into<Bytes>) -> Result<(), RecordError> {
        self.pipeline.record(EVENTS, event_id, json)
    }

    /// See [`Pipeline::flush`].
    pub fn flush(&self, timeout: Option<Duration>) -> crate::FlushReport {
        self.pipeline.flush(timeout)
    }

    /// See [`Pipeline::shutdown`].
    pub fn shutdown(&self, timeout: Option<Duration>) -> bool {
        self.pipeline.shutdown(timeout)
    }

    /// See [`Pipeline::stats`].
    pub fn stats(&self) -> crate::Stats {
        self.pipeline.stats()
    }

    /// The pipeline underneath, for everything else.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The pipeline alone.
    pub fn into_pipeline(self) -> Pipeline {
        self.pipeline
    }
}

#[derive(Debug)]
struct EventBodies;

impl Encoding for EventBodies {
    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn shrink(&self, item: &[u8], limit: usize) -> Option<Bytes> {
        shrink::shrink(item, limit).map(Bytes::from)
    }

    fn join(&self, items: &[Bytes]) -> Bytes {
        if let [only] = items {
            return only.clone();
        }
        let mut body = Vec::with_capacity(items.iter().map(|item| item.len() + 1).sum::<usize>() + 2);
        json::join(&mut body, items.iter().map(Bytes::as_ref));
        body.into()
    }

    fn read_results(&self, body: &[u8]) -> Option<Vec<ItemResult>> {
        read_event_results(body)
    }
}

/// Servers of this dialect answer in their own ways; ours gives `results` with `event_id`, `accepted` and `error`. An event
/// that is not said to be refused is accepted.
fn read_event_results(body: &[u8]) -> Option<Vec<ItemResult>> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let results = answer.get("results")?.as_array()?;
    let text = |value: Option<&serde_json::Value>| {
        value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let read = results.iter().map(|result| ItemResult {
        id: text(result.get("event_id")),
        accepted: result.get("accepted").and_then(serde_json::Value::as_bool).unwrap_or(true),
        error: text(result.get("error")),
    });
    Some(read.collect())
}
