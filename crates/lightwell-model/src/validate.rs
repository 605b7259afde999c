//! Refusing a record: always by name of the field and with the limit, so that the sender can mend it.

use crate::{Generation, Record, Step, Tags, limits};

/// Why a record is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A field that must be there is not.
    #[error("{field} is required")]
    Missing {
        /// Path of the field.
        field: String,
    },
    /// A text is too long.
    #[error("{field} has {bytes} bytes, the limit is {limit}")]
    TooLong {
        /// Path of the field.
        field: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A list is too long.
    #[error("{field} has {count} items, the limit is {limit}")]
    TooMany {
        /// Path of the field.
        field: String,
        /// Its length.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A value cannot be.
    #[error("{field} {why}")]
    Impossible {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Checks a record against the [`limits`], first failure first.
pub fn validate(record: &Record) -> Result<(), Invalid> {
    match record {
        Record::Generation(generation) => validate_generation(generation),
        Record::Step(step) => validate_step(step),
        Record::Event(event) => {
            required("event.event_id", &event.id)?;
            required("event.run_id", &event.conversation_id)?;
            text("event.event_id", &event.id, limits::ID_BYTES)?;
            text("event.run_id", &event.conversation_id, limits::ID_BYTES)?;
            text("event.parent_event_id", &event.parent_id, limits::ID_BYTES)?;
            text("event.user_id", &event.user_id, limits::NAME_BYTES)
        }
    }
}

fn validate_generation(generation: &Generation) -> Result<(), Invalid> {
    required("generation.id", &generation.id)?;
    required("generation.conversation_id", &generation.conversation_id)?;
    for (field, id) in [
        ("generation.id", &generation.id),
        ("generation.conversation_id", &generation.conversation_id),
        ("generation.trace_id", &generation.trace_id),
        ("generation.span_id", &generation.span_id),
        ("generation.parent_id", &generation.parent_id),
        ("generation.response_id", &generation.response.id),
    ] {
        text(field, id, limits::ID_BYTES)?;
    }
    for (field, name) in [
        ("generation.operation_name", &generation.operation_name),
        ("generation.agent_name", &generation.agent.name),
        ("generation.agent_version", &generation.agent.version),
        ("generation.effective_version", &generation.agent.effective_version),
        ("generation.model.provider", &generation.model.provider),
        ("generation.model.name", &generation.model.name),
        ("generation.response_model", &generation.response.model),
        ("generation.stop_reason", &generation.response.stop_reason),
        ("generation.user_id", &generation.user_id),
    ] {
        text(field, name, limits::NAME_BYTES)?;
    }
    text("generation.conversation_title", &generation.conversation_title, limits::TITLE_BYTES)?;
    count("generation.input", generation.input.len(), limits::MESSAGE_COUNT)?;
    count("generation.output", generation.output.len(), limits::MESSAGE_COUNT)?;
    count("generation.tools", generation.tools.len(), limits::TOOL_COUNT)?;
    ids("generation.parent_generation_ids", &generation.parent_generation_ids)?;
    tags("generation.tags", &generation.tags)
}

fn validate_step(step: &Step) -> Result<(), Invalid> {
    required("step.id", &step.id)?;
    required("step.conversation_id", &step.conversation_id)?;
    for (field, id) in [
        ("step.id", &step.id),
        ("step.conversation_id", &step.conversation_id),
        ("step.call_id", &step.call_id),
        ("step.trace_id", &step.trace_id),
        ("step.span_id", &step.span_id),
        ("step.parent_id", &step.parent_id),
    ] {
        text(field, id, limits::ID_BYTES)?;
    }
    for (field, name) in [
        ("step.name", &step.name),
        ("step.subtype", &step.subtype),
        ("step.agent_name", &step.agent.name),
        ("step.agent_version", &step.agent.version),
        ("step.user_id", &step.user_id),
    ] {
        text(field, name, limits::NAME_BYTES)?;
    }
    ids("step.parent_step_ids", &step.parent_step_ids)?;
    ids("step.linked_generation_ids", &step.linked_generation_ids)?;
    tags("step.tags", &step.tags)
}

fn required(field: &str, value: &str) -> Result<(), Invalid> {
    if value.trim().is_empty() { Err(Invalid::Missing { field: field.to_owned() }) } else { Ok(()) }
}

fn text(field: &str, value: &str, limit: usize) -> Result<(), Invalid> {
    if value.len() > limit {
        return Err(Invalid::TooLong { field: field.to_owned(), bytes: value.len(), limit });
    }
    if value.contains('\0') {
        return Err(Invalid::Impossible { field: field.to_owned(), why: "contains a NUL character" });
    }
    Ok(())
}

fn count(field: &str, count: usize, limit: usize) -> Result<(), Invalid> {
    if count > limit { Err(Invalid::TooMany { field: field.to_owned(), count, limit }) } else { Ok(()) }
}

fn ids(field: &str, ids: &[String]) -> Result<(), Invalid> {
    count(field, ids.len(), limits::LINK_COUNT)?;
    ids.iter().enumerate().try_for_each(|(i, id)| text(&format!("{field}[{i}]"), id, limits::ID_BYTES))
}

fn tags(field: &str, tags: &Tags) -> Result<(), Invalid> {
    count(field, tags.len(), limits::TAG_COUNT)?;
    tags.iter().try_for_each(|(key, value)| {
        text(&format!("{field} key"), key, limits::TAG_KEY_BYTES)?;
        text(&format!("{field}[{key:?}]"), value, limits::TAG_VALUE_BYTES)
    })
}
