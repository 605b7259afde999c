//! Python values as protobuf `Struct`.

use lightwell_wire::sigil::protobuf::{StructWriter, Writer};
use pyo3::prelude::*;

use super::value::{Sink, Walk};

/// Protobuf readers refuse messages that are nested deeper than 100, and an object in a `Struct` is three of them.
const DEPTH: usize = 30;

/// The longest that a field with an empty message is: key (numbers up to 2047) and length.
const EMPTY: usize = 3;

/// Writes a mapping as a `Struct`; nothing when it is `None` or empty. What is no mapping stands under the key `value`.
pub(super) fn write(object: &Bound<'_, PyAny>, out: &mut Writer, number: u32) {
    if object.is_none() {
        return;
    }
    let before = out.as_bytes().len();
    Walk::new(DEPTH).value(object, &mut StructSink(StructWriter::new(out, number)));
    if out.as_bytes().len() - before <= EMPTY {
        out.truncate(before);
    }
}

struct StructSink<'w>(StructWriter<'w>);

impl Sink for StructSink<'_> {
    fn null(&mut self) {
        self.0.null();
    }

    fn boolean(&mut self, value: bool) {
        self.0.boolean(value);
    }

    /// A `Struct` has only doubles.
    fn integer(&mut self, value: i64) {
        self.0.number(value as f64);
    }

    /// A number while a double can hold its size, else the digits.
    fn big_integer(&mut self, digits: &str) {
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => self.0.number(value),
            _ => self.0.string(digits),
        }
    }

    fn float(&mut self, value: f64) {
        self.0.number(value);
    }

    fn string(&mut self, value: &str) {
        self.0.string(value);
    }

    fn open_list(&mut self) {
        self.0.open_list();
    }

    fn close_list(&mut self) {
        self.0.close();
    }

    fn open_object(&mut self) {
        self.0.open_object();
    }

    fn key(&mut self, text: &str) {
        self.0.key(text);
    }

    fn close_object(&mut self) {
        self.0.close();
    }
}
