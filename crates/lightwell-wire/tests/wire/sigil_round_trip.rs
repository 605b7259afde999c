//! A record on the wire and back is the same record, over either transport, digest included.

use jiff::Timestamp;
use lightwell_model::Record;
use lightwell_model::{
    Agent, Artifact, CallError, Generation, Message, Mode, Model, Part, PartBody, RequestControls, Response,
    Role, Step, StepKind, TokenUsage, ToolDefinition, UsageSemantics,
};
use lightwell_wire::sigil::{Signal, json, protobuf};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::support::{receipt, step_to_wire, to_wire};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z\"\\\\\n é漢🦀]{1,8}"]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(b"{\"a\":1}".to_vec()), vec(any::<u8>(), 1..6)]
}

pub fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1000..1000_i32).prop_map(|n| Value::from(f64::from(n) + 0.5)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z.]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    let seconds = prop_oneof![Just(0), -62_135_596_800..253_402_207_200_i64];
    let nanos = prop_oneof![Just(0), Just(120_000_000), Just(7_000), 0..1_000_000_000_i32];
    option::of((seconds, nanos).prop_map(|(seconds, nanos)| {
        let whole = Timestamp::from_second(seconds).unwrap();
        whole.checked_add(jiff::SignedDuration::from_nanos(nanos.into())).unwrap()
    }))
}

fn part() -> impl Strategy<Value = Part> {
    let body = prop_oneof![
        text().prop_map(PartBody::Text),
        text().prop_map(PartBody::Thinking),
        (text(), text(), bytes()).prop_map(|(id, name, arguments)| PartBody::ToolCall {
            id,
            name,
            arguments: arguments.into()
        }),
        (text(), text(), text(), bytes(), any::<bool>()).prop_map(
            |(tool_call_id, name, content, content_json, is_error)| PartBody::ToolResult {
                tool_call_id,
                name,
                content,
                content_json: content_json.into(),
                is_error,
            }
        ),
        (text(), text(), text(), text()).prop_map(|(kind, url, mime_type, name)| PartBody::Media {
            kind,
            url,
            mime_type,
            name
        }),
    ];
    (body, text()).prop_map(|(body, provider_type)| Part { body, provider_type })
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![
        Just(Role::Unspecified),
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::Tool),
        Just(Role::Other("7".to_owned())),
    ];
    (role, text(), vec(part(), 0..4)).prop_map(|(role, name, parts)| Message { role, name, parts })
}

fn tool() -> impl Strategy<Value = ToolDefinition> {
    (text(), text(), text(), bytes(), any::<bool>()).prop_map(
        |(name, description, kind, schema, deferred)| ToolDefinition {
            name,
            description,
            kind,
            input_schema: schema.into(),
            deferred,
        },
    )
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let kind = prop_oneof![Just(""), Just("request"), Just("provider_event")];
    (kind, text(), text(), bytes(), text(), text()).prop_map(
        |(kind, name, content_type, payload, record_id, uri)| Artifact {
            kind: kind.to_owned(),
            name,
            content_type,
            payload: payload.into(),
            record_id,
            uri,
        },
    )
}

fn usage() -> impl Strategy<Value = Option<TokenUsage>> {
    let counter = || prop_oneof![Just(0_i64), any::<i32>().prop_map(i64::from), Just(i64::MAX)];
    let counters = (counter(), counter(), counter(), counter(), counter(), 1..i64::MAX);
    option::of((counters, any::<bool>()).prop_map(
        |((input, output, read, write, reasoning, total), inclusive)| TokenUsage {
            input_tokens: input,
            output_tokens: output,
            total_tokens: total,
            cache_read_input_tokens: read,
            cache_write_input_tokens: write,
            reasoning_tokens: reasoning,
            semantics: if inclusive { UsageSemantics::Inclusive } else { UsageSemantics::Unspecified },
        },
    ))
}

fn controls() -> impl Strategy<Value = RequestControls> {
    let number = || {
        option::of(prop_oneof![Just(0.0), Just(-0.0), any::<f64>().prop_filter("finite", |n| n.is_finite())])
    };
    (option::of(any::<i64>()), number(), number(), option::of(text()), option::of(any::<bool>())).prop_map(
        |(max_tokens, temperature, top_p, tool_choice, thinking_enabled)| RequestControls {
            max_tokens,
            temperature,
            top_p,
            tool_choice,
            thinking_enabled,
        },
    )
}

/// A generation as the server would hold it, so that its defaults are already filled in.
pub(super) fn generation() -> impl Strategy<Value = Generation> {
    let names = (vec(text(), 10), "[a-z]{1,3}", "[a-z]{1,3}", "[a-z]{1,3}");
    let version = prop_oneof![Just(String::new()), Just(format!("sha256:{}", "0a".repeat(32)))];
    let lists = (vec(message(), 0..4), vec(message(), 0..3), vec(tool(), 0..3), vec(artifact(), 0..2));
    let maps = (btree_map(text(), text(), 0..3), btree_map(text(), json_value(), 0..3), vec(text(), 0..3));
    let rest = (usage(), controls(), time(), time(), any::<bool>(), version);
    (names, lists, maps, rest).prop_map(|(names, lists, maps, rest)| {
        let (mut texts, id, provider, model) = names;
        let mut text = || texts.pop().unwrap();
        let (input, output, tools, artifacts) = lists;
        let (tags, metadata, parent_generation_ids) = maps;
        let (usage, request, started_at, completed_at, stream, effective_version) = rest;
        let error = text();
        Generation {
            id,
            conversation_id: format!("of {}", text()),
            operation_name: format!("op{}", text()),
            mode: if stream { Mode::Stream } else { Mode::Sync },
            trace_id: text(),
            span_id: text(),
            agent: Agent { name: text(), version: text(), effective_version },
            model: Model { provider, name: model },
            response: Response { id: text(), model: text(), stop_reason: text() },
            error: (!error.is_empty()).then(|| CallError { message: error, ..CallError::default() }),
            input,
            output,
            tools,
            artifacts,
            tags,
            metadata,
            parent_generation_ids,
            usage,
            request,
            started_at,
            completed_at,
            received_at: receipt().received_at,
            ..Generation::default()
        }
    })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let maps = (btree_map(text(), text(), 0..3), btree_map(text(), json_value(), 0..3));
    let state = || {
        option::of(btree_map(text(), json_value(), 0..3)).prop_map(|state| match state {
            Some(members) => Value::Object(members.into_iter().collect()),
            None => Value::Null,
        })
    };
    let lists = (vec(text(), 0..3), vec(text(), 0..3));
    (vec(text(), 8), "[a-z]{1,3}", maps, (state(), state()), lists, (time(), time())).prop_map(
        |(mut texts, id, (tags, metadata), (input, output), lists, (started_at, completed_at))| {
            let mut text = || texts.pop().unwrap();
            let error = text();
            Step {
                id,
                kind: StepKind::Workflow,
                conversation_id: format!("of {}", text()),
                name: text(),
                subtype: text(),
                trace_id: text(),
                span_id: text(),
                agent: Agent { name: text(), version: text(), ..Agent::default() },
                error: (!error.is_empty()).then(|| CallError { message: error, ..CallError::default() }),
                linked_generation_ids: lists.0,
                parent_step_ids: lists.1,
                tags,
                metadata,
                input,
                output,
                started_at,
                completed_at,
                received_at: receipt().received_at,
                ..Step::default()
            }
        },
    )
}

/// Decodes a request of one item.
fn only(batch: lightwell_wire::Batch) -> Record {
    assert_eq!(batch.unknown.len(), 0);
    let [item] = <[_; 1]>::try_from(batch.items).unwrap();
    assert_eq!(item.id, item.record.as_ref().unwrap().id());
    item.record.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_generation_survives_both_transports(record in generation()) {
        let wire = to_wire(&record);
        let (mut bytes, mut text) = (Vec::new(), Vec::new());
        protobuf::encode(&mut bytes, &wire);
        json::encode_generation(&mut text, &wire).unwrap();
        let (mut protobuf_body, mut json_body) = (Vec::new(), Vec::new());
        protobuf::join(&mut protobuf_body, [bytes.as_slice()].into_iter());
        json::join(&mut json_body, Signal::Generations, [text.as_slice()].into_iter());
        let over_protobuf = only(protobuf::decode(Signal::Generations, &protobuf_body, &receipt()).unwrap());
        let over_json = only(json::decode(Signal::Generations, &json_body, &receipt()).unwrap());
        prop_assert_eq!(&over_protobuf, &over_json);
        let Record::Generation(mut decoded) = over_json else { panic!("not a generation") };
        prop_assert_eq!(decoded.fragments.len(), 1);
        decoded.fragments.clear();
        prop_assert_eq!(decoded, record);
    }

    #[test]
    fn a_step_survives_both_transports(record in step()) {
        let wire = step_to_wire(&record);
        let (mut bytes, mut text) = (Vec::new(), Vec::new());
        protobuf::encode(&mut bytes, &wire);
        json::encode_workflow_step(&mut text, &wire).unwrap();
        let text = String::from_utf8(text).unwrap();
        let over_protobuf = protobuf::decode_item(Signal::WorkflowSteps, &bytes, &receipt()).record.unwrap();
        let over_json = json::decode_item(Signal::WorkflowSteps, &text, &receipt()).record.unwrap();
        prop_assert_eq!(&over_protobuf, &over_json);
        let Record::Step(mut decoded) = over_json else { panic!("not a step") };
        decoded.fragments.clear();
        prop_assert_eq!(decoded, record);
    }
}
