//! Generations as Sigil programs send them: the canonical record turned into the wire's own message, encoded and joined.

use bytes::{BufMut, Bytes, BytesMut};
use clap::ValueEnum;
use lightwell_model as model;
use lightwell_wire::sigil::messages::{
    Generation, GenerationMode, Message, MessageRole, ModelRef, Part, TokenUsage, ToolCall, ToolDefinition,
    ToolResult, part::Payload,
};
use lightwell_wire::sigil::results::{self, ItemResult};
use lightwell_wire::sigil::well_known::{Kind, Struct, Timestamp, Value};
use lightwell_wire::sigil::{Signal, json, paths, protobuf};

use crate::connection::{Answer, Connection};

/// How a batch travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// HTTP with proto-JSON.
    HttpJson,
    /// HTTP with protobuf.
    HttpProtobuf,
}

/// Why a batch was not acknowledged.
#[derive(Debug)]
pub struct Refused {
    /// The status, in words.
    pub status: String,
    /// Seconds after which to come again, as the server told.
    pub retry_after: Option<String>,
}

impl Protocol {
    /// The request's body with these generations.
    ///
    /// # Errors
    /// When a generation cannot be written as JSON.
    pub fn encode(self, generations: &[Generation]) -> anyhow::Result<Bytes> {
        let mut items = Vec::with_capacity(generations.len());
        for generation in generations {
            let mut item = Vec::new();
            match self {
                Self::HttpJson => json::encode_generation(&mut item, generation)?,
                Self::Grpc | Self::HttpProtobuf => protobuf::encode(&mut item, generation),
            }
            items.push(item);
        }
        let mut body = Vec::with_capacity(items.iter().map(|item| item.len() + 8).sum::<usize>() + 64);
        let slices = items.iter().map(Vec::as_slice);
        match self {
            Self::HttpJson => json::join(&mut body, Signal::Generations, slices),
            Self::Grpc | Self::HttpProtobuf => protobuf::join(&mut body, slices),
        }
        Ok(if self == Self::Grpc { frame(&body) } else { body.into() })
    }

    /// Connects the way this protocol needs.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(self, address: std::net::SocketAddr) -> anyhow::Result<Connection> {
        match self {
            Self::Grpc => Connection::http2(address).await,
            Self::HttpJson | Self::HttpProtobuf => Connection::http1(address).await,
        }
    }

    /// Sends an encoded batch: a verdict an item, or why there are none.
    ///
    /// # Errors
    /// When the connection breaks or the answer cannot be read.
    pub async fn send(
        self,
        connection: &mut Connection,
        body: Bytes,
    ) -> anyhow::Result<Result<Vec<ItemResult>, Refused>> {
        let (path, headers): (_, &[(&str, &str)]) = match self {
            Self::Grpc => {
                (paths::GRPC_SIGIL_GENERATIONS, &[("content-type", "application/grpc"), ("te", "trailers")])
            }
            Self::HttpJson => (paths::HTTP_GENERATIONS, &[("content-type", "application/json")]),
            Self::HttpProtobuf => (paths::HTTP_GENERATIONS, &[("content-type", "application/x-protobuf")]),
        };
        let answer = connection.post(path, headers, body).await?;
        if let Some(refused) = self.refused(&answer) {
            return Ok(Err(refused));
        }
        Ok(Ok(match self {
            Self::Grpc => {
                let message = answer.body.get(5..).unwrap_or_default();
                results::decode_protobuf(Signal::Generations, message)?
            }
            Self::HttpProtobuf => results::decode_protobuf(Signal::Generations, &answer.body)?,
            Self::HttpJson => results::decode_json(Signal::Generations, &answer.body)?,
        }))
    }

    fn refused(self, answer: &Answer) -> Option<Refused> {
        let status = match (self, &answer.grpc) {
            (Self::Grpc, Some((status, _))) if status == "0" => return None,
            (Self::Grpc, Some((status, message))) => format!("grpc-status {status}: {message}"),
            (Self::HttpJson | Self::HttpProtobuf, _) if (200..300).contains(&answer.status) => return None,
            _ => format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
        };
        Some(Refused { status, retry_after: answer.retry_after.clone() })
    }
}

/// One uncompressed gRPC message.
fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a batch is smaller than 4 GiB"));
    framed.extend_from_slice(message);
    framed.freeze()
}

/// The wire's message of a canonical record; nothing is copied that can be moved.
pub fn message(generation: model::Generation) -> Generation {
    Generation {
        id: generation.id,
        conversation_id: generation.conversation_id,
        operation_name: generation.operation_name,
        mode: match generation.mode {
            model::Mode::Unspecified => GenerationMode::Unspecified,
            model::Mode::Sync => GenerationMode::Sync,
            model::Mode::Stream => GenerationMode::Stream,
        }
        .into(),
        trace_id: generation.trace_id,
        span_id: generation.span_id,
        model: Some(ModelRef { provider: generation.model.provider, name: generation.model.name }),
        response_id: generation.response.id,
        response_model: generation.response.model,
        system_prompt: generation.system_prompt,
        input: generation.input.into_iter().map(said).collect(),
        output: generation.output.into_iter().map(said).collect(),
        tools: generation.tools.into_iter().map(tool).collect(),
        usage: generation.usage.map(usage),
        stop_reason: generation.response.stop_reason,
        started_at: generation.started_at.map(time),
        completed_at: generation.completed_at.map(time),
        tags: generation.tags.into_iter().collect(),
        metadata: Some(metadata(generation.metadata, &generation.conversation_title, &generation.user_id)),
        call_error: generation.error.map(|error| error.message).unwrap_or_default(),
        agent_name: generation.agent.name,
        agent_version: generation.agent.version,
        parent_generation_ids: generation.parent_generation_ids,
        effective_version: Some(generation.agent.effective_version),
        ..Generation::default()
    }
}

fn said(message: model::Message) -> Message {
    let role = match message.role {
        model::Role::User => MessageRole::User,
        model::Role::Assistant => MessageRole::Assistant,
        model::Role::Tool => MessageRole::Tool,
        model::Role::System | model::Role::Unspecified | model::Role::Other(_) => MessageRole::Unspecified,
    };
    Message {
        role: role.into(),
        name: message.name,
        parts: message
            .parts
            .into_iter()
            .map(|part| Part { metadata: None, payload: payload(part.body) })
            .collect(),
    }
}

fn payload(body: model::PartBody) -> Option<Payload> {
    Some(match body {
        model::PartBody::Text(text) => Payload::Text(text),
        model::PartBody::Thinking(text) => Payload::Thinking(text),
        model::PartBody::ToolCall { id, name, arguments } => {
            Payload::ToolCall(ToolCall { id, name, input_json: arguments.into_bytes() })
        }
        model::PartBody::ToolResult { tool_call_id, name, content, content_json, is_error } => {
            let content_json = content_json.into_bytes();
            Payload::ToolResult(ToolResult { tool_call_id, name, content, content_json, is_error })
        }
        model::PartBody::Media { .. } | model::PartBody::Opaque(_) => return None,
    })
}

fn tool(tool: model::ToolDefinition) -> ToolDefinition {
    ToolDefinition {
        name: tool.name,
        description: tool.description,
        r#type: tool.kind,
        input_schema_json: tool.input_schema.into_bytes(),
        deferred: tool.deferred,
    }
}

fn usage(usage: model::TokenUsage) -> TokenUsage {
    TokenUsage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        total_tokens: usage.total_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        cache_write_input_tokens: usage.cache_write_input_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        ..TokenUsage::default()
    }
}

fn time(time: jiff::Timestamp) -> Timestamp {
    Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// The SDKs send title and user as metadata.
fn metadata(metadata: model::Metadata, title: &str, user_id: &str) -> Struct {
    let mut fields: std::collections::BTreeMap<String, Value> =
        metadata.into_iter().map(|(key, value)| (key, any(value))).collect();
    for (key, text) in [("sigil.conversation.title", title), ("sigil.user.id", user_id)] {
        fields.insert(key.to_owned(), Value { kind: Some(Kind::StringValue(text.to_owned())) });
    }
    Struct { fields }
}

fn any(value: serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Bool(value) => Kind::BoolValue(value),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text),
        // The agents have neither lists nor objects in their metadata.
        other => Kind::StringValue(other.to_string()),
    };
    Value { kind: Some(kind) }
}
