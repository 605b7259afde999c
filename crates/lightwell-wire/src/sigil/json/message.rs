//! The members of a message, of its parts and of what they hold.

use lightwell_model::{ExactBytes, Message, Part, PartBody, Role};
use serde::de::MapAccess;
use serde_json::Value;

use super::member::Member;
use super::read::{Members, Place};
use crate::r#gen::schema::{MEDIA, MESSAGE, MessageSchema, PART, PART_METADATA, TOOL_CALL, TOOL_RESULT};
use crate::json_value;

/// Members of a message.
pub struct MessageMembers(Message);

impl Members for MessageMembers {
    type Read = Message;
    const SCHEMA: &'static MessageSchema = &MESSAGE;

    fn empty() -> Self {
        Self(Message { role: Role::Unspecified, name: String::new(), parts: Vec::new() })
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "role" => self.0.role = member.enumeration("MESSAGE_ROLE_", role)?,
            "name" => self.0.name = member.text()?,
            "parts" => self.0.parts = member.list::<PartMembers>()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Message {
        self.0
    }
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "0" | "unspecified" => Role::Unspecified,
        "1" => Role::User,
        "2" => Role::Assistant,
        "3" => Role::Tool,
        other => other.to_owned().into(),
    })
}

/// Members of a part. One with no payload that we know is opaque: all that it held is its content.
#[derive(Default)]
struct PartMembers {
    body: Option<PartBody>,
    provider_type: String,
    left: json_value::Object,
}

impl PartMembers {
    fn leave(&mut self, name: String, value: Value, place: &mut Place<'_>) {
        if self.left.insert(name, value).is_some() {
            place.odd();
        }
    }
}

impl Members for PartMembers {
    type Read = Part;
    const SCHEMA: &'static MessageSchema = &PART;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        mut member: Member<'_, A>,
    ) -> Result<(), A::Error> {
        if name == "metadata" {
            self.provider_type = member.object::<PartMetadata>()?.provider_type;
            return Ok(());
        }
        if self.body.is_some() {
            // A part has one payload. Which one it is when there are two must not depend on which comes first.
            let second = member.tree()?;
            if !second.is_null() {
                member.place.odd();
                self.leave(member.name().to_owned(), second, &mut member.place);
            }
            return Ok(());
        }
        self.body = match name {
            "text" => member.optional_text()?.map(PartBody::Text),
            "thinking" => member.optional_text()?.map(PartBody::Thinking),
            "tool_call" => member.optional_object::<ToolCall>()?,
            "tool_result" => member.optional_object::<ToolResult>()?,
            "media" => member.optional_object::<Media>()?,
            _ => return self.other(member),
        };
        Ok(())
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, mut member: Member<'_, A>) -> Result<(), A::Error> {
        let value = member.tree()?;
        self.leave(member.name().to_owned(), value, &mut member.place);
        Ok(())
    }

    fn finish(self, place: &mut Place<'_>) -> Part {
        let Some(body) = self.body else {
            return Part {
                body: PartBody::Opaque(Value::Object(self.left)),
                provider_type: self.provider_type,
            };
        };
        for (name, value) in self.left {
            Place { reader: place.reader, path: &place.path.key(&name) }.keep(value);
        }
        Part { body, provider_type: self.provider_type }
    }
}

#[derive(Default)]
struct PartMetadata {
    provider_type: String,
}

impl Members for PartMetadata {
    type Read = Self;
    const SCHEMA: &'static MessageSchema = &PART_METADATA;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "provider_type" => self.provider_type = member.text()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> Self {
        self
    }
}

#[derive(Default)]
struct ToolCall {
    id: String,
    name: String,
    arguments: ExactBytes,
}

impl Members for ToolCall {
    type Read = PartBody;
    const SCHEMA: &'static MessageSchema = &TOOL_CALL;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "id" => self.id = member.text()?,
            "name" => self.name = member.text()?,
            "input_json" => self.arguments = member.bytes()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> PartBody {
        PartBody::ToolCall { id: self.id, name: self.name, arguments: self.arguments }
    }
}

#[derive(Default)]
struct ToolResult {
    tool_call_id: String,
    name: String,
    content: String,
    content_json: ExactBytes,
    is_error: bool,
}

impl Members for ToolResult {
    type Read = PartBody;
    const SCHEMA: &'static MessageSchema = &TOOL_RESULT;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "tool_call_id" => self.tool_call_id = member.text()?,
            "name" => self.name = member.text()?,
            "content" => self.content = member.text()?,
            "content_json" => self.content_json = member.bytes()?,
            "is_error" => self.is_error = member.boolean()?.unwrap_or_default(),
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> PartBody {
        let Self { tool_call_id, name, content, content_json, is_error } = self;
        PartBody::ToolResult { tool_call_id, name, content, content_json, is_error }
    }
}

#[derive(Default)]
struct Media {
    kind: String,
    url: String,
    mime_type: String,
    name: String,
}

impl Members for Media {
    type Read = PartBody;
    const SCHEMA: &'static MessageSchema = &MEDIA;

    fn empty() -> Self {
        Self::default()
    }

    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error> {
        match name {
            "kind" => self.kind = member.text()?,
            "url" => self.url = member.text()?,
            "mime_type" => self.mime_type = member.text()?,
            "name" => self.name = member.text()?,
            _ => member.keep()?,
        }
        Ok(())
    }

    fn finish(self, _: &mut Place<'_>) -> PartBody {
        PartBody::Media { kind: self.kind, url: self.url, mime_type: self.mime_type, name: self.name }
    }
}
