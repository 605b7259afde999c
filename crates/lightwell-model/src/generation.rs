//! One LLM call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::{Fragment, FragmentKind, Unknown, is_default, tells_any};
use crate::{ExactBytes, Message, Metadata, Money, Tags, TokenUsage};

/// One LLM call: request, response, usage, timing, error and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// Natural id within the tenant: Sigil's generation id, or the id of the InsideLLM request event.
    #[serde(skip_serializing_if = "is_default")]
    pub id: String,
    /// The conversation.
    #[serde(skip_serializing_if = "is_default")]
    pub conversation_id: String,
    /// Which lane it came by.
    #[serde(skip_serializing_if = "is_default")]
    pub origin: Origin,
    /// `generateText`, `streamText`, `chat`, ...
    #[serde(skip_serializing_if = "is_default")]
    pub operation_name: String,
    /// Whether the response was streamed.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// W3C trace id, 32 hex digits.
    #[serde(skip_serializing_if = "is_default")]
    pub trace_id: String,
    /// W3C span id, 16 hex digits.
    #[serde(skip_serializing_if = "is_default")]
    pub span_id: String,
    /// Generations that this one continues or was called from.
    #[serde(skip_serializing_if = "is_default")]
    pub parent_generation_ids: Vec<String>,
    /// The record (of any kind) that caused this one.
    #[serde(skip_serializing_if = "is_default")]
    pub parent_id: String,
    /// Who called the model.
    #[serde(skip_serializing_if = "is_default")]
    pub agent: Agent,
    /// On whose behalf.
    #[serde(skip_serializing_if = "is_default")]
    pub user_id: String,
    /// Title of the conversation, as this call knew it.
    #[serde(skip_serializing_if = "is_default")]
    pub conversation_title: String,
    /// What was asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub model: Model,
    /// What answered.
    #[serde(skip_serializing_if = "is_default")]
    pub response: Response,
    /// Instructions to the model.
    #[serde(skip_serializing_if = "is_default")]
    pub system_prompt: String,
    /// Tools that the model could call.
    #[serde(skip_serializing_if = "is_default")]
    pub tools: Vec<ToolDefinition>,
    /// The history that was sent.
    #[serde(skip_serializing_if = "is_default")]
    pub input: Vec<Message>,
    /// What came back, one message a choice.
    #[serde(skip_serializing_if = "is_default")]
    pub output: Vec<Message>,
    /// Sampling and limits that were asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub request: RequestControls,
    /// Token counters; none when nobody told.
    #[serde(skip_serializing_if = "is_default")]
    pub usage: Option<TokenUsage>,
    /// Cost as the program or its gateway reported it.
    #[serde(skip_serializing_if = "is_default")]
    pub reported_cost: Option<Money>,
    /// When the call began; none in a response whose request has not arrived.
    #[serde(skip_serializing_if = "is_default")]
    pub started_at: Option<Timestamp>,
    /// When the call ended; none while it is open.
    #[serde(skip_serializing_if = "is_default")]
    pub completed_at: Option<Timestamp>,
    /// When the first piece of a streamed response came.
    #[serde(skip_serializing_if = "is_default")]
    pub first_token_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(skip_serializing_if = "is_default")]
    pub error: Option<CallError>,
    /// Labels.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Tags,
    /// Attributes.
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: Metadata,
    /// Raw requests, responses and provider events.
    #[serde(skip_serializing_if = "is_default")]
    pub artifacts: Vec<Artifact>,
    /// Fields that were sent and that we do not know.
    #[serde(skip_serializing_if = "is_default")]
    pub unknown: Unknown,
    /// What the record was made from.
    #[serde(skip_serializing_if = "is_default")]
    pub fragments: Vec<Fragment>,
    /// When the server received it. Not part of what was said: two receipts of one record differ only here.
    #[serde(skip)]
    pub received_at: Timestamp,
}

impl Generation {
    /// The moment that places the call in time: its start, else its end, else when we received it.
    pub fn at(&self) -> Timestamp {
        self.started_at.or(self.completed_at).unwrap_or(self.received_at)
    }

    /// The request has been told and neither a response nor a failure.
    pub fn is_open(&self) -> bool {
        !tells_any(&self.fragments, &[FragmentKind::Whole, FragmentKind::End, FragmentKind::Failure])
    }

    /// A response or failure has been told and its request not yet.
    pub fn lacks_start(&self) -> bool {
        !tells_any(&self.fragments, &[FragmentKind::Whole, FragmentKind::Start])
    }
}

/// Which lane a record came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Sigil generation export (`sigil.v1`, `agento11y.v1`).
    #[default]
    Sigil,
    /// InsideLLM events.
    Insidellm,
}

/// Whether a response was streamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The sender did not say.
    #[default]
    Unspecified,
    /// The response came in one piece.
    Sync,
    /// The response was streamed.
    Stream,
}

/// Who called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// The agent's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The version that its author gave it.
    #[serde(skip_serializing_if = "is_default")]
    pub version: String,
    /// The version that its content gives it: `sha256:` and 64 hex digits.
    #[serde(skip_serializing_if = "is_default")]
    pub effective_version: String,
}

/// The model that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Model {
    /// Provider, as the sender spells it.
    #[serde(skip_serializing_if = "is_default")]
    pub provider: String,
    /// Model name, as the sender spells it.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
}

/// What the provider said of its response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The provider's id of the response.
    #[serde(skip_serializing_if = "is_default")]
    pub id: String,
    /// The model that answered.
    #[serde(skip_serializing_if = "is_default")]
    pub model: String,
    /// Why it stopped.
    #[serde(skip_serializing_if = "is_default")]
    pub stop_reason: String,
}

/// Sampling and limits that were asked for; none means the sender did not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestControls {
    /// Upper bound on completion tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub max_tokens: Option<i64>,
    /// Sampling temperature.
    #[serde(skip_serializing_if = "is_default")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "is_default")]
    pub top_p: Option<f64>,
    /// Whether and which tool must be called.
    #[serde(skip_serializing_if = "is_default")]
    pub tool_choice: Option<String>,
    /// Whether the model may reason first.
    #[serde(skip_serializing_if = "is_default")]
    pub thinking_enabled: Option<bool>,
}

/// A tool that the model could call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolDefinition {
    /// The tool's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// What it says it does.
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// "function", ...
    #[serde(skip_serializing_if = "is_default")]
    pub kind: String,
    /// JSON Schema of its input, exactly as it was sent.
    #[serde(skip_serializing_if = "is_default")]
    pub input_schema: ExactBytes,
    /// Offered to the model only on request.
    #[serde(skip_serializing_if = "is_default")]
    pub deferred: bool,
}

/// Why a call or a step failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallError {
    /// The failure in words.
    #[serde(skip_serializing_if = "is_default")]
    pub message: String,
    /// What kind of failure: `llm_call_error`, ...; empty when not told.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: String,
    /// Exception class or provider code; empty when not told.
    #[serde(skip_serializing_if = "is_default")]
    pub code: String,
    /// Where it was raised; empty when not told.
    #[serde(skip_serializing_if = "is_default")]
    pub stack_trace: String,
    /// Anything else that was told of it.
    #[serde(skip_serializing_if = "is_default")]
    pub context: Metadata,
}

/// A raw request, response, tool set or provider event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Artifact {
    /// "request", "response", "tools", "provider_event", or what the sender wrote.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: String,
    /// File name or label.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// Media type of the payload.
    #[serde(skip_serializing_if = "is_default")]
    pub content_type: String,
    /// The bytes, exactly.
    #[serde(skip_serializing_if = "is_default")]
    pub payload: ExactBytes,
    /// Where the sender keeps it, by id.
    #[serde(skip_serializing_if = "is_default")]
    pub record_id: String,
    /// Where the sender keeps it, by address.
    #[serde(skip_serializing_if = "is_default")]
    pub uri: String,
}
