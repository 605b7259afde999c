//! Text and bytes out of Python. A `str` may hold lone surrogates, which UTF-8 cannot: a pair is joined into the character that
//! it means, a single one becomes U+FFFD.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use crate::once::intern;

use super::utf8;

/// The text of a `str`.
pub(super) fn of_str(text: &Bound<'_, PyString>) -> String {
    borrowed(text).into_owned()
}

/// The text of a `str`, without a copy where it is valid UTF-8.
pub(crate) fn borrowed<'a>(text: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    match utf8::of(text) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(with_surrogates(text)),
    }
}

/// Hands the text of any object on: bytes are decoded, anything else that is no `str` is `str()`.
pub(crate) fn with_text<R>(object: &Bound<'_, PyAny>, read: impl FnOnce(&str) -> R) -> R {
    if let Ok(string) = object.cast::<PyString>() {
        return read(&borrowed(string));
    }
    read(&bytes_like(object).map_or_else(|| of_any(object), of_bytes))
}

fn with_surrogates(text: &Bound<'_, PyString>) -> String {
    let arguments = (intern!(text.py(), "utf-8"), intern!(text.py(), "surrogatepass"));
    let encoded = text.call_method1(intern!(text.py(), "encode"), arguments);
    match encoded.as_ref().map(|bytes| bytes.cast::<PyBytes>()) {
        Ok(Ok(bytes)) => without_surrogates(bytes.as_bytes()),
        // A subclass with an `encode` of its own.
        _ => text.to_string_lossy().into_owned(),
    }
}

/// What `str()` says of any object; a marker when it raises.
pub(super) fn of_any(object: &Bound<'_, PyAny>) -> String {
    if let Ok(text) = object.cast::<PyString>() {
        return of_str(text);
    }
    match object.str() {
        Ok(text) => of_str(&text),
        Err(_raised) => format!("<unprintable {}>", type_name(object)),
    }
}

/// Bytes, where an object is bytes-like.
pub(crate) fn bytes_like(object: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Some(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Some(bytes.to_vec());
    }
    if type_name(object) == "memoryview" {
        let bytes = object.call_method0(intern!(object.py(), "tobytes")).ok()?;
        return Some(bytes.cast::<PyBytes>().ok()?.as_bytes().to_vec());
    }
    None
}

/// Bytes as text: UTF-8 when they are, else base64.
pub(super) fn of_bytes(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| STANDARD.encode(error.as_bytes()))
}

/// The name of an object's type.
pub(super) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_raised| "object".to_owned(), |name| of_str(&name))
}

/// Decodes UTF-8 in which surrogates stand as three bytes each (`ED A0..BF xx`).
fn without_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, after) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, &rest[rest.len()..]),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), after)
            }
        };
        text.push_str(valid);
        rest = after;
        if rest.is_empty() {
            break;
        }
        let (unit, next) = surrogate(rest);
        let (low, after_pair) = surrogate(next);
        match (unit, low) {
            (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                text.extend(
                    char::decode_utf16([high, low]).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
                );
                rest = after_pair;
            }
            _ => {
                text.push(char::REPLACEMENT_CHARACTER);
                rest = next;
            }
        }
    }
    text
}

/// The surrogate at the front, and what follows it; one byte is passed over when there is none.
fn surrogate(bytes: &[u8]) -> (Option<u16>, &[u8]) {
    match bytes {
        [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, rest @ ..] => {
            let unit = 0xD000 | (u16::from(*second & 0x3F) << 6) | u16::from(*third & 0x3F);
            (Some(unit), rest)
        }
        [_, rest @ ..] => (None, rest),
        [] => (None, bytes),
    }
}
