//! Steps and events in the API's shape. Generations are rendered by `lightwell_wire`, in the shape that Sigil SDKs know.

use std::collections::BTreeMap;

use lightwell_model::{CallError, Event, Origin, Step, StepKind};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::rfc3339;

/// Anything with a duration that is not an LLM call. What is empty is left out; moments are RFC 3339 in UTC.
#[derive(Serialize, ToSchema)]
pub struct StepBody {
    /// Its id.
    pub step_id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// `tool`, `agent`, `workflow`, `function` or `api`.
    pub kind: &'static str,
    /// `sigil` or `insidellm`: the lane it came by.
    pub origin: &'static str,
    /// Tool, step, function or API name.
    pub name: String,
    /// The sender's own classification: tool type, framework, reasoning type, HTTP method.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtype: String,
    /// Matches the tool call that a model asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub call_id: String,
    /// W3C trace id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// W3C span id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub span_id: String,
    /// The record that caused this one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent_id: String,
    /// Steps that this one follows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parent_step_ids: Vec<String>,
    /// Generations made inside this step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linked_generation_ids: Vec<String>,
    /// Whose step.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_name: String,
    /// The agent's version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_version: String,
    /// On whose behalf.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// What went in.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// What came out.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// When it began; not there while its beginning has not been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended; not there while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// Duration that the sender measured, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Its beginning has been told and its end not yet.
    pub open: bool,
    /// Why it failed; null when it did not.
    pub error: Option<ErrorDetail>,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Attributes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// Fields that were sent and that this version does not know, by their path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, Value>,
    /// When the server received it.
    pub created_at: String,
}

/// Why a call or a step failed. What is empty is left out, except the message.
#[derive(Serialize, ToSchema)]
pub struct ErrorDetail {
    /// The failure in words.
    pub message: String,
    /// What kind of failure.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Exception class or provider code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Where it was raised.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stack_trace: String,
    /// Anything else that was told of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, Value>,
}

/// A point in time. What is empty is left out; moments are RFC 3339 in UTC.
#[derive(Serialize, ToSchema)]
pub struct EventBody {
    /// Its id.
    pub event_id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// What kind: `user.input`, `run.start`, `error`, ...
    pub kind: String,
    /// `sigil` or `insidellm`: the lane it came by.
    pub origin: &'static str,
    /// When it happened.
    pub at: String,
    /// The record that caused this one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent_id: String,
    /// Whose.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// What was said, where the kind says something.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// It tells of a failure.
    pub is_error: bool,
    /// Everything that was told, as it came.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub payload: BTreeMap<String, Value>,
    /// Attributes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// Fields that were sent and that this version does not know, by their path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, Value>,
    /// When the server received it.
    pub created_at: String,
}

impl From<Step> for StepBody {
    fn from(step: Step) -> Self {
        Self {
            kind: kind(step.kind),
            origin: origin(step.origin),
            open: step.is_open(),
            created_at: rfc3339(step.received_at),
            step_id: step.id,
            conversation_id: step.conversation_id,
            name: step.name,
            subtype: step.subtype,
            call_id: step.call_id,
            trace_id: step.trace_id,
            span_id: step.span_id,
            parent_id: step.parent_id,
            parent_step_ids: step.parent_step_ids,
            linked_generation_ids: step.linked_generation_ids,
            agent_name: step.agent.name,
            agent_version: step.agent.version,
            user_id: step.user_id,
            input: step.input,
            output: step.output,
            started_at: step.started_at.map(rfc3339),
            completed_at: step.completed_at.map(rfc3339),
            duration_ms: step.duration_ms,
            error: step.error.map(ErrorDetail::from),
            tags: step.tags,
            metadata: step.metadata,
            unknown: step.unknown,
        }
    }
}

impl From<CallError> for ErrorDetail {
    fn from(error: CallError) -> Self {
        let CallError { message, kind, code, stack_trace, context } = error;
        Self { message, kind, code, stack_trace, context }
    }
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            origin: origin(event.origin),
            is_error: event.is_error(),
            at: rfc3339(event.at),
            created_at: rfc3339(event.received_at),
            event_id: event.id,
            conversation_id: event.conversation_id,
            kind: event.kind,
            parent_id: event.parent_id,
            user_id: event.user_id,
            text: event.text,
            payload: event.payload,
            metadata: event.metadata,
            unknown: event.unknown,
        }
    }
}

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Tool => "tool",
        StepKind::Agent => "agent",
        StepKind::Workflow => "workflow",
        StepKind::Function => "function",
        StepKind::Api => "api",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Sigil => "sigil",
        Origin::Insidellm => "insidellm",
    }
}
