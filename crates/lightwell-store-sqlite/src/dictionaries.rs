//! The compression dictionaries that are compiled in, and those that files of earlier versions hold.
//!
//! What is stored is compressed with a dictionary that was trained from texts of our own (`cargo xtask dictionary`): nothing of a
//! user's text is in it, so nothing of it outlives a deletion. Until version 2 a store trained its dictionaries from its first texts
//! and gave each day's file a copy: such files are read, and written anew when anything is deleted (`renewal.rs`).
//!
//! Stored data needs the dictionary of its codec for ever: those here never change, better ones get a new number.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::codec::Texts;
use crate::fault::{Fault, Result};
use crate::schema::{DictionaryRow, Table};

/// Trained dictionaries of earlier versions are numbered from here on.
pub const FIRST_TRAINED: i64 = 2;

/// Level 1 takes 6 us less of a generation's 110 and 50 bytes more of its 1,700.
const LEVEL: i32 = 3;

/// A dictionary that is compiled in.
pub struct BuiltIn {
    /// The number that is stored beside what is compressed with it; negative, unlike those of trained ones.
    pub codec: i64,
    /// To compress with.
    pub encoder: LazyLock<EncoderDictionary<'static>>,
    /// To decompress with.
    pub decoder: LazyLock<DecoderDictionary<'static>>,
}

macro_rules! built_in {
    ($codec:literal, $file:literal) => {
        BuiltIn {
            codec: $codec,
            encoder: LazyLock::new(|| EncoderDictionary::copy(include_bytes!($file), LEVEL)),
            decoder: LazyLock::new(|| DecoderDictionary::copy(include_bytes!($file))),
        }
    };
}

static CONTENT: BuiltIn = built_in!(-1, "dictionaries/content-1.zdict");
static BODIES: BuiltIn = built_in!(-2, "dictionaries/bodies-1.zdict");

/// The dictionary to compress these texts with.
pub fn current(texts: Texts) -> &'static BuiltIn {
    match texts {
        Texts::Content => &CONTENT,
        Texts::Bodies => &BODIES,
    }
}

/// The dictionary of a codec, if it is compiled in.
pub fn of_codec(codec: i64) -> Option<&'static BuiltIn> {
    [&CONTENT, &BODIES].into_iter().find(|dictionary| dictionary.codec == codec)
}

/// The dictionary of a codec, from the file that has it.
pub fn trained(connection: &Connection, codec: i64) -> Result<Vec<u8>> {
    let missing = || Fault::Damaged(format!("compression dictionary {codec} is missing"));
    if !has_table(connection)? {
        return Err(missing());
    }
    let sql = format!("{} where codec = ?1", DictionaryRow::select_sql());
    let row = connection.query_row(&sql, [codec], DictionaryRow::read).optional()?;
    row.map(|row| row.bytes).ok_or_else(missing)
}

/// The file has dictionaries that were trained from what it stores, or from what other files store or stored.
pub fn has_trained(connection: &Connection) -> Result<bool> {
    Ok(has_table(connection)? && connection.prepare("select 1 from dictionary")?.exists([])?)
}

fn has_table(connection: &Connection) -> Result<bool> {
    let sql = "select 1 from sqlite_schema where type = 'table' and name = 'dictionary'";
    Ok(connection.prepare(sql)?.exists([])?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_compiled_in_never_changes() {
        let bytes: [&[u8]; 2] =
            [include_bytes!("dictionaries/content-1.zdict"), include_bytes!("dictionaries/bodies-1.zdict")];
        let hashes = bytes.map(|bytes| blake3::hash(bytes).to_hex()[..16].to_owned());
        assert_eq!(
            hashes,
            ["c23b1a60b9833849", "7fe2d017183311f4"],
            "what is stored can only be read with these"
        );
    }
}
