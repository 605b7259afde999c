//! Realistic agents: conversations whose every call repeats the whole history.
//!
//! A generation carries about 29 kB, of which about 2 kB are new: 12 models, 25 agents in 4 versions, 300 conversations
//! at a time with 1 to 200 turns (median 4, mean about 18), the history compacted at 48 kB, 3 % errors, a system prompt of
//! 1.5-4 kB and tools of 1-9 kB an agent version. The same seed gives the same calls; making one costs microseconds.

use jiff::Timestamp;
use lightwell_model::{
    Agent, CallError, Generation, Message, Mode, Model, Part, PartBody, Response, Role, TokenUsage,
    ToolDefinition,
};

use crate::random::Random;
use crate::text::Text;

const MODELS: [(&str, &str); 12] = [
    ("openai", "gpt-5"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-4o"),
    ("anthropic", "claude-opus-4-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("google", "gemini-3-pro"),
    ("google", "gemini-3-flash"),
    ("mistral", "mistral-large"),
    ("meta", "llama-4-70b"),
    ("qwen", "qwen3-235b"),
    ("deepseek", "deepseek-v4"),
];
const AGENTS: u64 = 25;
const VERSIONS: u64 = 4;
const ACTIVE: usize = 300;
const COMPACT_BYTES: usize = 48 * 1024;

/// A stream of generations in the order of their start.
pub struct Agents {
    random: Random,
    text: Text,
    kinds: Vec<AgentKind>,
    open: Vec<Conversation>,
    next_start_us: i64,
    step_us: i64,
}

struct AgentKind {
    agent: Agent,
    system_prompt: String,
    tools: Vec<ToolDefinition>,
    model: usize,
}

struct Conversation {
    id: String,
    title: String,
    user_id: String,
    kind: usize,
    turns_left: u64,
    turn: u64,
    history: Vec<Message>,
    history_bytes: usize,
    last_generation: String,
}

impl Agents {
    /// Agents that make `per_day` calls a day from `start` on.
    pub fn new(seed: u64, start: Timestamp, per_day: u64) -> Self {
        let mut random = Random::new(seed);
        let text = Text::new(&mut random);
        let kinds = (0..AGENTS * VERSIONS).map(|n| AgentKind::new(&mut random, &text, n)).collect();
        let step_us = 86_400_000_000 / per_day.max(1) as i64;
        Self { random, text, kinds, open: Vec::new(), next_start_us: start.as_microsecond(), step_us }
    }

    fn converse(&mut self) -> Conversation {
        let random = &mut self.random;
        // Log-normal: median 4, a long tail.
        let turns = (4.0_f64.ln() + 1.9 * random.normal()).exp().clamp(1.0, 200.0) as u64;
        let mut title = String::new();
        self.text.prose(random, 30, &mut title);
        Conversation {
            id: format!("conv-{:016x}", random.bits()),
            title,
            user_id: format!("user-{}", random.below(5_000)),
            kind: random.below(AGENTS * VERSIONS) as usize,
            turns_left: turns,
            turn: 0,
            history: Vec::new(),
            history_bytes: 0,
            last_generation: String::new(),
        }
    }
}

impl Iterator for Agents {
    type Item = Generation;

    fn next(&mut self) -> Option<Generation> {
        while self.open.len() < ACTIVE {
            let conversation = self.converse();
            self.open.push(conversation);
        }
        let which = self.random.below(ACTIVE as u64) as usize;
        let start = Timestamp::from_microsecond(self.next_start_us).ok()?;
        self.next_start_us += self.step_us;
        let conversation = &mut self.open[which];
        let kind = &self.kinds[conversation.kind];
        let generation = conversation.call(kind, start, &mut self.random, &self.text);
        if conversation.turns_left == 0 {
            self.open.swap_remove(which);
        }
        Some(generation)
    }
}

impl AgentKind {
    fn new(random: &mut Random, text: &Text, n: u64) -> Self {
        let mut system_prompt = String::new();
        let prompt_bytes = random.between(1_500, 4_000) as usize;
        text.prose(random, prompt_bytes, &mut system_prompt);
        let tools_bytes = random.between(1_000, 9_000) as usize;
        let (mut tools, mut bytes) = (Vec::new(), 0);
        while bytes < tools_bytes {
            let mut tool = ToolDefinition {
                name: format!("{}_{}", text.word(random), text.word(random)),
                kind: "function".to_owned(),
                ..ToolDefinition::default()
            };
            text.prose(random, 250, &mut tool.description);
            let properties: Vec<String> = (0..random.between(1, 5))
                .map(|_| {
                    let mut description = String::new();
                    text.prose(random, 60, &mut description);
                    format!(
                        "\"{}\":{{\"type\":\"string\",\"description\":{description:?}}}",
                        text.word(random)
                    )
                })
                .collect();
            tool.input_schema =
                format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(",")).into();
            bytes += tool.description.len() + tool.input_schema.as_bytes().len() + 80;
            tools.push(tool);
        }
        let agent = Agent {
            name: format!("{}-agent-{}", text.word(random), n / VERSIONS),
            version: format!("1.{}.0", n % VERSIONS),
            effective_version: format!(
                "sha256:{:016x}{:016x}{:016x}{:016x}",
                random.bits(),
                random.bits(),
                random.bits(),
                n
            ),
        };
        Self { agent, system_prompt, tools, model: random.below(MODELS.len() as u64) as usize }
    }
}

impl Conversation {
    fn call(&mut self, kind: &AgentKind, start: Timestamp, random: &mut Random, text: &Text) -> Generation {
        self.compact(random, text);
        let asked =
            if self.turn == 0 || random.one_in(4) { user(random, text) } else { tool_result(random, text) };
        self.push(asked);
        let input = self.history.clone();
        let failed = random.one_in(33);
        let output = if failed { Vec::new() } else { vec![assistant(random, text)] };
        output.iter().for_each(|answer| self.push(answer.clone()));
        self.turn += 1;
        self.turns_left -= 1;
        let id = format!("gen-{}", hex(random.id()));
        let (provider, model) = MODELS[kind.model];
        let latency_us = 400_000 + random.long_tailed(4_000_000.0) as i64;
        let after = |micros: i64| Timestamp::from_microsecond(start.as_microsecond() + micros).ok();
        let parents =
            if self.last_generation.is_empty() { Vec::new() } else { vec![self.last_generation.clone()] };
        self.last_generation.clone_from(&id);
        Generation {
            id,
            conversation_id: self.id.clone(),
            operation_name: "streamText".to_owned(),
            mode: Mode::Stream,
            trace_id: hex(random.id()),
            span_id: format!("{:016x}", random.bits()),
            parent_generation_ids: parents,
            agent: kind.agent.clone(),
            user_id: self.user_id.clone(),
            conversation_title: self.title.clone(),
            model: Model { provider: provider.to_owned(), name: model.to_owned() },
            response: response(model, failed, random),
            system_prompt: kind.system_prompt.clone(),
            tools: kind.tools.clone(),
            input,
            output,
            usage: Some(self.usage(random)),
            started_at: Some(start),
            completed_at: after(latency_us),
            first_token_at: after(latency_us / 4),
            error: failed.then(|| CallError {
                message: "the provider is overloaded".to_owned(),
                ..CallError::default()
            }),
            tags: [("env", "production"), ("team", ["search", "support", "growth"][self.history.len() % 3])]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            metadata: [("sdk.name".to_owned(), "sdk-python".into()), ("turn".to_owned(), self.turn.into())]
                .into(),
            received_at: start,
            ..Generation::default()
        }
    }

    fn push(&mut self, message: Message) {
        self.history_bytes += message.parts.iter().map(part_bytes).sum::<usize>();
        self.history.push(message);
    }

    /// Agents with a full context go on from a summary and the last exchanges.
    fn compact(&mut self, random: &mut Random, text: &Text) {
        if self.history_bytes < COMPACT_BYTES {
            return;
        }
        let recent = self.history.split_off(self.history.len().saturating_sub(4));
        self.history.clear();
        self.history_bytes = 0;
        let mut summary = String::from("Summary of the conversation so far: ");
        text.prose(random, 2_500, &mut summary);
        self.push(Message::text(Role::User, summary));
        recent.into_iter().for_each(|message| self.push(message));
    }

    fn usage(&self, random: &mut Random) -> TokenUsage {
        let input_tokens = (self.history_bytes / 4) as i64 + 1_800;
        let output_tokens = random.between(40, 900) as i64;
        TokenUsage {
            input_tokens,
            output_tokens,
            total_tokens: input_tokens + output_tokens,
            cache_read_input_tokens: input_tokens * 3 / 4,
            ..TokenUsage::default()
        }
    }
}

fn response(model: &str, failed: bool, random: &mut Random) -> Response {
    if failed {
        return Response::default();
    }
    let stop_reason = if random.one_in(3) { "stop" } else { "tool_calls" };
    Response {
        id: format!("resp_{:016x}", random.bits()),
        model: format!("{model}-2026-08-01"),
        stop_reason: stop_reason.to_owned(),
    }
}

fn user(random: &mut Random, text: &Text) -> Message {
    let mut asked = String::new();
    let bytes = 80 + random.long_tailed(500.0).min(6_000) as usize;
    text.prose(random, bytes, &mut asked);
    Message::text(Role::User, asked)
}

fn assistant(random: &mut Random, text: &Text) -> Message {
    let mut said = String::new();
    let bytes = 60 + random.long_tailed(450.0).min(6_000) as usize;
    text.prose(random, bytes, &mut said);
    let mut message = Message::text(Role::Assistant, said);
    if !random.one_in(4) {
        let mut code = String::new();
        let bytes = 60 + random.long_tailed(180.0).min(4_000) as usize;
        text.code(random, bytes, &mut code);
        message.parts.push(Part::new(PartBody::ToolCall {
            id: format!("call_{:016x}", random.bits()),
            name: format!("{}_file", text.word(random)),
            arguments: format!("{{\"path\":\"src/{}.py\",\"content\":{code:?}}}", text.word(random)).into(),
        }));
    }
    message
}

fn tool_result(random: &mut Random, text: &Text) -> Message {
    let mut content = String::new();
    let bytes = 150 + random.long_tailed(1_050.0).min(16_000) as usize;
    match random.below(3) {
        0 => text.json(random, bytes, &mut content),
        1 => text.log(random, bytes, &mut content),
        _ => text.code(random, bytes, &mut content),
    }
    let body = PartBody::ToolResult {
        tool_call_id: format!("call_{:016x}", random.bits()),
        name: format!("{}_file", text.word(random)),
        content,
        content_json: Vec::new().into(),
        is_error: false,
    };
    Message { role: Role::Tool, name: String::new(), parts: vec![Part::new(body)] }
}

fn part_bytes(part: &Part) -> usize {
    match &part.body {
        PartBody::Text(text) | PartBody::Thinking(text) => text.len(),
        PartBody::ToolCall { arguments, .. } => arguments.as_bytes().len(),
        PartBody::ToolResult { content, content_json, .. } => content.len() + content_json.as_bytes().len(),
        PartBody::Media { .. } | PartBody::Opaque(_) => 0,
    }
}

fn hex(id: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(id))
}
