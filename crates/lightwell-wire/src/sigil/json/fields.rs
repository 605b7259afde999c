//! Reads one field of proto-JSON, and says which field it was when it cannot.
//!
//! Null means "absent" for every field, as it does in proto-JSON.

use jiff::Timestamp;
use lightwell_model::{Tags, Unknown};
use serde_json::Value;

use crate::item::ItemError;
use crate::json_value::{Object, base64, integer, plain_numbers, type_name};
use crate::path::Path;
use crate::timestamp;

/// Which field is read.
pub struct Field<'a> {
    /// What the item is called in error texts.
    pub item: &'static str,
    /// Where in the item.
    pub path: Path<'a>,
}

impl<'a> Field<'a> {
    /// The item itself.
    pub fn top(item: &'static str) -> Self {
        Self { item, path: Path::Root }
    }

    /// A member of this field.
    pub fn key(&'a self, key: &'a str) -> Self {
        Self { item: self.item, path: self.path.key(key) }
    }

    /// Keeps a value that we do not know.
    pub fn keep(&self, value: Value, unknown: &mut Unknown) {
        unknown.insert(self.path.to_string(), value);
    }

    /// The error that this field has a value it cannot have.
    pub fn invalid(&self) -> ItemError {
        ItemError::Invalid { field: self.name() }
    }

    fn name(&self) -> String {
        match self.path {
            Path::Root => self.item.to_owned(),
            _ => format!("{}.{}", self.item, self.path),
        }
    }

    fn mismatch(&self, expected: &'static str, value: &Value) -> ItemError {
        ItemError::Type { field: self.name(), expected, found: type_name(value) }
    }
}

/// An object; a null item is a missing one.
pub fn object(value: Value, field: &Field<'_>) -> Result<Object, ItemError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null if matches!(field.path, Path::Root) => Err(ItemError::Required { field: field.name() }),
        Value::Null => Ok(Object::new()),
        other => Err(field.mismatch("an object", &other)),
    }
}

/// A list; `read` reads one element.
pub fn list<T>(
    value: Value,
    field: &Field<'_>,
    mut read: impl FnMut(Value, &Field<'_>) -> Result<T, ItemError>,
) -> Result<Vec<T>, ItemError> {
    match value {
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| read(item, &Field { item: field.item, path: field.path.index(index) }))
            .collect(),
        Value::Null => Ok(Vec::new()),
        other => Err(field.mismatch("a list", &other)),
    }
}

/// A list of strings.
pub fn strings(value: Value, field: &Field<'_>) -> Result<Vec<String>, ItemError> {
    list(value, field, text)
}

/// A string.
pub fn text(value: Value, field: &Field<'_>) -> Result<String, ItemError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        other => Err(field.mismatch("a string", &other)),
    }
}

/// A boolean.
pub fn boolean(value: Value, field: &Field<'_>) -> Result<Option<bool>, ItemError> {
    match value {
        Value::Bool(value) => Ok(Some(value)),
        Value::Null => Ok(None),
        other => Err(field.mismatch("a boolean", &other)),
    }
}

/// A whole number, as a number or as text.
pub fn int64(value: &Value, field: &Field<'_>) -> Result<Option<i64>, ItemError> {
    match integer(value) {
        Some(integer) => Ok(Some(integer)),
        None if value.is_null() => Ok(None),
        None => Err(field.mismatch("a whole number", value)),
    }
}

/// A double, as a number or as text, `NaN` and `Infinity` included.
pub fn double(value: &Value, field: &Field<'_>) -> Result<Option<f64>, ItemError> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.map(Some).ok_or_else(|| field.mismatch("a number", value))
}

/// Bytes, as base64 text.
pub fn base64_bytes(value: Value, field: &Field<'_>) -> Result<Vec<u8>, ItemError> {
    let encoded = text(value, field)?;
    base64(&encoded).ok_or_else(|| ItemError::Type {
        field: field.name(),
        expected: "base64 text",
        found: "another string",
    })
}

/// A moment in RFC 3339.
pub fn time(value: Value, field: &Field<'_>) -> Result<Option<Timestamp>, ItemError> {
    let moment = text(value, field)?;
    if moment.is_empty() {
        return Ok(None);
    }
    timestamp::parse(&moment).map(Some).ok_or_else(|| field.invalid())
}

/// Labels: an object of strings.
pub fn tags(value: Value, field: &Field<'_>) -> Result<Tags, ItemError> {
    object(value, field)?
        .into_iter()
        .map(|(key, value)| {
            let value = text(value, &field.key(&key))?;
            Ok((key, value))
        })
        .collect()
}

/// An object of anything, its numbers in their plainest spelling.
pub fn structure(value: Value, field: &Field<'_>) -> Result<Object, ItemError> {
    Ok(object(value, field)?.into_iter().map(|(key, value)| (key, plain_numbers(value))).collect())
}

/// An enum's value in lower case without its prefix: a name, or a number in decimal.
pub fn enumeration(value: &Value, prefix: &str, field: &Field<'_>) -> Result<String, ItemError> {
    match value {
        Value::String(name) => {
            let name = name.trim();
            Ok(name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase())
        }
        Value::Null => Ok(String::new()),
        other => {
            let number = integer(other).ok_or_else(|| field.mismatch("an enum's name or number", other))?;
            Ok(number.to_string())
        }
    }
}
