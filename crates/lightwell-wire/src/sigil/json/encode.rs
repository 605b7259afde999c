//! Wire messages to proto-JSON, written straight into a byte buffer.
//!
//! The rules are those of proto-JSON with the names of the .proto file: what has its default value is left out, except what has
//! presence (optional scalars, members of a oneof, messages); 64-bit integers are decimal strings; bytes are base64; enums are
//! names; a `Struct` is the object that it stands for.

use prost_types::value::Kind;
use prost_types::{Struct, Value};

use super::super::messages::{
    Artifact, ArtifactKind, Generation, GenerationMode, Media, Message, MessageRole, ModelRef, Part,
    TokenInputSemantics, TokenUsage, ToolCall, ToolDefinition, ToolResult, WorkflowStep, part::Payload,
};
use crate::json_text::{ObjectWriter, put_finite, put_integer, put_list, put_string};
use crate::timestamp;

/// Why a message cannot be written as JSON.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// JSON has no such number.
    #[error("{field} holds {value}, which JSON cannot hold")]
    NotFinite {
        /// Where it is, such as `metadata.a[2]`.
        field: String,
        /// The number.
        value: f64,
    },
    /// RFC 3339 has no such time.
    #[error("{field} is not between the years 0 and 9999")]
    TimeOutOfRange {
        /// Where it is.
        field: &'static str,
    },
}

/// Appends a generation.
///
/// # Errors
/// When `metadata` holds a number that is not finite, or a time has no RFC 3339 form; `out` then holds half an object.
pub fn encode_generation(out: &mut Vec<u8>, generation: &Generation) -> Result<(), EncodeError> {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("id", &generation.id);
    object.string_unless_empty("conversation_id", &generation.conversation_id);
    object.string_unless_empty("operation_name", &generation.operation_name);
    enumeration(&mut object, "mode", generation.mode, |mode: GenerationMode| mode.as_str_name());
    object.string_unless_empty("trace_id", &generation.trace_id);
    object.string_unless_empty("span_id", &generation.span_id);
    if let Some(model) = &generation.model {
        put_model(object.key("model"), model);
    }
    object.string_unless_empty("response_id", &generation.response_id);
    object.string_unless_empty("response_model", &generation.response_model);
    object.string_unless_empty("system_prompt", &generation.system_prompt);
    object.list_unless_empty("input", &generation.input, put_message);
    object.list_unless_empty("output", &generation.output, put_message);
    object.list_unless_empty("tools", &generation.tools, put_tool);
    if let Some(usage) = &generation.usage {
        put_usage(object.key("usage"), usage);
    }
    object.string_unless_empty("stop_reason", &generation.stop_reason);
    put_time(&mut object, "started_at", generation.started_at.as_ref())?;
    put_time(&mut object, "completed_at", generation.completed_at.as_ref())?;
    put_tags(&mut object, &generation.tags);
    put_struct_field(&mut object, "metadata", generation.metadata.as_ref())?;
    object.list_unless_empty("raw_artifacts", &generation.raw_artifacts, put_artifact);
    object.string_unless_empty("call_error", &generation.call_error);
    object.string_unless_empty("agent_name", &generation.agent_name);
    object.string_unless_empty("agent_version", &generation.agent_version);
    put_request_controls(&mut object, generation);
    object.strings_unless_empty("parent_generation_ids", &generation.parent_generation_ids);
    if let Some(version) = &generation.effective_version {
        object.string("effective_version", version);
    }
    object.close();
    Ok(())
}

/// Appends a workflow step.
///
/// # Errors
/// When a state or `metadata` holds a number that is not finite, or a time has no RFC 3339 form; `out` then holds half an object.
pub fn encode_workflow_step(out: &mut Vec<u8>, step: &WorkflowStep) -> Result<(), EncodeError> {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("id", &step.id);
    object.string_unless_empty("conversation_id", &step.conversation_id);
    object.string_unless_empty("step_name", &step.step_name);
    object.string_unless_empty("framework", &step.framework);
    put_time(&mut object, "started_at", step.started_at.as_ref())?;
    put_time(&mut object, "completed_at", step.completed_at.as_ref())?;
    put_struct_field(&mut object, "input_state", step.input_state.as_ref())?;
    put_struct_field(&mut object, "output_state", step.output_state.as_ref())?;
    object.string_unless_empty("error", &step.error);
    put_tags(&mut object, &step.tags);
    object.strings_unless_empty("linked_generation_ids", &step.linked_generation_ids);
    object.strings_unless_empty("parent_step_ids", &step.parent_step_ids);
    object.string_unless_empty("agent_name", &step.agent_name);
    object.string_unless_empty("agent_version", &step.agent_version);
    object.string_unless_empty("trace_id", &step.trace_id);
    object.string_unless_empty("span_id", &step.span_id);
    put_struct_field(&mut object, "metadata", step.metadata.as_ref())?;
    object.close();
    Ok(())
}

fn put_request_controls(object: &mut ObjectWriter<'_>, generation: &Generation) {
    if let Some(max_tokens) = generation.max_tokens {
        put_int64(object.key("max_tokens"), max_tokens);
    }
    if let Some(temperature) = generation.temperature {
        put_double(object.key("temperature"), temperature);
    }
    if let Some(top_p) = generation.top_p {
        put_double(object.key("top_p"), top_p);
    }
    if let Some(tool_choice) = &generation.tool_choice {
        object.string("tool_choice", tool_choice);
    }
    if let Some(thinking_enabled) = generation.thinking_enabled {
        object.boolean("thinking_enabled", thinking_enabled);
    }
}

fn put_model(out: &mut Vec<u8>, model: &ModelRef) {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("provider", &model.provider);
    object.string_unless_empty("name", &model.name);
    object.close();
}

fn put_message(out: &mut Vec<u8>, message: &Message) {
    let mut object = ObjectWriter::open(out);
    enumeration(&mut object, "role", message.role, |role: MessageRole| role.as_str_name());
    object.string_unless_empty("name", &message.name);
    object.list_unless_empty("parts", &message.parts, put_part);
    object.close();
}

fn put_part(out: &mut Vec<u8>, part: &Part) {
    let mut object = ObjectWriter::open(out);
    if let Some(metadata) = &part.metadata {
        let mut inner = ObjectWriter::open(object.key("metadata"));
        inner.string_unless_empty("provider_type", &metadata.provider_type);
        inner.close();
    }
    match &part.payload {
        Some(Payload::Text(text)) => object.string("text", text),
        Some(Payload::Thinking(thinking)) => object.string("thinking", thinking),
        Some(Payload::ToolCall(call)) => put_tool_call(object.key("tool_call"), call),
        Some(Payload::ToolResult(result)) => put_tool_result(object.key("tool_result"), result),
        Some(Payload::Media(media)) => put_media(object.key("media"), media),
        None => {}
    }
    object.close();
}

fn put_tool_call(out: &mut Vec<u8>, call: &ToolCall) {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("id", &call.id);
    object.string_unless_empty("name", &call.name);
    object.base64_unless_empty("input_json", &call.input_json);
    object.close();
}

fn put_tool_result(out: &mut Vec<u8>, result: &ToolResult) {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("tool_call_id", &result.tool_call_id);
    object.string_unless_empty("name", &result.name);
    object.string_unless_empty("content", &result.content);
    object.base64_unless_empty("content_json", &result.content_json);
    object.boolean_unless_false("is_error", result.is_error);
    object.close();
}

fn put_media(out: &mut Vec<u8>, media: &Media) {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("kind", &media.kind);
    object.string_unless_empty("url", &media.url);
    object.string_unless_empty("mime_type", &media.mime_type);
    object.string_unless_empty("name", &media.name);
    object.close();
}

fn put_tool(out: &mut Vec<u8>, tool: &ToolDefinition) {
    let mut object = ObjectWriter::open(out);
    object.string_unless_empty("name", &tool.name);
    object.string_unless_empty("description", &tool.description);
    object.string_unless_empty("type", &tool.r#type);
    object.base64_unless_empty("input_schema_json", &tool.input_schema_json);
    object.boolean_unless_false("deferred", tool.deferred);
    object.close();
}

fn put_usage(out: &mut Vec<u8>, usage: &TokenUsage) {
    let mut object = ObjectWriter::open(out);
    let counters = [
        ("input_tokens", usage.input_tokens),
        ("output_tokens", usage.output_tokens),
        ("total_tokens", usage.total_tokens),
        ("cache_read_input_tokens", usage.cache_read_input_tokens),
        ("cache_write_input_tokens", usage.cache_write_input_tokens),
        ("reasoning_tokens", usage.reasoning_tokens),
        ("cache_creation_input_tokens", usage.cache_creation_input_tokens),
    ];
    for (key, value) in counters {
        if value != 0 {
            put_int64(object.key(key), value);
        }
    }
    enumeration(&mut object, "input_semantics", usage.input_semantics, |semantics: TokenInputSemantics| {
        semantics.as_str_name()
    });
    object.close();
}

fn put_artifact(out: &mut Vec<u8>, artifact: &Artifact) {
    let mut object = ObjectWriter::open(out);
    enumeration(&mut object, "kind", artifact.kind, |kind: ArtifactKind| kind.as_str_name());
    object.string_unless_empty("name", &artifact.name);
    object.string_unless_empty("content_type", &artifact.content_type);
    object.base64_unless_empty("payload", &artifact.payload);
    object.string_unless_empty("record_id", &artifact.record_id);
    object.string_unless_empty("uri", &artifact.uri);
    object.close();
}

fn put_tags<'a>(object: &mut ObjectWriter<'_>, tags: impl IntoIterator<Item = (&'a String, &'a String)>) {
    let mut tags = tags.into_iter().peekable();
    if tags.peek().is_none() {
        return;
    }
    let mut inner = ObjectWriter::open(object.key("tags"));
    for (key, value) in tags {
        inner.string(key, value);
    }
    inner.close();
}

fn put_time(
    object: &mut ObjectWriter<'_>,
    field: &'static str,
    time: Option<&prost_types::Timestamp>,
) -> Result<(), EncodeError> {
    if let Some(time) = time {
        let time = timestamp::from_proto(time).ok_or(EncodeError::TimeOutOfRange { field })?;
        timestamp::put(object.key(field), time);
    }
    Ok(())
}

/// The name of a known number, the number of an unknown one, nothing for the default.
fn enumeration<E: TryFrom<i32>>(
    object: &mut ObjectWriter<'_>,
    key: &str,
    number: i32,
    name: impl Fn(E) -> &'static str,
) {
    if number == 0 {
        return;
    }
    match E::try_from(number) {
        Ok(known) => object.string(key, name(known)),
        Err(_) => put_integer(object.key(key), number.into()),
    }
}

fn put_int64(out: &mut Vec<u8>, value: i64) {
    out.push(b'"');
    put_integer(out, value);
    out.push(b'"');
}

fn put_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        return put_finite(out, value);
    }
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    put_string(out, name);
}

fn put_struct_field(
    object: &mut ObjectWriter<'_>,
    field: &str,
    value: Option<&Struct>,
) -> Result<(), EncodeError> {
    match value {
        Some(value) => put_struct(object.key(field), value).map_err(|error| error.into_encode_error(field)),
        None => Ok(()),
    }
}

fn put_struct(out: &mut Vec<u8>, value: &Struct) -> Result<(), NotFinite> {
    let mut object = ObjectWriter::open(out);
    for (key, value) in &value.fields {
        put_value(object.key(key), value).map_err(|error| error.inside(format_args!(".{key}")))?;
    }
    object.close();
    Ok(())
}

fn put_value(out: &mut Vec<u8>, value: &Value) -> Result<(), NotFinite> {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => out.extend_from_slice(b"null"),
        Some(Kind::BoolValue(value)) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Some(Kind::NumberValue(value)) if value.is_finite() => put_finite(out, *value),
        Some(Kind::NumberValue(value)) => return Err(NotFinite { path: String::new(), value: *value }),
        Some(Kind::StringValue(value)) => put_string(out, value),
        Some(Kind::StructValue(value)) => put_struct(out, value)?,
        Some(Kind::ListValue(list)) => {
            let mut first_error = None;
            let mut index = 0;
            put_list(out, &list.values, |out, value| {
                if let Err(error) = put_value(out, value) {
                    first_error.get_or_insert(error.inside(format_args!("[{index}]")));
                }
                index += 1;
            });
            return first_error.map_or(Ok(()), Err);
        }
    }
    Ok(())
}

/// A number that JSON cannot hold, and the way to it from where we are.
struct NotFinite {
    path: String,
    value: f64,
}

impl NotFinite {
    fn inside(self, step: std::fmt::Arguments<'_>) -> Self {
        Self { path: format!("{step}{}", self.path), value: self.value }
    }

    fn into_encode_error(self, field: &str) -> EncodeError {
        EncodeError::NotFinite { field: format!("{field}{}", self.path), value: self.value }
    }
}
