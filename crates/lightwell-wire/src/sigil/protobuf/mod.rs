//! Sigil's protobuf: items encoded, joined into a request, and a request split into items without decoding them.
//!
//! Both requests have the same frame (field 1, any number of messages), so one set of functions serves both.

mod decode;
pub mod number;
mod write;
mod write_struct;

pub use decode::{decode, decode_item};
pub use write::{Open, Writer};
pub use write_struct::StructWriter;

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_varint, encoded_len_varint};

/// Key of field 1 with a length: the only field of both requests.
const ITEM_KEY: u8 = 0x0a;
const ITEM_NUMBER: u32 = 1;

/// Why a request's frame cannot be read; nothing of the request can be trusted then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame ends in the middle of a field.
    #[error("the request ends inside the field at byte {at} of {length}")]
    Truncated {
        /// Where the field begins.
        at: usize,
        /// How long the request is.
        length: usize,
    },
    /// A key or a length that protobuf does not have.
    #[error("the request has no valid protobuf field at byte {at}")]
    Malformed {
        /// Where it is.
        at: usize,
    },
}

/// A request, split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split<'a> {
    /// The bytes of each item, in order.
    pub items: Vec<&'a [u8]>,
    /// Fields of the request itself that we do not know, with their keys.
    pub unknown: Vec<&'a [u8]>,
}

/// Appends one item ([`super::messages::Generation`] or [`super::messages::WorkflowStep`]).
pub fn encode(out: &mut Vec<u8>, item: &impl Message) {
    out.reserve(item.encoded_len());
    item.encode(out).expect("a byte buffer grows as far as it must");
}

/// Reads one item, or some of its fields.
///
/// # Errors
/// When the bytes are no protobuf.
pub fn decode_message<M: Message + Default>(bytes: &[u8]) -> Result<M, prost::DecodeError> {
    M::decode(bytes)
}

/// How many bytes an item of this length takes inside a request.
pub fn framed_len(item_bytes: usize) -> usize {
    1 + encoded_len_varint(item_bytes as u64) + item_bytes
}

/// Joins items that are already protobuf into one request body, in order.
pub fn join<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = &'a [u8]>) {
    for item in items {
        out.push(ITEM_KEY);
        encode_varint(item.len() as u64, out);
        out.extend_from_slice(item);
    }
}

/// Splits a request body into the bytes of its items; the items themselves may be garbled.
///
/// # Errors
/// When the frame around the items is broken.
pub fn split(body: &[u8]) -> Result<Split<'_>, FrameError> {
    let mut split = Split::default();
    let mut rest = body;
    while !rest.is_empty() {
        let at = body.len() - rest.len();
        let field = next_field(&mut rest).map_err(|error| error.at(at, body.len()))?;
        match (field.number, field.wire_type) {
            (ITEM_NUMBER, WireType::LengthDelimited) => split.items.push(field.content),
            _ => split.unknown.push(&body[at..body.len() - rest.len()]),
        }
    }
    Ok(split)
}

/// One field as it stands on the wire.
pub(super) struct RawField<'a> {
    pub number: u32,
    pub wire_type: WireType,
    /// What follows the key; without the length of a length-delimited field.
    pub content: &'a [u8],
}

/// Why a field cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FieldError {
    Truncated,
    Malformed,
}

impl FieldError {
    fn at(self, at: usize, length: usize) -> FrameError {
        match self {
            Self::Truncated => FrameError::Truncated { at, length },
            Self::Malformed => FrameError::Malformed { at },
        }
    }
}

/// Takes the next field off the front.
pub(super) fn next_field<'a>(rest: &mut &'a [u8]) -> Result<RawField<'a>, FieldError> {
    let (number, wire_type) = decode_key(rest).map_err(|_| FieldError::Malformed)?;
    let content = match wire_type {
        WireType::Varint => {
            let before = *rest;
            decode_varint(rest).map_err(|_| FieldError::Malformed)?;
            &before[..before.len() - rest.len()]
        }
        WireType::ThirtyTwoBit => take(rest, 4)?,
        WireType::SixtyFourBit => take(rest, 8)?,
        WireType::LengthDelimited => {
            let length = decode_varint(rest).map_err(|_| FieldError::Malformed)?;
            take(rest, usize::try_from(length).map_err(|_| FieldError::Truncated)?)?
        }
        // Groups are of proto2; no SDK of this dialect can send one.
        WireType::StartGroup | WireType::EndGroup => return Err(FieldError::Malformed),
    };
    Ok(RawField { number, wire_type, content })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], FieldError> {
    let (taken, after) = rest.split_at_checked(length).ok_or(FieldError::Truncated)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::super::messages::{ExportGenerationsRequest, Generation};
    use super::*;

    fn two() -> (Generation, Generation) {
        let first = Generation { id: "a".repeat(300), ..Generation::default() };
        (first, Generation { id: "b".to_owned(), ..Generation::default() })
    }

    #[test]
    fn joined_items_are_the_request_that_prost_would_write() {
        let (first, second) = two();
        let items = [first.encode_to_vec(), second.encode_to_vec()];
        let mut body = Vec::new();
        join(&mut body, items.iter().map(Vec::as_slice));
        let request = ExportGenerationsRequest { generations: vec![first, second] };
        assert_eq!(body, request.encode_to_vec());
        assert_eq!(body.len(), items.iter().map(|item| framed_len(item.len())).sum::<usize>());
        assert_eq!(split(&body).unwrap().items, items.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn fields_of_the_request_that_we_do_not_know_are_kept() {
        let body = [0x10, 0x96, 0x01, ITEM_KEY, 0, 0x1d, 1, 2, 3, 4];
        let split = split(&body).unwrap();
        assert_eq!(split.items, [b"" as &[u8]]);
        assert_eq!(split.unknown, [&body[0..3], &body[5..10]]);
    }

    #[test]
    fn a_broken_frame_says_where() {
        assert_eq!(split(&[ITEM_KEY, 0, ITEM_KEY, 9, 1]), Err(FrameError::Truncated { at: 2, length: 5 }));
        assert_eq!(split(&[ITEM_KEY, 0, 0x0b]), Err(FrameError::Malformed { at: 2 }));
        assert_eq!(split(&[ITEM_KEY]), Err(FrameError::Malformed { at: 0 }));
    }
}
