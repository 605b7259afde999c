//! A point in time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::{Unknown, is_default};
use crate::{ContentId, Metadata, Origin};

/// User input, an agent's answer, feedback, an error, a metric, the start or end of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Natural id within the tenant.
    #[serde(skip_serializing_if = "is_default")]
    pub id: String,
    /// The conversation.
    #[serde(skip_serializing_if = "is_default")]
    pub conversation_id: String,
    /// Which lane it came by.
    #[serde(skip_serializing_if = "is_default")]
    pub origin: Origin,
    /// The wire name: `user.input`, `run.start`, `error`, ...
    #[serde(skip_serializing_if = "is_default")]
    pub kind: String,
    /// When it happened.
    #[serde(skip_serializing_if = "is_default")]
    pub at: Timestamp,
    /// The record (of any kind) that caused this one.
    #[serde(skip_serializing_if = "is_default")]
    pub parent_id: String,
    /// Whose.
    #[serde(skip_serializing_if = "is_default")]
    pub user_id: String,
    /// What was said, where the kind says something: the input, the answer, the message of an error.
    #[serde(skip_serializing_if = "is_default")]
    pub text: String,
    /// Everything that was told, as it came.
    #[serde(skip_serializing_if = "is_default")]
    pub payload: Metadata,
    /// Attributes.
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: Metadata,
    /// Fields that were sent and that we do not know.
    #[serde(skip_serializing_if = "is_default")]
    pub unknown: Unknown,
    /// When the server received it; see [`crate::Generation::received_at`].
    #[serde(skip)]
    pub received_at: Timestamp,
}

/// Kind of the event that begins a session.
pub(crate) const RUN_START: &str = "run.start";
/// Kind of the event that ends a session.
pub(crate) const RUN_END: &str = "run.end";

impl Event {
    /// It begins a conversation.
    pub fn starts_conversation(&self) -> bool {
        self.kind == RUN_START
    }

    /// It ends a conversation.
    pub fn ends_conversation(&self) -> bool {
        self.kind == RUN_END
    }

    /// It tells of a failure.
    pub fn is_error(&self) -> bool {
        matches!(self.kind.as_str(), "error" | "validation_error" | "timeout_error")
    }

    /// What it says, for telling a re-sent event from another one of the same id.
    pub fn digest(&self) -> ContentId {
        ContentId::of(&serde_json::to_vec(self).expect("an event has string keys only"))
    }
}
