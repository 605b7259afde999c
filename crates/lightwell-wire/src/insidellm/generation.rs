//! LLM calls: the request begins a generation, the response, a failure or chunks continue it.

use lightwell_model::{
    CallError, FragmentKind, Generation, Message, Metadata, Mode, Model, Money, Origin, Part, PartBody,
    RequestControls, Response, Role,
};
use serde_json::Value;

use super::envelope::Envelope;
use crate::json_value::Object;
use crate::members::Members;
use crate::path::Path;
use crate::provider::{messages, tools, usage};

/// `error_type` of a failure that took the place of a response.
const CALL_FAILURES: [&str; 2] = ["llm_call_error", "llm_error"];

/// Whether an `error` tells of the LLM call that is its parent.
pub fn is_call_failure(envelope: &Envelope, payload: &Object) -> bool {
    let kind = payload.get("error_type").and_then(Value::as_str).unwrap_or_default();
    !envelope.parent_id.is_empty() && CALL_FAILURES.contains(&kind)
}

/// `llm.request`
pub fn request(mut envelope: Envelope, payload: Object) -> Generation {
    let path = Path::Named("llm.request.payload");
    let mut members = Members::new(payload, path);
    let mut record =
        Generation { model: model(&mut members), started_at: envelope.at, ..Generation::default() };
    record.system_prompt = members.text_or_empty("system_message");
    let prompt = members.text("prompt");
    let mut history = members.list("messages").map(|list| (list, path.key("messages")));
    let parameters_path = path.key("parameters");
    if let Some(parameters) = members.object("parameters") {
        let mut parameters = Members::new(parameters, parameters_path);
        // Decorated functions hand their messages on among the parameters.
        if history.is_none() {
            history = parameters.list("messages").map(|list| (list, parameters_path.key("messages")));
        }
        read_parameters(&mut record, &mut parameters, &parameters_path, &mut envelope);
        let rest = parameters.into_object();
        envelope.note("parameters", (!rest.is_empty()).then_some(Value::Object(rest)));
    }
    match history {
        Some((list, path)) => {
            record.input = messages::messages(list, &path, &mut envelope.unknown);
            lift_system_prompt(&mut record);
            // A prompt beside messages is one of them, or a rendering of all.
            let repeated = prompt.as_deref().is_none_or(|prompt| says(&record.input, prompt));
            envelope.note("prompt", prompt.filter(|_| !repeated).map(Value::from));
        }
        None => record.input.extend(prompt.map(|prompt| Message::text(Role::User, prompt))),
    }
    members.keep(&mut envelope.unknown);
    record.id.clone_from(&envelope.event_id);
    record.parent_id.clone_from(&envelope.parent_id);
    seal(record, FragmentKind::Start, envelope)
}

/// `llm.response`
pub fn response(mut envelope: Envelope, payload: Object) -> Generation {
    let path = Path::Named("llm.response.payload");
    let mut members = Members::new(payload, path);
    let model = model(&mut members);
    let mut record = Generation {
        id: envelope.call_id(),
        response: Response {
            id: String::new(),
            model: model.name.clone(),
            stop_reason: members.text_or_empty("finish_reason"),
        },
        model,
        completed_at: envelope.at,
        ..Generation::default()
    };
    let mut said = Message { role: Role::Assistant, name: String::new(), parts: Vec::new() };
    let calls = members.list("tool_calls").unwrap_or_default();
    // A reply that is all calls has to have a text nevertheless: an empty one.
    let text = members.text("response_text").filter(|text| calls.is_empty() || !text.is_empty());
    said.parts.extend(text.map(Part::text));
    let calls_path = path.key("tool_calls");
    for (index, call) in calls.into_iter().enumerate() {
        said.parts.push(tools::tool_call(call, calls_path.index(index), &mut envelope.unknown));
    }
    if !said.parts.is_empty() {
        record.output.push(said);
    }
    let usage_path = path.key("usage");
    record.usage =
        members.object("usage").map(|usage| usage::token_usage(usage, usage_path, &mut envelope.unknown));
    if let Some(dollars) = members.number("cost") {
        record.reported_cost = Money::from_dollars(dollars);
        if record.reported_cost.is_none() {
            members.put_back("cost", dollars.into());
        }
    }
    envelope.note("response_time_ms", members.integer("response_time_ms").map(Value::from));
    members.keep(&mut envelope.unknown);
    seal(record, FragmentKind::End, envelope)
}

/// `llm.streaming_chunk`: that the response is streamed, and since when. The response itself comes whole at the end, so the text of a
/// chunk is kept, but is no message.
pub fn chunk(mut envelope: Envelope, payload: Object) -> Generation {
    let mut members = Members::new(payload, Path::Root);
    let model = model(&mut members);
    let index = members.integer("chunk_index").map(|index| index.to_string()).unwrap_or_default();
    let name = format!("llm.streaming_chunk[{index}].payload");
    Members::new(members.into_object(), Path::Named(&name)).keep(&mut envelope.unknown);
    let record = Generation {
        id: envelope.call_id(),
        mode: Mode::Stream,
        model,
        first_token_at: envelope.at,
        ..Generation::default()
    };
    seal(record, FragmentKind::Chunk, envelope)
}

/// `error` of an LLM call.
pub fn failure(mut envelope: Envelope, payload: Object) -> Generation {
    let mut members = Members::new(payload, Path::Named("error.payload"));
    let error = call_error(&mut members);
    let model = Model {
        provider: context_text(&error.context, "provider"),
        name: context_text(&error.context, "model_name"),
    };
    members.keep(&mut envelope.unknown);
    let record = Generation {
        id: envelope.call_id(),
        model,
        completed_at: envelope.at,
        error: Some(error),
        ..Generation::default()
    };
    seal(record, FragmentKind::Failure, envelope)
}

fn seal(mut record: Generation, kind: FragmentKind, mut envelope: Envelope) -> Generation {
    record.origin = Origin::Insidellm;
    record.conversation_id = std::mem::take(&mut envelope.run_id);
    record.user_id = std::mem::take(&mut envelope.user_id);
    record.metadata = std::mem::take(&mut envelope.metadata);
    record.unknown = std::mem::take(&mut envelope.unknown);
    record.fragments = vec![envelope.fragment(kind, &record)];
    record.received_at = envelope.received_at;
    record
}

fn model(members: &mut Members<'_>) -> Model {
    Model { provider: members.text_or_empty("provider"), name: members.text_or_empty("model_name") }
}

fn call_error(members: &mut Members<'_>) -> CallError {
    let mut context: Metadata = members.object("context").unwrap_or_default().into_iter().collect();
    if let Some(severity) = members.text("severity") {
        context.insert("severity".to_owned(), severity.into());
    }
    CallError {
        message: members.text_or_empty("error_message"),
        kind: members.text_or_empty("error_type"),
        code: members.text_or_empty("error_code"),
        stack_trace: members.text_or_empty("stack_trace"),
        context,
    }
}

fn context_text(context: &Metadata, key: &str) -> String {
    context.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Takes what the canonical record has a place for; the rest stays.
fn read_parameters(
    record: &mut Generation,
    parameters: &mut Members<'_>,
    path: &Path<'_>,
    envelope: &mut Envelope,
) {
    let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let tool_choice = match parameters.value("tool_choice") {
        Some(Value::String(choice)) => Some(choice),
        other => other.map(|choice| choice.to_string()),
    };
    record.request = RequestControls {
        max_tokens: limits.iter().find_map(|name| parameters.integer(name)),
        temperature: parameters.number("temperature"),
        top_p: parameters.number("top_p"),
        tool_choice,
        thinking_enabled: None,
    };
    if let Some(stream) = parameters.boolean("stream") {
        record.mode = if stream { Mode::Stream } else { Mode::Sync };
    }
    let tools_path = path.key("tools");
    if let Some(list) = parameters.list("tools") {
        record.tools = tools::definitions(list, &tools_path, &mut envelope.unknown);
    }
}

/// Instructions are told apart from the history, as in the other dialect: the first message, if it is the system's and plain text.
fn lift_system_prompt(record: &mut Generation) {
    let Some(first) = record.input.first() else { return };
    let ([Part { body: PartBody::Text(text), .. }], Role::System, "") =
        (first.parts.as_slice(), &first.role, first.name.as_str())
    else {
        return;
    };
    if record.system_prompt.is_empty() || record.system_prompt == *text {
        record.system_prompt.clone_from(text);
        record.input.remove(0);
    }
}

fn says(history: &[Message], prompt: &str) -> bool {
    history
        .iter()
        .flat_map(|message| &message.parts)
        .any(|part| matches!(&part.body, PartBody::Text(text) if text == prompt))
}
