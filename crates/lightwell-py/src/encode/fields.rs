//! Attributes of a Python object as wire fields. A missing attribute reads as `None`, so that objects of older and newer models
//! are read alike; an attribute that raises is an error with its path.

use std::collections::BTreeMap;

use lightwell_wire::sigil::well_known::{Struct, Timestamp};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

use super::{json, number, structs, text, time};
use crate::pipeline::EncodeError;

/// Reads the attributes of one object.
pub(super) struct Fields<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    /// Where the object is, for errors: `generation.usage`.
    path: &'a str,
}

impl<'a, 'py> Fields<'a, 'py> {
    pub(super) fn new(object: &'a Bound<'py, PyAny>, path: &'a str) -> Self {
        Self { object, path }
    }

    /// The attribute; `None` when it is missing or `None`.
    pub(super) fn get(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.object.getattr(name) {
            Ok(value) if value.is_none() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_instance_of::<PyAttributeError>(self.object.py()) => Ok(None),
            Err(error) => Err(EncodeError::new_err(format!("{}.{name} cannot be read: {error}", self.path))),
        }
    }

    pub(super) fn text(&self, name: &Bound<'py, PyString>) -> PyResult<String> {
        Ok(self.get(name)?.map(|value| any_text(&value)).unwrap_or_default())
    }

    pub(super) fn optional_text(&self, name: &Bound<'py, PyString>) -> PyResult<Option<String>> {
        Ok(self.get(name)?.map(|value| any_text(&value)))
    }

    pub(super) fn bytes(&self, name: &Bound<'py, PyString>) -> PyResult<Vec<u8>> {
        Ok(self.get(name)?.map(|value| json::bytes_or_json(&value)).unwrap_or_default())
    }

    pub(super) fn flag(&self, name: &Bound<'py, PyString>) -> PyResult<bool> {
        Ok(self.get(name)?.and_then(|value| number::flag(&value)).unwrap_or_default())
    }

    pub(super) fn optional_flag(&self, name: &Bound<'py, PyString>) -> PyResult<Option<bool>> {
        Ok(self.get(name)?.and_then(|value| number::flag(&value)))
    }

    pub(super) fn optional_real(&self, name: &Bound<'py, PyString>) -> PyResult<Option<f64>> {
        Ok(self.get(name)?.and_then(|value| number::real(&value)))
    }

    /// A whole number; a note when it had to be changed to fit.
    pub(super) fn optional_whole(
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

    pub(super) fn time(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Timestamp>> {
        Ok(self.get(name)?.and_then(|value| time::timestamp(&value)))
    }

    pub(super) fn structure(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Struct>> {
        Ok(self.get(name)?.and_then(|value| structs::optional(&value)))
    }

    pub(super) fn texts(&self, name: &Bound<'py, PyString>) -> PyResult<Vec<String>> {
        match self.get(name)? {
            // A single id where a list of ids belongs.
            Some(single) if single.is_instance_of::<PyString>() => Ok(vec![any_text(&single)]),
            Some(items) => each(&items, &format!("{}.{name}", self.path), |item| Ok(any_text(item))),
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn tags(&self, name: &Bound<'py, PyString>) -> PyResult<BTreeMap<String, String>> {
        match self.get(name)? {
            Some(tags) => Ok(pairs(&tags, &format!("{}.{name}", self.path))?.into_iter().collect()),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Every item of a list attribute.
    pub(super) fn each<T>(
        &self,
        name: &Bound<'py, PyString>,
        read: impl FnMut(&Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Vec<T>> {
        match self.get(name)? {
            Some(items) => each(&items, &format!("{}.{name}", self.path), read),
            None => Ok(Vec::new()),
        }
    }
}

/// Pairs of texts out of a mapping, for headers.
pub(crate) fn string_pairs(mapping: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    mapping.map_or(Ok(Vec::new()), |mapping| pairs(mapping, "headers"))
}

/// The text of a text field: bytes are decoded, anything else is `str()`.
pub(super) fn any_text(object: &Bound<'_, PyAny>) -> String {
    if let Ok(string) = object.cast::<PyString>() {
        return text::of_str(string);
    }
    text::bytes_like(object).map_or_else(|| text::of_any(object), text::of_bytes)
}

fn pairs(mapping: &Bound<'_, PyAny>, path: &str) -> PyResult<Vec<(String, String)>> {
    let items = match mapping.cast::<PyDict>() {
        Ok(dict) => dict.items(),
        Err(_) => match mapping.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?,
            Err(_) => return Err(EncodeError::new_err(format!("{path} is not a mapping"))),
        },
    };
    let mut pairs = Vec::with_capacity(items.len());
    for item in items {
        let (key, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        let value = if value.is_none() { String::new() } else { any_text(&value) };
        pairs.push((any_text(&key), value));
    }
    Ok(pairs)
}

fn each<'py, T>(
    items: &Bound<'py, PyAny>,
    path: &str,
    mut read: impl FnMut(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if let Ok(list) = items.cast::<PyList>() {
        return list.iter().map(|item| read(&item)).collect();
    }
    if let Ok(tuple) = items.cast::<PyTuple>() {
        return tuple.iter().map(|item| read(&item)).collect();
    }
    let not_a_list = |error| EncodeError::new_err(format!("{path} cannot be read as a list: {error}"));
    let iterator = items.try_iter().map_err(not_a_list)?;
    iterator.map(|item| item.map_err(not_a_list).and_then(|item| read(&item))).collect()
}
