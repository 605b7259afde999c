//! A client for generations and workflow steps, as sigil-sdk sends them: protobuf over gRPC, proto-JSON over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::PathAndQuery;
use lightwell_wire::sigil::messages::{Generation, WorkflowStep};
use lightwell_wire::sigil::{Signal, json, protobuf, results, shrink};
use prost::Message;
use tonic::metadata::MetadataMap;

use crate::deliver::{GrpcTarget, HttpTarget, Target};
use crate::encoding::{Encoding, ItemResult, Lane};
use crate::endpoint::{BuildError, at_root, grpc_uri, http_url, with_standard_path};
use crate::headers;
use crate::pipeline::{Pipeline, RecordError};
use crate::settings::Settings;

mod generation;

pub use lightwell_wire::sigil::messages;

pub use self::generation::GenerationBuilder;

/// Lane of generations.
pub const GENERATIONS: usize = 0;
/// Lane of workflow steps.
pub const WORKFLOW_STEPS: usize = 1;

const SIGNALS: [Signal; 2] = [Signal::Generations, Signal::WorkflowSteps];

/// How to reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over gRPC.
    Grpc,
    /// Proto-JSON over HTTP.
    Http,
    /// Accept and forget.
    Discard,
}

impl std::str::FromStr for Protocol {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "grpc" => Ok(Self::Grpc),
            "http" => Ok(Self::Http),
            "none" => Ok(Self::Discard),
            _ => Err(BuildError::Protocol(text.to_owned())),
        }
    }
}

/// Settings of a [`SigilClient`] before they are checked.
#[derive(Clone, Debug)]
pub struct SigilBuilder {
    protocol: Protocol,
    endpoint: String,
    insecure: Option<bool>,
    headers: Vec<(String, String)>,
    user_agent: String,
    settings: Settings,
}

impl SigilBuilder {
    /// Begins with a protocol and where to send: a URL, or `host:port`.
    #[must_use]
    pub fn new(protocol: Protocol, endpoint: &str) -> Self {
        Self {
            protocol,
            endpoint: endpoint.to_owned(),
            insecure: None,
            headers: Vec::new(),
            user_agent: concat!("lightwell-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            settings: Settings::default(),
        }
    }

    /// gRPC without TLS, or with; unsaid, `http://` and loopback hosts without a scheme go without.
    #[must_use]
    pub fn insecure(mut self, insecure: Option<bool>) -> Self {
        self.insecure = insecure;
        self
    }

    /// Adds a header (HTTP) or metadata entry (gRPC) to every request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `User-Agent`, unless a header says otherwise.
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
    /// When the endpoint or a header cannot be used.
    pub fn build(self) -> Result<SigilClient, BuildError> {
        let target = match self.protocol {
            Protocol::Discard => Target::Discard,
            Protocol::Http => Target::Http(self.http_target()?),
            Protocol::Grpc => Target::Grpc(self.grpc_target()?),
        };
        let lanes = SIGNALS.map(|signal| self.lane(signal)).into();
        Ok(SigilClient { pipeline: Pipeline::new(lanes, target, self.settings) })
    }

    fn lane(&self, signal: Signal) -> Lane {
        let encoding: Box<dyn Encoding> = match self.protocol {
            Protocol::Http => Box::new(JsonBodies(signal)),
            Protocol::Grpc | Protocol::Discard => Box::new(ProtobufBodies(signal)),
        };
        let noun = match signal {
            Signal::Generations => "generation",
            Signal::WorkflowSteps => "workflow step",
        };
        Lane { product: "sigil", noun, encoding }
    }

    fn http_target(&self) -> Result<HttpTarget, BuildError> {
        let endpoint = http_url(&self.endpoint)?;
        let paths = SIGNALS.map(Signal::http_path);
        let urls = paths.iter().map(|path| match *path {
            generations if generations == Signal::Generations.http_path() => {
                with_standard_path(&endpoint, generations, &[])
            }
            steps => with_standard_path(&endpoint, steps, &[Signal::Generations.http_path()]),
        });
        Ok(HttpTarget {
            urls: urls.collect(),
            health: at_root(&endpoint, "/health"),
            headers: headers::build(&self.headers, &self.user_agent)?,
        })
    }

    fn grpc_target(&self) -> Result<GrpcTarget, BuildError> {
        let uri = grpc_uri(&self.endpoint, self.insecure)?;
        let mut headers = headers::build(&self.headers, &self.user_agent)?;
        let user_agent = headers
            .remove(USER_AGENT)
            .ok_or_else(|| BuildError::Header { name: "User-Agent".to_owned(), part: "value" })?;
        let methods = SIGNALS.map(|signal| PathAndQuery::from_static(signal.grpc_path()));
        Ok(GrpcTarget {
            uri,
            methods: methods.into(),
            metadata: MetadataMap::from_headers(headers),
            user_agent,
        })
    }
}

/// Delivers generations and workflow steps in the background. See the crate's front page for an example.
#[derive(Debug)]
pub struct SigilClient {
    pipeline: Pipeline,
}

impl SigilClient {
    /// Queues a generation. Never waits.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn record_generation(&self, generation: &Generation) -> Result<(), RecordError> {
        self.pipeline.record(GENERATIONS, &generation.id, encoded(generation))
    }

    /// Queues a workflow step. Never waits.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn record_workflow_step(&self, step: &WorkflowStep) -> Result<(), RecordError> {
        self.pipeline.record(WORKFLOW_STEPS, &step.id, encoded(step))
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

fn encoded(message: &impl Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    protobuf::encode(&mut bytes, message);
    bytes
}

/// Protobuf requests of protobuf items.
#[derive(Debug)]
struct ProtobufBodies(Signal);

impl Encoding for ProtobufBodies {
    fn content_type(&self) -> &'static str {
        "application/x-protobuf"
    }

    fn shrink(&self, item: &[u8], limit: usize) -> Option<Bytes> {
        shrink::shrink(self.0, item, limit).map(Bytes::from)
    }

    fn join(&self, items: &[Bytes]) -> Bytes {
        let length = items.iter().map(|item| protobuf::framed_len(item.len())).sum();
        let mut body = Vec::with_capacity(length);
        protobuf::join(&mut body, items.iter().map(Bytes::as_ref));
        body.into()
    }

    fn read_results(&self, body: &[u8]) -> Option<Vec<ItemResult>> {
        results::decode_protobuf(self.0, body).ok()
    }
}

/// JSON requests of protobuf items: the caller's thread pays for the cheap encoding only.
#[derive(Debug)]
struct JsonBodies(Signal);

impl Encoding for JsonBodies {
    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn prepare(&self, item: &Bytes) -> Result<Bytes, String> {
        let mut out = Vec::with_capacity(item.len() + item.len() / 2);
        let written = match self.0 {
            Signal::Generations => {
                let generation = Generation::decode(item.as_ref()).map_err(|error| error.to_string())?;
                json::encode_generation(&mut out, &generation)
            }
            Signal::WorkflowSteps => {
                let step = WorkflowStep::decode(item.as_ref()).map_err(|error| error.to_string())?;
                json::encode_workflow_step(&mut out, &step)
            }
        };
        written.map_err(|error| error.to_string())?;
        Ok(out.into())
    }

    fn shrink(&self, item: &[u8], limit: usize) -> Option<Bytes> {
        shrink::shrink(self.0, item, limit).map(Bytes::from)
    }

    fn join(&self, items: &[Bytes]) -> Bytes {
        let mut body = Vec::with_capacity(items.iter().map(|item| item.len() + 1).sum::<usize>() + 32);
        json::join(&mut body, self.0, items.iter().map(Bytes::as_ref));
        body.into()
    }

    fn read_results(&self, body: &[u8]) -> Option<Vec<ItemResult>> {
        results::decode_json(self.0, body).ok()
    }
}
