//! What is written field by field reads back as the message that was meant.

use std::collections::BTreeMap;

use lightwell_wire::sigil::messages::{
    Artifact, Generation, Message, Part, TokenUsage, ToolDefinition, WorkflowStep, part::Payload,
};
use lightwell_wire::sigil::protobuf::number::{generation as g, inner as n, workflow_step as s};
use lightwell_wire::sigil::protobuf::{StructWriter, Writer};
use lightwell_wire::sigil::well_known::{Kind, Struct, Timestamp, Value};
use proptest::prelude::*;
use prost::Message as _;

use super::sigil_round_trip::{generation, step};
use super::support::{step_to_wire, to_wire};

fn write_generation(wire: &Generation) -> Vec<u8> {
    let mut out = Writer::default();
    let texts = [
        (g::ID, &wire.id),
        (g::CONVERSATION_ID, &wire.conversation_id),
        (g::OPERATION_NAME, &wire.operation_name),
        (g::TRACE_ID, &wire.trace_id),
        (g::SPAN_ID, &wire.span_id),
        (g::RESPONSE_ID, &wire.response_id),
        (g::RESPONSE_MODEL, &wire.response_model),
        (g::SYSTEM_PROMPT, &wire.system_prompt),
        (g::STOP_REASON, &wire.stop_reason),
        (g::CALL_ERROR, &wire.call_error),
        (g::AGENT_NAME, &wire.agent_name),
        (g::AGENT_VERSION, &wire.agent_version),
    ];
    texts.iter().for_each(|(number, text)| out.string(*number, text));
    out.int(g::MODE, wire.mode.into());
    if let Some(model) = &wire.model {
        let open = out.open(g::MODEL);
        out.string(n::MODEL_PROVIDER, &model.provider);
        out.string(n::MODEL_NAME, &model.name);
        out.close(open);
    }
    wire.input.iter().for_each(|message| write_message(&mut out, g::INPUT, message));
    wire.output.iter().for_each(|message| write_message(&mut out, g::OUTPUT, message));
    wire.tools.iter().for_each(|tool| write_tool(&mut out, tool));
    wire.raw_artifacts.iter().for_each(|artifact| write_artifact(&mut out, artifact));
    wire.usage.iter().for_each(|usage| write_usage(&mut out, usage));
    write_times(&mut out, [(g::STARTED_AT, wire.started_at), (g::COMPLETED_AT, wire.completed_at)]);
    write_maps(&mut out, (g::TAGS, &wire.tags), [(g::METADATA, &wire.metadata)]);
    wire.max_tokens.iter().for_each(|value| out.present_int(g::MAX_TOKENS, *value));
    wire.temperature.iter().for_each(|value| out.present_double(g::TEMPERATURE, *value));
    wire.top_p.iter().for_each(|value| out.present_double(g::TOP_P, *value));
    wire.tool_choice.iter().for_each(|value| out.present_string(g::TOOL_CHOICE, value));
    wire.thinking_enabled.iter().for_each(|value| out.present_flag(g::THINKING_ENABLED, *value));
    wire.parent_generation_ids.iter().for_each(|id| out.present_string(g::PARENT_GENERATION_IDS, id));
    wire.effective_version.iter().for_each(|value| out.present_string(g::EFFECTIVE_VERSION, value));
    out.into_bytes()
}

fn write_step(wire: &WorkflowStep) -> Vec<u8> {
    let mut out = Writer::default();
    let texts = [
        (s::ID, &wire.id),
        (s::CONVERSATION_ID, &wire.conversation_id),
        (s::STEP_NAME, &wire.step_name),
        (s::FRAMEWORK, &wire.framework),
        (s::ERROR, &wire.error),
        (s::AGENT_NAME, &wire.agent_name),
        (s::AGENT_VERSION, &wire.agent_version),
        (s::TRACE_ID, &wire.trace_id),
        (s::SPAN_ID, &wire.span_id),
    ];
    texts.iter().for_each(|(number, text)| out.string(*number, text));
    write_times(&mut out, [(s::STARTED_AT, wire.started_at), (s::COMPLETED_AT, wire.completed_at)]);
    let structs = [
        (s::INPUT_STATE, &wire.input_state),
        (s::OUTPUT_STATE, &wire.output_state),
        (s::METADATA, &wire.metadata),
    ];
    write_maps(&mut out, (s::TAGS, &wire.tags), structs);
    wire.linked_generation_ids.iter().for_each(|id| out.present_string(s::LINKED_GENERATION_IDS, id));
    wire.parent_step_ids.iter().for_each(|id| out.present_string(s::PARENT_STEP_IDS, id));
    out.into_bytes()
}

fn write_message(out: &mut Writer, number: u32, message: &Message) {
    let open = out.open(number);
    out.int(n::MESSAGE_ROLE, message.role.into());
    out.string(n::MESSAGE_NAME, &message.name);
    message.parts.iter().for_each(|part| write_part(out, part));
    out.close(open);
}

fn write_part(out: &mut Writer, part: &Part) {
    let open = out.open(n::MESSAGE_PARTS);
    if let Some(metadata) = &part.metadata {
        let open = out.open(n::PART_METADATA);
        out.string(n::PART_METADATA_PROVIDER_TYPE, &metadata.provider_type);
        out.close(open);
    }
    match &part.payload {
        Some(Payload::Text(text)) => out.present_string(n::PART_TEXT, text),
        Some(Payload::Thinking(text)) => out.present_string(n::PART_THINKING, text),
        Some(Payload::ToolCall(call)) => {
            let open = out.open(n::PART_TOOL_CALL);
            out.string(n::TOOL_CALL_ID, &call.id);
            out.string(n::TOOL_CALL_NAME, &call.name);
            out.bytes(n::TOOL_CALL_INPUT_JSON, &call.input_json);
            out.close(open);
        }
        Some(Payload::ToolResult(result)) => {
            let open = out.open(n::PART_TOOL_RESULT);
            out.string(n::TOOL_RESULT_TOOL_CALL_ID, &result.tool_call_id);
            out.string(n::TOOL_RESULT_NAME, &result.name);
            out.string(n::TOOL_RESULT_CONTENT, &result.content);
            out.bytes(n::TOOL_RESULT_CONTENT_JSON, &result.content_json);
            out.flag(n::TOOL_RESULT_IS_ERROR, result.is_error);
            out.close(open);
        }
        Some(Payload::Media(_)) | None => {}
    }
    out.close(open);
}

fn write_tool(out: &mut Writer, tool: &ToolDefinition) {
    let open = out.open(g::TOOLS);
    out.string(n::TOOL_NAME, &tool.name);
    out.string(n::TOOL_DESCRIPTION, &tool.description);
    out.string(n::TOOL_TYPE, &tool.r#type);
    out.bytes(n::TOOL_INPUT_SCHEMA_JSON, &tool.input_schema_json);
    out.flag(n::TOOL_DEFERRED, tool.deferred);
    out.close(open);
}

fn write_artifact(out: &mut Writer, artifact: &Artifact) {
    let open = out.open(g::RAW_ARTIFACTS);
    out.int(n::ARTIFACT_KIND, artifact.kind.into());
    out.string(n::ARTIFACT_NAME, &artifact.name);
    out.string(n::ARTIFACT_CONTENT_TYPE, &artifact.content_type);
    out.bytes(n::ARTIFACT_PAYLOAD, &artifact.payload);
    out.string(n::ARTIFACT_RECORD_ID, &artifact.record_id);
    out.string(n::ARTIFACT_URI, &artifact.uri);
    out.close(open);
}

fn write_usage(out: &mut Writer, usage: &TokenUsage) {
    let open = out.open(g::USAGE);
    out.int(n::USAGE_INPUT_TOKENS, usage.input_tokens);
    out.int(n::USAGE_OUTPUT_TOKENS, usage.output_tokens);
    out.int(n::USAGE_TOTAL_TOKENS, usage.total_tokens);
    out.int(n::USAGE_CACHE_READ_INPUT_TOKENS, usage.cache_read_input_tokens);
    out.int(n::USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cache_write_input_tokens);
    out.int(n::USAGE_REASONING_TOKENS, usage.reasoning_tokens);
    out.close(open);
}

fn write_times(out: &mut Writer, times: [(u32, Option<Timestamp>); 2]) {
    for (number, time) in times {
        if let Some(time) = time {
            out.timestamp(number, &time);
        }
    }
}

fn write_maps<const COUNT: usize>(
    out: &mut Writer,
    (number, tags): (u32, &BTreeMap<String, String>),
    structs: [(u32, &Option<Struct>); COUNT],
) {
    tags.iter().for_each(|(key, value)| out.pair(number, key, value));
    for (number, fields) in structs {
        if let Some(fields) = fields {
            write_object(&mut StructWriter::new(out, number), fields);
        }
    }
}

fn write_object(out: &mut StructWriter<'_>, fields: &Struct) {
    out.open_object();
    for (key, value) in &fields.fields {
        out.key(key);
        write_value(out, value);
    }
    out.close();
}

fn write_value(out: &mut StructWriter<'_>, value: &Value) {
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => out.null(),
        Kind::BoolValue(value) => out.boolean(*value),
        Kind::NumberValue(value) => out.number(*value),
        Kind::StringValue(value) => out.string(value),
        Kind::StructValue(fields) => write_object(out, fields),
        Kind::ListValue(list) => {
            out.open_list();
            list.values.iter().for_each(|value| write_value(out, value));
            out.close();
        }
    }
}

/// What no program of ours writes: the counting of a newer contract, and media.
fn without_newer_fields(mut wire: Generation) -> Generation {
    if let Some(usage) = &mut wire.usage {
        usage.input_semantics = 0;
    }
    for message in wire.input.iter_mut().chain(&mut wire.output) {
        for part in &mut message.parts {
            part.payload.take_if(|payload| matches!(payload, Payload::Media(_)));
        }
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_generation_written_by_hand_is_the_generation(record in generation()) {
        let wire = without_newer_fields(to_wire(&record));
        prop_assert_eq!(Generation::decode(write_generation(&wire).as_slice()).unwrap(), wire);
    }

    #[test]
    fn a_step_written_by_hand_is_the_step(record in step()) {
        let wire = step_to_wire(&record);
        prop_assert_eq!(WorkflowStep::decode(write_step(&wire).as_slice()).unwrap(), wire);
    }
}

#[test]
fn a_struct_that_is_no_object_stands_under_a_key() {
    let mut out = Writer::default();
    let mut writer = StructWriter::new(&mut out, s::METADATA);
    writer.open_list();
    writer.number(1.0);
    writer.null();
    writer.close();
    let fields = WorkflowStep::decode(out.as_bytes()).unwrap().metadata.unwrap().fields;
    let Some(Kind::ListValue(list)) = &fields["value"].kind else { panic!("{fields:?}") };
    assert_eq!(list.values.len(), 2);
}
