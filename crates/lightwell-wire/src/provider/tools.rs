//! Tools on offer, and calls of them.

use lightwell_model::{Part, PartBody, ToolDefinition, Unknown};
use serde_json::Value;

use crate::members::Members;
use crate::path::Path;

/// The tools on offer; one of a shape that we do not know is kept by its path.
pub fn definitions(list: Vec<Value>, path: &Path<'_>, unknown: &mut Unknown) -> Vec<ToolDefinition> {
    let mut tools = Vec::with_capacity(list.len());
    for (index, value) in list.into_iter().enumerate() {
        let path = path.index(index);
        match value {
            Value::Object(object) => tools.push(definition(Members::new(object, path), &path, unknown)),
            other => {
                unknown.insert(path.to_string(), other);
            }
        }
    }
    tools
}

/// OpenAI wraps the definition in `function`; Anthropic and OpenAI's newer interface do not.
fn definition(mut members: Members<'_>, path: &Path<'_>, unknown: &mut Unknown) -> ToolDefinition {
    let kind = members.text_or_empty("type");
    let function_path = path.key("function");
    let function = members.object("function");
    let mut inner = match function {
        Some(function) => {
            members.keep(unknown);
            Members::new(function, function_path)
        }
        None => members,
    };
    let schema = inner.value("parameters").or_else(|| inner.value("input_schema"));
    let tool = ToolDefinition {
        name: inner.text_or_empty("name"),
        description: inner.text_or_empty("description"),
        kind,
        input_schema: schema.map(|schema| schema.to_string()).unwrap_or_default().into(),
        deferred: inner.boolean("defer_loading").unwrap_or_default(),
    };
    inner.keep(unknown);
    tool
}

/// A call in OpenAI's shape (`function` with `arguments` as text) or LangChain's (`name` and `args`).
pub fn tool_call(value: Value, path: Path<'_>, unknown: &mut Unknown) -> Part {
    let Value::Object(object) = value else {
        return Part::new(PartBody::Opaque(value));
    };
    let mut members = Members::new(object, path);
    let id = members.text_or_empty("id");
    // Both shapes have one type each, which says no more than the shape.
    if let Some(kind) = members.text("type").filter(|kind| kind != "function" && kind != "tool_call") {
        members.put_back("type", kind.into());
    }
    let function_path = path.key("function");
    let mut inner = match members.object("function") {
        Some(function) => {
            members.keep(unknown);
            Members::new(function, function_path)
        }
        None => members,
    };
    let name = inner.text_or_empty("name");
    let arguments = match inner.value("arguments").or_else(|| inner.value("args")) {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    inner.keep(unknown);
    Part::new(PartBody::ToolCall { id, name, arguments: arguments.into() })
}
