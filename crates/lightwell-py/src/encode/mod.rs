//! Python objects to encoded records.
//!
//! | file | job |
//! |---|---|
//! | `text` | `str`, bytes, and what stands in for them |
//! | `number` | counters, optional numbers, flags |
//! | `time` | `datetime` to wire timestamps |
//! | `value` | any Python value, walked once, into a [`value::Sink`] |
//! | `json`, `structs` | the two sinks: JSON text, protobuf `Struct` |
//! | `fields` | attributes of an object, with the path for errors |
//! | `generation`, `step` | the Sigil records |
//!
//! Invariants: the caller's objects are only read; what has a sane reading is read; every error names the field.

mod fields;
mod generation;
mod json;
mod number;
mod step;
mod structs;
mod text;
mod time;
mod value;

pub(crate) use self::fields::string_pairs;
pub(crate) use self::generation::generation;
pub(crate) use self::json::event;
pub(crate) use self::step::workflow_step;

/// An encoded record.
pub(crate) struct Encoded {
    /// For log lines and for matching results.
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
    /// What was changed on the way, for people.
    pub(crate) notes: Vec<String>,
}
