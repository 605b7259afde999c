//! A canonical generation in the shape that the query API answers with: proto-JSON of the wire message, changed where the API differs.
//!
//! | member | here |
//! |---|---|
//! | `id` | called `generation_id` |
//! | `mode` | without prefix: `SYNC`, `STREAM`, `UNSPECIFIED` |
//! | 64-bit integers | JSON numbers |
//! | `created_at` | when the server received it |
//! | `error` | null, or `{message}` and what else is known of it: `kind`, `code`, `stack_trace`, `context` |
//! | `agent_effective_version` | the same as `effective_version` |
//! | `arguments`, `content_parsed`, `input_schema` | beside `input_json`, `content_json`, `input_schema_json`: the JSON that the bytes hold, where they do |
//! | `opaque` | a part that this version does not know, as it came |
//! | `user_id`, `conversation_title`, `parent_id`, `first_token_at`, `reported_cost_usd`, `origin`, `unknown` | what the record knows and the wire message has no field for |
//!
//! As in proto-JSON, what is empty is left out; `generation_id`, `conversation_id`, `mode`, `model`, `input`, `output`, `tags`, `metadata`,
//! `usage`, `created_at` and `error` are always there, and so is every counter of a usage that was told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lightwell_model::{
    Artifact, CallError, ExactBytes, Generation, Message, Mode, Origin, Part, PartBody, TokenUsage,
    ToolDefinition, UsageSemantics,
};
use serde_json::{Value, json};

use crate::json_value::{Object, plain_number};
use crate::timestamp;

/// The generation as an object, to which a server may add what only it knows.
pub fn generation(record: &Generation) -> Object {
    let mut out = Object::new();
    out.insert("generation_id".to_owned(), record.id.as_str().into());
    out.insert("conversation_id".to_owned(), record.conversation_id.as_str().into());
    out.insert("mode".to_owned(), mode(record.mode).into());
    out.insert("origin".to_owned(), origin(record.origin).into());
    out.insert("model".to_owned(), json!({"provider": record.model.provider, "name": record.model.name}));
    out.insert("usage".to_owned(), record.usage.map_or_else(|| json!({}), usage));
    out.insert("created_at".to_owned(), time(record.received_at));
    out.insert("error".to_owned(), record.error.as_ref().map_or(Value::Null, error));
    put_texts(&mut out, record);
    put_controls(&mut out, record);
    for (key, moment) in [
        ("started_at", record.started_at),
        ("completed_at", record.completed_at),
        ("first_token_at", record.first_token_at),
    ] {
        put(&mut out, key, moment.map(time));
    }
    put(&mut out, "reported_cost_usd", record.reported_cost.map(|cost| plain_number(cost.dollars())));
    put_list(&mut out, "parent_generation_ids", &record.parent_generation_ids, |id| id.as_str().into());
    out.insert("input".to_owned(), record.input.iter().map(message).collect());
    out.insert("output".to_owned(), record.output.iter().map(message).collect());
    put_list(&mut out, "tools", &record.tools, tool);
    put_list(&mut out, "raw_artifacts", &record.artifacts, artifact);
    out.insert("tags".to_owned(), json!(record.tags));
    out.insert("metadata".to_owned(), json!(record.metadata));
    put(&mut out, "unknown", (!record.unknown.is_empty()).then(|| json!(record.unknown)));
    out
}

/// One message, with its parts.
pub fn message(message: &Message) -> Value {
    let mut out = Object::new();
    let role = match message.role.as_str() {
        "" => "UNSPECIFIED".to_owned(),
        role => role.to_ascii_uppercase(),
    };
    out.insert("role".to_owned(), format!("MESSAGE_ROLE_{role}").into());
    put_text(&mut out, "name", &message.name);
    out.insert("parts".to_owned(), message.parts.iter().map(part).collect());
    Value::Object(out)
}

/// A tool that was on offer.
pub fn tool(tool: &ToolDefinition) -> Value {
    let mut out = Object::new();
    put_text(&mut out, "name", &tool.name);
    put_text(&mut out, "description", &tool.description);
    put_text(&mut out, "type", &tool.kind);
    put_json_bytes(&mut out, "input_schema_json", "input_schema", &tool.input_schema);
    put(&mut out, "deferred", tool.deferred.then_some(true.into()));
    Value::Object(out)
}

fn put_texts(out: &mut Object, record: &Generation) {
    let error = record.error.as_ref().map_or("", |error| error.message.as_str());
    let version = record.agent.effective_version.as_str();
    for (key, text) in [
        ("operation_name", record.operation_name.as_str()),
        ("trace_id", &record.trace_id),
        ("span_id", &record.span_id),
        ("response_id", &record.response.id),
        ("response_model", &record.response.model),
        ("system_prompt", &record.system_prompt),
        ("stop_reason", &record.response.stop_reason),
        ("call_error", error),
        ("agent_name", &record.agent.name),
        ("agent_version", &record.agent.version),
        ("effective_version", version),
        ("agent_effective_version", version),
        ("user_id", &record.user_id),
        ("conversation_title", &record.conversation_title),
        ("parent_id", &record.parent_id),
    ] {
        put_text(out, key, text);
    }
}

fn put_controls(out: &mut Object, record: &Generation) {
    let request = &record.request;
    put(out, "max_tokens", request.max_tokens.map(Value::from));
    put(out, "temperature", request.temperature.map(plain_number));
    put(out, "top_p", request.top_p.map(plain_number));
    put(out, "tool_choice", request.tool_choice.as_deref().map(Value::from));
    put(out, "thinking_enabled", request.thinking_enabled.map(Value::from));
}

fn part(part: &Part) -> Value {
    let mut out = Object::new();
    let (key, body) = match &part.body {
        PartBody::Text(text) => ("text", text.as_str().into()),
        PartBody::Thinking(thinking) => ("thinking", thinking.as_str().into()),
        PartBody::ToolCall { id, name, arguments } => ("tool_call", tool_call(id, name, arguments)),
        PartBody::ToolResult { tool_call_id, name, content, content_json, is_error } => {
            let mut result = Object::new();
            put_text(&mut result, "tool_call_id", tool_call_id);
            put_text(&mut result, "name", name);
            put_text(&mut result, "content", content);
            put_json_bytes(&mut result, "content_json", "content_parsed", content_json);
            put(&mut result, "is_error", is_error.then_some(true.into()));
            ("tool_result", Value::Object(result))
        }
        PartBody::Media { kind, url, mime_type, name } => {
            let mut media = Object::new();
            put_text(&mut media, "kind", kind);
            put_text(&mut media, "url", url);
            put_text(&mut media, "mime_type", mime_type);
            put_text(&mut media, "name", name);
            ("media", Value::Object(media))
        }
        PartBody::Opaque(value) => ("opaque", value.clone()),
    };
    out.insert(key.to_owned(), body);
    if !part.provider_type.is_empty() {
        out.insert("metadata".to_owned(), json!({"provider_type": part.provider_type}));
    }
    Value::Object(out)
}

fn tool_call(id: &str, name: &str, arguments: &ExactBytes) -> Value {
    let mut call = Object::new();
    put_text(&mut call, "id", id);
    put_text(&mut call, "name", name);
    put_json_bytes(&mut call, "input_json", "arguments", arguments);
    Value::Object(call)
}

fn artifact(artifact: &Artifact) -> Value {
    let mut out = Object::new();
    if !artifact.kind.is_empty() {
        out.insert("kind".to_owned(), format!("ARTIFACT_KIND_{}", artifact.kind.to_ascii_uppercase()).into());
    }
    put_text(&mut out, "name", &artifact.name);
    put_text(&mut out, "content_type", &artifact.content_type);
    if !artifact.payload.is_empty() {
        out.insert("payload".to_owned(), STANDARD.encode(artifact.payload.as_bytes()).into());
    }
    put_text(&mut out, "record_id", &artifact.record_id);
    put_text(&mut out, "uri", &artifact.uri);
    Value::Object(out)
}

fn usage(usage: TokenUsage) -> Value {
    let mut out = Object::new();
    for (key, count) in [
        ("input_tokens", usage.input_tokens),
        ("output_tokens", usage.output_tokens),
        ("total_tokens", usage.total_tokens),
        ("cache_read_input_tokens", usage.cache_read_input_tokens),
        ("cache_write_input_tokens", usage.cache_write_input_tokens),
        ("reasoning_tokens", usage.reasoning_tokens),
    ] {
        out.insert(key.to_owned(), count.into());
    }
    if usage.semantics == UsageSemantics::Inclusive {
        out.insert("input_semantics".to_owned(), "TOKEN_INPUT_SEMANTICS_INCLUSIVE".into());
    }
    Value::Object(out)
}

fn error(error: &CallError) -> Value {
    let mut out = Object::new();
    out.insert("message".to_owned(), error.message.as_str().into());
    put_text(&mut out, "kind", &error.kind);
    put_text(&mut out, "code", &error.code);
    put_text(&mut out, "stack_trace", &error.stack_trace);
    put(&mut out, "context", (!error.context.is_empty()).then(|| json!(error.context)));
    Value::Object(out)
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Unspecified => "UNSPECIFIED",
        Mode::Sync => "SYNC",
        Mode::Stream => "STREAM",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Sigil => "sigil",
        Origin::Insidellm => "insidellm",
    }
}

fn time(moment: Timestamp) -> Value {
    timestamp::text(moment).into()
}

fn put(out: &mut Object, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), value);
    }
}

fn put_text(out: &mut Object, key: &str, text: &str) {
    put(out, key, (!text.is_empty()).then(|| text.into()));
}

fn put_list<T>(out: &mut Object, key: &str, items: &[T], render: impl Fn(&T) -> Value) {
    put(out, key, (!items.is_empty()).then(|| items.iter().map(render).collect()));
}

/// Bytes as base64, and beside them the JSON that they hold, where they do.
fn put_json_bytes(out: &mut Object, key: &str, parsed_key: &str, bytes: &ExactBytes) {
    if bytes.is_empty() {
        return;
    }
    out.insert(key.to_owned(), STANDARD.encode(bytes.as_bytes()).into());
    put(out, parsed_key, serde_json::from_slice(bytes.as_bytes()).ok());
}

#[cfg(test)]
mod tests {
    use lightwell_model::{Model, Money, Role};

    use super::*;

    #[test]
    fn an_empty_generation_still_says_what_it_is() {
        let rendered = Value::Object(generation(&Generation { id: "g".to_owned(), ..Generation::default() }));
        let expected = json!({
            "generation_id": "g", "conversation_id": "", "mode": "UNSPECIFIED", "origin": "sigil",
            "model": {"provider": "", "name": ""}, "input": [], "output": [], "tags": {}, "metadata": {}, "usage": {}, "created_at": "1970-01-01T00:00:00Z", "error": null,
        });
        assert_eq!(rendered, expected);
    }

    #[test]
    fn counters_are_numbers_and_bytes_are_readable() {
        let call = |arguments: &str| {
            let arguments = arguments.to_owned().into();
            Part::new(PartBody::ToolCall { id: "c".to_owned(), name: "n".to_owned(), arguments })
        };
        let output = Message {
            role: Role::Other("critic".to_owned()),
            name: String::new(),
            parts: vec![call("{\"a\":1}"), call("not JSON"), Part::new(PartBody::Opaque(json!({"x": 1})))],
        };
        let record = Generation {
            mode: Mode::Stream,
            model: Model { provider: "p".to_owned(), name: "m".to_owned() },
            usage: Some(TokenUsage { input_tokens: i64::MAX, ..TokenUsage::default() }),
            output: vec![output],
            reported_cost: Money::from_dollars(0.25),
            error: Some(CallError {
                message: "no".to_owned(),
                code: "429".to_owned(),
                ..CallError::default()
            }),
            started_at: "2026-01-02T03:04:05.120Z".parse().ok(),
            ..Generation::default()
        };
        let rendered = Value::Object(generation(&record));
        assert_eq!(rendered["usage"]["input_tokens"], i64::MAX);
        assert_eq!(rendered["usage"]["reasoning_tokens"], 0);
        assert_eq!(rendered["error"], json!({"message": "no", "code": "429"}));
        assert_eq!((&rendered["call_error"], &rendered["mode"]), (&json!("no"), &json!("STREAM")));
        assert_eq!(rendered["started_at"], "2026-01-02T03:04:05.120Z");
        assert_eq!(rendered["reported_cost_usd"], 0.25);
        let parts = json!([
            {"tool_call": {"id": "c", "name": "n", "input_json": "eyJhIjoxfQ==", "arguments": {"a": 1}}},
            {"tool_call": {"id": "c", "name": "n", "input_json": "bm90IEpTT04="}},
            {"opaque": {"x": 1}},
        ]);
        assert_eq!(rendered["output"], json!([{"role": "MESSAGE_ROLE_CRITIC", "parts": parts}]));
    }
}
