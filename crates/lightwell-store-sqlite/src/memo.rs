//! What was hashed before need not be written as JSON and hashed again.
//!
//! Nearly all messages of a call were in the call before it. A message is recognised by a 128-bit fingerprint; only what is not
//! recognised is brought into canonical form for its [`ContentId`]. The fingerprint is SipHash-1-3 under a key that is random
//! in each process and never leaves it, because who writes messages must not be able to make two of them look alike.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use lightwell_model::{Content, ContentId, Message, PartBody, TenantId, ToolDefinition};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::recent::Recent;

/// Content as it was told.
#[derive(Clone, Debug)]
pub enum Source {
    /// A message.
    Message(Message),
    /// A system prompt.
    Text(String),
    /// A tool set.
    Tools(Vec<ToolDefinition>),
}

/// Content with its address.
#[derive(Clone, Debug)]
pub struct Said {
    /// The address.
    pub id: ContentId,
    /// As it was told.
    pub source: Source,
    /// The canonical form, when it had to be made.
    content: Option<Content>,
}

impl Said {
    /// The canonical form.
    pub fn content(&self) -> Cow<'_, Content> {
        match &self.content {
            Some(content) => Cow::Borrowed(content),
            None => Cow::Owned(self.source.address()),
        }
    }
}

impl Source {
    /// Roughly what it takes of memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Message(message) => {
                message.parts.iter().map(|part| part_bytes(&part.body) + 128).sum::<usize>() + 64
            }
            Self::Text(text) => text.len(),
            Self::Tools(tools) => tools
                .iter()
                .map(|tool| tool.description.len() + tool.input_schema.as_bytes().len() + 192)
                .sum(),
        }
    }

    fn address(&self) -> Content {
        match self {
            Self::Message(message) => message.address(),
            Self::Text(text) => Content::new(text.clone().into_bytes()),
            Self::Tools(tools) => ToolDefinition::address(tools),
        }
    }

    /// Feeds everything that it says; false when it says something of unknown shape.
    fn feed(&self, hasher: &mut impl Hasher) -> bool {
        match self {
            Self::Message(message) => {
                (0_u8, &message.role, &message.name, message.parts.len()).hash(hasher);
                message.parts.iter().all(|part| {
                    part.provider_type.hash(hasher);
                    feed_part(&part.body, hasher)
                })
            }
            Self::Text(text) => {
                (1_u8, text).hash(hasher);
                true
            }
            Self::Tools(tools) => {
                (2_u8, tools.len()).hash(hasher);
                for ToolDefinition { name, description, kind, input_schema, deferred } in tools {
                    (name, description, kind, input_schema, deferred).hash(hasher);
                }
                true
            }
        }
    }
}

fn feed_part(body: &PartBody, hasher: &mut impl Hasher) -> bool {
    match body {
        PartBody::Text(text) => (0_u8, text).hash(hasher),
        PartBody::Thinking(text) => (1_u8, text).hash(hasher),
        PartBody::ToolCall { id, name, arguments } => (2_u8, id, name, arguments).hash(hasher),
        PartBody::ToolResult { tool_call_id, name, content, content_json, is_error } => {
            (3_u8, tool_call_id, name, content, content_json, is_error).hash(hasher);
        }
        PartBody::Media { kind, url, mime_type, name } => (4_u8, kind, url, mime_type, name).hash(hasher),
        PartBody::Opaque(_) => return false,
    }
    true
}

fn part_bytes(body: &PartBody) -> usize {
    match body {
        PartBody::Text(text) | PartBody::Thinking(text) => text.len(),
        PartBody::ToolCall { arguments, .. } => arguments.as_bytes().len(),
        PartBody::ToolResult { content, content_json, .. } => content.len() + content_json.as_bytes().len(),
        PartBody::Media { url, .. } => url.len(),
        PartBody::Opaque(value) => value.to_string().len(),
    }
}

/// Addresses of content that was seen lately.
pub struct Memo {
    key: [u64; 2],
    known: Recent<u128, ContentId>,
}

impl Memo {
    /// Remembers at least this many.
    pub fn new(capacity: usize) -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self { key: [random(), random()], known: Recent::new(capacity) }
    }

    /// Gives content its address. Tenants do not share what is remembered.
    pub fn address(&mut self, tenant: &TenantId, source: Source) -> Said {
        let fingerprint = self.fingerprint(tenant, &source);
        if let Some(id) = fingerprint.and_then(|fingerprint| self.known.get(&fingerprint)) {
            return Said { id, source, content: None };
        }
        let content = source.address();
        let id = content.id();
        if let Some(fingerprint) = fingerprint {
            self.known.put(fingerprint, id);
        }
        Said { id, source, content: Some(content) }
    }

    fn fingerprint(&self, tenant: &TenantId, source: &Source) -> Option<u128> {
        let mut hasher = SipHasher13::new_with_keys(self.key[0], self.key[1]);
        tenant.hash(&mut hasher);
        source.feed(&mut hasher).then(|| hasher.finish128().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use lightwell_model::{Part, Role};

    use super::*;

    #[test]
    fn gives_the_address_of_the_model_whether_it_remembers_or_not() {
        let mut memo = Memo::new(100);
        let (a, b): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let mut split = Message::text(Role::User, "ab");
        split.parts.push(Part::text("c"));
        let mut opaque = Message::text(Role::User, "");
        opaque.parts = vec![Part::new(PartBody::Opaque(serde_json::json!({"x": 1})))];
        let messages = [
            Message::text(Role::User, "abc"),
            Message::text(Role::Assistant, "abc"),
            Message { name: "abc".to_owned(), ..Message::text(Role::User, "") },
            Message {
                parts: vec![Part::new(PartBody::Thinking("abc".to_owned()))],
                ..Message::text(Role::User, "")
            },
            Message { parts: vec![Part::text("a"), Part::text("bc")], ..split.clone() },
            split,
            opaque,
        ];
        for tenant in [&a, &b, &a] {
            for message in &messages {
                let said = memo.address(tenant, Source::Message(message.clone()));
                assert_eq!(said.id, message.address().id());
                assert_eq!(*said.content(), message.address());
            }
        }
    }
}
