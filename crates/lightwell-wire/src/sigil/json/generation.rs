//! The members of a generation.

use lightwell_model::{Artifact, CallError, Mode, Model, Origin, TokenUsage, ToolDefinition, UsageSemantics};
use serde::de::MapAccess;

use super::super::normalise::Draft;
use super::member::Member;
use super::message::MessageMembers;
use super::read::{Members, Place};
use crate::r#gen::schema::{ARTIFACT, GENERATION, MODEL_REF, MessageSchema, TOKEN_USAGE, TOOL_DEFINITION};

impl Members for Draft {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &GENERATION;

    fn empty() -> Self {
        let mut draft = Self::default();
        draft.generation.origin = Origin::Sigil;
        draft
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        let record = &mut self.generation;
        match name {
            "id" => record.id = member.text()?,
            "conversation_id" => record.conversation_id = member.text()?,
            "operation_name" => record.operation_name = member.text()?,
            "mode" => record.mode = member.enumeration("GENERATION_MODE_", mode)?,
            "trace_id" => record.trace_id = member.text()?,
            "span_id" => record.span_id = member.text()?,
            "model" => {
                let model = member.optional_object::<Model>()?;
                self.has_model = model.is_some();
                record.model = model.unwrap_or_default();
            }
            "response_id" => record.response.id = member.text()?,
            "response_model" => record.response.model = member.text()?,
            "system_prompt" => record.system_prompt = member.text()?,
            "input" => record.input = member.list::<MessageMembers>()?,
            "output" => record.output = member.list::<MessageMembers>()?,
            "tools" => record.tools = member.list::<ToolDefinition>()?,
            "usage" => {
                let usage = member.object::<Usage>()?;
                record.usage = Some(usage.counters);
                self.cache_creation_input_tokens = usage.cache_creation_input_tokens;
            }
            "stop_reason" => record.response.stop_reason = member.text()?,
            "started_at" => record.started_at = member.time()?,
            "completed_at" => record.completed_at = member.time()?,
            "tags" => record.tags = member.tags()?,
            "metadata" => record.metadata = member.structure()?.unwrap_or_default(),
            "raw_artifacts" => record.artifacts = member.list::<Artifact>()?,
            "call_error" => record.error = call_error(member.text()?),
            "agent_name" => record.agent.name = member.text()?,
            "agent_version" => record.agent.version = member.text()?,
            "max_tokens" => record.request.max_tokens = member.int64()?,
            "temperature" => record.request.temperature = member.double()?,
            "top_p" => record.request.top_p = member.double()?,
            "tool_choice" => {
                if let Some(choice) = member.optional_text()? {
                    record.request.tool_choice = Some(choice);
                }
            }
            "thinking_enabled" => record.request.thinking_enabled = member.boolean()?,
            "parent_generation_ids" => record.parent_generation_ids = member.texts()?,
            "effective_version" => record.agent.effective_version = member.text()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

impl Members for Model {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &MODEL_REF;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "provider" => self.provider = member.text()?,
            "name" => self.name = member.text()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

impl Members for ToolDefinition {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &TOOL_DEFINITION;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "name" => self.name = member.text()?,
            "description" => self.description = member.text()?,
            "type" => self.kind = member.text()?,
            "input_schema_json" => self.input_schema = member.bytes()?,
            "deferred" => self.deferred = member.boolean()?.unwrap_or_default(),
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

impl Members for Artifact {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &ARTIFACT;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "kind" => self.kind = member.enumeration("ARTIFACT_KIND_", artifact_kind)?,
            "name" => self.name = member.text()?,
            "content_type" => self.content_type = member.text()?,
            "payload" => self.payload = member.bytes()?,
            "record_id" => self.record_id = member.text()?,
            "uri" => self.uri = member.text()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

/// The counters of a call, with the one that records have no place for.
#[derive(Default)]
struct Usage {
    counters: TokenUsage,
    cache_creation_input_tokens: i64,
}

impl Members for Usage {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &TOKEN_USAGE;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        let counter = match name {
            "input_tokens" => &mut self.counters.input_tokens,
            "output_tokens" => &mut self.counters.output_tokens,
            "total_tokens" => &mut self.counters.total_tokens,
            "cache_read_input_tokens" => &mut self.counters.cache_read_input_tokens,
            "cache_write_input_tokens" => &mut self.counters.cache_write_input_tokens,
            "reasoning_tokens" => &mut self.counters.reasoning_tokens,
            "cache_creation_input_tokens" => &mut self.cache_creation_input_tokens,
            "input_semantics" => {
                if let Some(known) = member.enumeration_or_keep("TOKEN_INPUT_SEMANTICS_", semantics)? {
                    self.counters.semantics = known;
                }
                return Ok(());
            }
            _ => return member.keep(),
        };
        *counter = member.int64()?.unwrap_or_default();
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

/// A failure of which nothing is known but a message.
pub fn call_error(message: String) -> Option<CallError> {
    (!message.is_empty()).then(|| CallError { message, ..CallError::default() })
}

fn mode(name: &str) -> Option<Mode> {
    match name {
        "" | "0" | "unspecified" => Some(Mode::Unspecified),
        "1" | "sync" => Some(Mode::Sync),
        "2" | "stream" => Some(Mode::Stream),
        _ => None,
    }
}

fn semantics(name: &str) -> Option<UsageSemantics> {
    match name {
        "" | "0" | "unspecified" => Some(UsageSemantics::Unspecified),
        "1" | "inclusive" => Some(UsageSemantics::Inclusive),
        _ => None,
    }
}

fn artifact_kind(name: &str) -> Option<String> {
    let kind = match name {
        "0" | "unspecified" => "",
        "1" => "request",
        "2" => "response",
        "3" => "tools",
        "4" => "provider_event",
        other => other,
    };
    Some(kind.to_owned())
}
