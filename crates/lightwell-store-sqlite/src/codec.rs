//! Compression of content and bodies.
//!
//! A codec is a number that is stored beside the bytes: [`RAW`], [`PLAIN`], or that of a dictionary: see [`crate::dictionaries`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::Connection;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::dictionaries::{self, BuiltIn};
use crate::fault::{Fault, Result};

/// Stored as it is: compression would not make it shorter.
pub const RAW: i64 = 0;
/// zstd without a dictionary.
pub const PLAIN: i64 = 1;

const PLAIN_LEVEL: i32 = 1;
/// Shorter than this, a frame's header outweighs what it saves.
const WORTH_IT_BYTES: usize = 24;
/// What a damaged header may make us allocate at most.
const LARGEST_DECODED_BYTES: u64 = 1 << 30;

/// What is compressed: texts of one kind share a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Messages, system prompts, tool sets.
    Content,
    /// Bodies of records.
    Bodies,
}

/// Bytes as they are stored.
#[derive(Clone, Debug)]
pub struct Packed {
    /// How to read them.
    pub codec: i64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A thread's side of writing.
pub struct Encoder {
    content: Side,
    bodies: Side,
    plain: Option<Compressor<'static>>,
    /// Where it compresses to: what is kept has no room to spare.
    buffer: Vec<u8>,
}

struct Side {
    codec: i64,
    compressor: Option<Compressor<'static>>,
}

impl Encoder {
    /// An encoder.
    pub fn new() -> Self {
        let side = |texts| Side::new(dictionaries::current(texts));
        let (content, bodies) = (side(Texts::Content), side(Texts::Bodies));
        Self { content, bodies, plain: Compressor::new(PLAIN_LEVEL).ok(), buffer: Vec::new() }
    }

    /// Compresses.
    pub fn encode(&mut self, texts: Texts, bytes: &[u8]) -> Packed {
        let side = match texts {
            Texts::Content => &mut self.content,
            Texts::Bodies => &mut self.bodies,
        };
        shorter(side.codec, bytes, side.compressor.as_mut(), &mut self.buffer)
    }

    /// Compresses a large text, which a dictionary would not help.
    pub fn encode_large(&mut self, bytes: &[u8]) -> Packed {
        shorter(PLAIN, bytes, self.plain.as_mut(), &mut self.buffer)
    }
}

impl Side {
    fn new(dictionary: &'static BuiltIn) -> Self {
        let compressor =
            Compressor::with_prepared_dictionary(&dictionary.encoder).and_then(|mut compressor| {
                // The codec says which dictionary it is.
                compressor.set_parameter(CParameter::DictIdFlag(false))?;
                Ok(compressor)
            });
        Self { codec: dictionary.codec, compressor: compressor.ok() }
    }
}

/// The shorter one of the bytes and their compressed form. zstd fails only for want of memory: then they stay as they are.
fn shorter(
    codec: i64,
    bytes: &[u8],
    compressor: Option<&mut Compressor<'static>>,
    buffer: &mut Vec<u8>,
) -> Packed {
    if let Some(compressor) = compressor.filter(|_| bytes.len() >= WORTH_IT_BYTES) {
        buffer.clear();
        buffer.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        if compressor.compress_to_buffer(bytes, buffer).is_ok_and(|length| length < bytes.len()) {
            return Packed { codec, bytes: buffer.as_slice().to_vec() };
        }
    }
    Packed { codec: RAW, bytes: bytes.to_vec() }
}

/// A connection's side of reading: decompresses with whatever dictionary was used.
#[derive(Default)]
pub struct Decoder {
    contexts: HashMap<i64, Decompressor<'static>>,
}

impl Decoder {
    /// The bytes that were compressed.
    pub fn decode(&mut self, connection: &Connection, codec: i64, bytes: &[u8]) -> Result<Vec<u8>> {
        if codec == RAW {
            return Ok(bytes.to_vec());
        }
        let context = match self.contexts.entry(codec) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(decompressor(connection, codec)?),
        };
        let length = match zstd::zstd_safe::get_frame_content_size(bytes) {
            Ok(Some(length)) if length <= LARGEST_DECODED_BYTES => length as usize,
            _ => return Err(Fault::Damaged("a compressed text has no readable header".to_owned())),
        };
        context
            .decompress(bytes, length)
            .map_err(|error| Fault::Damaged(format!("a compressed text cannot be read: {error}")))
    }
}

fn decompressor(connection: &Connection, codec: i64) -> Result<Decompressor<'static>> {
    if codec == PLAIN {
        return Ok(Decompressor::new()?);
    }
    if let Some(dictionary) = dictionaries::of_codec(codec) {
        return Ok(Decompressor::with_prepared_dictionary(&dictionary.decoder)?);
    }
    Ok(Decompressor::with_dictionary(&dictionaries::trained(connection, codec)?)?)
}
