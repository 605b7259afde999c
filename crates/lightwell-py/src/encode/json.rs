//! Python values as JSON text, and InsideLLM events.

use std::io::Write;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use super::Encoded;
use super::text;
use super::value::{Sink, Walk};
use crate::once::intern;
use crate::pipeline::EncodeError;

/// Servers refuse JSON that is nested deeper than about 128.
const DEPTH: usize = 96;
/// Bytes of a text that are looked at together.
const BLOCK: usize = 32;

/// Encodes one event; keys keep their order.
pub(crate) fn event(event: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    if !event.is_instance_of::<PyDict>() && event.cast::<PyMapping>().is_err() {
        let found = text::type_name(event);
        return Err(EncodeError::new_err(format!("event is not a mapping but {found}")));
    }
    let id = match event.get_item(intern!(event.py(), "event_id")) {
        Ok(id) => text::of_any(&id),
        Err(_missing) => String::new(),
    };
    Ok(Encoded { id, bytes: any(event), notes: Vec::new() })
}

/// Any value as JSON text.
pub(crate) fn any(object: &Bound<'_, PyAny>) -> Vec<u8> {
    let mut sink = JsonSink::with_capacity(512);
    Walk::new(DEPTH).value(object, &mut sink);
    sink.out
}

/// The text of a `str` as bytes; anything else that is not bytes as JSON text.
pub(super) fn bytes_or_json(object: &Bound<'_, PyAny>) -> Vec<u8> {
    if object.is_none() {
        return Vec::new();
    }
    if let Some(bytes) = text::bytes_like(object) {
        return bytes;
    }
    match object.cast::<PyString>() {
        Ok(string) => text::of_str(string).into_bytes(),
        Err(_) => any(object),
    }
}

/// JSON text under way.
pub(super) struct JsonSink {
    out: Vec<u8>,
    /// The next value or key follows another one.
    wants_comma: bool,
}

impl JsonSink {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), wants_comma: false }
    }

    /// Writes into an empty buffer.
    pub(super) fn reusing(out: Vec<u8>) -> Self {
        Self { out, wants_comma: false }
    }

    /// A value that is JSON text already.
    pub(super) fn raw(&mut self, json: &[u8]) {
        self.begin();
        self.out.extend_from_slice(json);
    }

    /// A key that needs no escapes.
    pub(super) fn known_key(&mut self, key: &'static str) {
        self.begin();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.wants_comma = false;
    }

    /// A key that is JSON text already.
    pub(super) fn known_raw_key(&mut self, key: &[u8]) {
        self.raw(key);
        self.out.push(b':');
        self.wants_comma = false;
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn begin(&mut self) {
        if self.wants_comma {
            self.out.push(b',');
        }
        self.wants_comma = true;
    }

    fn open(&mut self, bracket: u8) {
        self.begin();
        self.out.push(bracket);
        self.wants_comma = false;
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.wants_comma = true;
    }

    /// A text in quotes. Blocks without anything to escape, most of every text, are found without a branch a byte and copied:
    /// a quarter of serde_json's instructions.
    fn text(&mut self, value: &str) {
        self.out.reserve(value.len() + 2);
        self.out.push(b'"');
        for block in value.as_bytes().chunks(BLOCK) {
            if block.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
                block.iter().for_each(|byte| self.escaped(*byte));
            } else {
                self.out.extend_from_slice(block);
            }
        }
        self.out.push(b'"');
    }

    fn escaped(&mut self, byte: u8) {
        match byte {
            b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
            b'\n' => self.out.extend_from_slice(b"\\n"),
            b'\r' => self.out.extend_from_slice(b"\\r"),
            b'\t' => self.out.extend_from_slice(b"\\t"),
            0..0x20 => write!(self.out, "\\u{byte:04x}").expect("a byte buffer takes every text"),
            _ => self.out.push(byte),
        }
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        self.begin();
        write!(self.out, "{value}").expect("a byte buffer takes every text");
    }
}

/// JSON has it escaped in a string.
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

impl Sink for JsonSink {
    fn null(&mut self) {
        self.display("null");
    }

    fn boolean(&mut self, value: bool) {
        self.display(value);
    }

    fn integer(&mut self, value: i64) {
        self.display(value);
    }

    fn big_integer(&mut self, digits: &str) {
        self.display(digits);
    }

    fn float(&mut self, value: f64) {
        self.begin();
        serde_json::to_writer(&mut self.out, &value).expect("a byte buffer takes every finite number");
    }

    fn string(&mut self, value: &str) {
        self.begin();
        self.text(value);
    }

    fn open_list(&mut self) {
        self.open(b'[');
    }

    fn close_list(&mut self) {
        self.close(b']');
    }

    fn open_object(&mut self) {
        self.open(b'{');
    }

    fn key(&mut self, key: &str) {
        self.begin();
        self.text(key);
        self.out.push(b':');
        self.wants_comma = false;
    }

    fn close_object(&mut self) {
        self.close(b'}');
    }
}
