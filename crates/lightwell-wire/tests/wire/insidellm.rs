//! Calls told in two events are whole again once their halves are joined; and messages of odd shapes stay readable.

use lightwell_model::{Generation, Merge, PartBody, Record, Role, Step};
use lightwell_wire::insidellm::json::{decode, decode_item};
use serde_json::{Value, json};

use super::support::receipt;

fn event(id: &str, parent: &str, second: u8, kind: &str, payload: Value) -> Value {
    let mut event = json!({
        "event_id": id, "run_id": "run", "user_id": "u", "parent_event_id": parent, "event_type": kind,
        "timestamp": format!("2026-01-02T12:00:{second:02}Z"),
    });
    event["payload"] = payload;
    event
}

fn records(events: &[Value]) -> Vec<Record> {
    let batch = decode(json!(events).to_string().as_bytes(), &receipt()).unwrap();
    batch.items.into_iter().map(|item| item.record.unwrap()).collect()
}

fn generation(record: &Record) -> Generation {
    match record {
        Record::Generation(generation) => generation.clone(),
        other => panic!("not a generation: {other:?}"),
    }
}

fn step(record: &Record) -> Step {
    match record {
        Record::Step(step) => step.clone(),
        other => panic!("not a step: {other:?}"),
    }
}

/// The one message of a request with these messages.
fn only_message(message: Value) -> (lightwell_model::Message, lightwell_model::Unknown) {
    let payload = json!({"messages": vec![message]});
    let [record] = <[_; 1]>::try_from(records(&[event("q", "", 1, "llm.request", payload)])).unwrap();
    let mut record = generation(&record);
    assert_eq!(record.input.len(), 1);
    (record.input.remove(0), record.unknown)
}

#[test]
fn request_chunks_and_response_become_one_call_in_any_order() {
    let call = json!({"model_name": "m", "provider": "p", "prompt": "hi", "parameters": {"max_tokens": 5}});
    let chunk =
        |index: i32| json!({"model_name": "m", "provider": "p", "chunk_text": "h", "chunk_index": index});
    let answer = json!({"model_name": "m", "provider": "p", "response_text": "ho", "finish_reason": "stop", "cost": 0.5});
    let told = records(&[
        event("q", "root", 1, "llm.request", call),
        event("c0", "q", 2, "llm.streaming_chunk", chunk(0)),
        event("c1", "q", 3, "llm.streaming_chunk", chunk(1)),
        event("a", "q", 4, "llm.response", answer),
    ]);
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]];
    let wholes = orders.map(|order| {
        let mut parts = order.iter().map(|index| generation(&told[*index]));
        let first = parts.next().unwrap();
        parts.fold(first, |stored, arrived| match Generation::merge(&stored, arrived) {
            Merge::Merged(whole) => *whole,
            other => panic!("not merged: {other:?}"),
        })
    });
    assert_eq!(wholes[0], wholes[1]);
    assert_eq!(wholes[0], wholes[2]);
    let whole = &wholes[0];
    assert!(!whole.is_open() && !whole.lacks_start());
    assert_eq!(
        (whole.id.as_str(), whole.parent_id.as_str(), whole.conversation_id.as_str()),
        ("q", "root", "run")
    );
    assert_eq!(whole.first_token_at, "2026-01-02T12:00:02Z".parse().ok());
    assert_eq!(whole.completed_at, "2026-01-02T12:00:04Z".parse().ok());
    assert_eq!((whole.input.len(), whole.output.len(), whole.request.max_tokens), (1, 1, Some(5)));
    assert_eq!(whole.unknown["llm.streaming_chunk[1].payload.chunk_text"], "h");
}

#[test]
fn a_failure_closes_its_call_and_other_errors_are_events() {
    let error = |kind: &str| json!({"error_type": kind, "error_message": "no", "error_code": "E", "severity": "high"});
    let told = records(&[
        event("e1", "q", 2, "error", error("llm_call_error")),
        event("e2", "q", 2, "error", error("agent_step_error")),
    ]);
    let failed = generation(&told[0]);
    assert_eq!((failed.id.as_str(), failed.is_open(), failed.lacks_start()), ("q", false, true));
    let error = failed.error.unwrap();
    assert_eq!((error.message.as_str(), error.code.as_str()), ("no", "E"));
    assert_eq!(error.context["severity"], "high");
    assert!(matches!(&told[1], Record::Event(event) if event.is_error() && event.text == "no"));
}

#[test]
fn tool_call_and_result_become_one_step() {
    let told = records(&[
        event(
            "r",
            "c",
            2,
            "tool.response",
            json!({"tool_name": "t", "response_data": [1], "execution_time_ms": 7}),
        ),
        event(
            "c",
            "",
            1,
            "tool.call",
            json!({"tool_name": "t", "tool_type": "function", "parameters": {"a": 1}}),
        ),
    ]);
    let Merge::Merged(whole) = Step::merge(&step(&told[0]), step(&told[1])) else { panic!("not merged") };
    assert_eq!((whole.id.as_str(), &whole.input, &whole.output), ("c", &json!({"a": 1}), &json!([1])));
    assert_eq!((whole.duration_ms, whole.is_open()), (Some(7), false));
}

#[test]
fn resending_is_the_same_fragment() {
    let sent = event("q", "", 1, "llm.request", json!({"model_name": "m", "provider": "p", "prompt": "hi"}));
    let told = records(&[sent.clone(), sent]);
    assert_eq!(Generation::merge(&generation(&told[0]), generation(&told[1])), Merge::Duplicate);
    let other = event("q", "", 1, "llm.request", json!({"model_name": "m", "provider": "p", "prompt": "ho"}));
    let other = generation(&records(&[other])[0]);
    assert!(matches!(Generation::merge(&generation(&told[0]), other), Merge::Conflict(_)));
}

#[test]
fn messages_of_other_libraries() {
    let (message, unknown) = only_message(json!({"type": "human", "content": "hi", "id": "x"}));
    assert_eq!((message.role, unknown.len()), (Role::User, 1));
    let (message, _) =
        only_message(json!({"role": "model", "parts": [{"text": "gemini"}, {"inlineData": {}}]}));
    assert_eq!(message.role, Role::Assistant);
    assert_eq!(message.parts[0].body, PartBody::Text("gemini".to_owned()));
    assert_eq!(message.parts[1].body, PartBody::Opaque(json!({"inlineData": {}})));
    let (message, _) = only_message(
        json!({"role": "assistant", "reasoning_content": "hm", "content": null, "refusal": "no"}),
    );
    assert_eq!(message.parts[0].body, PartBody::Thinking("hm".to_owned()));
    assert_eq!((message.parts[1].provider_type.as_str(), message.parts.len()), ("refusal", 2));
    let audio = json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}});
    let (message, _) = only_message(json!({"role": "user", "content": [audio, "bare", 5]}));
    let PartBody::Media { kind, url, mime_type, .. } = &message.parts[0].body else { panic!("not media") };
    assert_eq!(
        (kind.as_str(), url.as_str(), mime_type.as_str()),
        ("audio", "data:audio/wav;base64,AA==", "audio/wav")
    );
    assert_eq!(message.parts[1].body, PartBody::Text("bare".to_owned()));
    assert_eq!(message.parts[2].body, PartBody::Opaque(json!(5)));
    let call = json!({"name": "t", "args": {"a": 1}, "id": "c", "type": "tool_call"});
    let (message, unknown) = only_message(json!({"role": "ai", "content": "", "tool_calls": [call, "odd"]}));
    assert!(matches!(&message.parts[1].body, PartBody::ToolCall { name, arguments, .. }
        if name == "t" && arguments.as_str() == Some("{\"a\":1}")));
    assert_eq!((message.parts.len(), unknown.len()), (3, 0));
    let (message, _) = only_message(json!(["not", "a", "message"]));
    assert_eq!(message.parts[0].body, PartBody::Opaque(json!(["not", "a", "message"])));
}

#[test]
fn a_reply_of_calls_alone_has_no_empty_text() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let reply = |text: &str, calls: &[Value]| {
        let payload = json!({"model_name": "m", "provider": "p", "response_text": text, "tool_calls": calls});
        let record = generation(&records(&[event("r", "q", 1, "llm.response", payload)])[0]);
        record.output[0].parts.len()
    };
    assert_eq!(reply("", std::slice::from_ref(&call)), 1);
    assert_eq!(reply("look", &[call]), 2);
    assert_eq!(reply("", &[]), 1);
}

#[test]
fn an_event_that_is_none_is_refused_alone() {
    let batch =
        decode(br#"[{"event_type":"user.input","payload":{}},5,{"event_type":""}]"#, &receipt()).unwrap();
    let errors: Vec<_> =
        batch.items.iter().map(|item| item.record.as_ref().err().map(ToString::to_string)).collect();
    assert_eq!(
        errors,
        [
            None,
            Some("event must be an object, not a number".to_owned()),
            Some("event.event_type is required".to_owned())
        ]
    );
    for body in ["", "5", "\"x\"", "[", "{", "{}{}"] {
        assert!(decode(body.as_bytes(), &receipt()).is_err(), "{body}");
    }
    assert!(decode_item("{", &receipt()).record.is_err());
}
