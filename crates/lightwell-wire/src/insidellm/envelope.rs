//! What every event has, whatever it tells; and how a fragment is sealed.

use jiff::{SignedDuration, Timestamp};
use lightwell_model::{Fragment, FragmentKind, Metadata, Unknown};
use serde_json::Value;

use crate::digest::digest;
use crate::item::Receipt;
use crate::json_value::Object;
use crate::members::Members;
use crate::path::Path;
use crate::timestamp;

/// The frame of an event. The payload is apart.
pub struct Envelope {
    /// The event's own id.
    pub event_id: String,
    /// The conversation.
    pub run_id: String,
    /// When it happened; none when it did not say so legibly.
    pub at: Option<Timestamp>,
    /// The event that led to it; empty when it says none.
    pub parent_id: String,
    /// On whose behalf.
    pub user_id: String,
    /// Attributes.
    pub metadata: Metadata,
    /// What we do not know of it.
    pub unknown: Unknown,
    /// When it was received.
    pub received_at: Timestamp,
}

impl Envelope {
    /// Reads the frame and hands out the payload. `kind` is the root of unknown paths.
    pub fn read(event: Object, kind: &str, receipt: &Receipt<'_>) -> (Self, Object) {
        let mut unknown = Unknown::new();
        let mut members = Members::new(event, Path::Named(kind));
        let event_id = members.text("event_id").filter(|id| !id.is_empty()).unwrap_or_else(receipt.new_id);
        let time = members.text("timestamp");
        let at = time.as_deref().and_then(timestamp::parse);
        if let (None, Some(illegible)) = (at, time) {
            members.put_back("timestamp", Value::String(illegible));
        }
        let envelope = Self {
            event_id,
            run_id: members.text_or_empty("run_id"),
            at,
            parent_id: members.text_or_empty("parent_event_id"),
            user_id: members.text_or_empty("user_id"),
            metadata: members.object("metadata").unwrap_or_default().into_iter().collect(),
            unknown: Unknown::new(),
            received_at: receipt.received_at,
        };
        let payload = members.object("payload").unwrap_or_default();
        members.keep(&mut unknown);
        (Self { unknown, ..envelope }, payload)
    }

    /// The id of the call that this event is an answer to: its parent, or itself when it names none.
    pub fn call_id(&self) -> String {
        if self.parent_id.is_empty() { self.event_id.clone() } else { self.parent_id.clone() }
    }

    /// When something began that took this long and has just ended.
    pub fn began(&self, duration_ms: Option<i64>) -> Option<Timestamp> {
        let took = SignedDuration::from_millis(duration_ms.unwrap_or_default());
        self.at.map(|at| at.checked_sub(took).unwrap_or(at))
    }

    /// Keeps a member that the kind has and the record has no place for.
    pub fn note(&mut self, member: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.metadata.insert(format!("insidellm.{member}"), value);
        }
    }

    /// The mark of the fragment that tells `record`; the digest is of all that it tells.
    pub fn fragment(&self, kind: FragmentKind, record: &impl serde::Serialize) -> Fragment {
        let at = self.at.unwrap_or(self.received_at);
        Fragment { id: self.event_id.clone(), kind, at, digest: digest(record) }
    }
}
