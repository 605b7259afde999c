//! A `sigil_sdk.models.Generation`, read attribute by attribute into its wire message.
//!
//! `conversation_title` and `user_id` have no wire field: they travel in `metadata`, where the face puts them.

use lightwell_wire::sigil::messages::{
    Artifact, ArtifactKind, Generation, GenerationMode, Message, MessageRole, ModelRef, Part, PartMetadata,
    TokenUsage, ToolCall, ToolDefinition, ToolResult, part::Payload,
};
use lightwell_wire::sigil::protobuf;
use pyo3::intern;
use pyo3::prelude::*;
use sha2::{Digest, Sha256};

use super::Encoded;
use super::fields::{Fields, any_text};
use super::text;
use crate::pipeline::EncodeError;

/// Encodes one generation.
pub(crate) fn generation(object: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    let py = object.py();
    if !object.hasattr(intern!(py, "input"))? || !object.hasattr(intern!(py, "output"))? {
        let found = text::type_name(object);
        return Err(EncodeError::new_err(format!(
            "generation.input or generation.output is missing in {found}"
        )));
    }
    let mut notes = Vec::new();
    let message = read(object, &mut notes)?;
    let mut bytes = Vec::new();
    protobuf::encode(&mut bytes, &message);
    Ok(Encoded { id: message.id, bytes, notes })
}

fn read(object: &Bound<'_, PyAny>, notes: &mut Vec<String>) -> PyResult<Generation> {
    let py = object.py();
    let fields = Fields::new(object, "generation");
    Ok(Generation {
        id: fields.text(intern!(py, "id"))?,
        conversation_id: fields.text(intern!(py, "conversation_id"))?,
        operation_name: fields.text(intern!(py, "operation_name"))?,
        mode: mode(&fields.text(intern!(py, "mode"))?) as i32,
        trace_id: fields.text(intern!(py, "trace_id"))?,
        span_id: fields.text(intern!(py, "span_id"))?,
        model: Some(model(&fields, py)?),
        response_id: fields.text(intern!(py, "response_id"))?,
        response_model: fields.text(intern!(py, "response_model"))?,
        system_prompt: fields.text(intern!(py, "system_prompt"))?,
        input: fields.each(intern!(py, "input"), message)?,
        output: fields.each(intern!(py, "output"), message)?,
        tools: fields.each(intern!(py, "tools"), tool)?,
        usage: Some(usage(&fields, py, notes)?),
        stop_reason: fields.text(intern!(py, "stop_reason"))?,
        started_at: fields.time(intern!(py, "started_at"))?,
        completed_at: fields.time(intern!(py, "completed_at"))?,
        tags: fields.tags(intern!(py, "tags"))?,
        metadata: fields.structure(intern!(py, "metadata"))?,
        raw_artifacts: fields.each(intern!(py, "artifacts"), artifact)?,
        call_error: fields.text(intern!(py, "call_error"))?,
        agent_name: fields.text(intern!(py, "agent_name"))?,
        agent_version: fields.text(intern!(py, "agent_version"))?,
        max_tokens: fields.optional_whole(intern!(py, "max_tokens"), notes)?,
        temperature: fields.optional_real(intern!(py, "temperature"))?,
        top_p: fields.optional_real(intern!(py, "top_p"))?,
        tool_choice: fields.optional_text(intern!(py, "tool_choice"))?,
        thinking_enabled: fields.optional_flag(intern!(py, "thinking_enabled"))?,
        parent_generation_ids: fields.texts(intern!(py, "parent_generation_ids"))?,
        effective_version: effective_version(&fields.text(intern!(py, "effective_version"))?),
    })
}

fn message(object: &Bound<'_, PyAny>) -> PyResult<Message> {
    let py = object.py();
    let fields = Fields::new(object, "message");
    let role = match fields.text(intern!(py, "role"))?.as_str() {
        "user" => MessageRole::User,
        "assistant" => MessageRole::Assistant,
        "tool" => MessageRole::Tool,
        _ => MessageRole::Unspecified,
    };
    let parts = fields.each(intern!(py, "parts"), part)?;
    Ok(Message { role: role as i32, name: fields.text(intern!(py, "name"))?, parts })
}

fn part(object: &Bound<'_, PyAny>) -> PyResult<Part> {
    let py = object.py();
    let fields = Fields::new(object, "part");
    let payload = match fields.text(intern!(py, "kind"))?.as_str() {
        "thinking" => Some(Payload::Thinking(fields.text(intern!(py, "thinking"))?)),
        "tool_call" => fields.get(intern!(py, "tool_call"))?.map(|call| tool_call(&call)).transpose()?,
        "tool_result" => {
            fields.get(intern!(py, "tool_result"))?.map(|result| tool_result(&result)).transpose()?
        }
        // Present even when empty.
        _ => Some(Payload::Text(fields.text(intern!(py, "text"))?)),
    };
    let provider_type = match fields.get(intern!(py, "metadata"))? {
        Some(metadata) => Fields::new(&metadata, "part.metadata").text(intern!(py, "provider_type"))?,
        None => String::new(),
    };
    let metadata = (!provider_type.is_empty()).then_some(PartMetadata { provider_type });
    Ok(Part { metadata, payload })
}

fn tool_call(object: &Bound<'_, PyAny>) -> PyResult<Payload> {
    let py = object.py();
    let fields = Fields::new(object, "tool_call");
    Ok(Payload::ToolCall(ToolCall {
        id: fields.text(intern!(py, "id"))?,
        name: fields.text(intern!(py, "name"))?,
        input_json: fields.bytes(intern!(py, "input_json"))?,
    }))
}

fn tool_result(object: &Bound<'_, PyAny>) -> PyResult<Payload> {
    let py = object.py();
    let fields = Fields::new(object, "tool_result");
    Ok(Payload::ToolResult(ToolResult {
        tool_call_id: fields.text(intern!(py, "tool_call_id"))?,
        name: fields.text(intern!(py, "name"))?,
        content: fields.text(intern!(py, "content"))?,
        content_json: fields.bytes(intern!(py, "content_json"))?,
        is_error: fields.flag(intern!(py, "is_error"))?,
    }))
}

fn tool(object: &Bound<'_, PyAny>) -> PyResult<ToolDefinition> {
    let py = object.py();
    let fields = Fields::new(object, "tool");
    Ok(ToolDefinition {
        name: fields.text(intern!(py, "name"))?,
        description: fields.text(intern!(py, "description"))?,
        r#type: fields.text(intern!(py, "type"))?,
        input_schema_json: fields.bytes(intern!(py, "input_schema_json"))?,
        deferred: fields.flag(intern!(py, "deferred"))?,
    })
}

fn artifact(object: &Bound<'_, PyAny>) -> PyResult<Artifact> {
    let py = object.py();
    let fields = Fields::new(object, "artifact");
    let kind = match fields.text(intern!(py, "kind"))?.as_str() {
        "request" => ArtifactKind::Request,
        "response" => ArtifactKind::Response,
        "tools" => ArtifactKind::Tools,
        "provider_event" => ArtifactKind::ProviderEvent,
        _ => ArtifactKind::Unspecified,
    };
    Ok(Artifact {
        kind: kind as i32,
        name: fields.text(intern!(py, "name"))?,
        content_type: fields.text(intern!(py, "content_type"))?,
        payload: fields.bytes(intern!(py, "payload"))?,
        record_id: fields.text(intern!(py, "record_id"))?,
        uri: fields.text(intern!(py, "uri"))?,
    })
}

fn model<'py>(generation: &Fields<'_, 'py>, py: Python<'py>) -> PyResult<ModelRef> {
    let Some(object) = generation.get(intern!(py, "model"))? else { return Ok(ModelRef::default()) };
    if object.is_instance_of::<pyo3::types::PyString>() {
        return Ok(ModelRef { provider: String::new(), name: any_text(&object) });
    }
    let fields = Fields::new(&object, "generation.model");
    Ok(ModelRef { provider: fields.text(intern!(py, "provider"))?, name: fields.text(intern!(py, "name"))? })
}

/// The counter of 0.2.0, `cache_creation_input_tokens`, is reserved on today's wire: it counts as a cache write when
/// there is no other.
fn usage<'py>(
    generation: &Fields<'_, 'py>,
    py: Python<'py>,
    notes: &mut Vec<String>,
) -> PyResult<TokenUsage> {
    let Some(object) = generation.get(intern!(py, "usage"))? else { return Ok(TokenUsage::default()) };
    let fields = Fields::new(&object, "generation.usage");
    let mut counter = |name| fields.optional_whole(name, notes).map(Option::unwrap_or_default);
    let created = counter(intern!(py, "cache_creation_input_tokens"))?;
    let written = counter(intern!(py, "cache_write_input_tokens"))?;
    Ok(TokenUsage {
        input_tokens: counter(intern!(py, "input_tokens"))?,
        output_tokens: counter(intern!(py, "output_tokens"))?,
        total_tokens: counter(intern!(py, "total_tokens"))?,
        cache_read_input_tokens: counter(intern!(py, "cache_read_input_tokens"))?,
        cache_write_input_tokens: if written == 0 { created } else { written },
        reasoning_tokens: counter(intern!(py, "reasoning_tokens"))?,
        ..TokenUsage::default()
    })
}

fn mode(text: &str) -> GenerationMode {
    match text {
        "SYNC" => GenerationMode::Sync,
        "STREAM" => GenerationMode::Stream,
        _ => GenerationMode::Unspecified,
    }
}

fn effective_version(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let digest = Sha256::digest(text.as_bytes());
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    Some(std::iter::once("sha256:".to_owned()).chain(hex).collect())
}
