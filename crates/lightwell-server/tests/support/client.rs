//! A client that shows everything: status, headers, body and trailers.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A request being made.
pub struct Ask {
    request: Request<Full<Bytes>>,
    http2: bool,
}

impl Ask {
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let uri = format!("http://{address}{path}");
        let request = Request::builder().method(method).uri(uri).body(Full::default()).unwrap();
        Self { request, http2: false }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub fn bearer(self, secret: &str) -> Self {
        self.header("authorization", &format!("Bearer {secret}"))
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// HTTP/2 without negotiation.
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// A gRPC call with one message.
    pub fn grpc(self, message: &[u8]) -> Self {
        self.grpc_frame(0, message)
    }

    /// A gRPC call with this flag before its message.
    pub fn grpc_frame(self, flag: u8, message: &[u8]) -> Self {
        let mut frame = BytesMut::from(&[flag][..]);
        frame.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(message);
        self.http2().header("content-type", "application/grpc").header("te", "trailers").body(frame)
    }

    pub async fn send(self) -> Answer {
        let client = Client::builder(TokioExecutor::new()).http2_only(self.http2).build_http();
        let (parts, body) = client.request(self.request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes(), trailers }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The sentence of a refusal.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).or(self.trailers.get(name)).map_or("", |value| value.to_str().unwrap())
    }

    /// The message of a gRPC answer.
    pub fn message(&self) -> &[u8] {
        assert_eq!(self.header("grpc-status"), "0", "{}", self.header("grpc-message"));
        let length = u32::from_be_bytes(self.body[1..5].try_into().unwrap()) as usize;
        assert_eq!(self.body.len(), 5 + length);
        &self.body[5..]
    }
}
