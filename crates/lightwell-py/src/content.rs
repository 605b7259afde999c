//! `Content` as Python sees it: messages, tools and artifacts that no longer depend on the caller's objects.

use lightwell_wire::sigil::messages::{
    self, Artifact, ArtifactKind, Generation, MessageRole, ToolDefinition, part::Payload,
};
use lightwell_wire::sigil::protobuf;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::encode;
use crate::pipeline::EncodeError;
use crate::redact::Redactor;

/// Messages, tools and artifacts of a generation, checked and encoded when it was made.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Content {
    pub(crate) encoded: encode::Content,
}

#[pymethods]
impl Content {
    /// Reads the lists `input`, `output`, `tools` and `artifacts` of a dict or object.
    #[new]
    #[pyo3(signature = (lists, withhold=false, redactor=None))]
    fn new(
        lists: &Bound<'_, PyAny>,
        withhold: bool,
        redactor: Option<&Bound<'_, Redactor>>,
    ) -> PyResult<Self> {
        let redact = redactor.map(|redactor| redactor.get().rules);
        Ok(Self { encoded: encode::content(lists, withhold, redact)? })
    }

    /// The path of the first thing that cannot be exported, and why.
    #[getter]
    fn problem(&self) -> Option<&str> {
        self.encoded.problem.as_deref()
    }

    /// How many tools there are.
    #[getter]
    fn tool_count(&self) -> usize {
        self.encoded.tools
    }

    /// How many tools the output calls.
    #[getter]
    fn tool_calls(&self) -> usize {
        self.encoded.tool_calls
    }

    /// New model objects of what was read, made with the classes of the module `models`, as a dict of the four lists.
    fn models<'py>(&self, models: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let content = self
            .encoded
            .read(protobuf::decode_message::<Generation>)
            .map_err(|error| EncodeError::new_err(format!("the content cannot be read back: {error}")))?;
        let make = Models { models };
        let lists = PyDict::new(models.py());
        lists.set_item("input", make.list(&content.input, |message| make.message(message))?)?;
        lists.set_item("output", make.list(&content.output, |message| make.message(message))?)?;
        lists.set_item("tools", make.list(&content.tools, |tool| make.tool(tool))?)?;
        lists
            .set_item("artifacts", make.list(&content.raw_artifacts, |artifact| make.artifact(artifact))?)?;
        Ok(lists)
    }
}

/// The path of the first thing of a generation (an object or a dict) that cannot be exported, and why.
#[pyfunction]
#[pyo3(signature = (generation, withheld=false))]
pub(crate) fn generation_problem(generation: &Bound<'_, PyAny>, withheld: bool) -> PyResult<Option<String>> {
    encode::problem(generation, withheld)
}

/// One generation as protobuf.
#[pyfunction]
pub(crate) fn encode_generation<'py>(generation: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(generation.py(), &encode::generation(generation)?.bytes))
}

/// One workflow step as protobuf.
#[pyfunction]
pub(crate) fn encode_workflow_step<'py>(step: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(step.py(), &encode::workflow_step(step)?.bytes))
}

/// Makes model objects.
struct Models<'a, 'py> {
    models: &'a Bound<'py, PyAny>,
}

type Made<'py> = PyResult<Bound<'py, PyAny>>;

impl<'py> Models<'_, 'py> {
    fn list<T>(&self, items: &[T], make: impl Fn(&T) -> Made<'py>) -> PyResult<Bound<'py, PyList>> {
        let made = items.iter().map(make).collect::<PyResult<Vec<_>>>()?;
        PyList::new(self.models.py(), made)
    }

    fn bytes(&self, bytes: &[u8]) -> Bound<'py, PyBytes> {
        PyBytes::new(self.models.py(), bytes)
    }

    fn message(&self, message: &messages::Message) -> Made<'py> {
        let role = match message.role() {
            MessageRole::Assistant => "assistant",
            MessageRole::Tool => "tool",
            MessageRole::User | MessageRole::Unspecified => "user",
        };
        let role = self.models.call_method1("MessageRole", (role,))?;
        let parts = self.list(&message.parts, |part| self.part(part))?;
        self.models.call_method1("Message", (role, parts, &message.name))
    }

    fn part(&self, part: &messages::Part) -> Made<'py> {
        let none = self.models.py().None().into_bound(self.models.py());
        let (mut text, mut thinking, mut call, mut result) = ("", "", none.clone(), none);
        let kind = match &part.payload {
            Some(Payload::Thinking(content)) => {
                thinking = content;
                "thinking"
            }
            Some(Payload::ToolCall(wire)) => {
                let input = self.bytes(&wire.input_json);
                call = self.models.call_method1("ToolCall", (&wire.name, &wire.id, input))?;
                "tool_call"
            }
            Some(Payload::ToolResult(wire)) => {
                let json = self.bytes(&wire.content_json);
                let fields = (&wire.tool_call_id, &wire.name, &wire.content, json, wire.is_error);
                result = self.models.call_method1("ToolResult", fields)?;
                "tool_result"
            }
            Some(Payload::Text(content)) => {
                text = content;
                "text"
            }
            Some(Payload::Media(_)) | None => "text",
        };
        let kind = self.models.call_method1("PartKind", (kind,))?;
        let provider_type = part.metadata.as_ref().map_or("", |metadata| &metadata.provider_type);
        let metadata = self.models.call_method1("PartMetadata", (provider_type,))?;
        self.models.call_method1("Part", (kind, text, thinking, call, result, metadata))
    }

    fn tool(&self, tool: &ToolDefinition) -> Made<'py> {
        let schema = self.bytes(&tool.input_schema_json);
        let fields = (&tool.name, &tool.description, &tool.r#type, schema, tool.deferred);
        self.models.call_method1("ToolDefinition", fields)
    }

    fn artifact(&self, artifact: &Artifact) -> Made<'py> {
        let kind = match artifact.kind() {
            ArtifactKind::Response => "response",
            ArtifactKind::Tools => "tools",
            ArtifactKind::ProviderEvent => "provider_event",
            ArtifactKind::Request | ArtifactKind::Unspecified => "request",
        };
        let kind = self.models.call_method1("ArtifactKind", (kind,))?;
        let payload = self.bytes(&artifact.payload);
        let fields =
            (kind, &artifact.name, &artifact.content_type, payload, &artifact.record_id, &artifact.uri);
        self.models.call_method1("Artifact", fields)
    }
}
