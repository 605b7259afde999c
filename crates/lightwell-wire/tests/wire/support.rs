//! What several tests need: a receipt with a fixed clock, and the way back from a record to the wire.

use std::collections::BTreeMap;

use lightwell_model::{
    Artifact, Generation, Message, Mode, Part, PartBody, Role, Step, ToolDefinition, UsageSemantics,
};
use lightwell_wire::Receipt;
use lightwell_wire::sigil::messages::{self, part::Payload};
use lightwell_wire::sigil::well_known::{Kind, ListValue, Struct, Timestamp, Value};

/// When every test's requests are received.
pub const RECEIVED_AT: &str = "2026-11-22T12:00:00Z";

/// Everything is received at one moment, and items without an id get the same one.
pub fn receipt() -> Receipt<'static> {
    Receipt { received_at: RECEIVED_AT.parse().unwrap(), new_id: &|| "made-up".to_owned() }
}

/// The wire message of a record that protobuf can hold.
pub fn to_wire(record: &Generation) -> messages::Generation {
    let usage = record.usage.map(|usage| messages::TokenUsage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        total_tokens: usage.total_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        cache_write_input_tokens: usage.cache_write_input_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        cache_creation_input_tokens: 0,
        input_semantics: i32::from(usage.semantics == UsageSemantics::Inclusive),
    });
    messages::Generation {
        id: record.id.clone(),
        conversation_id: record.conversation_id.clone(),
        operation_name: record.operation_name.clone(),
        mode: match record.mode {
            Mode::Unspecified => 0,
            Mode::Sync => 1,
            Mode::Stream => 2,
        },
        trace_id: record.trace_id.clone(),
        span_id: record.span_id.clone(),
        model: Some(messages::ModelRef {
            provider: record.model.provider.clone(),
            name: record.model.name.clone(),
        }),
        response_id: record.response.id.clone(),
        response_model: record.response.model.clone(),
        system_prompt: record.system_prompt.clone(),
        input: record.input.iter().map(message).collect(),
        output: record.output.iter().map(message).collect(),
        tools: record.tools.iter().map(tool).collect(),
        usage,
        stop_reason: record.response.stop_reason.clone(),
        started_at: record.started_at.map(time),
        completed_at: record.completed_at.map(time),
        tags: record.tags.clone(),
        metadata: (!record.metadata.is_empty()).then(|| structure(&record.metadata)),
        raw_artifacts: record.artifacts.iter().map(artifact).collect(),
        call_error: record.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
        agent_name: record.agent.name.clone(),
        agent_version: record.agent.version.clone(),
        max_tokens: record.request.max_tokens,
        temperature: record.request.temperature,
        top_p: record.request.top_p,
        tool_choice: record.request.tool_choice.clone(),
        thinking_enabled: record.request.thinking_enabled,
        parent_generation_ids: record.parent_generation_ids.clone(),
        effective_version: Some(record.agent.effective_version.clone()).filter(|version| !version.is_empty()),
    }
}

/// The wire message of a workflow step that protobuf can hold.
pub fn step_to_wire(record: &Step) -> messages::WorkflowStep {
    let state = |state: &serde_json::Value| state.as_object().map(structure);
    messages::WorkflowStep {
        id: record.id.clone(),
        conversation_id: record.conversation_id.clone(),
        step_name: record.name.clone(),
        framework: record.subtype.clone(),
        started_at: record.started_at.map(time),
        completed_at: record.completed_at.map(time),
        input_state: state(&record.input),
        output_state: state(&record.output),
        error: record.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
        tags: record.tags.clone(),
        linked_generation_ids: record.linked_generation_ids.clone(),
        parent_step_ids: record.parent_step_ids.clone(),
        agent_name: record.agent.name.clone(),
        agent_version: record.agent.version.clone(),
        trace_id: record.trace_id.clone(),
        span_id: record.span_id.clone(),
        metadata: (!record.metadata.is_empty()).then(|| structure(&record.metadata)),
    }
}

fn message(message: &Message) -> messages::Message {
    let role = match &message.role {
        Role::Unspecified => 0,
        Role::User => 1,
        Role::Assistant => 2,
        Role::Tool => 3,
        other => other.as_str().parse().unwrap(),
    };
    messages::Message { role, name: message.name.clone(), parts: message.parts.iter().map(part).collect() }
}

fn part(part: &Part) -> messages::Part {
    let payload = match part.body.clone() {
        PartBody::Text(text) => Some(Payload::Text(text)),
        PartBody::Thinking(thinking) => Some(Payload::Thinking(thinking)),
        PartBody::ToolCall { id, name, arguments } => {
            Some(Payload::ToolCall(messages::ToolCall { id, name, input_json: arguments.into_bytes() }))
        }
        PartBody::ToolResult { tool_call_id, name, content, content_json, is_error } => {
            let content_json = content_json.into_bytes();
            Some(Payload::ToolResult(messages::ToolResult {
                tool_call_id,
                name,
                content,
                content_json,
                is_error,
            }))
        }
        PartBody::Media { kind, url, mime_type, name } => {
            Some(Payload::Media(messages::Media { kind, url, mime_type, name }))
        }
        PartBody::Opaque(_) => None,
    };
    let metadata = (!part.provider_type.is_empty())
        .then(|| messages::PartMetadata { provider_type: part.provider_type.clone() });
    messages::Part { metadata, payload }
}

fn tool(tool: &ToolDefinition) -> messages::ToolDefinition {
    messages::ToolDefinition {
        name: tool.name.clone(),
        description: tool.description.clone(),
        r#type: tool.kind.clone(),
        input_schema_json: tool.input_schema.as_bytes().to_vec(),
        deferred: tool.deferred,
    }
}

fn artifact(artifact: &Artifact) -> messages::Artifact {
    let kinds = ["", "request", "response", "tools", "provider_event"];
    let kind = kinds.iter().position(|kind| *kind == artifact.kind).unwrap();
    messages::Artifact {
        kind: i32::try_from(kind).unwrap(),
        name: artifact.name.clone(),
        content_type: artifact.content_type.clone(),
        payload: artifact.payload.as_bytes().to_vec(),
        record_id: artifact.record_id.clone(),
        uri: artifact.uri.clone(),
    }
}

fn time(time: jiff::Timestamp) -> Timestamp {
    let nanos = time.as_nanosecond();
    Timestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap(),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap(),
    }
}

fn structure<'a>(members: impl IntoIterator<Item = (&'a String, &'a serde_json::Value)>) -> Struct {
    let fields: BTreeMap<_, _> =
        members.into_iter().map(|(key, member)| (key.clone(), value(member))).collect();
    Struct { fields }
}

fn value(json: &serde_json::Value) -> Value {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(value) => Kind::BoolValue(*value),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        serde_json::Value::String(text) => Kind::StringValue(text.clone()),
        serde_json::Value::Array(items) => {
            Kind::ListValue(ListValue { values: items.iter().map(value).collect() })
        }
        serde_json::Value::Object(members) => Kind::StructValue(structure(members)),
    };
    Value { kind: Some(kind) }
}
