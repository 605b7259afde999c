//! Generated values.

use jiff::Timestamp;
use lightwell_model::{
    CallError, ContentId, ExactBytes, Fragment, FragmentKind, Generation, Message, Mode, Model, Money, Part,
    PartBody, RequestControls, Response, Role, TokenUsage, ToolDefinition, UsageSemantics,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,12}", any::<String>(), Just("\u{2028}\"\\\u{0}é🦀".to_owned())]
}

pub fn bytes() -> impl Strategy<Value = ExactBytes> {
    prop_oneof![text().prop_map(ExactBytes::from), vec(any::<u8>(), 0..8).prop_map(ExactBytes::from)]
}

pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e12f64..1e12).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        Just(Role::Unspecified),
        Just(Role::System),
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::Tool),
        "[a-z]{1,8}x".prop_map(Role::Other),
    ]
}

pub fn part() -> impl Strategy<Value = Part> {
    let body = prop_oneof![
        text().prop_map(PartBody::Text),
        text().prop_map(PartBody::Thinking),
        (text(), text(), bytes()).prop_map(|(id, name, arguments)| PartBody::ToolCall {
            id,
            name,
            arguments
        }),
        (text(), text(), text(), bytes(), any::<bool>()).prop_map(
            |(tool_call_id, name, content, content_json, is_error)| {
                PartBody::ToolResult { tool_call_id, name, content, content_json, is_error }
            }
        ),
        (text(), text(), text(), text()).prop_map(|(kind, url, mime_type, name)| PartBody::Media {
            kind,
            url,
            mime_type,
            name
        }),
        value().prop_map(PartBody::Opaque),
    ];
    (body, text()).prop_map(|(body, provider_type)| Part { body, provider_type })
}

pub fn message() -> impl Strategy<Value = Message> {
    (role(), text(), vec(part(), 0..4)).prop_map(|(role, name, parts)| Message { role, name, parts })
}

pub fn tool() -> impl Strategy<Value = ToolDefinition> {
    (text(), text(), text(), bytes(), any::<bool>()).prop_map(
        |(name, description, kind, input_schema, deferred)| ToolDefinition {
            name,
            description,
            kind,
            input_schema,
            deferred,
        },
    )
}

pub fn moment() -> impl Strategy<Value = Timestamp> {
    (0i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

pub fn usage() -> impl Strategy<Value = TokenUsage> {
    (any::<[i64; 6]>(), any::<bool>()).prop_map(|(n, inclusive)| TokenUsage {
        input_tokens: n[0],
        output_tokens: n[1],
        total_tokens: n[2],
        cache_read_input_tokens: n[3],
        cache_write_input_tokens: n[4],
        reasoning_tokens: n[5],
        semantics: if inclusive { UsageSemantics::Inclusive } else { UsageSemantics::Unspecified },
    })
}

fn request() -> impl Strategy<Value = RequestControls> {
    (
        any::<Option<i64>>(),
        proptest::option::of(-10.0..10.0),
        proptest::option::of(text()),
        any::<Option<bool>>(),
    )
        .prop_map(|(max_tokens, temperature, tool_choice, thinking_enabled)| RequestControls {
            max_tokens,
            temperature,
            top_p: temperature,
            tool_choice,
            thinking_enabled,
        })
}

pub fn generation() -> impl Strategy<Value = Generation> {
    let said = (vec(message(), 0..5), vec(message(), 0..3), vec(tool(), 0..3), text());
    let told =
        (text(), text(), text(), request(), proptest::option::of(usage()), proptest::option::of(moment()));
    let kept = (btree_map(text(), text(), 0..3), btree_map(text(), value(), 0..3), any::<Option<i64>>());
    (said, told, kept).prop_map(|((input, output, tools, system_prompt), told, (tags, metadata, cost))| {
        Generation {
            id: told.0.clone(),
            conversation_id: told.1.clone(),
            mode: Mode::Stream,
            model: Model { provider: told.2.clone(), name: told.0 },
            response: Response { id: told.1, model: told.2.clone(), stop_reason: String::new() },
            request: told.3,
            usage: told.4,
            started_at: told.5,
            completed_at: told.5,
            error: (!told.2.is_empty()).then(|| CallError { message: told.2, ..CallError::default() }),
            reported_cost: cost.map(Money::from_nanos),
            input,
            output,
            tools,
            system_prompt,
            tags,
            unknown: metadata.clone(),
            metadata,
            ..Generation::default()
        }
    })
}

/// A generation told by one fragment of this kind, with an id of its own.
pub fn told_as(kind: FragmentKind) -> impl Strategy<Value = Generation> {
    (generation(), moment(), "[a-f0-9]{8}").prop_map(move |(generation, at, id)| Generation {
        fragments: vec![Fragment {
            id: format!("{kind:?}-{id}"),
            kind,
            at,
            digest: ContentId::of(id.as_bytes()),
        }],
        ..generation
    })
}
