//! Python values as protobuf `Struct`.

use lightwell_wire::sigil::well_known::{Kind, ListValue, Struct, Value};
use pyo3::prelude::*;

use super::value::{Sink, Walk};

/// Protobuf readers refuse messages that are nested deeper than 100, and an object in a `Struct` is three of them.
const DEPTH: usize = 30;

/// A mapping as a `Struct`; absent when it is `None` or empty. What is no mapping stands under the key `value`.
pub(super) fn optional(object: &Bound<'_, PyAny>) -> Option<Struct> {
    if object.is_none() {
        return None;
    }
    let mut sink = ValueSink::default();
    Walk::new(DEPTH).value(object, &mut sink);
    match sink.done?.kind {
        Some(Kind::StructValue(fields)) if fields.fields.is_empty() => None,
        Some(Kind::StructValue(fields)) => Some(fields),
        kind => Some(Struct { fields: [("value".to_owned(), Value { kind })].into() }),
    }
}

enum Open {
    List(ListValue),
    Object(Struct, String),
}

#[derive(Default)]
struct ValueSink {
    open: Vec<Open>,
    done: Option<Value>,
}

impl ValueSink {
    fn put(&mut self, kind: Kind) {
        let value = Value { kind: Some(kind) };
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::List(list)) => list.values.push(value),
            Some(Open::Object(fields, key)) => {
                fields.fields.insert(std::mem::take(key), value);
            }
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::List(list)) => self.put(Kind::ListValue(list)),
            Some(Open::Object(fields, _key)) => self.put(Kind::StructValue(fields)),
            None => {}
        }
    }
}

impl Sink for ValueSink {
    fn null(&mut self) {
        self.put(Kind::NullValue(0));
    }

    fn boolean(&mut self, value: bool) {
        self.put(Kind::BoolValue(value));
    }

    /// A `Struct` has only doubles.
    fn integer(&mut self, value: i64) {
        self.put(Kind::NumberValue(value as f64));
    }

    /// A number while a double can hold its size, else the digits.
    fn big_integer(&mut self, digits: &str) {
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => self.put(Kind::NumberValue(value)),
            _ => self.string(digits),
        }
    }

    fn float(&mut self, value: f64) {
        self.put(Kind::NumberValue(value));
    }

    fn string(&mut self, value: &str) {
        self.put(Kind::StringValue(value.to_owned()));
    }

    fn open_list(&mut self) {
        self.open.push(Open::List(ListValue::default()));
    }

    fn close_list(&mut self) {
        self.close();
    }

    fn open_object(&mut self) {
        self.open.push(Open::Object(Struct::default(), String::new()));
    }

    fn key(&mut self, text: &str) {
        if let Some(Open::Object(_, key)) = self.open.last_mut() {
            text.clone_into(key);
        }
    }

    fn close_object(&mut self) {
        self.close();
    }
}
