//! Takes known members out of a JSON object that programs filled freely.
//!
//! A member that is missing, null or of another type is not taken: what is left at the end, odd types included, is kept as unknown.

use lightwell_model::Unknown;
use serde_json::Value;

use crate::json_value::{Object, integer};
use crate::path::Path;

/// The members that are left of an object, and where it stands.
pub struct Members<'a> {
    left: Object,
    path: Path<'a>,
}

impl<'a> Members<'a> {
    /// All members of an object.
    pub fn new(object: Object, path: Path<'a>) -> Self {
        Self { left: object, path }
    }

    /// Whether a member is still there, whatever it holds.
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Looks at a member without taking it.
    pub fn peek(&self, key: &str) -> Option<&Value> {
        self.left.get(key)
    }

    /// A string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key, Value::is_string)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string; empty when there is none.
    pub fn text_or_empty(&mut self, key: &str) -> String {
        self.text(key).unwrap_or_default()
    }

    /// A whole number.
    pub fn integer(&mut self, key: &str) -> Option<i64> {
        self.take(key, |value| integer(value).is_some()).as_ref().and_then(integer)
    }

    /// A number.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        self.take(key, Value::is_number).as_ref().and_then(Value::as_f64)
    }

    /// A boolean.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        self.take(key, Value::is_boolean).as_ref().and_then(Value::as_bool)
    }

    /// An object.
    pub fn object(&mut self, key: &str) -> Option<Object> {
        match self.take(key, Value::is_object)? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A list.
    pub fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        match self.take(key, Value::is_array)? {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Anything but null.
    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.take(key, |_| true)
    }

    /// Puts a member back that turned out not to be what it seemed.
    pub fn put_back(&mut self, key: &str, value: Value) {
        self.left.insert(key.to_owned(), value);
    }

    /// What is left.
    pub fn into_object(self) -> Object {
        self.left
    }

    /// Keeps what is left as unknown.
    pub fn keep(self, unknown: &mut Unknown) {
        for (key, value) in self.left {
            unknown.insert(self.path.key(&key).to_string(), value);
        }
    }

    fn take(&mut self, key: &str, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        match self.left.get(key)? {
            // A known member without a value says nothing.
            Value::Null => {
                self.left.remove(key);
                None
            }
            value if is_wanted(value) => self.left.remove(key),
            _ => None,
        }
    }
}
