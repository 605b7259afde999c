//! Anything with a duration that is not an LLM call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Fragment, FragmentKind, Unknown, is_default, tells_any};
use crate::{Agent, CallError, Metadata, Origin, Tags};

/// A tool execution, an agent's own step, a workflow step, a function or an API call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Natural id within the tenant: Sigil's step id, or the id of the InsideLLM call event.
    #[serde(skip_serializing_if = "is_default")]
    pub id: String,
    /// The conversation.
    #[serde(skip_serializing_if = "is_default")]
    pub conversation_id: String,
    /// Which lane it came by.
    #[serde(skip_serializing_if = "is_default")]
    pub origin: Origin,
    /// What kind of step.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: StepKind,
    /// Tool, step, function or API name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The sender's own classification: tool type, framework, reasoning type, HTTP method.
    #[serde(skip_serializing_if = "is_default")]
    pub subtype: String,
    /// Matches the tool call that a model asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub call_id: String,
    /// W3C trace id, 32 hex digits.
    #[serde(skip_serializing_if = "is_default")]
    pub trace_id: String,
    /// W3C span id, 16 hex digits.
    #[serde(skip_serializing_if = "is_default")]
    pub span_id: String,
    /// The record (of any kind) that caused this one.
    #[serde(skip_serializing_if = "is_default")]
    pub parent_id: String,
    /// Steps that this one follows.
    #[serde(skip_serializing_if = "is_default")]
    pub parent_step_ids: Vec<String>,
    /// Generations made inside this step.
    #[serde(skip_serializing_if = "is_default")]
    pub linked_generation_ids: Vec<String>,
    /// Whose step.
    #[serde(skip_serializing_if = "is_default")]
    pub agent: Agent,
    /// On whose behalf.
    #[serde(skip_serializing_if = "is_default")]
    pub user_id: String,
    /// What went in.
    #[serde(skip_serializing_if = "is_default")]
    pub input: Value,
    /// What came out.
    #[serde(skip_serializing_if = "is_default")]
    pub output: Value,
    /// When it began; none in a response whose call has not arrived.
    #[serde(skip_serializing_if = "is_default")]
    pub started_at: Option<Timestamp>,
    /// When it ended; none while it is open.
    #[serde(skip_serializing_if = "is_default")]
    pub completed_at: Option<Timestamp>,
    /// Duration that the sender measured, in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub duration_ms: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "is_default")]
    pub error: Option<CallError>,
    /// Labels.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Tags,
    /// Attributes.
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: Metadata,
    /// Fields that were sent and that we do not know.
    #[serde(skip_serializing_if = "is_default")]
    pub unknown: Unknown,
    /// What the record was made from.
    #[serde(skip_serializing_if = "is_default")]
    pub fragments: Vec<Fragment>,
    /// When the server received it; see [`crate::Generation::received_at`].
    #[serde(skip)]
    pub received_at: Timestamp,
}

/// What kind of step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A tool was executed.
    #[default]
    Tool,
    /// An agent reasoned or planned.
    Agent,
    /// A node of a workflow or graph ran.
    Workflow,
    /// A function of the program ran.
    Function,
    /// An external API was called.
    Api,
}

impl Step {
    /// The moment that places the step in time: its start, else its end, else when we received it.
    pub fn at(&self) -> Timestamp {
        self.started_at.or(self.completed_at).unwrap_or(self.received_at)
    }

    /// The call has been told and its outcome not yet.
    pub fn is_open(&self) -> bool {
        !tells_any(&self.fragments, &[FragmentKind::Whole, FragmentKind::End, FragmentKind::Failure])
    }

    /// An outcome has been told and its call not yet.
    pub fn lacks_start(&self) -> bool {
        !tells_any(&self.fragments, &[FragmentKind::Whole, FragmentKind::Start])
    }
}
