//! The members of a workflow step.

use lightwell_model::{Origin, Step, StepKind};
use serde::de::MapAccess;
use serde_json::Value;

use super::generation::call_error;
use super::member::Member;
use super::read::{Members, Place};
use crate::r#gen::schema::{MessageSchema, WORKFLOW_STEP};
use crate::json_value::Object;

impl Members for Step {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &WORKFLOW_STEP;

    fn empty() -> Self {
        Self { origin: Origin::Sigil, kind: StepKind::Workflow, ..Self::default() }
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "id" => self.id = member.text()?,
            "conversation_id" => self.conversation_id = member.text()?,
            "step_name" => self.name = member.text()?,
            "framework" => self.subtype = member.text()?,
            "started_at" => self.started_at = member.time()?,
            "completed_at" => self.completed_at = member.time()?,
            "input_state" => set_state(&mut self.input, member.structure()?),
            "output_state" => set_state(&mut self.output, member.structure()?),
            "error" => self.error = call_error(member.text()?),
            "tags" => self.tags = member.tags()?,
            "linked_generation_ids" => self.linked_generation_ids = member.texts()?,
            "parent_step_ids" => self.parent_step_ids = member.texts()?,
            "agent_name" => self.agent.name = member.text()?,
            "agent_version" => self.agent.version = member.text()?,
            "trace_id" => self.trace_id = member.text()?,
            "span_id" => self.span_id = member.text()?,
            "metadata" => self.metadata = member.structure()?.unwrap_or_default(),
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

fn set_state(state: &mut Value, told: Option<Object>) {
    if let Some(told) = told {
        *state = Value::Object(told);
    }
}
