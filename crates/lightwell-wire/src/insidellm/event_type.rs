//! The kinds of events, in every spelling.

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A person said something.
    UserInput,
    /// A person judged something.
    UserFeedback,
    /// An agent thought.
    AgentReasoning,
    /// An agent planned.
    AgentPlanning,
    /// An agent answered.
    AgentResponse,
    /// A model was asked.
    LlmRequest,
    /// A model answered.
    LlmResponse,
    /// A model answered in part.
    LlmStreamingChunk,
    /// A tool was called.
    ToolCall,
    /// A tool answered.
    ToolResponse,
    /// A function ran.
    FunctionExecution,
    /// An API was called.
    ApiRequest,
    /// An API answered.
    ApiResponse,
    /// Something failed.
    Error,
    /// Something was not as it must be.
    ValidationError,
    /// Something took too long.
    TimeoutError,
    /// A run began.
    SessionStart,
    /// A run ended.
    SessionEnd,
    /// A measurement.
    PerformanceMetric,
}

/// Every kind: its wire name and its enum name, which in lower case is the name in the first documentation.
const TABLE: [(EventType, &str, &str); 19] = [
    (EventType::UserInput, "user.input", "USER_INPUT"),
    (EventType::UserFeedback, "user.feedback", "USER_FEEDBACK"),
    (EventType::AgentReasoning, "agent.reasoning", "AGENT_REASONING"),
    (EventType::AgentPlanning, "agent.planning", "AGENT_PLANNING"),
    (EventType::AgentResponse, "agent.response", "AGENT_RESPONSE"),
    (EventType::LlmRequest, "llm.request", "LLM_REQUEST"),
    (EventType::LlmResponse, "llm.response", "LLM_RESPONSE"),
    (EventType::LlmStreamingChunk, "llm.streaming_chunk", "LLM_STREAMING_CHUNK"),
    (EventType::ToolCall, "tool.call", "TOOL_CALL"),
    (EventType::ToolResponse, "tool.response", "TOOL_RESPONSE"),
    (EventType::FunctionExecution, "function_execution", "FUNCTION_EXECUTION"),
    (EventType::ApiRequest, "api.request", "API_REQUEST"),
    (EventType::ApiResponse, "api.response", "API_RESPONSE"),
    (EventType::Error, "error", "ERROR"),
    (EventType::ValidationError, "validation_error", "VALIDATION_ERROR"),
    (EventType::TimeoutError, "timeout_error", "TIMEOUT_ERROR"),
    (EventType::SessionStart, "run.start", "SESSION_START"),
    (EventType::SessionEnd, "run.end", "SESSION_END"),
    (EventType::PerformanceMetric, "performance_metric", "PERFORMANCE_METRIC"),
];

impl EventType {
    /// Every kind, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, _, _)| *kind)
    }

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        TABLE.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, wire, _)| wire)
    }

    /// The name of the enum member in Python.
    pub fn enum_name(self) -> &'static str {
        TABLE.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, _, name)| name)
    }

    /// The kind that a name means: wire names, enum names in any case, and both with dots and underscores exchanged.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = plain(name);
        TABLE
            .iter()
            .find(|(_, wire, member)| plain == self::plain(wire) || plain == self::plain(member))
            .map(|row| row.0)
    }
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_its_kind() {
        for kind in EventType::all() {
            for name in [kind.wire_name(), kind.enum_name(), &kind.enum_name().to_lowercase()] {
                assert_eq!(EventType::from_name(name), Some(kind), "{name}");
            }
        }
        for name in ["run_start", "session.start", "Session_Start"] {
            assert_eq!(EventType::from_name(name), Some(EventType::SessionStart), "{name}");
        }
        assert_eq!(EventType::from_name("function.execution"), Some(EventType::FunctionExecution));
        assert_eq!(EventType::from_name("chain.start"), None);
        assert_eq!(EventType::all().count(), 19);
    }
}
