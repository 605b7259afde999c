//! Any Python value, walked once into a sink. The same reading for JSON and for protobuf:
//!
//! | Python | becomes |
//! |---|---|
//! | None, bool, int, finite float, str | itself (an enum of str or int: its value) |
//! | NaN, infinities | the texts `NaN`, `Infinity`, `-Infinity` |
//! | dict and other mappings | an object; keys become text as JSON has it |
//! | list, tuple, set, frozenset and other iterables of `collections` | a list |
//! | bytes | text when UTF-8, else base64 |
//! | date, time, datetime | ISO 8601 |
//! | anything with `__index__` (numpy integers) | an int |
//! | other enums | what their value becomes |
//! | dataclasses, pydantic models | an object of the fields that their `repr` shows: what its author hides there stays hidden |
//! | anything else | `str()` of it |
//!
//! Depth is bounded and cycles end in a marker, so the walk ends.

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping, PySet, PyString, PyTuple, PyType,
};

use crate::once::{Cell, class, intern};

use super::text;

const TOO_DEEP: &str = "<nested too deep>";
const CYCLE: &str = "<cycle>";

/// What a walk writes into.
pub(super) trait Sink {
    fn null(&mut self);
    fn boolean(&mut self, value: bool);
    fn integer(&mut self, value: i64);
    /// An int beyond 64 bits, as decimal text.
    fn big_integer(&mut self, digits: &str);
    /// Finite.
    fn float(&mut self, value: f64);
    fn string(&mut self, value: &str);
    fn open_list(&mut self);
    fn close_list(&mut self);
    fn open_object(&mut self);
    fn key(&mut self, key: &str);
    fn close_object(&mut self);
}

/// A walk under way: the containers that it is inside of.
pub(super) struct Walk {
    inside: Vec<usize>,
    depth_limit: usize,
}

impl Walk {
    /// `depth_limit`: containers within containers; deeper ones become a marker.
    pub(super) fn new(depth_limit: usize) -> Self {
        Self { inside: Vec::new(), depth_limit }
    }

    /// Writes one value.
    pub(super) fn value(&mut self, object: &Bound<'_, PyAny>, sink: &mut impl Sink) {
        if object.is_none() {
            sink.null();
        } else if let Ok(string) = object.cast::<PyString>() {
            sink.string(&text::borrowed(string));
        } else if let Ok(flag) = object.cast::<PyBool>() {
            sink.boolean(flag.is_true());
        } else if object.is_instance_of::<PyInt>() {
            integer(object, sink);
        } else if let Ok(float) = object.cast::<PyFloat>() {
            float_or_name(float.extract().unwrap_or(f64::NAN), sink);
        } else if let Ok(dict) = object.cast::<PyDict>() {
            self.within(object, sink, |walk, sink| walk.dict(dict, sink));
        } else if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            self.within(object, sink, |walk, sink| walk.list(object, sink));
        } else {
            self.other(object, sink);
        }
    }

    /// Writes a dict as an object. Its items are copied first, unless nothing is called on the way that may change the dict.
    fn dict(&mut self, dict: &Bound<'_, PyDict>, sink: &mut impl Sink) {
        if dict.iter().all(|(key, value)| key.is_exact_instance_of::<PyString>() && is_plain(&value)) {
            sink.open_object();
            for (key, value) in dict.iter() {
                self.entry(&key, &value, sink);
            }
            sink.close_object();
            return;
        }
        let items: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)> = dict.iter().collect();
        sink.open_object();
        for (key, value) in items {
            self.entry(&key, &value, sink);
        }
        sink.close_object();
    }

    fn entry(&mut self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, sink: &mut impl Sink) {
        if let Ok(key) = key.cast::<PyString>() {
            sink.key(&text::borrowed(key));
        } else {
            sink.key(&key_text(key));
        }
        self.value(value, sink);
    }

    /// Writes any iterable as a list; one that raises ends there.
    fn list(&mut self, object: &Bound<'_, PyAny>, sink: &mut impl Sink) {
        sink.open_list();
        if let Ok(items) = object.try_iter() {
            for item in items.map_while(Result::ok) {
                self.value(&item, sink);
            }
        }
        sink.close_list();
    }

    fn other(&mut self, object: &Bound<'_, PyAny>, sink: &mut impl Sink) {
        let py = object.py();
        if let Some(bytes) = text::bytes_like(object) {
            sink.string(&text::of_bytes(bytes));
        } else if object.is_instance_of::<PySet>() || object.is_instance_of::<PyFrozenSet>() {
            self.within(object, sink, |walk, sink| walk.list(object, sink));
        } else if let Ok(mapping) = object.cast::<PyMapping>() {
            self.within(object, sink, |walk, sink| walk.mapping(mapping, sink));
        } else if is_a(object, &DEQUE, "collections", "deque")
            || is_a(object, &DICT_VIEW, "collections.abc", "MappingView")
        {
            self.within(object, sink, |walk, sink| walk.list(object, sink));
        } else if is_a(object, &ENUM, "enum", "Enum") {
            match object.getattr(intern!(py, "value")) {
                Ok(value) => self.within(object, sink, |walk, sink| walk.value(&value, sink)),
                Err(_raised) => sink.string(&text::of_any(object)),
            }
        } else if object.is_instance_of::<PyType>() {
            sink.string(&text::of_any(object));
        } else if let Some(fields) = shown_fields(object) {
            self.within(object, sink, |walk, sink| {
                sink.open_object();
                fields.iter().for_each(|(name, value)| walk.entry(name, value, sink));
                sink.close_object();
            });
        } else if let Ok(iso) = object.call_method0(intern!(py, "isoformat")) {
            sink.string(&text::of_any(&iso));
        } else {
            match object.call_method0(intern!(py, "__index__")) {
                Ok(index) if index.is_instance_of::<PyInt>() => integer(&index, sink),
                _ => sink.string(&text::of_any(object)),
            }
        }
    }

    fn mapping(&mut self, mapping: &Bound<'_, PyMapping>, sink: &mut impl Sink) {
        let Ok(items) = mapping.items() else {
            sink.string(&text::of_any(mapping.as_any()));
            return;
        };
        sink.open_object();
        for item in items {
            if let Ok((key, value)) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() {
                self.entry(&key, &value, sink);
            }
        }
        sink.close_object();
    }

    /// Writes a container, unless it is already open or too deep.
    fn within<S: Sink>(
        &mut self,
        object: &Bound<'_, PyAny>,
        sink: &mut S,
        write: impl FnOnce(&mut Self, &mut S),
    ) {
        let identity = object.as_ptr() as usize;
        if self.inside.contains(&identity) {
            sink.string(CYCLE);
        } else if self.inside.len() >= self.depth_limit {
            sink.string(TOO_DEEP);
        } else {
            self.inside.push(identity);
            write(self, sink);
            self.inside.pop();
        }
    }
}

/// Whether the value holds no text.
pub(crate) fn is_scalar(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
}

/// Whether reading the value runs no Python code.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
}

static ENUM: Cell<PyType> = Cell::new();
static DEQUE: Cell<PyType> = Cell::new();
static DICT_VIEW: Cell<PyType> = Cell::new();

fn is_a(object: &Bound<'_, PyAny>, cell: &Cell<PyType>, module: &str, name: &str) -> bool {
    match class(cell, object.py(), module, name) {
        Ok(class) => object.is_instance(class).unwrap_or(false),
        Err(_) => false,
    }
}

type Field<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// What a dataclass or a pydantic model (1 or 2) shows of itself; none when it cannot be read.
fn shown_fields<'py>(object: &Bound<'py, PyAny>) -> Option<Vec<Field<'py>>> {
    let (py, class) = (object.py(), object.get_type());
    if class.hasattr(intern!(py, "__dataclass_fields__")).unwrap_or(false) {
        let fields = py.import("dataclasses").ok()?.call_method1("fields", (class,)).ok()?;
        let read = |field: Bound<'py, PyAny>| {
            let name = field.getattr(intern!(py, "name"))?;
            let value = object.getattr(name.cast::<PyString>()?)?;
            Ok(field.getattr(intern!(py, "repr"))?.is_truthy()?.then_some((name, value)))
        };
        let read = |field: PyResult<_>| field.and_then(read).transpose();
        return fields.try_iter().ok()?.filter_map(read).collect::<PyResult<_>>().ok();
    }
    if class.hasattr(intern!(py, "__repr_args__")).unwrap_or(false) {
        let fields = object.call_method0(intern!(py, "__repr_args__")).ok()?;
        let read = |field: PyResult<Bound<'py, PyAny>>| field.and_then(|field| field.extract::<Field<'_>>());
        let fields: Vec<_> = fields.try_iter().ok()?.map(read).collect::<PyResult<_>>().ok()?;
        return fields.iter().all(|(name, _)| name.is_instance_of::<PyString>()).then_some(fields);
    }
    None
}

/// The text of a key that is no `str`, as JSON spells the scalars.
fn key_text(key: &Bound<'_, PyAny>) -> String {
    if key.is_none() {
        return "null".to_owned();
    }
    match key.cast::<PyBool>() {
        Ok(flag) => flag.is_true().to_string(),
        Err(_) => text::bytes_like(key).map_or_else(|| text::of_any(key), text::of_bytes),
    }
}

fn integer(object: &Bound<'_, PyAny>, sink: &mut impl Sink) {
    if let Ok(value) = object.extract::<i64>() {
        sink.integer(value);
        return;
    }
    // The text of the int itself, whatever a subclass says of it; very long ones have no decimal text by default.
    let digits = PyInt::type_object(object.py()).call_method1(intern!(object.py(), "__repr__"), (object,));
    match digits {
        Ok(digits) => sink.big_integer(&text::of_any(&digits)),
        Err(_too_long) => sink.string("<int beyond 4300 digits>"),
    }
}

fn float_or_name(value: f64, sink: &mut impl Sink) {
    if value.is_finite() {
        sink.float(value);
    } else if value.is_nan() {
        sink.string("NaN");
    } else {
        sink.string(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
}
