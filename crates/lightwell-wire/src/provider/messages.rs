//! Messages.
//!
//! Text is the same text whoever sends it: a part of type `text` gets no provider type, so that equal messages of different
//! lanes have equal content ids.

use lightwell_model::{Message, Part, PartBody, Role, Unknown};
use serde_json::Value;

use super::tools::tool_call;
use crate::json_value::Object;
use crate::members::Members;
use crate::path::Path;

/// A history.
pub fn messages(list: Vec<Value>, path: &Path<'_>, unknown: &mut Unknown) -> Vec<Message> {
    list.into_iter().enumerate().map(|(index, value)| message(value, path.index(index), unknown)).collect()
}

fn message(value: Value, path: Path<'_>, unknown: &mut Unknown) -> Message {
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => return Message::text(Role::Unspecified, text),
        other => {
            let parts = vec![Part::new(PartBody::Opaque(other))];
            return Message { role: Role::Unspecified, name: String::new(), parts };
        }
    };
    let mut members = Members::new(object, path);
    let role = members.text("role").or_else(|| members.text("type")).map(role).unwrap_or_default();
    let name = members.text_or_empty("name");
    let mut parts = Vec::new();
    if let Some(thinking) = members.text("reasoning_content") {
        parts.push(Part::new(PartBody::Thinking(thinking)));
    }
    let content = members.value("content").or_else(|| members.value("parts"));
    match members.text("tool_call_id") {
        Some(tool_call_id) => parts.push(tool_result(tool_call_id, name.clone(), content, false)),
        None => parts_of(content, &path.key("content"), &mut parts, unknown),
    }
    if let Some(refusal) = members.text("refusal") {
        parts.push(Part { body: PartBody::Text(refusal), provider_type: "refusal".to_owned() });
    }
    let calls_path = path.key("tool_calls");
    for (index, call) in members.list("tool_calls").unwrap_or_default().into_iter().enumerate() {
        parts.push(tool_call(call, calls_path.index(index), unknown));
    }
    members.keep(unknown);
    Message { role, name, parts }
}

/// The roles of OpenAI, LangChain and Gemini.
fn role(name: String) -> Role {
    match name.as_str() {
        "human" => Role::User,
        "ai" | "model" => Role::Assistant,
        "function" => Role::Tool,
        _ => Role::from(name),
    }
}

fn parts_of(content: Option<Value>, path: &Path<'_>, parts: &mut Vec<Part>, unknown: &mut Unknown) {
    match content {
        None => {}
        Some(Value::String(text)) => parts.push(Part::text(text)),
        Some(Value::Array(items)) => {
            parts.extend(
                items.into_iter().enumerate().map(|(index, item)| part(item, path.index(index), unknown)),
            );
        }
        Some(other) => parts.push(part(other, *path, unknown)),
    }
}

fn part(value: Value, path: Path<'_>, unknown: &mut Unknown) -> Part {
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => return Part::text(text),
        other => return Part::new(PartBody::Opaque(other)),
    };
    let mut members = Members::new(object, path);
    // A part without a type is Gemini's, which tells them apart by the member that holds the content.
    let kind = members.text("type").unwrap_or_else(|| "text".to_owned());
    let body = match kind.as_str() {
        "text" | "input_text" | "output_text" => members.text("text").map(PartBody::Text),
        "thinking" => members.text("thinking").map(PartBody::Thinking),
        "tool_use" => tool_use(&mut members),
        "tool_result" => Some(anthropic_result(&mut members)),
        "image_url" | "input_image" => linked_image(&mut members, &path, unknown),
        "image" | "document" => sourced(&mut members, &kind, &path, unknown),
        "input_audio" => audio(&mut members, &path, unknown),
        _ => None,
    };
    let Some(body) = body else {
        return Part::new(PartBody::Opaque(opaque(members, kind)));
    };
    members.keep(unknown);
    let plain =
        matches!(kind.as_str(), "text" | "thinking" | "tool_use" | "tool_result" | "image_url" | "image");
    Part { body, provider_type: if plain { String::new() } else { kind } }
}

/// The part as it came.
fn opaque(members: Members<'_>, kind: String) -> Value {
    let mut object = members.into_object();
    // Gemini's parts have no type; putting one in would be more than what came.
    if kind != "text" || object.is_empty() {
        object.insert("type".to_owned(), kind.into());
    }
    Value::Object(object)
}

fn tool_use(members: &mut Members<'_>) -> Option<PartBody> {
    let name = members.text("name")?;
    let id = members.text_or_empty("id");
    let arguments = members.value("input").map(|input| input.to_string()).unwrap_or_default();
    Some(PartBody::ToolCall { id, name, arguments: arguments.into() })
}

fn anthropic_result(members: &mut Members<'_>) -> PartBody {
    let tool_call_id = members.text_or_empty("tool_use_id");
    let is_error = members.boolean("is_error").unwrap_or_default();
    let content = members.value("content");
    tool_result(tool_call_id, String::new(), content, is_error).body
}

/// Text where the content is text or one text part, else JSON.
fn tool_result(tool_call_id: String, name: String, content: Option<Value>, is_error: bool) -> Part {
    let (content, content_json) = match content {
        None => (String::new(), String::new()),
        Some(Value::String(text)) => (text, String::new()),
        Some(other) => match only_text(&other) {
            Some(text) => (text.to_owned(), String::new()),
            None => (String::new(), other.to_string()),
        },
    };
    Part::new(PartBody::ToolResult {
        tool_call_id,
        name,
        content,
        content_json: content_json.into(),
        is_error,
    })
}

fn only_text(content: &Value) -> Option<&str> {
    let [part] = content.as_array()?.as_slice() else { return None };
    let part = part.as_object()?;
    if part.len() == 2 && part.get("type")?.as_str()? == "text" { part.get("text")?.as_str() } else { None }
}

/// OpenAI: `image_url` is an address, or an object with one.
fn linked_image(members: &mut Members<'_>, path: &Path<'_>, unknown: &mut Unknown) -> Option<PartBody> {
    let url = match members.text("image_url") {
        Some(url) => url,
        None => {
            let object = members.object("image_url").filter(|object| has_text(object, "url"))?;
            let mut inner = Members::new(object, path.key("image_url"));
            let url = inner.text_or_empty("url");
            inner.keep(unknown);
            url
        }
    };
    Some(media("image", url, String::new()))
}

/// Anthropic: `source` holds an address or the bytes.
fn sourced(
    members: &mut Members<'_>,
    kind: &str,
    path: &Path<'_>,
    unknown: &mut Unknown,
) -> Option<PartBody> {
    let source = members.peek("source")?.as_object()?;
    let source_kind = source.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted = match source_kind.as_str() {
        "base64" => "data",
        "url" => "url",
        _ => return None,
    };
    if !has_text(source, wanted) {
        return None;
    }
    let mut inner = Members::new(members.object("source")?, path.key("source"));
    inner.text("type");
    let mime_type = inner.text_or_empty("media_type");
    let held = inner.text_or_empty(wanted);
    inner.keep(unknown);
    let url = if wanted == "data" { data_url(&mime_type, &held) } else { held };
    Some(media(kind, url, mime_type))
}

fn audio(members: &mut Members<'_>, path: &Path<'_>, unknown: &mut Unknown) -> Option<PartBody> {
    let object = members.peek("input_audio")?.as_object()?;
    if !has_text(object, "data") {
        return None;
    }
    let mut inner = Members::new(members.object("input_audio")?, path.key("input_audio"));
    let mime_type = inner.text("format").map(|format| format!("audio/{format}")).unwrap_or_default();
    let data = inner.text_or_empty("data");
    inner.keep(unknown);
    Some(media("audio", data_url(&mime_type, &data), mime_type))
}

fn media(kind: &str, url: String, mime_type: String) -> PartBody {
    PartBody::Media { kind: kind.to_owned(), url, mime_type, name: String::new() }
}

fn data_url(mime_type: &str, data: &str) -> String {
    format!("data:{mime_type};base64,{data}")
}

fn has_text(object: &Object, key: &str) -> bool {
    object.get(key).is_some_and(Value::is_string)
}
