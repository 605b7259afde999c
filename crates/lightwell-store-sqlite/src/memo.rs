//! What was hashed before need not be written as JSON and hashed again.
//!
//! Nearly all messages of a call were in the call before it. A history, or a message, is recognised by a 128-bit fingerprint; only
//! what is not recognised is brought into canonical form for its [`ContentId`]. The fingerprint is HighwayHash under a key that is random
//! in each process and never leaves it, because who writes messages must not be able to make two of them look alike.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use highway::{HighwayHash, HighwayHasher, Key};
use lightwell_model::{Content, ContentId, Message, NodeId, PartBody, TenantId, ToolDefinition, limits};

use crate::codec::{Encoder, Packed, RAW, Texts};
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
    /// As it is stored, when nothing was known of it.
    pub packed: Option<PackedContent>,
}

/// Content as it is stored.
#[derive(Clone, Debug)]
pub struct PackedContent {
    /// The bytes.
    pub packed: Packed,
    /// It is too long to lie among short ones.
    pub is_large: bool,
}

impl PackedContent {
    /// Content that is not compressed yet.
    pub fn of(content: Content) -> Self {
        let bytes = content.into_canonical();
        Self { is_large: bytes.len() > limits::LARGE_CONTENT_BYTES, packed: Packed { codec: RAW, bytes } }
    }

    /// Compresses it.
    pub fn compress(&mut self, encoder: &mut Encoder) {
        let bytes = &self.packed.bytes;
        self.packed =
            if self.is_large { encoder.encode_large(bytes) } else { encoder.encode(Texts::Content, bytes) };
    }
}

impl Source {
    /// Roughly what it takes of memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Message(message) => Self::message_bytes(message),
            Self::Text(text) => text.len(),
            Self::Tools(tools) => tools
                .iter()
                .map(|tool| tool.description.len() + tool.input_schema.as_bytes().len() + 192)
                .sum(),
        }
    }

    /// Roughly what a message takes of memory.
    pub fn message_bytes(message: &Message) -> usize {
        message.parts.iter().map(|part| part_bytes(&part.body) + 128).sum::<usize>() + 64
    }

    /// Its canonical form.
    pub fn address(&self) -> Content {
        match self {
            Self::Message(message) => message.address(),
            Self::Text(text) => Content::new(text.clone().into_bytes()),
            Self::Tools(tools) => ToolDefinition::address(tools),
        }
    }

    /// Feeds everything that it says; false when it says something of unknown shape.
    fn feed(&self, hasher: &mut impl Hasher) -> bool {
        match self {
            Self::Message(message) => feed_message(message, hasher),
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

fn feed_message(message: &Message, hasher: &mut impl Hasher) -> bool {
    (0_u8, &message.role, &message.name, message.parts.len()).hash(hasher);
    message.parts.iter().all(|part| {
        part.provider_type.hash(hasher);
        feed_part(&part.body, hasher)
    })
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

/// Threads that look up different contents seldom wait for each other.
const LOCKS: usize = 16;

/// What a fingerprint is of. Fingerprints of two kinds are never equal.
const ONE: u8 = 0;
const HISTORY: u8 = 1;

/// Addresses of content and histories that were seen lately. All threads share it: the next call of a conversation may reach
/// any of them.
pub struct Memo {
    key: Key,
    contents: Known<ContentId>,
    histories: Known<NodeId>,
}

struct Known<T>([Mutex<Recent<u128, T>>; LOCKS]);

/// The way of a history through the hash: where it stands after each message.
pub struct Trail {
    hashers: Vec<HighwayHasher>,
}

impl Memo {
    /// Remembers about this many of each.
    pub fn new(capacity: usize) -> Self {
        let random = || RandomState::new().build_hasher().finish();
        let key = Key([random(), random(), random(), random()]);
        Self { key, contents: Known::new(capacity), histories: Known::new(capacity) }
    }

    /// Gives content its address. Tenants do not share what is remembered.
    pub fn address(&self, tenant: &TenantId, source: Source) -> Said {
        let mut hasher = self.hasher(ONE, tenant);
        let fingerprint = source.feed(&mut hasher).then(|| finish(hasher));
        if let Some(id) = fingerprint.and_then(|fingerprint| self.contents.get(fingerprint)) {
            return Said { id, source, packed: None };
        }
        let content = source.address();
        let id = content.id();
        if let Some(fingerprint) = fingerprint {
            self.contents.put(fingerprint, id);
        }
        Said { id, source, packed: Some(PackedContent::of(content)) }
    }

    /// Follows a history, as far as its messages are of known shape.
    pub fn trail<'a>(&self, tenant: &TenantId, messages: impl Iterator<Item = &'a Message>) -> Trail {
        let mut hasher = self.hasher(HISTORY, tenant);
        let hashers =
            messages.map_while(|message| feed_message(message, &mut hasher).then(|| hasher.clone()));
        Trail { hashers: hashers.collect() }
    }

    /// The address of a history, if it is remembered.
    pub fn history(&self, fingerprint: u128) -> Option<NodeId> {
        self.histories.get(fingerprint)
    }

    /// Remembers a history.
    pub fn remember(&self, fingerprint: u128, node: NodeId) {
        self.histories.put(fingerprint, node);
    }

    fn hasher(&self, what: u8, tenant: &TenantId) -> HighwayHasher {
        let mut hasher = HighwayHasher::new(self.key);
        (what, tenant).hash(&mut hasher);
        hasher
    }
}

impl Trail {
    /// What a history is recognised by, after the message of this place.
    pub fn fingerprint(&self, place: usize) -> Option<u128> {
        self.hashers.get(place).cloned().map(finish)
    }
}

impl<T: Clone> Known<T> {
    fn new(capacity: usize) -> Self {
        Self(std::array::from_fn(|_| Mutex::new(Recent::new(capacity.div_ceil(LOCKS)))))
    }

    fn get(&self, fingerprint: u128) -> Option<T> {
        self.lock(fingerprint).get(&fingerprint)
    }

    fn put(&self, fingerprint: u128, value: T) {
        self.lock(fingerprint).put(fingerprint, value);
    }

    fn lock(&self, fingerprint: u128) -> MutexGuard<'_, Recent<u128, T>> {
        self.0[fingerprint as usize % LOCKS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn finish(hasher: HighwayHasher) -> u128 {
    let [low, high] = hasher.finalize128();
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use lightwell_model::{Part, Role};

    use super::*;

    #[test]
    fn gives_the_address_of_the_model_whether_it_remembers_or_not() {
        let memo = Memo::new(100);
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
            }
        }
    }
}
