//! Compression of content and bodies: zstd with a dictionary that was trained on what the file holds.
//!
//! A codec is a number that is stored beside the bytes: [`RAW`], [`PLAIN`], or that of a dictionary in the same file. A new day
//! begins with the dictionaries of the day before, so that small days profit; a file without any trains its own from its
//! first texts, on a thread of its own, and uses them from then on.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use rusqlite::{Connection, OptionalExtension};
use zstd::bulk::{Compressor, Decompressor};

use crate::fault::{Fault, Result};
use crate::schema::{DictionaryRow, Table};

/// Stored as it is: compression would not make it shorter.
pub const RAW: i64 = 0;
/// zstd without a dictionary.
pub const PLAIN: i64 = 1;
const FIRST_DICTIONARY: i64 = 2;

/// Of the whole store's CPU, level 3 takes a quarter more than level 1 and saves a tenth of the disk (`bench/src/bin/store.rs`).
const LEVEL: i32 = 1;
/// Shorter than this, a frame's header outweighs what it saves.
const WORTH_IT_BYTES: usize = 24;
const SAMPLES: usize = 1000;
const SAMPLE_BYTES: usize = 2 << 20;
const LARGEST_SAMPLE_BYTES: usize = 16 << 10;
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

impl Texts {
    fn dictionary_bytes(self) -> usize {
        match self {
            Self::Content => 110 << 10,
            Self::Bodies => 16 << 10,
        }
    }
}

/// The writer's side: compresses with the newest dictionary.
pub struct Encoder {
    content: Side,
    bodies: Side,
}

struct Side {
    codec: i64,
    compressor: Compressor<'static>,
    plain: Compressor<'static>,
    training: Training,
}

enum Training {
    Sampling { samples: Vec<Vec<u8>>, bytes: usize },
    Running(Receiver<std::io::Result<Vec<u8>>>),
    Done,
}

impl Encoder {
    /// An encoder that goes on with the newest dictionaries of the file.
    pub fn open(connection: &Connection) -> Result<Self> {
        Ok(Self { content: Side::open(connection, false)?, bodies: Side::open(connection, true)? })
    }

    /// Compresses; the codec says how.
    pub fn encode(&mut self, texts: Texts, bytes: &[u8]) -> Result<(i64, Vec<u8>)> {
        self.side(texts).encode(bytes)
    }

    /// Compresses a large text, which a dictionary would not help.
    pub fn encode_large(&mut self, bytes: &[u8]) -> Result<(i64, Vec<u8>)> {
        shorter(PLAIN, bytes, self.content.plain.compress(bytes)?)
    }

    /// Takes dictionaries into use whose training has come to an end: within the caller's transaction.
    pub fn install_trained(&mut self, connection: &Connection) -> Result<bool> {
        let content = self.content.install_trained(connection, false)?;
        Ok(self.bodies.install_trained(connection, true)? || content)
    }

    fn side(&mut self, texts: Texts) -> &mut Side {
        match texts {
            Texts::Content => &mut self.content,
            Texts::Bodies => &mut self.bodies,
        }
    }
}

impl Side {
    fn open(connection: &Connection, for_bodies: bool) -> Result<Self> {
        let newest = newest(connection, for_bodies)?;
        let plain = Compressor::new(LEVEL)?;
        Ok(match newest {
            Some(row) => Self {
                codec: row.codec,
                compressor: Compressor::with_dictionary(LEVEL, &row.bytes)?,
                plain,
                training: Training::Done,
            },
            None => Self {
                codec: PLAIN,
                compressor: Compressor::new(LEVEL)?,
                plain,
                training: Training::Sampling { samples: Vec::new(), bytes: 0 },
            },
        })
    }

    fn encode(&mut self, bytes: &[u8]) -> Result<(i64, Vec<u8>)> {
        if bytes.len() < WORTH_IT_BYTES {
            return Ok((RAW, bytes.to_vec()));
        }
        shorter(self.codec, bytes, self.compressor.compress(bytes)?)
    }

    fn sample(&mut self, bytes: &[u8], largest: usize) {
        let Training::Sampling { samples, bytes: sum } = &mut self.training else { return };
        if bytes.len() <= LARGEST_SAMPLE_BYTES {
            samples.push(bytes.to_vec());
            *sum += bytes.len();
        }
        if samples.len() < SAMPLES && *sum < SAMPLE_BYTES {
            return;
        }
        let samples = std::mem::take(samples);
        let (sender, receiver) = channel();
        let train = move || {
            // Nobody waits any more when the file was closed meanwhile.
            let _ = sender.send(zstd::dict::from_samples(&samples, largest));
        };
        self.training = match std::thread::Builder::new().name("lightwell-train".to_owned()).spawn(train) {
            Ok(_) => Training::Running(receiver),
            // Without a thread there is no dictionary: the file is larger, nothing else.
            Err(_) => Training::Done,
        };
    }

    fn install_trained(&mut self, connection: &Connection, for_bodies: bool) -> Result<bool> {
        let Training::Running(receiver) = &self.training else { return Ok(false) };
        let trained = match receiver.try_recv() {
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Disconnected) => None,
            // Too few or too equal samples: go on without.
            Ok(trained) => trained.ok(),
        };
        self.training = Training::Done;
        let Some(bytes) = trained else { return Ok(false) };
        let row = add(connection, for_bodies, bytes)?;
        self.compressor = Compressor::with_dictionary(LEVEL, &row.bytes)?;
        self.codec = row.codec;
        Ok(true)
    }
}

impl Encoder {
    /// Keeps a text to train a dictionary from, while there is none.
    pub fn sample(&mut self, texts: Texts, bytes: &[u8]) {
        self.side(texts).sample(bytes, texts.dictionary_bytes());
    }
}

fn shorter(codec: i64, bytes: &[u8], compressed: Vec<u8>) -> Result<(i64, Vec<u8>)> {
    Ok(if compressed.len() < bytes.len() { (codec, compressed) } else { (RAW, bytes.to_vec()) })
}

/// The dictionaries that a file uses now: what the next day begins with.
pub fn dictionaries(connection: &Connection) -> Result<Vec<DictionaryRow>> {
    [false, true].into_iter().filter_map(|for_bodies| newest(connection, for_bodies).transpose()).collect()
}

/// Gives a new file the dictionaries of another one.
pub fn carry_over(connection: &Connection, dictionaries: &[DictionaryRow]) -> Result<()> {
    dictionaries.iter().try_for_each(|row| add(connection, row.for_bodies, row.bytes.clone()).map(|_| ()))
}

fn newest(connection: &Connection, for_bodies: bool) -> Result<Option<DictionaryRow>> {
    let sql = format!("{} where for_bodies = ?1 order by codec desc limit 1", DictionaryRow::select_sql());
    Ok(connection.query_row(&sql, [for_bodies], DictionaryRow::read).optional()?)
}

fn add(connection: &Connection, for_bodies: bool, bytes: Vec<u8>) -> Result<DictionaryRow> {
    let codec = connection.query_row(
        "select coalesce(max(codec) + 1, ?1) from dictionary",
        [FIRST_DICTIONARY],
        |row| row.get(0),
    )?;
    let row = DictionaryRow { codec, for_bodies, bytes };
    row.insert(connection)?;
    Ok(row)
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
    let sql = format!("{} where codec = ?1", DictionaryRow::select_sql());
    let row = connection.query_row(&sql, [codec], DictionaryRow::read).optional()?;
    let row = row.ok_or_else(|| Fault::Damaged(format!("compression dictionary {codec} is missing")))?;
    Ok(Decompressor::with_dictionary(&row.bytes)?)
}
