//! Reading a request body whole, within its bounds.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Encoding, Reservation, grpc};
use crate::app::App;
use crate::error::Refusal;
use crate::limits;

/// How long a body that is refused for its size is still read, so that its sender gets to read the refusal.
const DRAIN: Duration = Duration::from_secs(5);

/// A body as it arrived.
pub(crate) struct Received {
    pub bytes: Bytes,
    pub encoding: Encoding,
    pub room: Reservation,
}

impl Received {
    /// The body as it was before compression. Takes time in proportion to its size.
    pub fn unpack(mut self, limit: usize) -> Result<(Bytes, Reservation), Refusal> {
        let bytes = self.encoding.decode(self.bytes, limit, &mut self.room)?;
        Ok((bytes, self.room))
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Received, Refusal> {
    let encoding = Encoding::of(headers)?;
    let promised = content_length(headers);
    let mut body = body;
    let read = match promised {
        Some(bytes) if bytes > limit => Err(Refusal::TooLarge { limit }),
        _ => collect(app, &mut body, Promise::of(headers, promised), limit).await,
    };
    match read {
        Ok((bytes, room)) => {
            app.metrics.body_bytes(bytes.len());
            Ok(Received { bytes, encoding, room })
        }
        Err(refusal) => {
            if matches!(refusal, Refusal::TooLarge { .. }) && !waits_for_leave(headers, promised, limit) {
                drain(body, limit).await;
            }
            Err(refusal)
        }
    }
}

async fn collect(
    app: &App,
    body: &mut Body,
    promise: Promise,
    limit: usize,
) -> Result<(Bytes, Reservation), Refusal> {
    let mut room = app.in_flight.reservation();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = next_chunk(body).await? {
        if first.len() + rest.len() + chunk.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        room.grow(chunk.len())?;
        if first.is_empty() && rest.is_empty() {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(promise.bytes(&first).min(limit).max(first.len() + chunk.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&chunk);
    }
    Ok((if rest.is_empty() { first } else { rest.freeze() }, room))
}

/// How long a body is going to be. Only a hint for how much to allocate at once: it may lie.
enum Promise {
    Bytes(usize),
    /// A gRPC body says so in its first bytes.
    InFrame,
}

impl Promise {
    fn of(headers: &HeaderMap, content_length: Option<usize>) -> Self {
        match content_length {
            Some(bytes) => Self::Bytes(bytes),
            None if grpc::is_grpc(headers) => Self::InFrame,
            None => Self::Bytes(0),
        }
    }

    fn bytes(&self, first: &[u8]) -> usize {
        match self {
            Self::Bytes(bytes) => *bytes,
            Self::InFrame => grpc::framed_bytes(first).unwrap_or(0),
        }
    }
}

async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = timeout(limits::BODY_TIMEOUT, body.frame()).await.map_err(|_| Refusal::Cut)?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Refusal::Cut),
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(chunk) = frame.into_data() {
                    return Ok(Some(chunk));
                }
            }
        }
    }
}

/// Reads and forgets. A connection that is closed while its peer still writes is reset, and the answer is lost with it.
async fn drain(mut body: Body, limit: usize) {
    let deadline = Instant::now() + DRAIN;
    let mut drained = 0;
    while drained <= limit {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => drained += frame.data_ref().map_or(0, Bytes::len),
            Ok(Some(Err(_)) | None) | Err(_) => return,
        }
    }
}

/// Whether the sender holds back a body that its header already condemns: it reads the answer without being told to go on.
fn waits_for_leave(headers: &HeaderMap, promised: Option<usize>, limit: usize) -> bool {
    promised.is_some_and(|bytes| bytes > limit)
        && headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
