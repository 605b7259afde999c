//! Proto-JSON items of every spelling to canonical records. Content is moved out of the parsed value, never copied.
//!
//! Accepted: names in snake_case and camelCase, 64-bit integers as numbers or strings, enums as names (with or without prefix)
//! or numbers, base64 of either alphabet, null for "absent". A member that is left over is unknown and kept by its path.

use std::fmt;

use lightwell_model::{
    Artifact, CallError, Message, Mode, Model, Origin, Part, PartBody, Role, Step, StepKind, TokenUsage,
    ToolDefinition, Unknown, UsageSemantics,
};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::Signal;
use super::super::normalise::{Draft, finish_step};
use super::fields::{
    Field, base64_bytes, boolean, double, enumeration, int64, list, object, strings, structure, tags, text,
    time,
};
use crate::item::{Batch, BodyError, Item, ItemError, Receipt, utf8};
use crate::json_value::{Object, parse};
use crate::path::Path;

/// Decodes a whole request.
///
/// # Errors
/// When the body is not a JSON object with a list of items. What is wrong with an item is in its place in the batch.
pub fn decode(signal: Signal, body: &[u8], receipt: &Receipt<'_>) -> Result<Batch, BodyError> {
    let (items, unknown) = split(signal, body)?;
    Ok(Batch { items: items.into_iter().map(|item| decode_item(signal, item, receipt)).collect(), unknown })
}

/// Splits a request into the text of its items, without parsing them, and the members around them that we do not know.
///
/// # Errors
/// When the body is not a JSON object with a list of items.
pub fn split(signal: Signal, body: &[u8]) -> Result<(Vec<&str>, Unknown), BodyError> {
    let text = utf8(body)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let split = deserializer
        .deserialize_map(Envelope { signal })
        .and_then(|split| deserializer.end().map(|()| split))
        .map_err(|error| BodyError::NotJson { reason: error.to_string() })?;
    Ok((split.items.into_iter().map(RawValue::get).collect(), split.unknown))
}

/// Decodes the text of one item.
pub fn decode_item(signal: Signal, item: &str, receipt: &Receipt<'_>) -> Item {
    let value = match parse(item) {
        Ok(value) => value,
        Err(error) => {
            return Item::refused("", ItemError::Garbled { format: "JSON", reason: error.to_string() });
        }
    };
    let id = value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let outcome = match signal {
        Signal::Generations => object(value, &Field::top("generation"))
            .and_then(|members| generation(members)?.finish(receipt))
            .map(Item::accepted),
        Signal::WorkflowSteps => object(value, &Field::top("workflow_step"))
            .and_then(step)
            .map(|step| Item::accepted(finish_step(step, receipt))),
    };
    outcome.unwrap_or_else(|error| Item::refused(id, error))
}

struct Envelope {
    signal: Signal,
}

#[derive(Default)]
struct Split<'de> {
    items: Vec<&'de RawValue>,
    unknown: Unknown,
}

impl<'de> Visitor<'de> for Envelope {
    type Value = Split<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list `{}`", self.signal.json_key())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Split<'de>, A::Error> {
        let mut split = Split::default();
        while let Some(key) = members.next_key::<String>()? {
            if key == self.signal.json_key() || key == self.signal.json_key_camel() {
                split.items.extend(members.next_value::<Option<Vec<&RawValue>>>()?.unwrap_or_default());
            } else {
                let raw = members.next_value::<&RawValue>()?;
                split.unknown.insert(key, parse(raw.get()).map_err(serde::de::Error::custom)?);
            }
        }
        Ok(split)
    }
}

fn generation(members: Object) -> Result<Draft, ItemError> {
    let mut draft = Draft::default();
    let record = &mut draft.generation;
    record.origin = Origin::Sigil;
    let mut unknown = Unknown::new();
    for (key, value) in members {
        let field = Field { item: "generation", path: Path::Root.key(&key) };
        match key.as_str() {
            "id" => record.id = text(value, &field)?,
            "conversation_id" | "conversationId" => record.conversation_id = text(value, &field)?,
            "operation_name" | "operationName" => record.operation_name = text(value, &field)?,
            "mode" => record.mode = mode(&value, &field)?,
            "trace_id" | "traceId" => record.trace_id = text(value, &field)?,
            "span_id" | "spanId" => record.span_id = text(value, &field)?,
            "model" => {
                draft.has_model = !value.is_null();
                record.model = model(value, &field, &mut unknown)?;
            }
            "response_id" | "responseId" => record.response.id = text(value, &field)?,
            "response_model" | "responseModel" => record.response.model = text(value, &field)?,
            "system_prompt" | "systemPrompt" => record.system_prompt = text(value, &field)?,
            "input" => {
                record.input = list(value, &field, |value, field| message(value, field, &mut unknown))?;
            }
            "output" => {
                record.output = list(value, &field, |value, field| message(value, field, &mut unknown))?;
            }
            "tools" => record.tools = list(value, &field, |value, field| tool(value, field, &mut unknown))?,
            "usage" => {
                record.usage =
                    Some(usage(value, &field, &mut draft.cache_creation_input_tokens, &mut unknown)?);
            }
            "stop_reason" | "stopReason" => record.response.stop_reason = text(value, &field)?,
            "started_at" | "startedAt" => record.started_at = time(value, &field)?,
            "completed_at" | "completedAt" => record.completed_at = time(value, &field)?,
            "tags" => record.tags = tags(value, &field)?,
            "metadata" => record.metadata = structure(value, &field)?.into_iter().collect(),
            "raw_artifacts" | "rawArtifacts" => {
                record.artifacts = list(value, &field, |value, field| artifact(value, field, &mut unknown))?;
            }
            "call_error" | "callError" => record.error = call_error(text(value, &field)?),
            "agent_name" | "agentName" => record.agent.name = text(value, &field)?,
            "agent_version" | "agentVersion" => record.agent.version = text(value, &field)?,
            "max_tokens" | "maxTokens" => record.request.max_tokens = int64(&value, &field)?,
            "temperature" => record.request.temperature = double(&value, &field)?,
            "top_p" | "topP" => record.request.top_p = double(&value, &field)?,
            "tool_choice" | "toolChoice" if value.is_null() => {}
            "tool_choice" | "toolChoice" => record.request.tool_choice = Some(text(value, &field)?),
            "thinking_enabled" | "thinkingEnabled" => {
                record.request.thinking_enabled = boolean(value, &field)?;
            }
            "parent_generation_ids" | "parentGenerationIds" => {
                record.parent_generation_ids = strings(value, &field)?;
            }
            "effective_version" | "effectiveVersion" => record.agent.effective_version = text(value, &field)?,
            _ => field.keep(value, &mut unknown),
        }
    }
    record.unknown = unknown;
    Ok(draft)
}

fn step(members: Object) -> Result<Step, ItemError> {
    let mut record = Step { origin: Origin::Sigil, kind: StepKind::Workflow, ..Step::default() };
    for (key, value) in members {
        let field = Field { item: "workflow_step", path: Path::Root.key(&key) };
        match key.as_str() {
            "id" => record.id = text(value, &field)?,
            "conversation_id" | "conversationId" => record.conversation_id = text(value, &field)?,
            "step_name" | "stepName" => record.name = text(value, &field)?,
            "framework" => record.subtype = text(value, &field)?,
            "started_at" | "startedAt" => record.started_at = time(value, &field)?,
            "completed_at" | "completedAt" => record.completed_at = time(value, &field)?,
            "input_state" | "inputState" if value.is_null() => {}
            "input_state" | "inputState" => record.input = Value::Object(structure(value, &field)?),
            "output_state" | "outputState" if value.is_null() => {}
            "output_state" | "outputState" => record.output = Value::Object(structure(value, &field)?),
            "error" => record.error = call_error(text(value, &field)?),
            "tags" => record.tags = tags(value, &field)?,
            "linked_generation_ids" | "linkedGenerationIds" => {
                record.linked_generation_ids = strings(value, &field)?;
            }
            "parent_step_ids" | "parentStepIds" => record.parent_step_ids = strings(value, &field)?,
            "agent_name" | "agentName" => record.agent.name = text(value, &field)?,
            "agent_version" | "agentVersion" => record.agent.version = text(value, &field)?,
            "trace_id" | "traceId" => record.trace_id = text(value, &field)?,
            "span_id" | "spanId" => record.span_id = text(value, &field)?,
            "metadata" => record.metadata = structure(value, &field)?.into_iter().collect(),
            _ => field.keep(value, &mut record.unknown),
        }
    }
    Ok(record)
}

fn model(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<Model, ItemError> {
    let mut model = Model::default();
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "provider" => model.provider = text(value, &field)?,
            "name" => model.name = text(value, &field)?,
            _ => field.keep(value, unknown),
        }
    }
    Ok(model)
}

fn message(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<Message, ItemError> {
    let mut message = Message { role: Role::Unspecified, name: String::new(), parts: Vec::new() };
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "role" => message.role = role(&value, &field)?,
            "name" => message.name = text(value, &field)?,
            "parts" => message.parts = list(value, &field, |value, field| part(value, field, unknown))?,
            _ => field.keep(value, unknown),
        }
    }
    Ok(message)
}

/// A part with no payload that we know is opaque: all that it held is its content.
fn part(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<Part, ItemError> {
    let mut body = None;
    let mut provider_type = String::new();
    let mut left = Object::new();
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        if key == "metadata" {
            for (key, value) in object(value, &field)? {
                match key.as_str() {
                    "provider_type" | "providerType" => provider_type = text(value, &field.key(&key))?,
                    _ => field.key(&key).keep(value, unknown),
                }
            }
        } else if body.is_some() || value.is_null() {
            left.insert(key, value);
        } else {
            match payload(&key, value, &field, unknown)? {
                Payload::Known(payload) => body = Some(payload),
                Payload::Unknown(value) => {
                    left.insert(key, value);
                }
            }
        }
    }
    let Some(body) = body else {
        left.retain(|key, value| !(value.is_null() && is_payload(key)));
        return Ok(Part { body: PartBody::Opaque(Value::Object(left)), provider_type });
    };
    for (key, value) in left {
        if !(value.is_null() && is_payload(&key)) {
            field.key(&key).keep(value, unknown);
        }
    }
    Ok(Part { body, provider_type })
}

enum Payload {
    Known(PartBody),
    Unknown(Value),
}

fn is_payload(key: &str) -> bool {
    matches!(key, "text" | "thinking" | "tool_call" | "toolCall" | "tool_result" | "toolResult" | "media")
}

fn payload(key: &str, value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<Payload, ItemError> {
    Ok(Payload::Known(match key {
        "text" => PartBody::Text(text(value, field)?),
        "thinking" => PartBody::Thinking(text(value, field)?),
        "tool_call" | "toolCall" => tool_call(value, field, unknown)?,
        "tool_result" | "toolResult" => tool_result(value, field, unknown)?,
        "media" => media(value, field, unknown)?,
        _ => return Ok(Payload::Unknown(value)),
    }))
}

fn tool_call(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<PartBody, ItemError> {
    let (mut id, mut name, mut arguments) = (String::new(), String::new(), Vec::new());
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "id" => id = text(value, &field)?,
            "name" => name = text(value, &field)?,
            "input_json" | "inputJson" => arguments = base64_bytes(value, &field)?,
            _ => field.keep(value, unknown),
        }
    }
    Ok(PartBody::ToolCall { id, name, arguments: arguments.into() })
}

fn tool_result(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<PartBody, ItemError> {
    let (mut tool_call_id, mut name, mut content) = (String::new(), String::new(), String::new());
    let (mut content_json, mut is_error) = (Vec::new(), false);
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "tool_call_id" | "toolCallId" => tool_call_id = text(value, &field)?,
            "name" => name = text(value, &field)?,
            "content" => content = text(value, &field)?,
            "content_json" | "contentJson" => content_json = base64_bytes(value, &field)?,
            "is_error" | "isError" => is_error = boolean(value, &field)?.unwrap_or_default(),
            _ => field.keep(value, unknown),
        }
    }
    Ok(PartBody::ToolResult { tool_call_id, name, content, content_json: content_json.into(), is_error })
}

fn media(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<PartBody, ItemError> {
    let (mut kind, mut url, mut mime_type, mut name) =
        (String::new(), String::new(), String::new(), String::new());
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "kind" => kind = text(value, &field)?,
            "url" => url = text(value, &field)?,
            "mime_type" | "mimeType" => mime_type = text(value, &field)?,
            "name" => name = text(value, &field)?,
            _ => field.keep(value, unknown),
        }
    }
    Ok(PartBody::Media { kind, url, mime_type, name })
}

fn tool(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<ToolDefinition, ItemError> {
    let mut tool = ToolDefinition::default();
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "name" => tool.name = text(value, &field)?,
            "description" => tool.description = text(value, &field)?,
            "type" => tool.kind = text(value, &field)?,
            "input_schema_json" | "inputSchemaJson" => {
                tool.input_schema = base64_bytes(value, &field)?.into();
            }
            "deferred" => tool.deferred = boolean(value, &field)?.unwrap_or_default(),
            _ => field.keep(value, unknown),
        }
    }
    Ok(tool)
}

fn artifact(value: Value, field: &Field<'_>, unknown: &mut Unknown) -> Result<Artifact, ItemError> {
    let mut artifact = Artifact::default();
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        match key.as_str() {
            "kind" => artifact.kind = artifact_kind(&value, &field)?,
            "name" => artifact.name = text(value, &field)?,
            "content_type" | "contentType" => artifact.content_type = text(value, &field)?,
            "payload" => artifact.payload = base64_bytes(value, &field)?.into(),
            "record_id" | "recordId" => artifact.record_id = text(value, &field)?,
            "uri" => artifact.uri = text(value, &field)?,
            _ => field.keep(value, unknown),
        }
    }
    Ok(artifact)
}

fn usage(
    value: Value,
    field: &Field<'_>,
    cache_creation_input_tokens: &mut i64,
    unknown: &mut Unknown,
) -> Result<TokenUsage, ItemError> {
    let mut usage = TokenUsage::default();
    for (key, value) in object(value, field)? {
        let field = field.key(&key);
        let counter = match key.as_str() {
            "input_tokens" | "inputTokens" => &mut usage.input_tokens,
            "output_tokens" | "outputTokens" => &mut usage.output_tokens,
            "total_tokens" | "totalTokens" => &mut usage.total_tokens,
            "cache_read_input_tokens" | "cacheReadInputTokens" => &mut usage.cache_read_input_tokens,
            "cache_write_input_tokens" | "cacheWriteInputTokens" => &mut usage.cache_write_input_tokens,
            "reasoning_tokens" | "reasoningTokens" => &mut usage.reasoning_tokens,
            "cache_creation_input_tokens" | "cacheCreationInputTokens" => &mut *cache_creation_input_tokens,
            "input_semantics" | "inputSemantics" => {
                match enumeration(&value, "TOKEN_INPUT_SEMANTICS_", &field)?.as_str() {
                    "" | "0" | "unspecified" => {}
                    "1" | "inclusive" => usage.semantics = UsageSemantics::Inclusive,
                    _ => field.keep(value, unknown),
                }
                continue;
            }
            _ => {
                field.keep(value, unknown);
                continue;
            }
        };
        *counter = int64(&value, &field)?.unwrap_or_default();
    }
    Ok(usage)
}

fn mode(value: &Value, field: &Field<'_>) -> Result<Mode, ItemError> {
    match enumeration(value, "GENERATION_MODE_", field)?.as_str() {
        "" | "0" | "unspecified" => Ok(Mode::Unspecified),
        "1" | "sync" => Ok(Mode::Sync),
        "2" | "stream" => Ok(Mode::Stream),
        _ => Err(field.invalid()),
    }
}

fn role(value: &Value, field: &Field<'_>) -> Result<Role, ItemError> {
    let role = enumeration(value, "MESSAGE_ROLE_", field)?;
    Ok(match role.as_str() {
        "0" | "unspecified" => Role::Unspecified,
        "1" => Role::User,
        "2" => Role::Assistant,
        "3" => Role::Tool,
        _ => role.into(),
    })
}

fn artifact_kind(value: &Value, field: &Field<'_>) -> Result<String, ItemError> {
    let kind = enumeration(value, "ARTIFACT_KIND_", field)?;
    Ok(match kind.as_str() {
        "0" | "unspecified" => String::new(),
        "1" => "request".to_owned(),
        "2" => "response".to_owned(),
        "3" => "tools".to_owned(),
        "4" => "provider_event".to_owned(),
        _ => kind,
    })
}

fn call_error(message: String) -> Option<CallError> {
    (!message.is_empty()).then(|| CallError { message, ..CallError::default() })
}
