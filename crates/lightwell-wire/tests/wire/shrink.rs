//! Items that are too large come down to their limit, keep everything that is short, and say what was cut.

use lightwell_wire::sigil::messages::{
    Artifact, Generation, Message, ModelRef, Part, ToolCall, ToolDefinition, ToolResult, WorkflowStep, part,
};
use lightwell_wire::sigil::well_known::{Kind, Struct, Value};
use lightwell_wire::sigil::{Signal, protobuf};
use lightwell_wire::{insidellm, sigil};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value as Json, json};

fn part(payload: part::Payload) -> Part {
    Part { payload: Some(payload), ..Part::default() }
}

fn strings(of: &[(&str, &str)]) -> Option<Struct> {
    let value = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    Some(Struct { fields: of.iter().map(|(key, text)| ((*key).to_owned(), value(text))).collect() })
}

/// A generation whose parts have these lengths.
fn generation(lengths: &[usize; 8]) -> Generation {
    let text = |at: usize| "é".repeat(lengths[at] / 2);
    Generation {
        id: "gen-1".to_owned(),
        model: Some(ModelRef { provider: "openai".to_owned(), name: "gpt-4o".to_owned() }),
        system_prompt: text(0),
        input: vec![Message {
            parts: vec![
                part(part::Payload::Text(text(1))),
                part(part::Payload::ToolCall(ToolCall {
                    id: "call-1".to_owned(),
                    name: "read".to_owned(),
                    input_json: format!("{{\"a\":\"{}\"}}", text(2)).into(),
                })),
                part(part::Payload::ToolResult(ToolResult {
                    content: text(3),
                    content_json: format!("[\"{}\"]", text(4)).into(),
                    ..ToolResult::default()
                })),
            ],
            ..Message::default()
        }],
        tools: vec![ToolDefinition {
            name: "read".to_owned(),
            input_schema_json: format!("{{\"b\":\"{}\"}}", text(5)).into(),
            ..ToolDefinition::default()
        }],
        metadata: strings(&[("long", &text(6)), ("short", "kept")]),
        raw_artifacts: vec![Artifact { payload: vec![0xff; lengths[7]], ..Artifact::default() }],
        ..Generation::default()
    }
}

fn encoded(message: &impl prost::Message) -> Vec<u8> {
    let mut out = Vec::new();
    protobuf::encode(&mut out, message);
    out
}

fn number(of: &Generation, key: &str) -> Option<f64> {
    match of.metadata.as_ref()?.fields.get(key)?.kind {
        Some(Kind::NumberValue(number)) => Some(number),
        _ => None,
    }
}

#[test]
fn one_long_text_is_cut_and_its_neighbours_stay() {
    let whole = generation(&[200, 5_000_000, 1000, 1000, 1000, 1000, 1000, 1000]);
    let item = encoded(&whole);
    let shrunk = sigil::shrink::shrink(Signal::Generations, &item, 100_000).unwrap();
    assert!((99_000..=100_000).contains(&shrunk.len()), "as much as fits stays: {}", shrunk.len());
    let mut cut = Generation::decode(&shrunk[..]).unwrap();
    assert_eq!(
        (number(&cut, "lightwell.cut_parts"), number(&cut, "lightwell.cut_bytes")),
        (Some(1.0), Some(5e6))
    );
    let text = match &cut.input[0].parts[0].payload {
        Some(part::Payload::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    let hash = blake3::hash("é".repeat(2_500_000).as_bytes()).to_hex();
    assert!(
        text.starts_with("éé") && text.ends_with(&format!("…[lightwell: 5000000 bytes, blake3 {hash}, cut]"))
    );
    // Apart from that and from the note it is the same.
    cut.input[0].parts[0] = whole.input[0].parts[0].clone();
    let fields = &mut cut.metadata.as_mut().unwrap().fields;
    fields.retain(|key, _| !key.starts_with("lightwell."));
    assert_eq!(cut, whole);
}

#[test]
fn a_step_is_cut_in_its_states() {
    let long = "x".repeat(1_000_000);
    let step = WorkflowStep {
        id: "step-1".to_owned(),
        input_state: strings(&[("a", &long), ("b", "short")]),
        output_state: strings(&[("c", &long)]),
        ..WorkflowStep::default()
    };
    let shrunk = sigil::shrink::shrink(Signal::WorkflowSteps, &encoded(&step), 10_000).unwrap();
    assert!(shrunk.len() <= 10_000);
    let cut = WorkflowStep::decode(&shrunk[..]).unwrap();
    assert_eq!(cut.id, "step-1");
    assert_eq!(cut.input_state.unwrap().fields["b"], step.input_state.unwrap().fields["b"]);
}

#[test]
fn what_has_no_long_parts_cannot_be_shrunk() {
    let many = Generation {
        parent_generation_ids: (0..10_000).map(|n| format!("gen-{n}")).collect(),
        ..Generation::default()
    };
    assert_eq!(sigil::shrink::shrink(Signal::Generations, &encoded(&many), 10_000), None);
    assert_eq!(sigil::shrink::shrink(Signal::Generations, b"\xff\xff", 1), None);
    for event in ["[1,2,3]", "not json", "", "{\"a\":1}"] {
        assert_eq!(insidellm::shrink::shrink(event.as_bytes(), 2), None, "{event}");
    }
}

#[test]
fn an_event_keeps_its_order_and_numbers() {
    let long = "é\\n\\\"".repeat(100_000);
    for (metadata, expected) in [
        (r#","metadata":{}"#, json!({})),
        (r#","metadata": { "k":"v"}"#, json!({"k": "v"})),
        (r#","metadata":null"#, json!({})),
        ("", json!({})),
    ] {
        let event = format!(
            r#"{{"z":123456789012345678901234567890,"payload":{{"metadata":"x","text":"{long}","n":1e999}}{metadata},"a":[true]}}"#
        );
        let event = event.replace("1e999", "1.50");
        let shrunk = insidellm::shrink::shrink(event.as_bytes(), 20_000).unwrap();
        let shrunk = String::from_utf8(shrunk).unwrap();
        assert!((15_000..=20_000).contains(&shrunk.len()), "{}", shrunk.len());
        assert!(
            shrunk.starts_with(r#"{"z":123456789012345678901234567890,"payload":{"metadata":"x","text":""#)
        );
        assert!(shrunk.contains(r#","n":1.50}"#));
        let mut read: Json = serde_json::from_str(&shrunk).unwrap();
        let cut = read["metadata"].as_object_mut().unwrap();
        assert_eq!(cut.remove("lightwell.cut_parts"), Some(json!(1)));
        assert_eq!(cut.remove("lightwell.cut_bytes"), Some(json!(400_000)));
        assert_eq!(read["metadata"], expected);
        assert_eq!(read["a"], json!([true]));
    }
}

fn lengths() -> impl Strategy<Value = [usize; 8]> {
    proptest::array::uniform8(prop_oneof![Just(0_usize), 1..600_usize, 600..30_000_usize])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is long: the limit holds, the id stays, and what is cut is valid; or there was nothing to cut.
    #[test]
    fn generations_come_down_to_any_limit(lengths in lengths(), limit in 500..60_000_usize) {
        let item = encoded(&generation(&lengths));
        match sigil::shrink::shrink(Signal::Generations, &item, limit) {
            Some(shrunk) => {
                prop_assert!(shrunk.len() <= limit);
                let cut = Generation::decode(&shrunk[..]).unwrap();
                prop_assert_eq!(&cut.id, "gen-1");
                let parts = &cut.input[0].parts;
                if let Some(part::Payload::ToolCall(call)) = &parts[1].payload {
                    serde_json::from_slice::<Json>(&call.input_json).unwrap();
                }
                serde_json::from_slice::<Json>(&cut.tools[0].input_schema_json).unwrap();
            }
            // Eight parts may keep 512 bytes each; the rest of the item is below 700.
            None => prop_assert!(item.len() <= limit || limit < 8 * 640 + 1000, "{} to {limit}", item.len()),
        }
    }

    #[test]
    fn events_come_down_to_any_limit(texts in proptest::collection::vec("(?s).{0,3000}", 1..6), limit in 600..20_000_usize) {
        let event = serde_json::to_vec(&json!({"event_id": "e", "payload": {"texts": texts}})).unwrap();
        match insidellm::shrink::shrink(&event, limit) {
            Some(shrunk) => {
                prop_assert!(shrunk.len() <= limit);
                let read: Json = serde_json::from_slice(&shrunk).unwrap();
                prop_assert_eq!(&read["event_id"], "e");
                for (cut, text) in read["payload"]["texts"].as_array().unwrap().iter().zip(&texts) {
                    let cut = cut.as_str().unwrap();
                    prop_assert!(cut == text || text.starts_with(cut.rsplit_once("…[lightwell: ").unwrap().0));
                }
            }
            None => prop_assert!(event.len() <= limit || limit < texts.len() * 6 * 640 + 1000),
        }
    }
}
