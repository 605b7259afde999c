//! gRPC unary calls with raw bytes on a lazily connected channel. A channel that timed out is replaced: its connection
//! may be a black hole.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::client::legacy::connect::HttpConnector;
use lightwell_wire::delivery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};
use tower::Layer;

use super::resolve::InPlaceResolver;
use super::sockets::NoteConnections;
use super::{Answer, describe, retry_after, tls};
use crate::encoding::Encoding;
use crate::verdict::Reply;

/// An answer longer than this is not read.
const ANSWER_BYTES: usize = 16 << 20;

/// Where to call, by lane.
#[derive(Clone, Debug)]
pub(crate) struct GrpcTarget {
    /// `http://host:port` or `https://host:port`.
    pub(crate) uri: Uri,
    pub(crate) methods: Vec<PathAndQuery>,
    pub(crate) metadata: MetadataMap,
    pub(crate) user_agent: http::HeaderValue,
}

pub(crate) struct GrpcSender {
    target: GrpcTarget,
    request_timeout: Duration,
    channel: Mutex<Option<Channel>>,
}

impl GrpcSender {
    pub(crate) fn open(target: GrpcTarget, request_timeout: Duration) -> Self {
        Self { target, request_timeout, channel: Mutex::new(None) }
    }

    pub(crate) async fn send(
        &self,
        lane: usize,
        encoding: &dyn Encoding,
        body: Bytes,
        report: &str,
    ) -> Answer {
        let channel = match self.channel() {
            Ok(channel) => channel,
            Err(error) => return Reply::Unusable { why: describe(&error) }.into(),
        };
        let method = self.target.methods[lane].clone();
        let mut metadata = self.target.metadata.clone();
        if let Ok(report) = report.parse() {
            metadata.insert(delivery::HEADER, report);
        }
        let call = call(channel, method, metadata, body);
        let mut keeps_account = false;
        let reply = match tokio::time::timeout(self.request_timeout, call).await {
            Ok(Ok((answer, kept))) => {
                keeps_account = kept;
                Reply::Grpc {
                    code: 0,
                    message: String::new(),
                    retry_after: None,
                    results: encoding.read_results(&answer),
                }
            }
            Ok(Err(status)) => Reply::Grpc {
                code: status.code().into(),
                retry_after: retry_after::from_status_details(status.details()),
                message: message_of(&status),
                results: None,
            },
            Err(_elapsed) => {
                *self.slot() = None;
                Reply::Network { why: format!("no answer within {} s", self.request_timeout.as_secs_f64()) }
            }
        };
        Answer { reply, keeps_account }
    }

    fn channel(&self) -> Result<Channel, tonic::transport::Error> {
        let mut slot = self.slot();
        if let Some(channel) = slot.as_ref() {
            return Ok(channel.clone());
        }
        let channel = connect_lazily(&self.target)?;
        *slot = Some(channel.clone());
        Ok(channel)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Channel>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect_lazily(target: &GrpcTarget) -> Result<Channel, tonic::transport::Error> {
    let mut endpoint = Endpoint::from(target.uri.clone()).user_agent(target.user_agent.clone())?;
    if target.uri.scheme_str() == Some("https") {
        let trusted = tls::roots(true).roots;
        endpoint = endpoint.tls_config(ClientTlsConfig::new().trust_anchors(trusted))?;
    }
    let mut connector = HttpConnector::new_with_resolver(InPlaceResolver);
    connector.enforce_http(false);
    connector.set_nodelay(true);
    Ok(endpoint.connect_with_connector_lazy(NoteConnections.layer(connector)))
}

async fn call(
    channel: Channel,
    method: PathAndQuery,
    metadata: MetadataMap,
    body: Bytes,
) -> Result<(Bytes, bool), Status> {
    let mut client = Grpc::new(channel).max_decoding_message_size(ANSWER_BYTES);
    client.ready().await.map_err(|error| Status::unavailable(describe(&error)))?;
    let mut request = Request::new(body);
    *request.metadata_mut() = metadata;
    let response = client.unary(request, method, RawCodec).await?;
    let kept = response.metadata().get(delivery::HEADER);
    let keeps_account = kept.is_some_and(|value| value.as_bytes() == delivery::ANSWER.as_bytes());
    Ok((response.into_inner(), keeps_account))
}

/// The status' message; its causes too, unless it already tells the innermost one.
fn message_of(status: &Status) -> String {
    let message = status.message();
    let Some(cause) = std::error::Error::source(status) else { return message.to_owned() };
    let causes = describe(cause);
    match causes.rsplit(": ").next() {
        Some(innermost) if message.contains(innermost) => message.to_owned(),
        _ if message.is_empty() => causes,
        _ => format!("{message}: {causes}"),
    }
}

/// Bytes in, bytes out.
#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
