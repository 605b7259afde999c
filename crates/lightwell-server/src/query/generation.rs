//! The shape of a generation, for the OpenAPI document. `lightwell_wire::sigil::render` writes it; a test holds the two
//! together.

use std::collections::BTreeMap;

use lightwell_model::Generation;
use serde_json::Value;
use utoipa::ToSchema;

use super::ErrorDetail;

/// The generation as an object.
pub(super) fn render(generation: &Generation) -> Value {
    let mut object = lightwell_wire::sigil::render::generation(generation);
    object.insert("open".to_owned(), generation.is_open().into());
    Value::Object(object)
}

/// One LLM call: proto-JSON of `sigil.v1.Generation`, changed where noted. What is empty is left out, except what is marked
/// as required. Moments are RFC 3339 in UTC.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct GenerationBody {
    /// Its id (proto: `id`).
    generation_id: String,
    /// Its conversation.
    conversation_id: String,
    /// `SYNC`, `STREAM` or `UNSPECIFIED`.
    mode: String,
    /// `sigil` or `insidellm`: the lane it came by.
    origin: String,
    /// The model that was asked for.
    model: ModelBody,
    /// Token counters.
    usage: UsageBody,
    /// When the server received it.
    created_at: String,
    /// Why it failed; null when it did not.
    #[schema(required)]
    error: Option<ErrorDetail>,
    /// Its request has been told and its end not yet.
    open: bool,
    /// `generateText`, `streamText`, `chat`, ...
    operation_name: Option<String>,
    /// W3C trace id.
    trace_id: Option<String>,
    /// W3C span id.
    span_id: Option<String>,
    /// The provider's id of the response.
    response_id: Option<String>,
    /// The model that answered.
    response_model: Option<String>,
    /// Instructions to the model.
    system_prompt: Option<String>,
    /// Why it stopped.
    stop_reason: Option<String>,
    /// The failure in words; the same as `error.message`.
    call_error: Option<String>,
    /// Who called the model.
    agent_name: Option<String>,
    /// The version that the agent's author gave it.
    agent_version: Option<String>,
    /// The version that the agent's content gives it: `sha256:` and 64 hex digits.
    effective_version: Option<String>,
    /// The same as `effective_version`.
    agent_effective_version: Option<String>,
    /// On whose behalf.
    user_id: Option<String>,
    /// Title of the conversation, as this call knew it.
    conversation_title: Option<String>,
    /// The record that caused this one.
    parent_id: Option<String>,
    /// Upper bound on completion tokens.
    max_tokens: Option<i64>,
    /// Sampling temperature.
    temperature: Option<f64>,
    /// Nucleus sampling.
    top_p: Option<f64>,
    /// Whether and which tool had to be called.
    tool_choice: Option<String>,
    /// Whether the model might reason first.
    thinking_enabled: Option<bool>,
    /// When the call began.
    started_at: Option<String>,
    /// When the call ended.
    completed_at: Option<String>,
    /// When the first piece of a streamed response came.
    first_token_at: Option<String>,
    /// Cost in US dollars, as the program or its gateway reported it.
    reported_cost_usd: Option<f64>,
    /// Generations that this one continues or was called from.
    parent_generation_ids: Option<Vec<String>>,
    /// The history that was sent.
    input: Option<Vec<MessageBody>>,
    /// What came back, one message a choice.
    output: Option<Vec<MessageBody>>,
    /// Tools that the model could call.
    tools: Option<Vec<ToolBody>>,
    /// Raw requests, responses and provider events.
    raw_artifacts: Option<Vec<ArtifactBody>>,
    /// Labels.
    tags: Option<BTreeMap<String, String>>,
    /// Attributes.
    metadata: Option<BTreeMap<String, Value>>,
    /// Fields that were sent and that this version does not know, by their path.
    unknown: Option<BTreeMap<String, Value>>,
}

/// A model and who serves it, as the sender spells them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct ModelBody {
    /// The provider.
    provider: String,
    /// The model.
    name: String,
}

/// Token counters, as the provider reported them. What is zero is left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct UsageBody {
    /// Prompt tokens.
    input_tokens: Option<i64>,
    /// Completion tokens.
    output_tokens: Option<i64>,
    /// The provider's total, or input and output where it gave none.
    total_tokens: Option<i64>,
    /// Prompt tokens read from the provider's cache.
    cache_read_input_tokens: Option<i64>,
    /// Prompt tokens written to the provider's cache.
    cache_write_input_tokens: Option<i64>,
    /// Completion tokens spent on reasoning.
    reasoning_tokens: Option<i64>,
    /// `TOKEN_INPUT_SEMANTICS_INCLUSIVE` when input contains both cache counters; else as the provider counts.
    input_semantics: Option<String>,
}

/// One message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct MessageBody {
    /// `MESSAGE_ROLE_USER`, `MESSAGE_ROLE_ASSISTANT`, `MESSAGE_ROLE_TOOL`, `MESSAGE_ROLE_SYSTEM`, ...
    role: String,
    /// Name of the speaker or of the tool.
    name: Option<String>,
    /// What is said, in order.
    parts: Vec<PartBody>,
}

/// One part of a message: exactly one of `text`, `thinking`, `tool_call`, `tool_result`, `media`, `opaque`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct PartBody {
    /// Plain text.
    text: Option<String>,
    /// The model's reasoning.
    thinking: Option<String>,
    /// The model asks for a tool.
    tool_call: Option<ToolCallBody>,
    /// A tool answers.
    tool_result: Option<ToolResultBody>,
    /// An image, sound, video or document, by address.
    media: Option<MediaBody>,
    /// A part that this version does not know, as it came.
    opaque: Option<Value>,
    /// `provider_type`: the provider's own name for this kind of part.
    metadata: Option<BTreeMap<String, String>>,
}

/// The model asks for a tool.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct ToolCallBody {
    /// Matches the result to the call.
    id: Option<String>,
    /// The tool.
    name: Option<String>,
    /// Arguments exactly as the model wrote them, in base64.
    input_json: Option<String>,
    /// The same as JSON, where they are.
    arguments: Option<Value>,
}

/// A tool answers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct ToolResultBody {
    /// The call that is answered.
    tool_call_id: Option<String>,
    /// The tool.
    name: Option<String>,
    /// The answer as text.
    content: Option<String>,
    /// The answer as structured content, exactly as it came, in base64.
    content_json: Option<String>,
    /// The same as JSON, where it is.
    content_parsed: Option<Value>,
    /// The tool failed.
    is_error: Option<bool>,
}

/// An image, sound, video or document, by address.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct MediaBody {
    /// `image`, `audio`, ...
    kind: Option<String>,
    /// Where it is; may be a data URL.
    url: Option<String>,
    /// Its media type.
    mime_type: Option<String>,
    /// Its file name.
    name: Option<String>,
}

/// A tool that the model could call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct ToolBody {
    /// The tool's name.
    name: Option<String>,
    /// What it says it does.
    description: Option<String>,
    /// `function`, ...
    r#type: Option<String>,
    /// JSON Schema of its input, exactly as it was sent, in base64.
    input_schema_json: Option<String>,
    /// The same as JSON, where it is.
    input_schema: Option<Value>,
    /// Offered to the model only on request.
    deferred: Option<bool>,
}

/// A raw request, response, tool set or provider event.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what lightwell_wire renders")]
pub(crate) struct ArtifactBody {
    /// `ARTIFACT_KIND_REQUEST`, `ARTIFACT_KIND_RESPONSE`, ...
    kind: Option<String>,
    /// File name or label.
    name: Option<String>,
    /// Media type of the payload.
    content_type: Option<String>,
    /// The bytes, in base64.
    payload: Option<String>,
    /// Where the sender keeps it, by id.
    record_id: Option<String>,
    /// Where the sender keeps it, by address.
    uri: Option<String>,
}
