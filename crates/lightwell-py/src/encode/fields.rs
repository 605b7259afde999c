//! Attributes of a Python object (or the values of a dict) as wire fields. What is missing reads as `None`, so that objects of
//! older and newer models are read alike; an attribute that raises is an error with its path.

use std::ops::ControlFlow;

use lightwell_wire::sigil::protobuf::Writer;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple};

use super::{json, number, structs, text, time};
use crate::pipeline::EncodeError;

/// Reads the attributes of one object.
pub(super) struct Fields<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    dict: Option<&'a Bound<'py, PyDict>>,
    /// Where the object is, for errors: `generation.usage`.
    path: &'static str,
}

impl<'a, 'py> Fields<'a, 'py> {
    pub(super) fn new(object: &'a Bound<'py, PyAny>, path: &'static str) -> Self {
        Self { object, dict: object.cast_exact::<PyDict>().ok(), path }
    }

    /// The attribute; `None` when it is missing or `None`.
    pub(super) fn get(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = match self.dict {
            Some(dict) => dict.get_item(name),
            None => self.object.getattr(name).map(Some),
        };
        match found {
            Ok(value) => Ok(value.filter(|value| !value.is_none())),
            Err(error) if error.is_instance_of::<PyAttributeError>(self.object.py()) => Ok(None),
            Err(error) => Err(EncodeError::new_err(format!("{}.{name} cannot be read: {error}", self.path))),
        }
    }

    /// Hands the text on; empty when there is none.
    pub(super) fn with_text<R>(
        &self,
        name: &Bound<'py, PyString>,
        read: impl FnOnce(&str) -> R,
    ) -> PyResult<R> {
        Ok(match self.get(name)? {
            Some(value) => text::with_text(&value, read),
            None => read(""),
        })
    }

    pub(super) fn flag(&self, name: &Bound<'py, PyString>) -> PyResult<bool> {
        Ok(self.get(name)?.and_then(|value| number::flag(&value)).unwrap_or_default())
    }

    /// A whole number; a note when it had to be changed to fit.
    pub(super) fn whole(
        &self,
        name: &Bound<'py, PyString>,
        notes: &mut Vec<String>,
    ) -> PyResult<Option<i64>> {
        let Some(whole) = self.get(name)?.and_then(|value| number::whole(&value)) else { return Ok(None) };
        if whole.changed {
            notes
                .push(format!("{}.{name} is no 64-bit whole number; recorded as {}", self.path, whole.value));
        }
        Ok(Some(whole.value))
    }

    /// Every item of a list attribute, until one breaks off. `None`: all were read.
    pub(super) fn each<B>(
        &self,
        name: &Bound<'py, PyString>,
        read: impl FnMut(usize, &Bound<'py, PyAny>) -> PyResult<ControlFlow<B>>,
    ) -> PyResult<Option<B>> {
        match self.get(name)? {
            Some(items) => each(&items, || format!("{}.{name}", self.path), read),
            None => Ok(None),
        }
    }
}

/// The same fields, written.
impl<'py> Fields<'_, 'py> {
    pub(super) fn write_text(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        self.with_text(name, |text| out.string(number, text))
    }

    /// Hands the bytes on, if there are any.
    pub(super) fn with_bytes(
        &self,
        name: &Bound<'py, PyString>,
        read: impl FnOnce(&[u8]) -> PyResult<()>,
    ) -> PyResult<()> {
        match self.get(name)? {
            Some(value) => match value.cast::<PyBytes>() {
                Ok(bytes) => read(bytes.as_bytes()),
                Err(_) => read(&json::bytes_or_json(&value)),
            },
            None => Ok(()),
        }
    }

    pub(super) fn write_bytes(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        self.with_bytes(name, |bytes| {
            out.bytes(number, bytes);
            Ok(())
        })
    }

    pub(super) fn write_time(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        if let Some(time) = self.get(name)?.and_then(|value| time::timestamp(&value)) {
            out.timestamp(number, &time);
        }
        Ok(())
    }

    pub(super) fn write_struct(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        if let Some(value) = self.get(name)? {
            structs::write(&value, out, number);
        }
        Ok(())
    }

    pub(super) fn write_texts(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        let Some(items) = self.get(name)? else { return Ok(()) };
        let mut write = |item: &Bound<'_, PyAny>| {
            text::with_text(item, |text| out.present_string(number, text));
        };
        if items.is_instance_of::<PyString>() {
            // A single id where a list of ids belongs.
            write(&items);
            return Ok(());
        }
        let path = || format!("{}.{name}", self.path);
        each(&items, path, |_, item| {
            write(item);
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        Ok(())
    }

    pub(super) fn write_tags(
        &self,
        out: &mut Writer,
        number: u32,
        name: &Bound<'py, PyString>,
    ) -> PyResult<()> {
        let Some(tags) = self.get(name)? else { return Ok(()) };
        let path = || format!("{}.{name}", self.path);
        each_pair(&tags, path, |key, value| out.pair(number, key, value))
    }
}

/// Pairs of texts out of a mapping, for headers.
pub(crate) fn string_pairs(mapping: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    if let Some(mapping) = mapping {
        each_pair(
            mapping,
            || "headers".to_owned(),
            |key, value| pairs.push((key.to_owned(), value.to_owned())),
        )?;
    }
    Ok(pairs)
}

fn each_pair(
    mapping: &Bound<'_, PyAny>,
    path: impl FnOnce() -> String,
    mut read: impl FnMut(&str, &str),
) -> PyResult<()> {
    // The items are copied first: what is called on the way may change the mapping.
    let items = match mapping.cast::<PyDict>() {
        Ok(dict) if dict.is_empty() => return Ok(()),
        Ok(dict) => dict.items(),
        Err(_) => match mapping.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?,
            Err(_) => return Err(EncodeError::new_err(format!("{} is not a mapping", path()))),
        },
    };
    for item in items {
        let (key, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        text::with_text(&key, |key| {
            if value.is_none() {
                read(key, "");
            } else {
                text::with_text(&value, |value| read(key, value));
            }
        });
    }
    Ok(())
}

fn each<'py, B>(
    items: &Bound<'py, PyAny>,
    path: impl Fn() -> String,
    mut read: impl FnMut(usize, &Bound<'py, PyAny>) -> PyResult<ControlFlow<B>>,
) -> PyResult<Option<B>> {
    let mut index = 0;
    let mut next = |item: &Bound<'py, PyAny>| {
        let flow = read(index, item);
        index += 1;
        flow
    };
    if let Ok(list) = items.cast::<PyList>() {
        for item in list {
            if let ControlFlow::Break(end) = next(&item)? {
                return Ok(Some(end));
            }
        }
        return Ok(None);
    }
    if let Ok(tuple) = items.cast::<PyTuple>() {
        for item in tuple {
            if let ControlFlow::Break(end) = next(&item)? {
                return Ok(Some(end));
            }
        }
        return Ok(None);
    }
    let not_a_list = |error| EncodeError::new_err(format!("{} cannot be read as a list: {error}", path()));
    for item in items.try_iter().map_err(not_a_list)? {
        if let ControlFlow::Break(end) = next(&item.map_err(not_a_list)?)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}
