//! Building one LLM call without knowing the wire.

use std::time::SystemTime;

use lightwell_wire::sigil::messages::{
    Generation, GenerationMode, Message, MessageRole, ModelRef, Part, TokenUsage, ToolCall, ToolDefinition,
    ToolResult, part,
};
use lightwell_wire::sigil::well_known::{Kind, Timestamp, Value};
use uuid::Uuid;

/// One LLM call in the making.
///
/// ```
/// use lightwell_client::sigil::GenerationBuilder;
///
/// let generation = GenerationBuilder::new("openai", "gpt-4o-mini")
///     .conversation("chat-17")
///     .user("What is in main.rs?")
///     .calls_tool("call-1", "read", r#"{"path":"main.rs"}"#)
///     .tool_answers("call-1", "read", "fn main() {}")
///     .answer("An empty main function.")
///     .usage(120, 9)
///     .tag("env", "test")
///     .build();
/// assert_eq!((generation.input.len(), generation.output.len()), (3, 1));
/// ```
#[derive(Clone, Debug)]
pub struct GenerationBuilder {
    generation: Generation,
}

impl GenerationBuilder {
    /// Begins a call of this model, now, with an id of its own.
    #[must_use]
    pub fn new(provider: &str, model: &str) -> Self {
        let generation = Generation {
            id: format!("gen_{}", Uuid::now_v7().simple()),
            model: Some(ModelRef { provider: provider.to_owned(), name: model.to_owned() }),
            operation_name: "generateText".to_owned(),
            mode: GenerationMode::Sync.into(),
            started_at: Some(Timestamp::from(SystemTime::now())),
            ..Generation::default()
        };
        Self { generation }
    }

    /// The id, if it must be a given one. Sending the same id again changes nothing at the server.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.generation.id);
        self
    }

    /// The conversation that the call belongs to.
    #[must_use]
    pub fn conversation(mut self, id: &str) -> Self {
        id.clone_into(&mut self.generation.conversation_id);
        self
    }

    /// The agent that made the call.
    #[must_use]
    pub fn agent(mut self, name: &str, version: &str) -> Self {
        name.clone_into(&mut self.generation.agent_name);
        version.clone_into(&mut self.generation.agent_version);
        self
    }

    /// The system prompt.
    #[must_use]
    pub fn system_prompt(mut self, text: &str) -> Self {
        text.clone_into(&mut self.generation.system_prompt);
        self
    }

    /// A tool on offer; `schema` is the JSON schema of its arguments.
    #[must_use]
    pub fn tool(mut self, name: &str, description: &str, schema: &str) -> Self {
        self.generation.tools.push(ToolDefinition {
            name: name.to_owned(),
            description: description.to_owned(),
            r#type: "function".to_owned(),
            input_schema_json: schema.into(),
            deferred: false,
        });
        self
    }

    /// A message of the person or program that asks.
    #[must_use]
    pub fn user(self, text: &str) -> Self {
        self.input(MessageRole::User, part::Payload::Text(text.to_owned()))
    }

    /// An earlier message of the model.
    #[must_use]
    pub fn assistant(self, text: &str) -> Self {
        self.input(MessageRole::Assistant, part::Payload::Text(text.to_owned()))
    }

    /// An earlier call of a tool by the model; `arguments` is JSON.
    #[must_use]
    pub fn calls_tool(self, id: &str, name: &str, arguments: &str) -> Self {
        let call = ToolCall { id: id.to_owned(), name: name.to_owned(), input_json: arguments.into() };
        self.input(MessageRole::Assistant, part::Payload::ToolCall(call))
    }

    /// What a tool answered.
    #[must_use]
    pub fn tool_answers(self, call_id: &str, name: &str, content: &str) -> Self {
        let result = ToolResult {
            tool_call_id: call_id.to_owned(),
            name: name.to_owned(),
            content: content.to_owned(),
            ..ToolResult::default()
        };
        self.input(MessageRole::Tool, part::Payload::ToolResult(result))
    }

    /// What the model said to it.
    #[must_use]
    pub fn answer(self, text: &str) -> Self {
        self.output(part::Payload::Text(text.to_owned()))
    }

    /// The tool that the model wants to be run; `arguments` is JSON.
    #[must_use]
    pub fn answer_calls_tool(self, id: &str, name: &str, arguments: &str) -> Self {
        let call = ToolCall { id: id.to_owned(), name: name.to_owned(), input_json: arguments.into() };
        self.output(part::Payload::ToolCall(call))
    }

    /// Tokens of the prompt and of the answer. For caches and reasoning, fill [`Generation::usage`] of what is built.
    #[must_use]
    pub fn usage(mut self, input_tokens: i64, output_tokens: i64) -> Self {
        let total_tokens = input_tokens.saturating_add(output_tokens);
        self.generation.usage =
            Some(TokenUsage { input_tokens, output_tokens, total_tokens, ..TokenUsage::default() });
        self
    }

    /// Why the model stopped.
    #[must_use]
    pub fn stop_reason(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.generation.stop_reason);
        self
    }

    /// The call failed.
    #[must_use]
    pub fn error(mut self, text: &str) -> Self {
        text.clone_into(&mut self.generation.call_error);
        self
    }

    /// A label to filter by.
    #[must_use]
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.generation.tags.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Anything else that is text.
    #[must_use]
    pub fn metadata(mut self, name: &str, value: &str) -> Self {
        let value = Value { kind: Some(Kind::StringValue(value.to_owned())) };
        self.generation.metadata.get_or_insert_default().fields.insert(name.to_owned(), value);
        self
    }

    /// When the request began, if not when the builder was made.
    #[must_use]
    pub fn started_at(mut self, time: SystemTime) -> Self {
        self.generation.started_at = Some(Timestamp::from(time));
        self
    }

    /// When the answer was complete, if not when the generation is built.
    #[must_use]
    pub fn completed_at(mut self, time: SystemTime) -> Self {
        self.generation.completed_at = Some(Timestamp::from(time));
        self
    }

    /// The generation; whatever the builder has no method for can still be set on it.
    #[must_use]
    pub fn build(mut self) -> Generation {
        self.generation.completed_at.get_or_insert_with(|| Timestamp::from(SystemTime::now()));
        self.generation
    }

    fn input(mut self, role: MessageRole, payload: part::Payload) -> Self {
        self.generation.input.push(message(role, payload));
        self
    }

    fn output(mut self, payload: part::Payload) -> Self {
        match self.generation.output.last_mut() {
            Some(answer) => answer.parts.push(Part { payload: Some(payload), ..Part::default() }),
            None => self.generation.output.push(message(MessageRole::Assistant, payload)),
        }
        self
    }
}

fn message(role: MessageRole, payload: part::Payload) -> Message {
    let parts = vec![Part { payload: Some(payload), ..Part::default() }];
    Message { role: role.into(), parts, ..Message::default() }
}
