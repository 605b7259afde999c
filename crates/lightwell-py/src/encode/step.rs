//! A `sigil_sdk.models.WorkflowStep`, read attribute by attribute into its wire message.

use lightwell_wire::sigil::messages::WorkflowStep;
use lightwell_wire::sigil::protobuf;
use pyo3::intern;
use pyo3::prelude::*;

use super::Encoded;
use super::fields::Fields;
use super::text;
use crate::pipeline::EncodeError;

/// Encodes one step.
pub(crate) fn workflow_step(object: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    let py = object.py();
    if !object.hasattr(intern!(py, "step_name"))? {
        let found = text::type_name(object);
        return Err(EncodeError::new_err(format!("workflow_step.step_name is missing in {found}")));
    }
    let fields = Fields::new(object, "workflow_step");
    let message = WorkflowStep {
        id: fields.text(intern!(py, "id"))?,
        conversation_id: fields.text(intern!(py, "conversation_id"))?,
        step_name: fields.text(intern!(py, "step_name"))?,
        framework: fields.text(intern!(py, "framework"))?,
        started_at: fields.time(intern!(py, "started_at"))?,
        completed_at: fields.time(intern!(py, "completed_at"))?,
        input_state: fields.structure(intern!(py, "input_state"))?,
        output_state: fields.structure(intern!(py, "output_state"))?,
        error: fields.text(intern!(py, "error"))?,
        tags: fields.tags(intern!(py, "tags"))?,
        linked_generation_ids: fields.texts(intern!(py, "linked_generation_ids"))?,
        parent_step_ids: fields.texts(intern!(py, "parent_step_ids"))?,
        agent_name: fields.text(intern!(py, "agent_name"))?,
        agent_version: fields.text(intern!(py, "agent_version"))?,
        trace_id: fields.text(intern!(py, "trace_id"))?,
        span_id: fields.text(intern!(py, "span_id"))?,
        metadata: fields.structure(intern!(py, "metadata"))?,
    };
    let mut bytes = Vec::new();
    protobuf::encode(&mut bytes, &message);
    Ok(Encoded { id: message.id, bytes, notes: Vec::new() })
}
