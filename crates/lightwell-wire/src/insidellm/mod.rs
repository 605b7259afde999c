//! The InsideLLM dialect: events about runs of agents, as JSON.
//!
//! Each event becomes one record. Calls are told in two events, and each of the two becomes a fragment under the id of the first:
//! whoever stores them joins them. Everything else is an event of its own.
//!
//! | events | record |
//! |---|---|
//! | `llm.request`, `llm.response`, `llm.streaming_chunk`, `error` of an LLM call | fragment of a generation |
//! | `tool.call`, `tool.response`, `api.request`, `api.response` | fragment of a step |
//! | `function_execution`, `agent.reasoning`, `agent.planning` | whole step |
//! | all others, kinds that we do not know included | event |
//!
//! Members of a payload that the kind has, and that the canonical record has no place for, are metadata named `insidellm.<member>`. Members
//! that we do not know are kept under `<kind>.<path>`, so that those of a request and of its response do not meet.

mod envelope;
mod event;
mod event_type;
mod generation;
pub mod json;
pub mod paths;
pub mod shrink;
mod step;

pub use event_type::EventType;
