//! Records for tests.

use jiff::Timestamp;
use lightwell_model::{
    Agent, CallError, ContentId, Event, Fragment, FragmentKind, Generation, Message, Model, Money, Record,
    Role, Step, TenantId, TokenUsage, ToolDefinition,
};

/// 2026-11-22T10:00:00Z
const NOON_ISH: i64 = 1_795_341_600;

/// A tenant.
pub fn tenant(name: &str) -> TenantId {
    name.parse().expect("the name is allowed")
}

/// So many seconds after a fixed moment; a day has 86 400.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON_ISH + seconds).expect("the moment is in range")
}

/// A whole call with a history of its own.
pub fn generation(id: &str, conversation: &str, seconds: i64) -> Generation {
    Generation {
        id: id.to_owned(),
        conversation_id: conversation.to_owned(),
        operation_name: "chat".to_owned(),
        agent: Agent { name: "planner".to_owned(), ..Agent::default() },
        model: Model { provider: "openai".to_owned(), name: "gpt-5".to_owned() },
        user_id: "ada".to_owned(),
        input: vec![Message::text(Role::User, format!("question of {id}"))],
        output: vec![Message::text(Role::Assistant, format!("answer to {id}"))],
        usage: Some(TokenUsage {
            input_tokens: 10,
            output_tokens: 5,
            total_tokens: 15,
            ..TokenUsage::default()
        }),
        reported_cost: Money::from_dollars(0.25),
        started_at: Some(at(seconds)),
        completed_at: Some(at(seconds + 2)),
        received_at: at(seconds + 3),
        ..Generation::default()
    }
}

/// A call whose history continues that of another.
pub fn next_turn(before: &Generation, id: &str, seconds: i64) -> Generation {
    let mut next = generation(id, &before.conversation_id, seconds);
    let question = std::mem::take(&mut next.input);
    next.input = before.input.iter().chain(&before.output).cloned().chain(question).collect();
    next.system_prompt.clone_from(&before.system_prompt);
    next.tools.clone_from(&before.tools);
    next
}

/// The same call with instructions and a tool.
pub fn instructed(generation: Generation) -> Generation {
    let tool = ToolDefinition {
        name: "search".to_owned(),
        description: "finds things".to_owned(),
        input_schema: r#"{"type":"object"}"#.to_owned().into(),
        ..ToolDefinition::default()
    };
    Generation { system_prompt: "You are a helpful planner.".to_owned(), tools: vec![tool], ..generation }
}

/// The request of a call.
pub fn start(id: &str, conversation: &str, seconds: i64) -> Generation {
    let whole = generation(id, conversation, seconds);
    Generation {
        output: Vec::new(),
        usage: None,
        reported_cost: None,
        completed_at: None,
        fragments: vec![fragment(id, FragmentKind::Start, seconds)],
        ..whole
    }
}

/// The response to a call.
pub fn end(id: &str, conversation: &str, seconds: i64) -> Generation {
    let whole = generation(id, conversation, seconds);
    Generation {
        input: Vec::new(),
        operation_name: String::new(),
        agent: Agent::default(),
        model: Model::default(),
        user_id: String::new(),
        started_at: None,
        completed_at: Some(at(seconds)),
        fragments: vec![fragment(&format!("{id}-end"), FragmentKind::End, seconds)],
        ..whole
    }
}

/// A failed tool execution.
pub fn step(id: &str, conversation: &str, seconds: i64) -> Step {
    Step {
        id: id.to_owned(),
        conversation_id: conversation.to_owned(),
        name: "search".to_owned(),
        agent: Agent { name: "worker".to_owned(), ..Agent::default() },
        input: serde_json::json!({"query": id}),
        error: Some(CallError { message: "nothing found".to_owned(), ..CallError::default() }),
        started_at: Some(at(seconds)),
        received_at: at(seconds + 1),
        ..Step::default()
    }
}

/// What a person said.
pub fn event(id: &str, conversation: &str, seconds: i64) -> Event {
    Event {
        id: id.to_owned(),
        conversation_id: conversation.to_owned(),
        kind: "user.input".to_owned(),
        at: at(seconds),
        user_id: "grace".to_owned(),
        text: format!("said in {id}"),
        received_at: at(seconds + 1),
        ..Event::default()
    }
}

/// A part of a record, as a sender tells it.
pub fn fragment(id: &str, kind: FragmentKind, seconds: i64) -> Fragment {
    Fragment {
        id: id.to_owned(),
        kind,
        at: at(seconds),
        digest: ContentId::of(format!("{id} {kind:?}").as_bytes()),
    }
}

/// As they are stored: with the fragment of a record that was told whole.
pub fn stored(generation: &Generation) -> Generation {
    match crate::arrival::told(Record::Generation(generation.clone())) {
        Record::Generation(generation) => generation,
        _ => unreachable!("a generation stays one"),
    }
}

/// Records of any kind.
pub fn records<T: Into<Record> + Clone>(of: &[T]) -> Vec<Record> {
    of.iter().cloned().map(Into::into).collect()
}
