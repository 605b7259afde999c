//! gRPC's frame around one message and its way of answering. Unary calls only: that is all the SDKs make.
//!
//! ```text
//!   body = flag (1 byte: compressed?) + length (4 bytes) + message        answer = the same, then trailers
//! ```
//!
//! Written out here rather than taken from a framework so that a message passes through the same bounds as any other body,
//! and so that its items can be decoded one by one.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;

use super::{Encoding, Received};
use crate::error::Refusal;

/// Bytes before the message.
pub(crate) const HEAD_BYTES: usize = 5;

const CONTENT_TYPE_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ACCEPT_ENCODING: (&str, HeaderValue) =
    ("grpc-accept-encoding", HeaderValue::from_static("identity,gzip,zstd"));
/// What must not stand as it is in `grpc-message`.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// gRPC's status codes, as far as they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Ok = 0,
    InvalidArgument = 3,
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

impl Code {
    fn of(refusal: &Refusal) -> Self {
        match (refusal, refusal.status()) {
            (Refusal::Encoding { .. } | Refusal::NoRoute { .. }, _) => Self::Unimplemented,
            (_, StatusCode::UNAUTHORIZED) => Self::Unauthenticated,
            (_, StatusCode::FORBIDDEN) => Self::PermissionDenied,
            (_, StatusCode::NOT_FOUND) => Self::NotFound,
            (_, StatusCode::PAYLOAD_TOO_LARGE) => Self::ResourceExhausted,
            (_, StatusCode::SERVICE_UNAVAILABLE) => Self::Unavailable,
            (_, status) if status.is_client_error() => Self::InvalidArgument,
            _ => Self::Internal,
        }
    }
}

/// Whether a request is gRPC's.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// How long a body is that begins like this, as its first frame says.
pub(crate) fn framed_bytes(beginning: &[u8]) -> Option<usize> {
    let length: [u8; 4] = beginning.get(1..HEAD_BYTES)?.try_into().ok()?;
    Some(HEAD_BYTES.saturating_add(u32::from_be_bytes(length) as usize))
}

/// Takes the frame off: what remains is the message, compressed as the header says.
pub(crate) fn unframe(headers: &HeaderMap, mut received: Received) -> Result<Received, Refusal> {
    let malformed = |what: &str| Refusal::Malformed(format!("the gRPC request {what}"));
    let framed = framed_bytes(&received.bytes).ok_or_else(|| malformed("has no message"))?;
    if received.bytes.len() < framed {
        return Err(Refusal::Cut);
    }
    if received.bytes.len() > framed {
        return Err(malformed("has more than one message"));
    }
    let head = received.bytes.split_to(HEAD_BYTES);
    received.encoding = match head[0] {
        0 => Encoding::Identity,
        1 => {
            let name = headers.get("grpc-encoding").map(|value| value.to_str().unwrap_or("unreadable"));
            Encoding::named(name.ok_or_else(|| malformed("is compressed and does not say how"))?)?
        }
        _ => return Err(malformed("begins with an unknown flag")),
    };
    Ok(received)
}

/// An answer; a refusal when it is longer than a frame of gRPC can say.
pub(crate) fn answer(message: &[u8]) -> Response {
    let Ok(length) = u32::try_from(message.len()) else {
        tracing::error!(bytes = message.len(), "an answer does not fit into a frame of gRPC");
        return refuse(&Refusal::Internal);
    };
    let mut frame = BytesMut::with_capacity(HEAD_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(length);
    frame.put_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", (Code::Ok as u16).into());
    let body = Full::new(frame.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, CONTENT_TYPE_GRPC);
    response.headers_mut().insert(ACCEPT_ENCODING.0, ACCEPT_ENCODING.1);
    response
}

/// A refusal: status and sentence, and when to come again.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    refusal.log();
    let code = Code::of(refusal);
    let sentence = refusal.sentence();
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, CONTENT_TYPE_GRPC);
    headers.insert(ACCEPT_ENCODING.0, ACCEPT_ENCODING.1);
    headers.insert("grpc-status", (code as u16).into());
    let message = utf8_percent_encode(&sentence, ESCAPED).to_string();
    headers.insert("grpc-message", header_value(message));
    if let Some(after) = refusal.retry_after() {
        let details = STANDARD_NO_PAD.encode(retry_details(code, &sentence, after));
        headers.insert("grpc-status-details-bin", header_value(details));
        headers.insert("retry-after", crate::error::retry_after_seconds(after).into());
    }
    response
}

fn header_value(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("controls and non-ASCII are percent-encoded")
}

/// `google.rpc.Status` with a `google.rpc.RetryInfo` in it.
fn retry_details(code: Code, message: &str, after: Duration) -> Vec<u8> {
    let delay = prost_types::Duration {
        seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(after.subsec_nanos()).expect("the nanoseconds of a second are fewer than 2^30"),
    };
    let info = RetryInfo { retry_delay: Some(delay) }.encode_to_vec();
    let details = vec![prost_types::Any { type_url: RETRY_INFO.to_owned(), value: info }];
    Status { code: code as i32, message: message.to_owned(), details }.encode_to_vec()
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}
