//! Protobuf items to canonical records. Strings and bytes are moved, never copied.

use jiff::Timestamp;
use lightwell_model::{
    Agent, Artifact, CallError, Generation, Message, Metadata, Mode, Model, Origin, Part, PartBody,
    RequestControls, Response, Role, Step, StepKind, TokenUsage, ToolDefinition, Unknown, UsageSemantics,
};
use prost::Message as _;
use serde_json::Value;

use super::super::messages::{
    self, ArtifactKind, GenerationMode, MessageRole, TokenInputSemantics, part::Payload,
};
use super::super::normalise::{Draft, finish_step};
use super::super::well_known::{Kind, Struct};
use super::super::{Signal, unknown};
use super::{next_field, split};
use crate::r#gen::schema::{
    EXPORT_GENERATIONS_REQUEST, EXPORT_WORKFLOW_STEPS_REQUEST, GENERATION, WORKFLOW_STEP,
};
use crate::item::{Batch, BodyError, Item, ItemError, Receipt};
use crate::json_value::{Object, plain_number};
use crate::timestamp;

/// Decodes a whole request.
///
/// # Errors
/// When the frame around the items is broken. What is wrong with an item is in its place in the batch.
pub fn decode(signal: Signal, body: &[u8], receipt: &Receipt<'_>) -> Result<Batch, BodyError> {
    let split = split(body)?;
    let items = split.items.into_iter().map(|item| decode_item(signal, item, receipt)).collect();
    let request = match signal {
        Signal::Generations => &EXPORT_GENERATIONS_REQUEST,
        Signal::WorkflowSteps => &EXPORT_WORKFLOW_STEPS_REQUEST,
    };
    let mut around = Unknown::new();
    for field in split.unknown {
        unknown::collect(field, request, &mut around);
    }
    Ok(Batch { items, unknown: around })
}

/// Decodes the bytes of one item.
pub fn decode_item(signal: Signal, item: &[u8], receipt: &Receipt<'_>) -> Item {
    let outcome = match signal {
        Signal::Generations => generation(item, receipt).map(Item::accepted),
        Signal::WorkflowSteps => step(item, receipt).map(Item::accepted),
    };
    outcome.unwrap_or_else(|error| Item::refused(peek_id(item), error))
}

fn generation(item: &[u8], receipt: &Receipt<'_>) -> Result<Generation, ItemError> {
    let wire = messages::Generation::decode(item).map_err(|error| garbled(&error))?;
    let mut unknown = Unknown::new();
    unknown::collect(item, &GENERATION, &mut unknown);
    let usage = wire.usage.unwrap_or_default();
    let metadata = metadata(wire.metadata);
    let draft = Draft {
        has_model: wire.model.is_some(),
        cache_creation_input_tokens: usage.cache_creation_input_tokens,
        generation: Generation {
            id: wire.id,
            conversation_id: wire.conversation_id,
            origin: Origin::Sigil,
            operation_name: wire.operation_name,
            mode: mode(wire.mode)?,
            trace_id: wire.trace_id,
            span_id: wire.span_id,
            parent_generation_ids: wire.parent_generation_ids,
            agent: Agent {
                name: wire.agent_name,
                version: wire.agent_version,
                effective_version: wire.effective_version.unwrap_or_default(),
            },
            model: wire
                .model
                .map(|model| Model { provider: model.provider, name: model.name })
                .unwrap_or_default(),
            response: Response {
                id: wire.response_id,
                model: wire.response_model,
                stop_reason: wire.stop_reason,
            },
            system_prompt: wire.system_prompt,
            tools: wire.tools.into_iter().map(tool).collect(),
            input: wire.input.into_iter().map(message).collect(),
            output: wire.output.into_iter().map(message).collect(),
            request: RequestControls {
                max_tokens: wire.max_tokens,
                temperature: wire.temperature,
                top_p: wire.top_p,
                tool_choice: wire.tool_choice,
                thinking_enabled: wire.thinking_enabled,
            },
            usage: Some(token_usage(&usage, &mut unknown)),
            started_at: time("generation.started_at", wire.started_at)?,
            completed_at: time("generation.completed_at", wire.completed_at)?,
            error: call_error(wire.call_error),
            tags: wire.tags,
            metadata,
            artifacts: wire.raw_artifacts.into_iter().map(artifact).collect(),
            unknown,
            ..Generation::default()
        },
    };
    draft.finish(receipt)
}

fn step(item: &[u8], receipt: &Receipt<'_>) -> Result<Step, ItemError> {
    let wire = messages::WorkflowStep::decode(item).map_err(|error| garbled(&error))?;
    let mut unknown = Unknown::new();
    unknown::collect(item, &WORKFLOW_STEP, &mut unknown);
    let state = |state: Option<Struct>| state.map_or(Value::Null, |state| Value::Object(object(state)));
    let step = Step {
        id: wire.id,
        conversation_id: wire.conversation_id,
        origin: Origin::Sigil,
        kind: StepKind::Workflow,
        name: wire.step_name,
        subtype: wire.framework,
        trace_id: wire.trace_id,
        span_id: wire.span_id,
        parent_step_ids: wire.parent_step_ids,
        linked_generation_ids: wire.linked_generation_ids,
        agent: Agent { name: wire.agent_name, version: wire.agent_version, ..Agent::default() },
        input: state(wire.input_state),
        output: state(wire.output_state),
        started_at: time("workflow_step.started_at", wire.started_at)?,
        completed_at: time("workflow_step.completed_at", wire.completed_at)?,
        error: call_error(wire.error),
        tags: wire.tags,
        metadata: metadata(wire.metadata),
        unknown,
        ..Step::default()
    };
    Ok(finish_step(step, receipt))
}

fn message(wire: messages::Message) -> Message {
    let role = match MessageRole::try_from(wire.role) {
        Ok(MessageRole::Unspecified) => Role::Unspecified,
        Ok(MessageRole::User) => Role::User,
        Ok(MessageRole::Assistant) => Role::Assistant,
        Ok(MessageRole::Tool) => Role::Tool,
        Err(_) => Role::Other(wire.role.to_string()),
    };
    Message { role, name: wire.name, parts: wire.parts.into_iter().map(part).collect() }
}

fn part(wire: messages::Part) -> Part {
    let body = match wire.payload {
        Some(Payload::Text(text)) => PartBody::Text(text),
        Some(Payload::Thinking(thinking)) => PartBody::Thinking(thinking),
        Some(Payload::ToolCall(call)) => {
            PartBody::ToolCall { id: call.id, name: call.name, arguments: call.input_json.into() }
        }
        Some(Payload::ToolResult(result)) => PartBody::ToolResult {
            tool_call_id: result.tool_call_id,
            name: result.name,
            content: result.content,
            content_json: result.content_json.into(),
            is_error: result.is_error,
        },
        Some(Payload::Media(media)) => {
            PartBody::Media { kind: media.kind, url: media.url, mime_type: media.mime_type, name: media.name }
        }
        // A payload of a newer contract: its bytes are among the unknown fields.
        None => PartBody::Opaque(Value::Object(Object::new())),
    };
    Part { body, provider_type: wire.metadata.map(|metadata| metadata.provider_type).unwrap_or_default() }
}

fn tool(wire: messages::ToolDefinition) -> ToolDefinition {
    ToolDefinition {
        name: wire.name,
        description: wire.description,
        kind: wire.r#type,
        input_schema: wire.input_schema_json.into(),
        deferred: wire.deferred,
    }
}

fn artifact(wire: messages::Artifact) -> Artifact {
    let kind = match ArtifactKind::try_from(wire.kind) {
        Ok(ArtifactKind::Unspecified) => String::new(),
        Ok(ArtifactKind::Request) => "request".to_owned(),
        Ok(ArtifactKind::Response) => "response".to_owned(),
        Ok(ArtifactKind::Tools) => "tools".to_owned(),
        Ok(ArtifactKind::ProviderEvent) => "provider_event".to_owned(),
        Err(_) => wire.kind.to_string(),
    };
    Artifact {
        kind,
        name: wire.name,
        content_type: wire.content_type,
        payload: wire.payload.into(),
        record_id: wire.record_id,
        uri: wire.uri,
    }
}

fn token_usage(wire: &messages::TokenUsage, unknown: &mut Unknown) -> TokenUsage {
    let semantics = match TokenInputSemantics::try_from(wire.input_semantics) {
        Ok(TokenInputSemantics::Unspecified) => UsageSemantics::Unspecified,
        Ok(TokenInputSemantics::Inclusive) => UsageSemantics::Inclusive,
        Err(_) => {
            unknown.insert("usage.input_semantics".to_owned(), wire.input_semantics.into());
            UsageSemantics::Unspecified
        }
    };
    TokenUsage {
        input_tokens: wire.input_tokens,
        output_tokens: wire.output_tokens,
        total_tokens: wire.total_tokens,
        cache_read_input_tokens: wire.cache_read_input_tokens,
        cache_write_input_tokens: wire.cache_write_input_tokens,
        reasoning_tokens: wire.reasoning_tokens,
        semantics,
    }
}

fn mode(number: i32) -> Result<Mode, ItemError> {
    match GenerationMode::try_from(number) {
        Ok(GenerationMode::Unspecified) => Ok(Mode::Unspecified),
        Ok(GenerationMode::Sync) => Ok(Mode::Sync),
        Ok(GenerationMode::Stream) => Ok(Mode::Stream),
        Err(_) => Err(ItemError::Invalid { field: "generation.mode".to_owned() }),
    }
}

fn call_error(message: String) -> Option<CallError> {
    (!message.is_empty()).then(|| CallError { message, ..CallError::default() })
}

fn time(field: &str, wire: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, ItemError> {
    wire.map(|time| {
        timestamp::from_proto(&time).ok_or_else(|| ItemError::Invalid { field: field.to_owned() })
    })
    .transpose()
}

fn metadata(wire: Option<Struct>) -> Metadata {
    wire.map(|wire| wire.fields.into_iter().map(|(key, value)| (key, json(value))).collect())
        .unwrap_or_default()
}

fn object(wire: Struct) -> Object {
    wire.fields.into_iter().map(|(key, value)| (key, json(value))).collect()
}

fn json(wire: prost_types::Value) -> Value {
    match wire.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) => plain_number(value),
        Some(Kind::StringValue(value)) => Value::String(value),
        Some(Kind::StructValue(value)) => Value::Object(object(value)),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(json).collect()),
    }
}

fn garbled(error: &prost::DecodeError) -> ItemError {
    ItemError::Garbled { format: "protobuf", reason: error.to_string() }
}

/// The id of an item that cannot be decoded, if the bytes that hold it are whole: field 1 of both items.
fn peek_id(mut item: &[u8]) -> String {
    let mut id = String::new();
    while !item.is_empty() {
        let Ok(field) = next_field(&mut item) else { break };
        if field.number == 1
            && let Ok(text) = std::str::from_utf8(field.content)
        {
            text.clone_into(&mut id);
        }
    }
    id
}
