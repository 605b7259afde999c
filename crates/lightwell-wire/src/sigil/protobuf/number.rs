//! Numbers of the fields that [`super::write::Writer`] writes, by message, named as in the `.proto` file.
//!
//! A test writes every one of them and reads it back with the generated decoder.

/// Fields of `Generation`.
pub mod generation {
    #![expect(missing_docs, reason = "the names say it; the .proto file has the comments")]
    pub const ID: u32 = 1;
    pub const CONVERSATION_ID: u32 = 2;
    pub const OPERATION_NAME: u32 = 3;
    pub const MODE: u32 = 4;
    pub const TRACE_ID: u32 = 5;
    pub const SPAN_ID: u32 = 6;
    pub const MODEL: u32 = 7;
    pub const RESPONSE_ID: u32 = 8;
    pub const RESPONSE_MODEL: u32 = 9;
    pub const SYSTEM_PROMPT: u32 = 10;
    pub const INPUT: u32 = 11;
    pub const OUTPUT: u32 = 12;
    pub const TOOLS: u32 = 13;
    pub const USAGE: u32 = 14;
    pub const STOP_REASON: u32 = 15;
    pub const STARTED_AT: u32 = 16;
    pub const COMPLETED_AT: u32 = 17;
    pub const TAGS: u32 = 18;
    pub const METADATA: u32 = 19;
    pub const RAW_ARTIFACTS: u32 = 20;
    pub const CALL_ERROR: u32 = 21;
    pub const AGENT_NAME: u32 = 22;
    pub const AGENT_VERSION: u32 = 23;
    pub const MAX_TOKENS: u32 = 24;
    pub const TEMPERATURE: u32 = 25;
    pub const TOP_P: u32 = 26;
    pub const TOOL_CHOICE: u32 = 27;
    pub const THINKING_ENABLED: u32 = 28;
    pub const PARENT_GENERATION_IDS: u32 = 29;
    pub const EFFECTIVE_VERSION: u32 = 30;
}

/// Fields of `WorkflowStep`.
pub mod workflow_step {
    #![expect(missing_docs, reason = "the names say it; the .proto file has the comments")]
    pub const ID: u32 = 1;
    pub const CONVERSATION_ID: u32 = 2;
    pub const STEP_NAME: u32 = 3;
    pub const FRAMEWORK: u32 = 4;
    pub const STARTED_AT: u32 = 5;
    pub const COMPLETED_AT: u32 = 6;
    pub const INPUT_STATE: u32 = 7;
    pub const OUTPUT_STATE: u32 = 8;
    pub const ERROR: u32 = 9;
    pub const TAGS: u32 = 10;
    pub const LINKED_GENERATION_IDS: u32 = 11;
    pub const PARENT_STEP_IDS: u32 = 12;
    pub const AGENT_NAME: u32 = 13;
    pub const AGENT_VERSION: u32 = 14;
    pub const TRACE_ID: u32 = 15;
    pub const SPAN_ID: u32 = 16;
    pub const METADATA: u32 = 17;
}

/// Fields of the messages inside a generation.
pub mod inner {
    #![expect(missing_docs, reason = "the names say it; the .proto file has the comments")]
    pub const MODEL_PROVIDER: u32 = 1;
    pub const MODEL_NAME: u32 = 2;

    pub const MESSAGE_ROLE: u32 = 1;
    pub const MESSAGE_NAME: u32 = 2;
    pub const MESSAGE_PARTS: u32 = 3;

    pub const PART_METADATA: u32 = 1;
    pub const PART_TEXT: u32 = 2;
    pub const PART_THINKING: u32 = 3;
    pub const PART_TOOL_CALL: u32 = 4;
    pub const PART_TOOL_RESULT: u32 = 5;
    pub const PART_METADATA_PROVIDER_TYPE: u32 = 1;

    pub const TOOL_CALL_ID: u32 = 1;
    pub const TOOL_CALL_NAME: u32 = 2;
    pub const TOOL_CALL_INPUT_JSON: u32 = 3;

    pub const TOOL_RESULT_TOOL_CALL_ID: u32 = 1;
    pub const TOOL_RESULT_NAME: u32 = 2;
    pub const TOOL_RESULT_CONTENT: u32 = 3;
    pub const TOOL_RESULT_CONTENT_JSON: u32 = 4;
    pub const TOOL_RESULT_IS_ERROR: u32 = 5;

    pub const TOOL_NAME: u32 = 1;
    pub const TOOL_DESCRIPTION: u32 = 2;
    pub const TOOL_TYPE: u32 = 3;
    pub const TOOL_INPUT_SCHEMA_JSON: u32 = 4;
    pub const TOOL_DEFERRED: u32 = 5;

    pub const USAGE_INPUT_TOKENS: u32 = 1;
    pub const USAGE_OUTPUT_TOKENS: u32 = 2;
    pub const USAGE_TOTAL_TOKENS: u32 = 3;
    pub const USAGE_CACHE_READ_INPUT_TOKENS: u32 = 4;
    pub const USAGE_CACHE_WRITE_INPUT_TOKENS: u32 = 5;
    pub const USAGE_REASONING_TOKENS: u32 = 6;

    pub const ARTIFACT_KIND: u32 = 1;
    pub const ARTIFACT_NAME: u32 = 2;
    pub const ARTIFACT_CONTENT_TYPE: u32 = 3;
    pub const ARTIFACT_PAYLOAD: u32 = 4;
    pub const ARTIFACT_RECORD_ID: u32 = 5;
    pub const ARTIFACT_URI: u32 = 6;
}
