//! InsideLLM events of which every part is exactly of its type: checked and written in one pass.
//!
//! Invariants: nothing is coerced and nothing raises here. What is not exactly of its field's type is left to the caller,
//! who goes the long way round: coercion, or an error that says why.

use std::cell::Cell;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::Encoded;
use super::ids;
use super::json::JsonSink;
use super::text;
use super::value::{Sink, Walk};

thread_local! {
    /// Kept between events: what is queued is a copy of exactly its size.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Longest scratch that is kept.
const SCRATCH_BYTES: usize = 64 * 1024;

/// Servers refuse JSON that is nested deeper than about 128; the event itself is one level.
const DEPTH: usize = 95;

/// What a value must be to need no coercion.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Text,
    Whole,
    Real,
    Flag,
    Number,
    Primitive,
    Object,
    Texts,
    Objects,
    /// Always needs coercion.
    Other,
}

struct Field {
    name: Py<PyString>,
    kind: Kind,
    nullable: bool,
    /// None: the field is required.
    default: Option<Py<PyAny>>,
}

/// The fields of one type of event.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct EventSchema {
    /// The type as JSON text.
    event_type: Vec<u8>,
    fields: Vec<Field>,
}

#[pymethods]
impl EventSchema {
    /// `fields`: (name, kind, nullable, (default,) or () when required).
    #[new]
    fn new(
        event_type: &Bound<'_, PyString>,
        fields: Vec<(Bound<'_, PyString>, String, bool, Bound<'_, PyTuple>)>,
    ) -> PyResult<Self> {
        let fields = fields
            .into_iter()
            .map(|(name, kind, nullable, default)| {
                let default = default.get_item(0).ok().map(Bound::unbind);
                Ok(Field { name: name.unbind(), kind: Kind::named(&kind)?, nullable, default })
            })
            .collect::<PyResult<_>>()?;
        Ok(Self { event_type: super::json::any(event_type.as_any()), fields })
    }

    /// All fields in their order, defaults filled in, containers copied; None when a value needs coercion or is missing.
    fn fill<'py>(&self, values: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = values.py();
        let filled = PyDict::new(py);
        for field in &self.fields {
            let name = field.name.bind(py);
            match (values.get_item(name)?, &field.default) {
                (Some(value), _) if field.fits(&value) => filled.set_item(name, field.kind.copy(value)?)?,
                (None, Some(default)) => filled.set_item(name, default)?,
                _ => return Ok(None),
            }
        }
        Ok(Some(filled))
    }
}

impl EventSchema {
    fn fits(&self, payload: &Bound<'_, PyDict>) -> bool {
        self.fields.iter().all(|field| match payload.get_item(field.name.bind(payload.py())) {
            Ok(Some(value)) => field.fits(&value),
            Ok(None) => field.default.is_some(),
            Err(_) => false,
        })
    }
}

/// The parts of an event beside its type.
pub(crate) struct EventParts<'a, 'py> {
    pub(crate) run_id: &'a Bound<'py, PyAny>,
    pub(crate) user_id: &'a Bound<'py, PyAny>,
    pub(crate) parent_event_id: &'a Bound<'py, PyAny>,
    pub(crate) metadata: &'a Bound<'py, PyAny>,
    pub(crate) payload: &'a Bound<'py, PyAny>,
}

impl EventParts<'_, '_> {
    /// The event of this moment, with a new id unless it has one; `None` when a part needs coercion.
    pub(crate) fn stamped(
        &self,
        schema: &EventSchema,
        event_id: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Encoded>> {
        if event_id.is_none() {
            let id = ids::uuid4()?;
            return Ok(self.encode(schema, std::str::from_utf8(&id).unwrap_or_default(), &ids::now()));
        }
        let given = exact_text(event_id).map(text::borrowed).filter(|id| ids::is_uuid(id));
        Ok(given.and_then(|id| self.encode(schema, &id, &ids::now())))
    }

    /// The event with an id and a time that it has already; `None` when a part needs coercion.
    pub(crate) fn with(
        &self,
        schema: &EventSchema,
        event_id: &Bound<'_, PyAny>,
        timestamp: &Bound<'_, PyAny>,
    ) -> Option<Encoded> {
        let (event_id, timestamp) = (exact_text(event_id)?, exact_text(timestamp)?);
        self.encode(schema, &text::borrowed(event_id), &text::borrowed(timestamp))
    }

    fn encode(&self, schema: &EventSchema, id: &str, timestamp: &str) -> Option<Encoded> {
        let run_id = text::borrowed(exact_text(self.run_id)?);
        let user_id = text::borrowed(exact_text(self.user_id)?);
        let payload = exact_object(self.payload).filter(|payload| schema.fits(payload))?;
        if run_id.is_empty() {
            return None;
        }
        let mut sink = JsonSink::reusing(SCRATCH.take());
        sink.open_object();
        text_member(&mut sink, "event_id", id);
        text_member(&mut sink, "run_id", &run_id);
        text_member(&mut sink, "timestamp", timestamp);
        sink.key("event_type");
        sink.raw(&schema.event_type);
        text_member(&mut sink, "user_id", &user_id);
        if !self.parent_event_id.is_none() {
            let parent = text::borrowed(exact_text(self.parent_event_id)?);
            if !ids::is_uuid(&parent) {
                return None;
            }
            text_member(&mut sink, "parent_event_id", &parent);
        }
        let mut walk = Walk::new(DEPTH);
        if !self.metadata.is_none() {
            let metadata = exact_object(self.metadata)?;
            if !metadata.iter().all(|(_, value)| Kind::Primitive.fits(&value)) {
                return None;
            }
            sink.key("metadata");
            walk.value(metadata, &mut sink);
        }
        sink.key("payload");
        walk.value(payload, &mut sink);
        sink.close_object();
        let mut scratch = sink.into_bytes();
        let bytes = scratch.as_slice().to_vec();
        if scratch.capacity() <= SCRATCH_BYTES {
            scratch.clear();
            SCRATCH.set(scratch);
        }
        Some(Encoded { id: id.to_owned(), bytes, notes: Vec::new() })
    }
}

impl Field {
    fn fits(&self, value: &Bound<'_, PyAny>) -> bool {
        self.kind.fits(value) || (self.nullable && value.is_none())
    }
}

impl Kind {
    fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "any" => Self::Any,
            "text" => Self::Text,
            "whole" => Self::Whole,
            "real" => Self::Real,
            "flag" => Self::Flag,
            "number" => Self::Number,
            "primitive" => Self::Primitive,
            "object" => Self::Object,
            "texts" => Self::Texts,
            "objects" => Self::Objects,
            "other" => Self::Other,
            _ => return Err(PyValueError::new_err(format!("no field has the kind {name:?}"))),
        })
    }

    fn fits(self, value: &Bound<'_, PyAny>) -> bool {
        match self {
            Self::Any => true,
            Self::Text => value.is_exact_instance_of::<PyString>(),
            Self::Whole => value.is_exact_instance_of::<PyInt>(),
            Self::Real => value.is_exact_instance_of::<PyFloat>(),
            Self::Flag => value.is_exact_instance_of::<PyBool>(),
            Self::Number => Self::Whole.fits(value) || Self::Real.fits(value),
            Self::Primitive => Self::Text.fits(value) || Self::Number.fits(value) || Self::Flag.fits(value),
            Self::Object => exact_object(value).is_some(),
            Self::Texts => list_of(value, Self::Text),
            Self::Objects => list_of(value, Self::Object),
            Self::Other => false,
        }
    }

    /// The value as a payload of its own has it.
    fn copy(self, value: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
        if value.is_none() {
            return Ok(value);
        }
        match self {
            Self::Object => Ok(value.cast::<PyDict>()?.copy()?.into_any()),
            Self::Texts => Ok(PyList::new(value.py(), value.cast::<PyList>()?)?.into_any()),
            Self::Objects => {
                let copies: Vec<_> = value
                    .cast::<PyList>()?
                    .iter()
                    .map(|item| Self::Object.copy(item))
                    .collect::<PyResult<_>>()?;
                Ok(PyList::new(value.py(), copies)?.into_any())
            }
            _ => Ok(value),
        }
    }
}

fn list_of(value: &Bound<'_, PyAny>, kind: Kind) -> bool {
    value.is_exact_instance_of::<PyList>()
        && value.cast::<PyList>().is_ok_and(|list| list.iter().all(|item| kind.fits(&item)))
}

fn exact_text<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyString>> {
    value.cast_exact::<PyString>().ok()
}

/// A dict of which every key is exactly a `str`.
fn exact_object<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyDict>> {
    let dict = value.cast_exact::<PyDict>().ok()?;
    dict.iter().all(|(key, _)| key.is_exact_instance_of::<PyString>()).then_some(dict)
}

fn text_member(sink: &mut JsonSink, key: &str, value: &str) {
    sink.key(key);
    sink.string(value);
}
