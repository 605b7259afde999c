//! What decoding gives: one outcome an item, whatever the dialect.

use jiff::Timestamp;
use lightwell_model::{Record, Unknown};

/// What a decoder must be told because it may not find out by itself.
pub struct Receipt<'a> {
    /// When the server received the request.
    pub received_at: Timestamp,
    /// Makes an id for an item that came without one; must never give the same id twice.
    pub new_id: &'a dyn Fn() -> String,
}

/// A request, decoded.
#[derive(Debug, Default)]
pub struct Batch {
    /// One outcome an item, in the order of the request.
    pub items: Vec<Item>,
    /// Fields of the request around the items that we do not know.
    pub unknown: Unknown,
}

/// One item of a request.
#[derive(Debug)]
pub struct Item {
    /// The id to answer under; empty when the item is too garbled to tell.
    pub id: String,
    /// The record, or why there is none.
    pub record: Result<Record, ItemError>,
}

impl Item {
    /// An item that became a record.
    pub(crate) fn accepted(record: impl Into<Record>) -> Self {
        let record = record.into();
        Self { id: record.id().to_owned(), record: Ok(record) }
    }

    /// An item that is refused by itself.
    pub(crate) fn refused(id: impl Into<String>, error: ItemError) -> Self {
        Self { id: id.into(), record: Err(error) }
    }
}

/// Why one item is refused; its neighbours are not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// A field that must be there is not.
    #[error("{field} is required")]
    Required {
        /// Path of the field.
        field: String,
    },
    /// A field has a value that it cannot have.
    #[error("{field} is invalid")]
    Invalid {
        /// Path of the field.
        field: String,
    },
    /// A field has a value of another type.
    #[error("{field} must be {expected}, not {found}")]
    Type {
        /// Path of the field.
        field: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// The item cannot be read at all.
    #[error("the item is not valid {format}: {reason}")]
    Garbled {
        /// What it should be.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a whole request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not UTF-8.
    #[error("the body is not UTF-8 from byte {at} of {length}")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
        /// How long the body is.
        length: usize,
    },
    /// It is not JSON.
    #[error("the body is not valid JSON: {reason}")]
    NotJson {
        /// What is wrong, and where.
        reason: String,
    },
    /// It is JSON of another shape.
    #[error("the body must be {expected}")]
    Shape {
        /// What it should be.
        expected: &'static str,
    },
    /// It is not the protobuf message that it should be.
    #[error(transparent)]
    Frame(#[from] crate::sigil::protobuf::FrameError),
}

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, BodyError> {
    std::str::from_utf8(body)
        .map_err(|error| BodyError::NotUtf8 { at: error.valid_up_to(), length: body.len() })
}
