//! Reading a JSON object field by field, with a sentence for what is wrong.

use axum::extract::Request;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::app::App;
use crate::error::Refusal;
use crate::receive::read_body;

const SHOWN_CHARS: usize = 100;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The object that a request brings.
pub(super) async fn read_object(app: &App, request: Request) -> Result<(Parts, Object), Refusal> {
    let (parts, body) = request.into_parts();
    let (body, room) = read_body(app, &parts.headers, body, app.settings.limits.body_bytes).await?;
    let object = serde_json::from_slice(&body)
        .map_err(|error| Refusal::Malformed(format!("the body is not a JSON object: {error}")))?;
    drop(room);
    Ok((parts, object))
}

/// A text; empty when it is not there. Its length is limited in bytes.
pub(super) fn text(object: &Object, name: &str, limit: usize) -> Result<String, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.len() > limit => {
            Err(format!("{name} has {} bytes, at most {limit} are allowed", text.len()))
        }
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!("{name} is {}, not a text", shown(other))),
    }
}

/// A value as a refusal shows it: its beginning, however large it is.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text that is not blank.
pub(super) fn required(object: &Object, name: &str, limit: usize) -> Result<String, String> {
    let text = text(object, name, limit)?;
    if text.trim().is_empty() { Err(format!("{name} is required")) } else { Ok(text) }
}

/// The text under a name; empty when there is none.
pub(super) fn told<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The status of a run or trial: one of these.
pub(super) fn one_of(object: &Object, name: &str, known: &[&str]) -> Result<String, String> {
    let given = required(object, name, 64)?;
    if known.contains(&given.as_str()) {
        Ok(given)
    } else {
        Err(format!("{name} is {given:?}, not one of {}", known.join(", ")))
    }
}

/// The refusal of a request for one of its fields.
pub(super) fn invalid(why: String) -> Refusal {
    Refusal::Malformed(why)
}
