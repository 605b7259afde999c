//! A `sigil_sdk.models.WorkflowStep`, read attribute by attribute and written as it is read.

use lightwell_wire::sigil::protobuf::Writer;
use lightwell_wire::sigil::protobuf::number::workflow_step as n;
use pyo3::prelude::*;

use super::Encoded;
use super::fields::Fields;
use super::text;
use crate::once::intern;
use crate::pipeline::EncodeError;

/// Encodes one step.
pub(crate) fn workflow_step(object: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    let py = object.py();
    if !object.hasattr(intern!(py, "step_name"))? {
        let found = text::type_name(object);
        return Err(EncodeError::new_err(format!("workflow_step.step_name is missing in {found}")));
    }
    let fields = Fields::new(object, "workflow_step");
    let out = &mut Writer::with_capacity(256);
    let id = fields.with_text(intern!(py, "id"), |id| {
        out.string(n::ID, id);
        id.to_owned()
    })?;
    fields.write_text(out, n::CONVERSATION_ID, intern!(py, "conversation_id"))?;
    fields.write_text(out, n::STEP_NAME, intern!(py, "step_name"))?;
    fields.write_text(out, n::FRAMEWORK, intern!(py, "framework"))?;
    fields.write_time(out, n::STARTED_AT, intern!(py, "started_at"))?;
    fields.write_time(out, n::COMPLETED_AT, intern!(py, "completed_at"))?;
    fields.write_struct(out, n::INPUT_STATE, intern!(py, "input_state"))?;
    fields.write_struct(out, n::OUTPUT_STATE, intern!(py, "output_state"))?;
    fields.write_text(out, n::ERROR, intern!(py, "error"))?;
    fields.write_tags(out, n::TAGS, intern!(py, "tags"))?;
    fields.write_texts(out, n::LINKED_GENERATION_IDS, intern!(py, "linked_generation_ids"))?;
    fields.write_texts(out, n::PARENT_STEP_IDS, intern!(py, "parent_step_ids"))?;
    fields.write_text(out, n::AGENT_NAME, intern!(py, "agent_name"))?;
    fields.write_text(out, n::AGENT_VERSION, intern!(py, "agent_version"))?;
    fields.write_text(out, n::TRACE_ID, intern!(py, "trace_id"))?;
    fields.write_text(out, n::SPAN_ID, intern!(py, "span_id"))?;
    fields.write_struct(out, n::METADATA, intern!(py, "metadata"))?;
    Ok(Encoded { id, bytes: std::mem::take(out).into_bytes(), notes: Vec::new() })
}
