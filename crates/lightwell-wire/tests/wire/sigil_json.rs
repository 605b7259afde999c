//! Spellings that other SDKs send, and what is refused by which name.

use lightwell_model::{Generation, Mode, PartBody, Record, Role, UsageSemantics};
use lightwell_wire::sigil::{Signal, json};
use lightwell_wire::{Batch, BodyError};
use serde_json::{Value, json};

use super::support::receipt;

fn decode(item: &Value) -> Result<Generation, String> {
    let item = json::decode_item(Signal::Generations, &item.to_string(), &receipt());
    match item.record {
        Ok(Record::Generation(generation)) => Ok(generation),
        Ok(other) => panic!("not a generation: {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

fn with_model(mut item: Value) -> Value {
    item["model"] = json!({"provider": "p", "name": "m"});
    item
}

fn request(body: &str) -> Result<Batch, BodyError> {
    json::decode(Signal::Generations, body.as_bytes(), &receipt())
}

#[test]
fn camel_case_numbers_and_bare_enums_mean_the_same() {
    let snake = with_model(json!({
        "id": "g", "conversation_id": "c", "operation_name": "op", "mode": "GENERATION_MODE_STREAM",
        "response_id": "r", "max_tokens": "10", "top_p": 0.5, "thinking_enabled": true, "stop_reason": "end",
        "started_at": "2026-01-02T03:04:05Z", "parent_generation_ids": ["p1"],
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [
            {"tool_call": {"id": "i", "name": "n", "input_json": "eyJhIjoiPz8_In0="}},
            {"tool_result": {"tool_call_id": "i", "content_json": "e30=", "is_error": true}},
        ]}],
        "usage": {"input_tokens": "5", "cache_read_input_tokens": "2", "input_semantics": "TOKEN_INPUT_SEMANTICS_INCLUSIVE"},
        "raw_artifacts": [{"kind": "ARTIFACT_KIND_PROVIDER_EVENT", "content_type": "t", "record_id": "x"}],
        "metadata": {"n": 1.0, "l": [2.0, 2.5]},
    }));
    let camel = with_model(json!({
        "id": "g", "conversationId": "c", "operationName": "op", "mode": 2,
        "responseId": "r", "maxTokens": 10, "topP": "0.5", "thinkingEnabled": true, "stopReason": "end",
        "startedAt": "2026-01-02T04:04:05.000000000+01:00", "parentGenerationIds": ["p1"],
        "input": [{"role": "user", "parts": [
            {"toolCall": {"id": "i", "name": "n", "inputJson": "eyJhIjoiPz8/In0"}},
            {"toolResult": {"toolCallId": "i", "contentJson": "e30", "isError": true}, "text": null},
        ]}],
        "usage": {"inputTokens": 5.0, "cacheReadInputTokens": 2, "outputTokens": 0, "inputSemantics": 1},
        "rawArtifacts": [{"kind": "PROVIDER_EVENT", "contentType": "t", "recordId": "x"}],
        "metadata": {"n": 1, "l": [2, 2.5]},
        "tags": null, "output": null, "temperature": null, "callError": "",
    }));
    let expected = decode(&snake).unwrap();
    assert_eq!(decode(&camel).unwrap(), expected);
    assert_eq!(expected.mode, Mode::Stream);
    assert_eq!(expected.usage.unwrap().semantics, UsageSemantics::Inclusive);
    assert_eq!(expected.usage.unwrap().total_tokens, 5);
    assert_eq!(expected.unknown.len(), 0);
}

#[test]
fn what_nobody_knows_is_kept_by_its_path() {
    let generation = decode(&with_model(json!({
        "new": {"a": [1]},
        "nothing": null,
        "input": [{"role": "MESSAGE_ROLE_DEVELOPER", "weight": 2, "parts": [
            {"text": "t", "cache": true, "thinking": "second payload"},
            {"video": {"url": "u"}, "metadata": {"provider_type": "v", "x": 1}},
        ]}],
        "usage": {"cache_write_input_tokens": 3, "cache_creation_input_tokens": 4, "input_semantics": "ODD"},
        "effective_version": "1.2.3",
        "temperature": "NaN",
        "tools": [{"name": "t", "strict": true}],
    })))
    .unwrap();
    let unknown = json!({
        "new": {"a": [1]},
        "nothing": null,
        "input[0].weight": 2,
        "input[0].parts[0].cache": true,
        "input[0].parts[0].thinking": "second payload",
        "input[0].parts[1].metadata.x": 1,
        "usage.cache_creation_input_tokens": 4,
        "usage.input_semantics": "ODD",
        "effective_version": "1.2.3",
        "temperature": "NaN",
        "tools[0].strict": true,
    });
    assert_eq!(serde_json::to_value(&generation.unknown).unwrap(), unknown);
    assert_eq!(generation.input[0].role, Role::Other("developer".to_owned()));
    assert_eq!(generation.input[0].parts[1].body, PartBody::Opaque(json!({"video": {"url": "u"}})));
    assert_eq!(generation.input[0].parts[1].provider_type, "v");
}

#[test]
fn the_counter_of_the_first_release_is_a_cache_write() {
    let usage = json!({"input_tokens": 1, "cache_creation_input_tokens": "7"});
    let generation = decode(&with_model(json!({"usage": usage}))).unwrap();
    assert_eq!(generation.usage.unwrap().cache_write_input_tokens, 7);
    assert_eq!(generation.unknown.len(), 0);
}

#[test]
fn defaults_of_the_server() {
    let generation = decode(&with_model(json!({
        "metadata": {"sigil.conversation.title": " T ", "sigil.user.id": "", "user.id": "u"}, "usage": {}
    })))
    .unwrap();
    assert_eq!((generation.mode, generation.operation_name.as_str()), (Mode::Sync, "generateText"));
    assert_eq!((generation.conversation_title.as_str(), generation.user_id.as_str()), ("T", "u"));
    assert_eq!((generation.id.as_str(), generation.usage), ("made-up", None));
    assert_eq!(generation.fragments[0].id, "made-up");
    assert_eq!(decode(&with_model(json!({"mode": "STREAM"}))).unwrap().operation_name, "streamText");
}

#[test]
fn refusals_name_the_field() {
    let cases = [
        (Value::Null, "generation is required"),
        (json!([]), "generation must be an object, not a list"),
        (json!({}), "generation.model is required"),
        (json!({"model": null}), "generation.model is required"),
        (json!({"model": {}}), "generation.model.provider is required"),
        (json!({"model": {"provider": "p", "name": " "}}), "generation.model.name is required"),
        (with_model(json!({"mode": 9})), "generation.mode is invalid"),
        (with_model(json!({"mode": "LATER"})), "generation.mode is invalid"),
        (with_model(json!({"id": 5})), "generation.id must be a string, not a number"),
        (with_model(json!({"started_at": "soon"})), "generation.started_at is invalid"),
        (with_model(json!({"tags": {"a": 1}})), "generation.tags.a must be a string, not a number"),
        (
            with_model(json!({"input": [{}, {"parts": [{"tool_call": {"input_json": "{}"}}]}]})),
            "generation.input[1].parts[0].tool_call.input_json must be base64 text, not another string",
        ),
        (
            with_model(json!({"max_tokens": 1.5})),
            "generation.max_tokens must be a whole number, not a number",
        ),
    ];
    for (item, expected) in cases {
        assert_eq!(decode(&item).unwrap_err(), expected);
    }
}

#[test]
fn one_bad_item_leaves_its_neighbours_alone() {
    let good = r#"{"id":"a","model":{"provider":"p","name":"m"}}"#;
    let lone = r#"{"id":"b","system_prompt":"\ud83d!","model":{"provider":"p","name":"m"}}"#;
    let batch =
        request(&format!(r#"{{"generations":[{good},{{"id":"x","model":1}},{lone}],"v":2}}"#)).unwrap();
    let ids: Vec<_> = batch.items.iter().map(|item| (item.id.as_str(), item.record.is_ok())).collect();
    assert_eq!(ids, [("a", true), ("x", false), ("b", true)]);
    let Ok(Record::Generation(mended)) = &batch.items[2].record else { panic!("refused") };
    assert_eq!(mended.system_prompt, "\u{fffd}!");
    assert_eq!(batch.unknown["v"], 2);
}

#[test]
fn requests_without_items_and_bodies_that_are_none() {
    for body in ["{}", r#"{"generations":null}"#, r#"{"generations":[]}"#] {
        assert_eq!(request(body).unwrap().items.len(), 0, "{body}");
    }
    for body in ["", "[]", "5", "{", r#"{"generations":{}}"#, "{} {}"] {
        assert!(matches!(request(body), Err(BodyError::NotJson { .. })), "{body}");
    }
    let error = json::decode(Signal::Generations, b"{\"generations\":[\"\xff\"]}", &receipt()).unwrap_err();
    assert_eq!(error.to_string(), "the body is not UTF-8 from byte 17 of 21");
}
