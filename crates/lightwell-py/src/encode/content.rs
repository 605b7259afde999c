//! The content of a generation (messages, tools, artifacts): read from Python objects, checked and written in one go.
//!
//! What is written is that part of the record's protobuf, so nothing of the caller's objects is needed afterwards. The texts of
//! problems are what programs and tests know: the path of the first thing in reading order that cannot be exported.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lightwell_redact::Level;
use lightwell_wire::sigil::messages::{ArtifactKind, MessageRole};
use lightwell_wire::sigil::protobuf::Writer;
use lightwell_wire::sigil::protobuf::number::{generation as g, inner as n};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::once::intern;
use crate::redact::Redaction;

use super::fields::Fields;
use super::generation::HEADER_BYTES;
use super::text;

/// Content that was read.
pub(crate) struct Content {
    fields: Mutex<Stored>,
    /// What of it cannot be exported.
    pub(crate) problem: Option<String>,
    /// How many tools there are.
    pub(crate) tools: usize,
    /// How many tools the output calls.
    pub(crate) tool_calls: usize,
}

/// Fields of a generation.
enum Stored {
    /// In a buffer of their own.
    Alone(Vec<u8>),
    /// At the front of the record that was made in that buffer.
    InRecord(Bytes),
}

impl Content {
    /// The encoded fields.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match &*self.stored() {
            Stored::Alone(fields) => read(fields),
            Stored::InRecord(fields) => read(fields),
        }
    }

    /// A record that begins with these fields; `write` adds the others. The buffer is not copied the first time.
    pub(crate) fn begin_record<R>(
        &self,
        write: impl FnOnce(&mut Writer) -> PyResult<R>,
    ) -> PyResult<(Bytes, R)> {
        let begun = match &mut *self.stored() {
            Stored::Alone(fields) => std::mem::take(fields),
            Stored::InRecord(fields) => fields.to_vec(),
        };
        let length = begun.len();
        let mut out = Writer::from(begun);
        // Not under the lock: what is written is read from Python objects.
        let written = write(&mut out);
        if written.is_err() {
            out.truncate(length);
        }
        let mut record = out.into_bytes();
        if record.capacity() - record.len() > record.len() / 4 {
            record.shrink_to_fit();
        }
        let record = Bytes::from(record);
        *self.stored() = Stored::InRecord(record.slice(..length));
        Ok((record, written?))
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `input`, `output`, `tools` and `artifacts` of a dict or object. Where it has a problem, it is not read further.
pub(crate) fn content(
    lists: &Bound<'_, PyAny>,
    withhold: bool,
    redact: Option<Redaction>,
) -> PyResult<Content> {
    let mut out = Writer::with_capacity(USUAL_BYTES.load(Ordering::Relaxed));
    let mut reader = Reader::new(&mut out, Rules { check: true, withhold, redact });
    let problem = reader.lists(&Fields::new(lists, "generation"), lists.py())?;
    let (tools, tool_calls) = (reader.tools, reader.tool_calls);
    let fields = out.into_bytes();
    USUAL_BYTES.store((fields.len() + HEADER_BYTES).clamp(HEADER_BYTES, MOST_BYTES), Ordering::Relaxed);
    Ok(Content { fields: Mutex::new(Stored::Alone(fields)), problem, tools, tool_calls })
}

/// What the last record took: the next one is likely to take as much.
static USUAL_BYTES: AtomicUsize = AtomicUsize::new(2048);
const MOST_BYTES: usize = 1 << 20;

/// How content is read.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Look for what cannot be exported, and stop there.
    pub(crate) check: bool,
    /// Leave the content out: texts, arguments, results, descriptions, schemas, artifacts. The shape stays. It is checked all
    /// the same, but that texts need not say anything.
    pub(crate) withhold: bool,
    /// Take secrets out.
    pub(crate) redact: Option<Redaction>,
}

impl Rules {
    /// The text as it is to be written.
    fn text<'a>(&self, py: Python<'_>, text: &'a str, level: Option<Level>) -> PyResult<Cow<'a, str>> {
        match (self.redact, level) {
            (Some(redact), Some(level)) => redact.text(py, text, level),
            _ => Ok(Cow::Borrowed(text)),
        }
    }
}

/// Reads the lists of content that `source` has.
pub(crate) struct Reader<'w> {
    out: &'w mut Writer,
    rules: Rules,
    /// How the message that is read is redacted.
    level: Option<Level>,
    /// Tools that were read.
    pub(crate) tools: usize,
    /// Parts of the output that call a tool.
    tool_calls: usize,
}

/// What cannot be exported, behind the path of the thing that it is in.
type Problem = Option<String>;

impl<'w> Reader<'w> {
    pub(crate) fn new(out: &'w mut Writer, rules: Rules) -> Self {
        Self { out, rules, level: None, tools: 0, tool_calls: 0 }
    }

    /// Reads `input`, `output`, `tools` and `artifacts` of an object or dict.
    pub(super) fn lists(&mut self, source: &Fields<'_, '_>, py: Python<'_>) -> PyResult<Problem> {
        for (name, number) in [(intern!(py, "input"), g::INPUT), (intern!(py, "output"), g::OUTPUT)] {
            self.tool_calls = 0;
            let problem = source.each(name, |index, item| {
                Ok(broken(self.message(item, number)?, || format!("generation.{name}[{index}]")))
            })?;
            if problem.is_some() {
                return Ok(problem);
            }
        }
        let problem = source.each(intern!(py, "tools"), |index, item| {
            self.tools += 1;
            Ok(broken(self.tool(item)?, || format!("generation.tools[{index}]")))
        })?;
        if problem.is_some() {
            return Ok(problem);
        }
        source.each(intern!(py, "artifacts"), |index, item| {
            Ok(broken(self.artifact(item)?, || format!("generation.artifacts[{index}]")))
        })
    }

    fn message(&mut self, object: &Bound<'_, PyAny>, number: u32) -> PyResult<Problem> {
        let py = object.py();
        let fields = Fields::new(object, "message");
        let role = fields.with_text(intern!(py, "role"), |role| match role {
            "user" => MessageRole::User,
            "assistant" => MessageRole::Assistant,
            "tool" => MessageRole::Tool,
            _ => MessageRole::Unspecified,
        })?;
        if self.rules.check && role == MessageRole::Unspecified {
            return Ok(Some(".role must be one of user|assistant|tool".to_owned()));
        }
        self.level = self.rules.redact.and_then(|redact| redact.of_message(number == g::INPUT, role));
        let open = self.out.open(number);
        self.out.int(n::MESSAGE_ROLE, i64::from(role as i32));
        fields.write_text(self.out, n::MESSAGE_NAME, intern!(py, "name"))?;
        let mut empty = true;
        let problem = fields.each(intern!(py, "parts"), |index, part| {
            empty = false;
            Ok(broken(self.part(part, role)?, || format!(".parts[{index}]")))
        })?;
        if problem.is_none() && empty && self.rules.check {
            return Ok(Some(".parts must not be empty".to_owned()));
        }
        self.out.close(open);
        Ok(problem)
    }

    fn part(&mut self, object: &Bound<'_, PyAny>, role: MessageRole) -> PyResult<Option<&'static str>> {
        let py = object.py();
        let part = Part::read(&Fields::new(object, "part"), py)?;
        if self.rules.check
            && let Some(problem) = part.problem(role, self.rules.withhold)?
        {
            return Ok(Some(problem));
        }
        let keep = !self.rules.withhold;
        let open = self.out.open(n::MESSAGE_PARTS);
        if let Some(metadata) = &part.metadata {
            Fields::new(metadata, "part.metadata").with_text(
                intern!(py, "provider_type"),
                |provider_type| {
                    if !provider_type.is_empty() {
                        let open = self.out.open(n::PART_METADATA);
                        self.out.string(n::PART_METADATA_PROVIDER_TYPE, provider_type);
                        self.out.close(open);
                    }
                },
            )?;
        }
        match part.kind {
            Kind::Thinking => {
                let level = self.level.map(|_| Level::Light);
                self.prose(n::PART_THINKING, part.thinking.filter(|_| keep).as_ref(), level)?;
            }
            Kind::ToolCall => {
                self.tool_calls += 1;
                part.tool_call.map_or(Ok(()), |call| self.tool_call(&call, keep))?;
            }
            Kind::ToolResult => part.tool_result.map_or(Ok(()), |result| self.tool_result(&result, keep))?,
            Kind::Text | Kind::Unknown => {
                self.prose(n::PART_TEXT, part.text.filter(|_| keep).as_ref(), self.level)?;
            }
        }
        self.out.close(open);
        Ok(None)
    }

    /// A text that is present even when it is empty.
    fn prose(
        &mut self,
        number: u32,
        object: Option<&Bound<'_, PyAny>>,
        level: Option<Level>,
    ) -> PyResult<()> {
        match object {
            Some(object) => text::with_text(object, |text| {
                self.out.present_string(number, &self.rules.text(object.py(), text, level)?);
                Ok(())
            }),
            None => {
                self.out.present_string(number, "");
                Ok(())
            }
        }
    }

    /// A text that is absent when it is empty.
    fn text<'py>(
        &mut self,
        number: u32,
        (fields, name): (&Fields<'_, 'py>, &Bound<'py, PyString>),
        level: Option<Level>,
    ) -> PyResult<()> {
        fields.with_text(name, |text| {
            self.out.string(number, &self.rules.text(name.py(), text, level)?);
            Ok(())
        })?
    }

    fn bytes<'py>(
        &mut self,
        number: u32,
        (fields, name): (&Fields<'_, 'py>, &Bound<'py, PyString>),
        level: Option<Level>,
    ) -> PyResult<()> {
        let (Some(redact), Some(level)) = (self.rules.redact, level) else {
            return fields.write_bytes(self.out, number, name);
        };
        fields.with_bytes(name, |bytes| {
            self.out.bytes(number, &redact.bytes(name.py(), bytes, level)?);
            Ok(())
        })
    }

    fn tool_call(&mut self, object: &Bound<'_, PyAny>, keep: bool) -> PyResult<()> {
        let py = object.py();
        let fields = Fields::new(object, "tool_call");
        let open = self.out.open(n::PART_TOOL_CALL);
        fields.write_text(self.out, n::TOOL_CALL_ID, intern!(py, "id"))?;
        fields.write_text(self.out, n::TOOL_CALL_NAME, intern!(py, "name"))?;
        if keep {
            let level = self.level.map(|_| Level::Full);
            self.bytes(n::TOOL_CALL_INPUT_JSON, (&fields, intern!(py, "input_json")), level)?;
        }
        self.out.close(open);
        Ok(())
    }

    fn tool_result(&mut self, object: &Bound<'_, PyAny>, keep: bool) -> PyResult<()> {
        let py = object.py();
        let fields = Fields::new(object, "tool_result");
        let open = self.out.open(n::PART_TOOL_RESULT);
        fields.write_text(self.out, n::TOOL_RESULT_TOOL_CALL_ID, intern!(py, "tool_call_id"))?;
        fields.write_text(self.out, n::TOOL_RESULT_NAME, intern!(py, "name"))?;
        if keep {
            let level = self.level.map(|_| Level::Full);
            self.text(n::TOOL_RESULT_CONTENT, (&fields, intern!(py, "content")), level)?;
            self.bytes(n::TOOL_RESULT_CONTENT_JSON, (&fields, intern!(py, "content_json")), level)?;
        }
        self.out.flag(n::TOOL_RESULT_IS_ERROR, fields.flag(intern!(py, "is_error"))?);
        self.out.close(open);
        Ok(())
    }

    fn tool(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
        let py = object.py();
        let fields = Fields::new(object, "tool");
        if self.rules.check && fields.with_text(intern!(py, "name"), is_blank)? {
            return Ok(Some(".name is required"));
        }
        let open = self.out.open(g::TOOLS);
        fields.write_text(self.out, n::TOOL_NAME, intern!(py, "name"))?;
        fields.write_text(self.out, n::TOOL_TYPE, intern!(py, "type"))?;
        if !self.rules.withhold {
            self.text(n::TOOL_DESCRIPTION, (&fields, intern!(py, "description")), Some(Level::Light))?;
            let schema = (&fields, intern!(py, "input_schema_json"));
            self.bytes(n::TOOL_INPUT_SCHEMA_JSON, schema, Some(Level::Full))?;
        }
        self.out.flag(n::TOOL_DEFERRED, fields.flag(intern!(py, "deferred"))?);
        self.out.close(open);
        Ok(None)
    }

    fn artifact(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
        let py = object.py();
        let fields = Fields::new(object, "artifact");
        let kind = fields.with_text(intern!(py, "kind"), |kind| match kind {
            "request" => ArtifactKind::Request,
            "response" => ArtifactKind::Response,
            "tools" => ArtifactKind::Tools,
            "provider_event" => ArtifactKind::ProviderEvent,
            _ => ArtifactKind::Unspecified,
        })?;
        if self.rules.check && kind == ArtifactKind::Unspecified {
            return Ok(Some(".kind is invalid"));
        }
        let before = self.out.as_bytes().len();
        let open = self.out.open(g::RAW_ARTIFACTS);
        self.out.int(n::ARTIFACT_KIND, i64::from(kind as i32));
        fields.write_text(self.out, n::ARTIFACT_NAME, intern!(py, "name"))?;
        fields.write_text(self.out, n::ARTIFACT_CONTENT_TYPE, intern!(py, "content_type"))?;
        let without_payload = self.out.as_bytes().len();
        self.bytes(n::ARTIFACT_PAYLOAD, (&fields, intern!(py, "payload")), Some(Level::Full))?;
        let has_payload = self.out.as_bytes().len() > without_payload;
        let nameless = fields.with_text(intern!(py, "record_id"), |record_id| {
            self.out.string(n::ARTIFACT_RECORD_ID, record_id);
            is_blank(record_id)
        })?;
        self.text(n::ARTIFACT_URI, (&fields, intern!(py, "uri")), Some(Level::Light))?;
        self.out.close(open);
        if self.rules.withhold {
            self.out.truncate(before);
        }
        Ok((self.rules.check && nameless && !has_payload).then_some(" must provide payload or record_id"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
}

/// The attributes of one part.
struct Part<'py> {
    kind: Kind,
    text: Option<Bound<'py, PyAny>>,
    thinking: Option<Bound<'py, PyAny>>,
    tool_call: Option<Bound<'py, PyAny>>,
    tool_result: Option<Bound<'py, PyAny>>,
    metadata: Option<Bound<'py, PyAny>>,
}

impl<'py> Part<'py> {
    fn read(fields: &Fields<'_, 'py>, py: Python<'py>) -> PyResult<Self> {
        let kind = fields.with_text(intern!(py, "kind"), |kind| match kind {
            "text" => Kind::Text,
            "thinking" => Kind::Thinking,
            "tool_call" => Kind::ToolCall,
            "tool_result" => Kind::ToolResult,
            _ => Kind::Unknown,
        })?;
        Ok(Self {
            kind,
            text: fields.get(intern!(py, "text"))?,
            thinking: fields.get(intern!(py, "thinking"))?,
            tool_call: fields.get(intern!(py, "tool_call"))?,
            tool_result: fields.get(intern!(py, "tool_result"))?,
            metadata: fields.get(intern!(py, "metadata"))?,
        })
    }

    fn problem(&self, role: MessageRole, withheld: bool) -> PyResult<Option<&'static str>> {
        let no_text = is_blank_object(self.text.as_ref());
        let no_thinking = is_blank_object(self.thinking.as_ref());
        let payloads = usize::from(!no_text)
            + usize::from(!no_thinking)
            + usize::from(self.tool_call.is_some())
            + usize::from(self.tool_result.is_some());
        let is_prose = matches!(self.kind, Kind::Text | Kind::Thinking);
        if self.kind == Kind::Unknown {
            return Ok(Some(".kind is invalid"));
        }
        if payloads != 1 && !(withheld && is_prose) {
            return Ok(Some(" must set exactly one payload field"));
        }
        Ok(match self.kind {
            Kind::Text => (no_text && !withheld).then_some(".text is required"),
            Kind::Thinking if role != MessageRole::Assistant => {
                Some(".thinking only allowed for assistant role")
            }
            Kind::Thinking => (no_thinking && !withheld).then_some(".thinking is required"),
            Kind::ToolCall if role != MessageRole::Assistant => {
                Some(".tool_call only allowed for assistant role")
            }
            Kind::ToolCall => {
                let nameless = match &self.tool_call {
                    Some(call) => {
                        Fields::new(call, "tool_call").with_text(intern!(call.py(), "name"), is_blank)?
                    }
                    None => true,
                };
                nameless.then_some(".tool_call.name is required")
            }
            _ if role != MessageRole::Tool => Some(".tool_result only allowed for tool role"),
            _ => self.tool_result.is_none().then_some(".tool_result is required"),
        })
    }
}

/// Empty or only white space, as Python's `str.isspace` has it.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || ('\x1c'..='\x1f').contains(&character))
}

fn is_blank_object(object: Option<&Bound<'_, PyAny>>) -> bool {
    object.is_none_or(|object| text::with_text(object, is_blank))
}

fn broken(problem: Option<impl AsRef<str>>, path: impl FnOnce() -> String) -> ControlFlow<String> {
    match problem {
        Some(problem) => ControlFlow::Break(path() + problem.as_ref()),
        None => ControlFlow::Continue(()),
    }
}
