//! What a query selects.

use jiff::Timestamp;

use crate::Cursor;

/// Which generations. Empty selects all; members are combined with "and".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Agent name, exactly.
    pub agent: Option<String>,
    /// Model name as it was asked for, exactly.
    pub model: Option<String>,
    /// Provider, exactly.
    pub provider: Option<String>,
    /// User id, exactly.
    pub user: Option<String>,
    /// Whether the call failed.
    pub error: Option<bool>,
    /// Tags, key and value, all of them.
    pub tags: Vec<(String, String)>,
}

/// Which conversations, and how many at a time.
///
/// A conversation is listed when its latest record is within the time range, and, if anything else is asked for, when
/// one of its generations has all of it. `error: Some(false)` selects conversations without any failed generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationQuery {
    /// What its records must be.
    pub filter: Filter,
    /// Page size, at least 1.
    pub limit: usize,
    /// Where the previous page ended.
    pub after: Option<Cursor>,
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<Cursor>,
}
