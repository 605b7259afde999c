use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{Struct, Timestamp, Value};

use super::super::messages::{
    Generation, Message, ModelRef, Part, PartMetadata, TokenUsage, ToolCall, part::Payload,
};
use super::*;

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn structure<const N: usize>(members: [(&str, Value); N]) -> Struct {
    Struct { fields: members.map(|(key, value)| (key.to_owned(), value)).into() }
}

fn encoded(generation: &Generation) -> String {
    let mut out = Vec::new();
    encode_generation(&mut out, generation).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_has_no_presence_is_left_out_when_it_is_the_default() {
    assert_eq!(encoded(&Generation::default()), "{}");
    let generation = Generation {
        model: Some(ModelRef::default()),
        usage: Some(TokenUsage::default()),
        temperature: Some(0.0),
        max_tokens: Some(10),
        tool_choice: Some(String::new()),
        thinking_enabled: Some(false),
        mode: 2,
        ..Generation::default()
    };
    assert_eq!(
        encoded(&generation),
        r#"{"mode":"GENERATION_MODE_STREAM","model":{},"usage":{},"max_tokens":"10","temperature":0.0,"tool_choice":"","thinking_enabled":false}"#
    );
}

#[test]
fn parts_say_which_they_are_even_when_empty() {
    let call = ToolCall { id: "c".to_owned(), name: String::new(), input_json: b"{}".to_vec() };
    let parts = vec![
        Part { metadata: None, payload: Some(Payload::Text(String::new())) },
        Part {
            metadata: Some(PartMetadata { provider_type: "tool_use".to_owned() }),
            payload: Some(Payload::ToolCall(call)),
        },
    ];
    let message = Message { role: 9, name: String::new(), parts };
    assert_eq!(
        encoded(&Generation { input: vec![message], ..Generation::default() }),
        r#"{"input":[{"role":9,"parts":[{"text":""},{"metadata":{"provider_type":"tool_use"},"tool_call":{"id":"c","input_json":"e30="}}]}]}"#
    );
}

#[test]
fn a_struct_is_the_object_that_it_stands_for() {
    let list =
        prost_types::ListValue { values: vec![value(Kind::NullValue(0)), value(Kind::BoolValue(true))] };
    let metadata = structure([
        ("list", value(Kind::ListValue(list))),
        ("nested", value(Kind::StructValue(structure([("n", value(Kind::NumberValue(1.0)))])))),
    ]);
    let generation = Generation {
        metadata: Some(metadata),
        tags: BTreeMap::from([("k".to_owned(), "ü".to_owned())]),
        started_at: Some(Timestamp { seconds: 0, nanos: 5_000_000 }),
        ..Generation::default()
    };
    assert_eq!(
        encoded(&generation),
        r#"{"started_at":"1970-01-01T00:00:00.005Z","tags":{"k":"ü"},"metadata":{"list":[null,true],"nested":{"n":1.0}}}"#
    );
}

#[test]
fn what_json_cannot_hold_is_named() {
    let list = prost_types::ListValue {
        values: vec![value(Kind::BoolValue(true)), value(Kind::NumberValue(f64::INFINITY))],
    };
    let inner = structure([("b", value(Kind::ListValue(list)))]);
    let metadata = Some(structure([("a", value(Kind::StructValue(inner)))]));
    let error =
        encode_generation(&mut Vec::new(), &Generation { metadata, ..Generation::default() }).unwrap_err();
    assert_eq!(error.to_string(), "metadata.a.b[1] holds inf, which JSON cannot hold");
    let started_at = Some(Timestamp { seconds: i64::MAX, nanos: 0 });
    let error =
        encode_generation(&mut Vec::new(), &Generation { started_at, ..Generation::default() }).unwrap_err();
    assert_eq!(error.to_string(), "started_at is not between the years 0 and 9999");
    let generation = Generation { temperature: Some(f64::NAN), ..Generation::default() };
    assert_eq!(encoded(&generation), r#"{"temperature":"NaN"}"#);
}

#[test]
fn items_are_joined_under_the_name_of_their_kind() {
    let mut out = Vec::new();
    join(&mut out, Signal::WorkflowSteps, [&b"{}"[..], b"{\"id\":\"a\"}"].into_iter());
    assert_eq!(out, br#"{"workflow_steps":[{},{"id":"a"}]}"#);
}
