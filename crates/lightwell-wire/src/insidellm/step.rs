//! Steps: calls of tools and APIs in two events each, and what one event tells whole.

use lightwell_model::{CallError, FragmentKind, Origin, Step, StepKind};
use serde_json::Value;

use super::envelope::Envelope;
use crate::json_value::Object;
use crate::members::Members;
use crate::path::Path;

/// Status codes from here on tell of a failure.
const FIRST_FAILING_STATUS: i64 = 400;

/// `tool.call`
pub fn tool_call(mut envelope: Envelope, payload: Object) -> Step {
    let mut members = Members::new(payload, Path::Named("tool.call.payload"));
    let record = Step {
        id: envelope.event_id.clone(),
        parent_id: envelope.parent_id.clone(),
        kind: StepKind::Tool,
        name: members.text_or_empty("tool_name"),
        subtype: members.text_or_empty("tool_type"),
        call_id: members.text_or_empty("call_id"),
        input: members.value("parameters").unwrap_or_default(),
        started_at: envelope.at,
        ..Step::default()
    };
    members.keep(&mut envelope.unknown);
    seal(record, FragmentKind::Start, envelope)
}

/// `tool.response`: belongs to its parent, else to the event that its call id names.
pub fn tool_response(mut envelope: Envelope, payload: Object) -> Step {
    let mut members = Members::new(payload, Path::Named("tool.response.payload"));
    let call_id = members.text_or_empty("call_id");
    let id = if envelope.parent_id.is_empty() && !call_id.is_empty() {
        call_id.clone()
    } else {
        envelope.call_id()
    };
    let record = Step {
        id,
        kind: StepKind::Tool,
        name: members.text_or_empty("tool_name"),
        subtype: members.text_or_empty("tool_type"),
        call_id,
        output: members.value("response_data").unwrap_or_default(),
        completed_at: envelope.at,
        duration_ms: members.integer("execution_time_ms"),
        error: failure(&mut members),
        ..Step::default()
    };
    members.keep(&mut envelope.unknown);
    let kind = if record.error.is_some() { FragmentKind::Failure } else { FragmentKind::End };
    seal(record, kind, envelope)
}

/// `api.request`
pub fn api_request(mut envelope: Envelope, payload: Object) -> Step {
    let mut members = Members::new(payload, Path::Named("api.request.payload"));
    let record = Step {
        id: envelope.event_id.clone(),
        parent_id: envelope.parent_id.clone(),
        kind: StepKind::Api,
        name: members.text_or_empty("api_name"),
        subtype: members.text_or_empty("method"),
        input: gathered(&mut members, &["endpoint", "headers", "parameters", "request_body"]),
        started_at: envelope.at,
        ..Step::default()
    };
    members.keep(&mut envelope.unknown);
    seal(record, FragmentKind::Start, envelope)
}

/// `api.response`
pub fn api_response(mut envelope: Envelope, payload: Object) -> Step {
    let mut members = Members::new(payload, Path::Named("api.response.payload"));
    let status = members.peek("status_code").and_then(Value::as_i64).unwrap_or_default();
    let error = (status >= FIRST_FAILING_STATUS).then(|| CallError {
        message: format!("status {status}"),
        kind: "http_status".to_owned(),
        code: status.to_string(),
        ..CallError::default()
    });
    let record = Step {
        id: envelope.call_id(),
        kind: StepKind::Api,
        name: members.text_or_empty("api_name"),
        output: gathered(&mut members, &["endpoint", "status_code", "response_headers", "response_body"]),
        completed_at: envelope.at,
        duration_ms: members.integer("response_time_ms"),
        error,
        ..Step::default()
    };
    members.keep(&mut envelope.unknown);
    let kind = if record.error.is_some() { FragmentKind::Failure } else { FragmentKind::End };
    seal(record, kind, envelope)
}

/// `function_execution`: told when it is over.
pub fn function_execution(mut envelope: Envelope, payload: Object) -> Step {
    let mut members = Members::new(payload, Path::Named("function_execution.payload"));
    let duration_ms = members.integer("execution_time_ms");
    let record = Step {
        id: envelope.event_id.clone(),
        parent_id: envelope.parent_id.clone(),
        kind: StepKind::Function,
        name: members.text_or_empty("function_name"),
        input: members.value("function_args").unwrap_or_default(),
        output: members.value("return_value").unwrap_or_default(),
        started_at: envelope.began(duration_ms),
        completed_at: envelope.at,
        duration_ms,
        error: failure(&mut members),
        ..Step::default()
    };
    members.keep(&mut envelope.unknown);
    seal(record, FragmentKind::Whole, envelope)
}

/// `agent.reasoning`: told when it is over.
pub fn reasoning(envelope: Envelope, payload: Object) -> Step {
    let members = Members::new(payload, Path::Named("agent.reasoning.payload"));
    agent(
        envelope,
        members,
        &Thought {
            subtype: "reasoning",
            name: "reasoning_type",
            output: "reasoning_steps",
            duration_ms: "reasoning_time_ms",
            confidence: "confidence_score",
        },
    )
}

/// `agent.planning`: told when it is over.
pub fn planning(envelope: Envelope, payload: Object) -> Step {
    let members = Members::new(payload, Path::Named("agent.planning.payload"));
    agent(
        envelope,
        members,
        &Thought {
            subtype: "planning",
            name: "plan_type",
            output: "planned_actions",
            duration_ms: "planning_time_ms",
            confidence: "plan_confidence",
        },
    )
}

/// What an agent's own step calls its members.
struct Thought {
    subtype: &'static str,
    name: &'static str,
    output: &'static str,
    duration_ms: &'static str,
    confidence: &'static str,
}

fn agent(mut envelope: Envelope, mut members: Members<'_>, thought: &Thought) -> Step {
    let duration_ms = members.integer(thought.duration_ms);
    let record = Step {
        id: envelope.event_id.clone(),
        parent_id: envelope.parent_id.clone(),
        kind: StepKind::Agent,
        name: members.text_or_empty(thought.name),
        subtype: thought.subtype.to_owned(),
        output: members.value(thought.output).unwrap_or_default(),
        started_at: envelope.began(duration_ms),
        completed_at: envelope.at,
        duration_ms,
        ..Step::default()
    };
    envelope.note(thought.confidence, members.value(thought.confidence));
    members.keep(&mut envelope.unknown);
    seal(record, FragmentKind::Whole, envelope)
}

fn seal(mut record: Step, kind: FragmentKind, mut envelope: Envelope) -> Step {
    record.origin = Origin::Insidellm;
    record.conversation_id = std::mem::take(&mut envelope.run_id);
    record.user_id = std::mem::take(&mut envelope.user_id);
    record.metadata = std::mem::take(&mut envelope.metadata);
    record.unknown = std::mem::take(&mut envelope.unknown);
    record.fragments = vec![envelope.fragment(kind, &record)];
    record.received_at = envelope.received_at;
    record
}

/// A failure is told by `success: false`, and by nothing else; a message beside a success stays.
fn failure(members: &mut Members<'_>) -> Option<CallError> {
    let succeeded = members.boolean("success").unwrap_or(true);
    let message = members.text("error_message");
    if !succeeded {
        return Some(CallError { message: message.unwrap_or_default(), ..CallError::default() });
    }
    if let Some(message) = message {
        members.put_back("error_message", message.into());
    }
    None
}

/// The members that are there, as one object; null when none is.
fn gathered(members: &mut Members<'_>, keys: &[&str]) -> Value {
    let gathered: Object =
        keys.iter().filter_map(|key| Some(((*key).to_owned(), members.value(key)?))).collect();
    if gathered.is_empty() { Value::Null } else { Value::Object(gathered) }
}
