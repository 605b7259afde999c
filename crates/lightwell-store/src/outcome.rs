//! What became of one record.

use lightwell_model::{Conflict, Record};

/// What became of one record of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is new and stored.
    Stored,
    /// It was stored before and says nothing new.
    Duplicate,
    /// It was joined with the other half of the same call; this is the record as it now stands.
    Merged(Box<Record>),
    /// Its id is known with another content; what was stored stands.
    Conflict(Conflict),
    /// It belongs to what was deleted.
    Deleted,
}

impl Outcome {
    /// The sender need not send it again, and nothing of it is lost.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Stored | Self::Duplicate | Self::Merged(_))
    }
}
