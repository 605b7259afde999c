//! A record in a few lines: what a list that scrolls by can show.

use lightwell_model::{CallError, Event, Generation, Message, PartBody, Record, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits;
use crate::query::rfc3339;

/// A record in a few lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveSummary {
    /// What kind of record.
    pub kind: LiveKind,
    /// Its id.
    pub id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// The moment that places it in time, RFC 3339.
    pub at: String,
    /// The step's name, the event's kind, the generation's operation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The provider that was asked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// The model that was asked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// The beginning of what was said last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub preview: String,
    /// Prompt tokens.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_tokens: i64,
    /// Completion tokens.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_tokens: i64,
    /// How long it took; none while it is open, and for events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Its request has been told and its end not yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Why it failed; none when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveKind {
    /// An LLM call.
    Generation,
    /// Anything else with a duration.
    Step,
    /// A point in time.
    Event,
}

impl LiveKind {
    /// The name of the server-sent event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generation => "generation",
            Self::Step => "step",
            Self::Event => "event",
        }
    }
}

impl LiveSummary {
    /// The summary of a record.
    pub fn of(record: &Record) -> Self {
        match record {
            Record::Generation(generation) => Self::of_generation(generation),
            Record::Step(step) => Self::of_step(step),
            Record::Event(event) => Self::of_event(event),
        }
    }

    fn of_generation(generation: &Generation) -> Self {
        let usage = generation.usage.unwrap_or_default();
        let said = generation.output.last().or(generation.input.last());
        Self {
            kind: LiveKind::Generation,
            id: generation.id.clone(),
            conversation_id: generation.conversation_id.clone(),
            at: rfc3339(generation.at()),
            name: generation.operation_name.clone(),
            agent: generation.agent.name.clone(),
            provider: generation.model.provider.clone(),
            model: generation.model.name.clone(),
            user_id: generation.user_id.clone(),
            preview: said.map(preview_of_message).unwrap_or_default(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            duration_ms: duration_ms(generation.started_at, generation.completed_at),
            open: generation.is_open(),
            error: generation.error.as_ref().map(failure),
        }
    }

    fn of_step(step: &Step) -> Self {
        Self {
            kind: LiveKind::Step,
            id: step.id.clone(),
            conversation_id: step.conversation_id.clone(),
            at: rfc3339(step.at()),
            name: step.name.clone(),
            agent: step.agent.name.clone(),
            provider: String::new(),
            model: String::new(),
            user_id: step.user_id.clone(),
            preview: preview_of_value(if step.output.is_null() { &step.input } else { &step.output }),
            input_tokens: 0,
            output_tokens: 0,
            duration_ms: step.duration_ms.or_else(|| duration_ms(step.started_at, step.completed_at)),
            open: step.is_open(),
            error: step.error.as_ref().map(failure),
        }
    }

    fn of_event(event: &Event) -> Self {
        Self {
            kind: LiveKind::Event,
            id: event.id.clone(),
            conversation_id: event.conversation_id.clone(),
            at: rfc3339(event.at),
            name: event.kind.clone(),
            agent: String::new(),
            provider: String::new(),
            model: String::new(),
            user_id: event.user_id.clone(),
            preview: beginning(&event.text),
            input_tokens: 0,
            output_tokens: 0,
            duration_ms: None,
            open: false,
            error: event.is_error().then(|| beginning(&event.text)),
        }
    }
}

fn duration_ms(start: Option<jiff::Timestamp>, end: Option<jiff::Timestamp>) -> Option<i64> {
    Some(end?.as_millisecond() - start?.as_millisecond())
}

fn failure(error: &CallError) -> String {
    let what = if error.message.is_empty() { &error.kind } else { &error.message };
    if what.is_empty() { "failed".to_owned() } else { beginning(what) }
}

fn preview_of_message(message: &Message) -> String {
    let said = message.parts.iter().find_map(|part| match &part.body {
        PartBody::Text(text) => Some(beginning(text)),
        PartBody::ToolCall { name, .. } => Some(format!("→ {name}")),
        PartBody::ToolResult { name, content, .. } => Some(beginning(&format!("← {name} {content}"))),
        PartBody::Media { kind, .. } => Some(format!("[{kind}]")),
        PartBody::Thinking(_) | PartBody::Opaque(_) => None,
    });
    said.unwrap_or_default()
}

fn preview_of_value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => beginning(text),
        // Only a preview's worth of a large value is worth writing out, but JSON cannot be cut before it is written.
        other => beginning(&other.to_string()),
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(limits::LIVE_PREVIEW_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
