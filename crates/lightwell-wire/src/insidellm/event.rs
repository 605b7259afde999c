//! Events that stay events: points in time.

use lightwell_model::{Event, Origin};

use super::envelope::Envelope;
use crate::json_value::Object;

/// The member of a payload that says something to a reader, by the kind that has it.
const TEXT: [(&str, &str); 6] = [
    ("user.input", "input_text"),
    ("agent.response", "response_text"),
    ("user.feedback", "feedback_text"),
    ("error", "error_message"),
    ("validation_error", "validation_target"),
    ("timeout_error", "timeout_type"),
];

/// The event, its payload as it came.
pub fn event(kind: &str, envelope: Envelope, payload: Object) -> Event {
    let text = TEXT
        .iter()
        .find(|(with, _)| *with == kind)
        .and_then(|(_, member)| payload.get(*member)?.as_str())
        .unwrap_or_default()
        .to_owned();
    Event {
        id: envelope.event_id,
        conversation_id: envelope.run_id,
        origin: Origin::Insidellm,
        kind: kind.to_owned(),
        at: envelope.at.unwrap_or(envelope.received_at),
        parent_id: envelope.parent_id,
        user_id: envelope.user_id,
        text,
        payload: payload.into_iter().collect(),
        metadata: envelope.metadata,
        unknown: envelope.unknown,
        received_at: envelope.received_at,
    }
}
