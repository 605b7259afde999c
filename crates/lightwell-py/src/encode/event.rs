//! InsideLLM events of which every part is exactly of its type: checked and written in one pass.
//!
//! Invariants: nothing is coerced and nothing raises here. What is not exactly of its field's type is left to the caller,
//! who goes the long way round: coercion, or an error that says why.

use std::borrow::Cow;
use std::cell::Cell;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

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
    /// The name as JSON text.
    key: Vec<u8>,
    kind: Kind,
    nullable: bool,
    /// None: the field is required.
    default: Option<Py<PyAny>>,
}

/// An event's id, time and payload.
type Begun<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyDict>);

/// The fields of one type of event.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct EventSchema {
    /// The type as JSON text.
    event_type: Vec<u8>,
    fields: Vec<Field>,
    /// How many fields have no default.
    required: usize,
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
                let key = super::json::any(name.as_any());
                Ok(Field { name: name.unbind(), key, kind: Kind::named(&kind)?, nullable, default })
            })
            .collect::<PyResult<Vec<Field>>>()?;
        let required = fields.iter().filter(|field| field.default.is_none()).count();
        Ok(Self { event_type: super::json::any(event_type.as_any()), fields, required })
    }

    /// The id, time and payload of an event that is made now; the dict itself becomes the payload. None, and the dict is as it
    /// was, unless it holds the first fields in their order, none of them a container, and the others have defaults.
    fn begin<'py>(&self, values: &Bound<'py, PyDict>) -> PyResult<Option<Begun<'py>>> {
        let py = values.py();
        let given = values.len();
        let all_fit = values.iter().zip(&self.fields).all(|((key, value), field)| {
            key.as_ptr() == field.name.as_ptr() && field.kind.is_simple() && field.fits(&value)
        });
        let rest = self.fields.get(given..).filter(|rest| rest.iter().all(|field| field.default.is_some()));
        let (true, Some(rest)) = (all_fit, rest) else { return Ok(None) };
        for field in rest {
            values.set_item(field.name.bind(py), &field.default)?;
        }
        Ok(Some((ids::new_event_id(py)?, ids::utc_now(py), values.clone())))
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
    /// Whether the payload needs no coercion: its keys are texts, nothing required is missing, each field is of its type.
    pub(crate) fn fits(&self, payload: &Bound<'_, PyDict>) -> bool {
        let (mut required, mut expected) = (0, 0);
        for (key, value) in payload.iter() {
            let Ok(key) = key.cast_exact::<PyString>() else { return false };
            let Some(at) = self.position(key, expected) else { continue };
            let field = &self.fields[at];
            if !field.fits(&value) {
                return false;
            }
            required += usize::from(field.default.is_none());
            expected = at + 1;
        }
        required == self.required
    }

    /// Which field has this name; `expected` is looked at first. Names are nearly always the same objects.
    fn position(&self, name: &Bound<'_, PyString>, expected: usize) -> Option<usize> {
        let is_same = |field: &Field| field.name.as_ptr() == name.as_ptr();
        if self.fields.get(expected).is_some_and(is_same) {
            return Some(expected);
        }
        self.fields.iter().position(is_same).or_else(|| {
            let (py, name) = (name.py(), text::borrowed(name));
            self.fields.iter().position(|field| *text::borrowed(field.name.bind(py)) == *name)
        })
    }
}

/// The parts of an event beside its type.
pub(crate) struct EventParts<'a, 'py> {
    pub(crate) frame: Frame<'a, 'py>,
    pub(crate) payload: &'a Bound<'py, PyAny>,
}

impl EventParts<'_, '_> {
    /// The event with an id and a time that it has already; `None` when a part needs coercion.
    pub(crate) fn with<'id>(
        &self,
        schema: &EventSchema,
        event_id: &'id Bound<'_, PyAny>,
        timestamp: &Bound<'_, PyAny>,
    ) -> Option<(Cow<'id, str>, Vec<u8>)> {
        let (id, timestamp) = (text::borrowed(exact_text(event_id)?), text::borrowed(exact_text(timestamp)?));
        let payload = self.payload.cast_exact::<PyDict>().ok().filter(|payload| schema.fits(payload))?;
        let bytes = self.frame.encode(schema, &id, &timestamp, |members| members.value(payload))?;
        Some((id, bytes))
    }
}

/// What an event has around its payload.
pub(crate) struct Frame<'a, 'py> {
    pub(crate) run_id: &'a Bound<'py, PyAny>,
    pub(crate) user_id: &'a Bound<'py, PyAny>,
    pub(crate) parent_event_id: &'a Bound<'py, PyAny>,
    pub(crate) metadata: &'a Bound<'py, PyAny>,
}

impl Frame<'_, '_> {
    /// The event of this moment with the payload that `write` writes, which fits the schema; `None` when another part needs
    /// coercion, and then nothing is written.
    pub(crate) fn stamped(
        &self,
        schema: &EventSchema,
        id: &[u8; 36],
        write: impl FnOnce(&mut Members),
    ) -> Option<Vec<u8>> {
        self.encode(schema, ids::ascii(id), ids::now().text(), write)
    }

    fn encode(
        &self,
        schema: &EventSchema,
        id: &str,
        timestamp: &str,
        write: impl FnOnce(&mut Members),
    ) -> Option<Vec<u8>> {
        let run_id = text::borrowed(exact_text(self.run_id)?);
        let user_id = text::borrowed(exact_text(self.user_id)?);
        if run_id.is_empty() {
            return None;
        }
        let parent = match self.parent_event_id.is_none() {
            true => None,
            false => Some(text::borrowed(exact_text(self.parent_event_id)?)),
        };
        if parent.as_ref().is_some_and(|parent| !ids::is_uuid(parent)) {
            return None;
        }
        let metadata = match self.metadata.is_none() {
            true => None,
            false => Some(primitives(self.metadata)?),
        };
        let mut sink = JsonSink::reusing(SCRATCH.take());
        sink.open_object();
        text_member(&mut sink, "event_id", id);
        text_member(&mut sink, "run_id", &run_id);
        text_member(&mut sink, "timestamp", timestamp);
        sink.known_key("event_type");
        sink.raw(&schema.event_type);
        text_member(&mut sink, "user_id", &user_id);
        if let Some(parent) = parent {
            text_member(&mut sink, "parent_event_id", &parent);
        }
        let mut walk = Walk::new(DEPTH);
        if let Some(metadata) = metadata {
            sink.known_key("metadata");
            walk.value(metadata, &mut sink);
        }
        sink.known_key("payload");
        let mut members = Members { sink, walk };
        write(&mut members);
        let mut sink = members.sink;
        sink.close_object();
        let mut scratch = sink.into_bytes();
        let bytes = scratch.as_slice().to_vec();
        if scratch.capacity() <= SCRATCH_BYTES {
            scratch.clear();
            SCRATCH.set(scratch);
        }
        Some(bytes)
    }
}

/// Whether this can be an event's metadata as it is: None, or a dict of primitives.
pub(crate) fn is_plain_metadata(metadata: &Bound<'_, PyAny>) -> bool {
    metadata.is_none() || primitives(metadata).is_some()
}

fn primitives<'a, 'py>(metadata: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyDict>> {
    let metadata = exact_object(metadata)?;
    metadata.iter().all(|(_, value)| Kind::Primitive.fits(&value)).then_some(metadata)
}

/// A payload under way.
pub(crate) struct Members {
    sink: JsonSink,
    walk: Walk,
}

impl Members {
    /// An object's members; `head` are members as JSON text, at least one.
    pub(crate) fn object(&mut self, head: &[u8], write: impl FnOnce(&mut Self)) {
        self.walk = Walk::new(DEPTH - 1);
        self.sink.open_object();
        self.sink.raw(head);
        write(self);
        self.sink.close_object();
    }

    pub(crate) fn text(&mut self, key: &'static str, value: &Bound<'_, PyString>) {
        text_member(&mut self.sink, key, &text::borrowed(value));
    }

    pub(crate) fn ascii(&mut self, key: &'static str, value: &[u8; 36]) {
        text_member(&mut self.sink, key, ids::ascii(value));
    }

    /// Any value, as the whole of it.
    pub(crate) fn value(&mut self, value: &Bound<'_, PyAny>) {
        self.walk.value(value, &mut self.sink);
    }

    pub(crate) fn whole(&mut self, key: &'static str, value: i64) {
        self.sink.known_key(key);
        self.sink.integer(value);
    }

    pub(crate) fn flag(&mut self, key: &'static str, value: bool) {
        self.sink.known_key(key);
        self.sink.boolean(value);
    }

    pub(crate) fn any(&mut self, key: &'static str, value: &Bound<'_, PyAny>) {
        self.sink.known_key(key);
        self.walk.value(value, &mut self.sink);
    }

    /// A member that is JSON text already.
    pub(crate) fn raw(&mut self, key: &'static str, json: &[u8]) {
        self.sink.known_key(key);
        self.sink.raw(json);
    }

    /// The values' fields of the schema in its order, its defaults for what is missing. They fit.
    pub(crate) fn fields(&mut self, schema: &EventSchema, values: &Bound<'_, PyDict>) {
        self.walk = Walk::new(DEPTH - 1);
        self.sink.open_object();
        for field in &schema.fields {
            let value = values.get_item(field.name.bind(values.py())).ok().flatten();
            let default = field.default.as_ref().map(|default| default.bind(values.py()).clone());
            if let Some(value) = value.or(default) {
                self.sink.known_raw_key(&field.key);
                self.walk.value(&value, &mut self.sink);
            }
        }
        self.sink.close_object();
    }
}

/// A call's arguments, `{"args": [...], "kwargs": {...}}`, without the first ones.
pub(crate) fn call_arguments(
    args: &Bound<'_, PyTuple>,
    skipped: usize,
    kwargs: &Bound<'_, PyDict>,
) -> Vec<u8> {
    let mut sink = JsonSink::with_capacity(256);
    // Of what an event may have, two containers are around these.
    let mut walk = Walk::new(DEPTH - 2);
    sink.open_object();
    sink.known_key("args");
    sink.open_list();
    for value in args.iter().skip(skipped) {
        walk.value(&value, &mut sink);
    }
    sink.close_list();
    sink.known_key("kwargs");
    walk.value(kwargs.as_any(), &mut sink);
    sink.close_object();
    sink.into_bytes()
}

/// The members of a dict as JSON text, without the braces.
pub(crate) fn members_of(dict: &Bound<'_, PyDict>) -> Vec<u8> {
    let mut object = super::json::any(dict.as_any());
    object.pop();
    object.drain(..1);
    object
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

    /// Whether its values are no containers.
    fn is_simple(self) -> bool {
        !matches!(self, Self::Any | Self::Object | Self::Texts | Self::Objects | Self::Other)
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

fn text_member(sink: &mut JsonSink, key: &'static str, value: &str) {
    sink.known_key(key);
    sink.string(value);
}
