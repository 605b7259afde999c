//! gRPC unary calls with raw bytes on a lazily connected channel. A channel that timed out is replaced: its connection
//! may be a black hole.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use http::{HeaderName, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use lightwell_wire::delivery;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use tower::Layer;

use super::compress::Compressor;
use super::resolve::InPlaceResolver;
use super::sockets::NoteConnections;
use super::{Answer, describe, retry_after, tls};
use crate::encoding::Encoding;
use crate::settings::Settings;
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
    compressor: Compressor,
    channel: Mutex<Option<Channel>>,
}

impl GrpcSender {
    pub(crate) fn open(target: GrpcTarget, settings: &Settings) -> Self {
        let offer = HeaderName::from_static("grpc-accept-encoding");
        let compressor = Compressor::new(settings.compression, target.uri.host(), offer);
        Self { target, request_timeout: settings.request_timeout, compressor, channel: Mutex::new(None) }
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
        let is_packed = self.compressor.wants(body.len());
        let call = Call { channel, method, metadata, body, is_packed };
        let mut keeps_account = false;
        let reply = match tokio::time::timeout(self.request_timeout, self.call(call)).await {
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
                retry_after: retry_after::from_status_details(status.details())
                    .or_else(|| retry_after::from_headers(status.metadata().as_ref())),
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

    /// One call; one more, uncompressed, when the server says that it does not know the compression.
    async fn call(&self, call: Call) -> Result<(Bytes, bool), Status> {
        if call.is_packed {
            let again = Call { is_packed: false, ..call.clone() };
            match call.make(&self.compressor).await {
                Err(status) if status.code() == Code::Unimplemented => {
                    self.compressor.refuse();
                    again.make(&self.compressor).await
                }
                answer => answer,
            }
        } else {
            call.make(&self.compressor).await
        }
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

/// What one call needs.
#[derive(Clone)]
struct Call {
    channel: Channel,
    method: PathAndQuery,
    metadata: MetadataMap,
    body: Bytes,
    is_packed: bool,
}

impl Call {
    /// The answer, and whether the server keeps what the call told of its sender.
    async fn make(self, compressor: &Compressor) -> Result<(Bytes, bool), Status> {
        let mut client = Grpc::new(self.channel).max_decoding_message_size(ANSWER_BYTES);
        if self.is_packed {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await.map_err(|error| Status::unavailable(describe(&error)))?;
        let mut request = Request::new(self.body);
        *request.metadata_mut() = self.metadata;
        let (metadata, answer, _) = client.unary(request, self.method, RawCodec).await?.into_parts();
        let headers = metadata.into_headers();
        compressor.learn(&headers);
        let kept = headers.get(delivery::HEADER);
        Ok((answer, kept.is_some_and(|value| value.as_bytes() == delivery::ANSWER.as_bytes())))
    }
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
