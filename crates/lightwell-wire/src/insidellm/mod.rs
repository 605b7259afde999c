//! The InsideLLM dialect: events about runs of agents, as JSON.

pub mod json;
pub mod paths;
