//! How long one generation of 29 kB takes. Prints; `cargo test --release -p lightwell-wire speed -- --nocapture` tells the figures.

use std::time::{Duration, Instant};

use lightwell_wire::sigil::messages::{
    Generation, Message, ModelRef, Part, TokenUsage, ToolCall, ToolDefinition, part::Payload,
};
use lightwell_wire::sigil::{Signal, json, protobuf};

use super::support::receipt;

/// 20 messages, two of three with text, one of three with a tool call; two tools; about 29 kB.
fn sample() -> Generation {
    let sentence = "The quick brown fox said \"hello\" to the lazy dog.\nThen it went home. ";
    let part = |index: i32| match index % 3 {
        2 => Payload::ToolCall(ToolCall {
            id: format!("call_{index}"),
            name: "search".to_owned(),
            input_json: format!("{{\"query\":\"{}\"}}", "x".repeat(900)).into_bytes(),
        }),
        _ => Payload::Text(sentence.repeat(20)),
    };
    let message = |index: i32| Message {
        role: index % 3 + 1,
        name: String::new(),
        parts: vec![Part { metadata: None, payload: Some(part(index)) }],
    };
    let tool = ToolDefinition {
        name: "search".to_owned(),
        description: sentence.to_owned(),
        r#type: "function".to_owned(),
        input_schema_json: b"{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"}}}".to_vec(),
        deferred: false,
    };
    Generation {
        id: "gen_0123456789abcdef".to_owned(),
        conversation_id: "conversation".to_owned(),
        model: Some(ModelRef { provider: "openai".to_owned(), name: "gpt-5".to_owned() }),
        system_prompt: sentence.repeat(10),
        input: (0..19).map(message).collect(),
        output: vec![message(1)],
        tools: vec![tool.clone(), tool],
        usage: Some(TokenUsage { input_tokens: 7000, output_tokens: 300, ..TokenUsage::default() }),
        ..Generation::default()
    }
}

/// The time of one run: the best of several rounds, so that another process does not count.
fn best(mut run: impl FnMut()) -> Duration {
    const RUNS: u32 = 10;
    let round = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..RUNS).for_each(|_| run());
        start.elapsed() / RUNS
    };
    (0..50).map(|_| round(&mut run)).min().unwrap()
}

#[test]
fn a_generation_of_29_kilobytes() {
    let generation = sample();
    let (mut bytes, mut text) = (Vec::new(), Vec::new());
    protobuf::encode(&mut bytes, &generation);
    json::encode_generation(&mut text, &generation).unwrap();
    let mut body = Vec::new();
    json::join(&mut body, Signal::Generations, [text.as_slice()].into_iter());
    assert!((25_000..35_000).contains(&bytes.len()), "{}", bytes.len());

    let mut out = Vec::with_capacity(64 * 1024);
    let encode_protobuf = best(|| {
        out.clear();
        protobuf::encode(&mut out, &generation);
    });
    let encode_json = best(|| {
        out.clear();
        json::encode_generation(&mut out, &generation).unwrap();
    });
    let decode_protobuf = best(|| {
        assert!(protobuf::decode_item(Signal::Generations, &bytes, &receipt()).record.is_ok());
    });
    let decode_json = best(|| {
        assert!(json::decode(Signal::Generations, &body, &receipt()).unwrap().items[0].record.is_ok());
    });
    println!("{} bytes of protobuf: encode {encode_protobuf:?}, decode {decode_protobuf:?}", bytes.len());
    println!("{} bytes of JSON: encode {encode_json:?}, decode {decode_json:?}", body.len());
}
