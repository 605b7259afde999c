//! Messages: what is said in a conversation, by whom, in parts.
//!
//! The canonical form of a message is its compact JSON with fields in declaration order and defaults left out. It is
//! what is hashed, what is stored and what is read back, so a stored message rebuilds byte for byte.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{Content, NotCanonical};

/// One message of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Name of the speaker or of the tool; empty when none was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What is said, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, name: String::new(), parts: vec![Part::text(text)] }
    }

    /// The canonical bytes and their address.
    pub fn address(&self) -> Content {
        Content::new(serde_json::to_vec(self).expect("a message has string keys only"))
    }

    /// The message that canonical bytes stand for.
    pub fn from_canonical(canonical: &[u8]) -> Result<Self, NotCanonical> {
        serde_json::from_slice(canonical).map_err(|source| NotCanonical { what: "message", source })
    }
}

/// Who speaks a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Role {
    /// The sender gave no role.
    #[default]
    Unspecified,
    /// Instructions from the program.
    System,
    /// The person, or the program that speaks for one.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
    /// A role that this version does not know, as it came.
    Other(String),
}

impl Role {
    /// The role's lower-case name; empty for [`Role::Unspecified`].
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unspecified => "",
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(role) => role,
        }
    }
}

impl From<String> for Role {
    fn from(role: String) -> Self {
        match role.as_str() {
            "" => Self::Unspecified,
            "system" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            _ => Self::Other(role),
        }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        match role {
            Role::Other(role) => role,
            known => known.as_str().to_owned(),
        }
    }
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The content.
    pub body: PartBody,
    /// The provider's own name for this kind of part ("input_audio", "thinking"); empty when not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider_type: String,
}

impl Part {
    /// A part without a provider type.
    pub fn new(body: PartBody) -> Self {
        Self { body, provider_type: String::new() }
    }

    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartBody::Text(text.into()))
    }
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartBody {
    /// Plain text.
    Text(String),
    /// The model's reasoning.
    Thinking(String),
    /// The model asks for a tool.
    ToolCall {
        /// Matches the result to the call.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        id: String,
        /// The tool.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// Arguments exactly as the model wrote them, normally JSON.
        #[serde(default, skip_serializing_if = "ExactBytes::is_empty")]
        arguments: ExactBytes,
    },
    /// A tool answers.
    ToolResult {
        /// The call that is answered.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        tool_call_id: String,
        /// The tool.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// The answer as text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        content: String,
        /// The answer as structured content, exactly as it came, normally JSON.
        #[serde(default, skip_serializing_if = "ExactBytes::is_empty")]
        content_json: ExactBytes,
        /// The tool failed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
    /// An image, sound, video or document, by address.
    Media {
        /// "image", "audio", ...
        #[serde(default, skip_serializing_if = "String::is_empty")]
        kind: String,
        /// Where it is; may be a data URL.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        url: String,
        /// Its media type.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        mime_type: String,
        /// Its file name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
    },
    /// A part that this version does not know, as it came.
    Opaque(Value),
}

/// Bytes kept exactly as they came. Text in practice, so text is how they are written where they can be.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ExactBytes(Vec<u8>);

impl ExactBytes {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, when they are.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// No bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands the bytes over.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for ExactBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => write!(f, "{text:?}"),
            None => write!(f, "{:?}", self.0),
        }
    }
}

impl From<Vec<u8>> for ExactBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<String> for ExactBytes {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

/// Text is written as a JSON string, anything else as an array of byte values.
impl Serialize for ExactBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_seq(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ExactBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactBytesVisitor)
    }
}

struct ExactBytesVisitor;

impl<'de> Visitor<'de> for ExactBytesVisitor {
    type Value = ExactBytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of bytes")
    }

    fn visit_str<E>(self, text: &str) -> Result<ExactBytes, E> {
        Ok(text.to_owned().into())
    }

    fn visit_string<E>(self, text: String) -> Result<ExactBytes, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ExactBytes, A::Error> {
        let mut bytes = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}
