//! Undoing the compression of a body, never beyond the limit: a small body that unpacks to a large one is refused at the
//! limit, not after.

use std::io::Read;

use axum::response::Response;
use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue};

use super::Reservation;
use crate::error::Refusal;

/// Says in every answer to a batch how the next one may be compressed (RFC 7694); senders that do not look send it as it is.
pub(crate) async fn offer_encodings(mut response: Response) -> Response {
    response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
    response
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// What `Content-Encoding` says.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut codings = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).into_owned())
            .filter(|coding| !coding.is_empty());
        let Some(first) = codings.next() else { return Ok(Self::Identity) };
        match codings.next() {
            None => Self::named(&first),
            Some(second) => Err(Refusal::Encoding { encoding: format!("{first}, {second}") }),
        }
    }

    /// A coding by its name, as HTTP and gRPC spell it.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Refusal::Encoding { encoding: name.to_owned() }),
        }
    }

    /// The body as it was before compression, at most `limit` bytes.
    pub fn decode(self, body: Bytes, limit: usize, room: &mut Reservation) -> Result<Bytes, Refusal> {
        let broken = |encoding| {
            move |error: std::io::Error| Refusal::Compression { encoding, reason: error.to_string() }
        };
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => unpack(MultiGzDecoder::new(&*body), body.len(), limit, room, broken("gzip")),
            Self::Zstd => {
                let decoder = zstd::Decoder::with_buffer(&*body).map_err(broken("zstd"))?;
                unpack(decoder, body.len(), limit, room, broken("zstd"))
            }
        }
    }
}

const STEP_BYTES: usize = 64 * 1024;

fn unpack(
    packed: impl Read,
    packed_bytes: usize,
    limit: usize,
    room: &mut Reservation,
    broken: impl Fn(std::io::Error) -> Refusal,
) -> Result<Bytes, Refusal> {
    let mut packed = packed.take(limit as u64 + 1);
    let mut body = Vec::with_capacity((packed_bytes.saturating_mul(4)).min(limit));
    loop {
        let before = body.len();
        room.grow(STEP_BYTES)?;
        (&mut packed).take(STEP_BYTES as u64).read_to_end(&mut body).map_err(&broken)?;
        if body.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        if body.len() == before {
            return Ok(body.into());
        }
    }
}
