//! Python objects to encoded records.
//!
//! | file | job |
//! |---|---|
//! | `text`, `utf8` | `str`, bytes, and what stands in for them |
//! | `number` | counters, optional numbers, flags |
//! | `time` | `datetime` to wire timestamps |
//! | `value` | any Python value, walked once, into a [`value::Sink`] |
//! | `json`, `structs` | the two sinks: JSON text, protobuf `Struct` |
//! | `event`, `ids` | InsideLLM events that need no coercion, and what they are stamped with |
//! | `fields` | attributes of an object, with the path for errors |
//! | `content` | messages, tools and artifacts of a generation, checked |
//! | `generation`, `step` | the Sigil records |
//!
//! Invariants: the caller's objects are only read; what has a sane reading is read; every error names the field.

mod content;
mod event;
mod fields;
mod generation;
mod ids;
mod json;
mod number;
mod step;
mod structs;
mod text;
mod time;
mod utf8;
mod value;

pub(crate) use self::content::{Content, content};
pub(crate) use self::event::{
    EventParts, EventSchema, Frame, Members, call_arguments, is_plain_metadata, members_of,
};
pub(crate) use self::fields::string_pairs;
pub(crate) use self::generation::{dict_problem, generation, problem, with_header};
pub(crate) use self::ids::{ascii, new_event_id, utc_now, uuid4};
pub(crate) use self::json::{any as json_text, event};
pub(crate) use self::step::workflow_step;
pub(crate) use self::text::{borrowed, bytes_like, with_text};
pub(crate) use self::value::is_scalar;

/// An encoded record.
pub(crate) struct Encoded<B = Vec<u8>> {
    /// For log lines and for matching results.
    pub(crate) id: String,
    pub(crate) bytes: B,
    /// What was changed on the way, for people.
    pub(crate) notes: Vec<String>,
}
