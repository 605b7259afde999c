//! Sigil's JSON: proto-JSON with the names of the .proto file.

mod decode;
mod encode;
mod generation;
mod member;
mod message;
mod read;
mod step;
mod tree;

pub use decode::{decode, decode_item, split};
pub use encode::{EncodeError, encode_generation, encode_workflow_step};

use super::Signal;
use crate::json_text::put_string;

/// Joins items that are already JSON into one request body, in order: `{"generations":[...]}`.
pub fn join<'a>(out: &mut Vec<u8>, signal: Signal, items: impl Iterator<Item = &'a [u8]>) {
    out.push(b'{');
    put_string(out, signal.json_key());
    out.extend_from_slice(b":[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(b"]}");
}

#[cfg(test)]
mod tests;
