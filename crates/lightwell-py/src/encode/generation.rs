//! A `sigil_sdk.models.Generation`, written as it is read: whole, or its header when the content was read before.
//!
//! `conversation_title` and `user_id` have no wire field: they travel in `metadata`, where the face puts them.

use bytes::Bytes;
use lightwell_wire::sigil::protobuf::Writer;
use lightwell_wire::sigil::protobuf::number::{generation as g, inner as n};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString};
use sha2::{Digest, Sha256};

use super::Encoded;
use super::content::{Content, Reader, Rules, is_blank};
use super::fields::Fields;
use super::ids;
use super::number;
use super::text;
use super::time;
use crate::once::intern;
use crate::pipeline::EncodeError;

/// Room for a header of usual length.
pub(super) const HEADER_BYTES: usize = 768;

/// Encodes one generation, whatever it holds.
pub(crate) fn generation(object: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    let py = object.py();
    if !object.hasattr(intern!(py, "input"))? || !object.hasattr(intern!(py, "output"))? {
        let found = text::type_name(object);
        return Err(EncodeError::new_err(format!(
            "generation.input or generation.output is missing in {found}"
        )));
    }
    let mut out = Writer::with_capacity(2 * HEADER_BYTES);
    let fields = Fields::new(object, "generation");
    let rules = Rules { check: false, withhold: false, redact: None };
    Reader::new(&mut out, rules).lists(&fields, py)?;
    let (id, notes) = header(&fields, py, &mut out)?;
    Ok(Encoded { id, bytes: out.into_bytes(), notes })
}

/// Encodes the generation whose header is a dict and whose content was read before, perhaps in two pieces. It gets an id if it
/// has none, and its times may be nanoseconds since 1970: `started_ns`, `completed_ns`.
pub(crate) fn with_header(
    fields: &Bound<'_, PyDict>,
    content: &Content,
    more: Option<&Content>,
) -> PyResult<Encoded<Bytes>> {
    let (bytes, (id, notes)) = content.begin_record(|out| {
        if let Some(more) = more {
            more.read(|fields| out.fields(fields));
        }
        let py = fields.py();
        if !fields.contains(intern!(py, "id"))? {
            fields.set_item(intern!(py, "id"), new_id()?)?;
        }
        write_nanoseconds(fields, out, g::STARTED_AT, intern!(py, "started_ns"))?;
        write_nanoseconds(fields, out, g::COMPLETED_AT, intern!(py, "completed_ns"))?;
        header(&Fields::new(fields.as_any(), "generation"), py, out)
    })?;
    Ok(Encoded { id, bytes, notes })
}

/// Why a generation cannot be exported, or `None`: its header, then its content.
pub(crate) fn problem(object: &Bound<'_, PyAny>, withheld: bool) -> PyResult<Option<String>> {
    let fields = Fields::new(object, "generation");
    if let Some(problem) = header_problem(&fields, object.py())? {
        return Ok(Some(problem.to_owned()));
    }
    let rules = Rules { check: true, withhold: withheld, redact: None };
    Reader::new(&mut Writer::default(), rules).lists(&fields, object.py())
}

/// What of the header alone cannot be exported.
pub(crate) fn dict_problem(fields: &Bound<'_, PyDict>) -> PyResult<Option<&'static str>> {
    header_problem(&Fields::new(fields.as_any(), "generation"), fields.py())
}

fn header_problem(fields: &Fields<'_, '_>, py: Python<'_>) -> PyResult<Option<&'static str>> {
    if let Some(mode) = fields.get(intern!(py, "mode"))?
        && text::with_text(&mode, mode_number).is_none()
    {
        return Ok(Some("generation.mode must be one of SYNC|STREAM"));
    }
    let Some(model) = fields.get(intern!(py, "model"))? else {
        return Ok(Some("generation.model.provider is required"));
    };
    let model = Fields::new(&model, "generation.model");
    if model.with_text(intern!(py, "provider"), is_blank)? {
        return Ok(Some("generation.model.provider is required"));
    }
    let nameless = model.with_text(intern!(py, "name"), is_blank)?;
    Ok(nameless.then_some("generation.model.name is required"))
}

/// Adds the header to the content that is already there. Gives the id, and notes for people.
fn header<'py>(
    fields: &Fields<'_, 'py>,
    py: Python<'py>,
    out: &mut Writer,
) -> PyResult<(String, Vec<String>)> {
    let mut notes = Vec::new();
    let id = fields.with_text(intern!(py, "id"), |id| {
        out.string(g::ID, id);
        id.to_owned()
    })?;
    texts(fields, py, out)?;
    if let Some(mode) = fields.get(intern!(py, "mode"))? {
        out.int(g::MODE, text::with_text(&mode, mode_number).unwrap_or_default());
    }
    model(fields, py, out)?;
    usage(fields, py, out, &mut notes)?;
    fields.write_time(out, g::STARTED_AT, intern!(py, "started_at"))?;
    fields.write_time(out, g::COMPLETED_AT, intern!(py, "completed_at"))?;
    fields.write_tags(out, g::TAGS, intern!(py, "tags"))?;
    fields.write_struct(out, g::METADATA, intern!(py, "metadata"))?;
    fields.write_texts(out, g::PARENT_GENERATION_IDS, intern!(py, "parent_generation_ids"))?;
    controls(fields, py, out, &mut notes)?;
    fields.with_text(intern!(py, "effective_version"), |version| {
        let version = version.trim();
        if !version.is_empty() {
            out.present_string(g::EFFECTIVE_VERSION, &effective_version(version));
        }
    })?;
    Ok((id, notes))
}

/// `gen_` and 16 random hexadecimal digits.
fn new_id() -> PyResult<String> {
    let random = ids::uuid4()?;
    let random = ids::ascii(&random);
    Ok(["gen_", &random[..4], &random[24..]].concat())
}

fn write_nanoseconds(
    fields: &Bound<'_, PyDict>,
    out: &mut Writer,
    number: u32,
    name: &Bound<'_, PyString>,
) -> PyResult<()> {
    if let Some(time) = fields.get_item(name)? {
        out.timestamp(number, &time::of_nanoseconds(time.extract()?));
    }
    Ok(())
}

fn texts<'py>(fields: &Fields<'_, 'py>, py: Python<'py>, out: &mut Writer) -> PyResult<()> {
    fields.write_text(out, g::CONVERSATION_ID, intern!(py, "conversation_id"))?;
    fields.write_text(out, g::OPERATION_NAME, intern!(py, "operation_name"))?;
    fields.write_text(out, g::TRACE_ID, intern!(py, "trace_id"))?;
    fields.write_text(out, g::SPAN_ID, intern!(py, "span_id"))?;
    fields.write_text(out, g::RESPONSE_ID, intern!(py, "response_id"))?;
    fields.write_text(out, g::RESPONSE_MODEL, intern!(py, "response_model"))?;
    fields.write_text(out, g::SYSTEM_PROMPT, intern!(py, "system_prompt"))?;
    fields.write_text(out, g::STOP_REASON, intern!(py, "stop_reason"))?;
    fields.write_text(out, g::CALL_ERROR, intern!(py, "call_error"))?;
    fields.write_text(out, g::AGENT_NAME, intern!(py, "agent_name"))?;
    fields.write_text(out, g::AGENT_VERSION, intern!(py, "agent_version"))
}

fn model<'py>(fields: &Fields<'_, 'py>, py: Python<'py>, out: &mut Writer) -> PyResult<()> {
    let open = out.open(g::MODEL);
    if let Some(object) = fields.get(intern!(py, "model"))? {
        if object.is_instance_of::<PyString>() {
            text::with_text(&object, |name| out.string(n::MODEL_NAME, name));
        } else {
            let model = Fields::new(&object, "generation.model");
            model.write_text(out, n::MODEL_PROVIDER, intern!(py, "provider"))?;
            model.write_text(out, n::MODEL_NAME, intern!(py, "name"))?;
        }
    }
    out.close(open);
    Ok(())
}

/// The counter of 0.2.0, `cache_creation_input_tokens`, is reserved on today's wire: it counts as a cache write when
/// there is no other.
fn usage<'py>(
    fields: &Fields<'_, 'py>,
    py: Python<'py>,
    out: &mut Writer,
    notes: &mut Vec<String>,
) -> PyResult<()> {
    let open = out.open(g::USAGE);
    if let Some(object) = fields.get(intern!(py, "usage"))? {
        let usage = Fields::new(&object, "generation.usage");
        let mut counter = |name| usage.whole(name, notes).map(Option::unwrap_or_default);
        let created = counter(intern!(py, "cache_creation_input_tokens"))?;
        let written = counter(intern!(py, "cache_write_input_tokens"))?;
        out.int(n::USAGE_INPUT_TOKENS, counter(intern!(py, "input_tokens"))?);
        out.int(n::USAGE_OUTPUT_TOKENS, counter(intern!(py, "output_tokens"))?);
        out.int(n::USAGE_TOTAL_TOKENS, counter(intern!(py, "total_tokens"))?);
        out.int(n::USAGE_CACHE_READ_INPUT_TOKENS, counter(intern!(py, "cache_read_input_tokens"))?);
        out.int(n::USAGE_CACHE_WRITE_INPUT_TOKENS, if written == 0 { created } else { written });
        out.int(n::USAGE_REASONING_TOKENS, counter(intern!(py, "reasoning_tokens"))?);
    }
    out.close(open);
    Ok(())
}

fn controls<'py>(
    fields: &Fields<'_, 'py>,
    py: Python<'py>,
    out: &mut Writer,
    notes: &mut Vec<String>,
) -> PyResult<()> {
    if let Some(tokens) = fields.whole(intern!(py, "max_tokens"), notes)? {
        out.present_int(g::MAX_TOKENS, tokens);
    }
    let reals = [(g::TEMPERATURE, intern!(py, "temperature")), (g::TOP_P, intern!(py, "top_p"))];
    for (field, name) in reals {
        if let Some(value) = fields.get(name)?.and_then(|value| real(&value)) {
            out.present_double(field, value);
        }
    }
    if let Some(choice) = fields.get(intern!(py, "tool_choice"))? {
        text::with_text(&choice, |choice| out.present_string(g::TOOL_CHOICE, choice));
    }
    if let Some(flag) = fields.get(intern!(py, "thinking_enabled"))?.and_then(|value| number::flag(&value)) {
        out.present_flag(g::THINKING_ENABLED, flag);
    }
    Ok(())
}

fn real(object: &Bound<'_, PyAny>) -> Option<f64> {
    match object.cast_exact::<PyFloat>() {
        Ok(float) => Some(float.value()),
        Err(_) => number::real(object),
    }
}

fn mode_number(text: &str) -> Option<i64> {
    match text {
        "SYNC" => Some(1),
        "STREAM" => Some(2),
        _ => None,
    }
}

fn effective_version(text: &str) -> String {
    let mut version = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        for digit in [byte >> 4, byte & 0xf] {
            version.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    version
}
