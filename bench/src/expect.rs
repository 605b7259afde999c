//! What must come out of the API for what went in.

use std::hash::{DefaultHasher, Hash, Hasher};

use lightwell_wire::sigil::json;
use lightwell_wire::sigil::messages::Generation;
use serde_json::{Map, Value};

/// What a generation says, under the names that the API also uses. The API adds to it and leaves nothing of it out.
const SAID: [&str; 20] = [
    "agent_name",
    "agent_version",
    "completed_at",
    "conversation_id",
    "effective_version",
    "input",
    "metadata",
    "model",
    "operation_name",
    "output",
    "parent_generation_ids",
    "response_id",
    "response_model",
    "started_at",
    "stop_reason",
    "system_prompt",
    "tags",
    "tools",
    "trace_id",
    "usage",
];

/// What a sent generation says, as the API must tell it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn said(generation: &Generation) -> anyhow::Result<Value> {
    let mut text = Vec::new();
    json::encode_generation(&mut text, generation)?;
    let mut sent: Map<String, Value> = serde_json::from_slice(&text)?;
    // Proto-JSON writes 64-bit integers as text, the API as numbers.
    for counter in sent.get_mut("usage").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if let Some(number) = counter.as_str().and_then(|text| text.parse::<i64>().ok()) {
            *counter = number.into();
        }
    }
    Ok(pick(&sent))
}

/// The same of what the API told.
pub fn told(generation: &Value) -> Value {
    generation.as_object().map(pick).unwrap_or_default()
}

/// Where what is told first lacks or changes something of what was sent, as a path and both values. Members that the API adds to an
/// object do not matter, and `1` is `1.0`.
pub fn difference(sent: &Value, told: &Value) -> Option<String> {
    match (sent, told) {
        (Value::Object(sent), Value::Object(told)) => sent.iter().find_map(|(key, sent)| {
            difference(sent, told.get(key).unwrap_or(&Value::Null)).map(|rest| format!(".{key}{rest}"))
        }),
        (Value::Array(sent), Value::Array(told)) if sent.len() == told.len() => {
            sent.iter().zip(told).enumerate().find_map(|(index, (sent, told))| {
                difference(sent, told).map(|rest| format!("[{index}]{rest}"))
            })
        }
        (Value::Number(sent), Value::Number(told)) if sent.as_f64() == told.as_f64() => None,
        _ if sent == told => None,
        _ => Some(format!(": sent {}, told {}", shortened(sent), shortened(told))),
    }
}

/// A number that stands for a value; the order of an object's members does not matter.
pub fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash(value, &mut hasher);
    hasher.finish()
}

fn hash(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(members) => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort_unstable();
            for key in keys {
                key.hash(hasher);
                hash(&members[key], hasher);
            }
        }
        Value::Array(values) => {
            values.len().hash(hasher);
            values.iter().for_each(|value| hash(value, hasher));
        }
        other => other.to_string().hash(hasher),
    }
}

/// Members that hold nothing are the same as members that are not there.
fn pick(generation: &Map<String, Value>) -> Value {
    let holds = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let said = SAID.iter().filter_map(|key| {
        let value = generation.get(*key).filter(|value| holds(value))?;
        let value = if *key == "usage" { counters(value) } else { value.clone() };
        Some(((*key).to_owned(), value))
    });
    Value::Object(said.collect())
}

/// Counters that are zero are the same as counters that are not there.
fn counters(usage: &Value) -> Value {
    let members = usage.as_object().into_iter().flatten();
    let counted = members.filter(|(_, counter)| counter.as_i64().is_some_and(|counter| counter != 0));
    Value::Object(counted.map(|(key, counter)| (key.clone(), counter.clone())).collect())
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_as(change: impl FnOnce(&mut Value)) -> Value {
        let mut generation = serde_json::json!({
            "generation_id": "g", "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "hello"}]}], "output": [],
            "usage": {"input_tokens": 7, "output_tokens": 0}, "tags": {"a": "1", "b": "2"},
        });
        change(&mut generation);
        told(&generation)
    }

    #[test]
    fn a_changed_word_is_found_and_its_place_is_named() {
        let same = told_as(|_| ());
        let other = told_as(|generation| generation["input"][0]["parts"][0]["text"] = "hallo".into());
        assert_eq!(difference(&same, &told_as(|_| ())), None);
        let told = difference(&same, &other).unwrap();
        assert!(told.starts_with(".input[0].parts[0].text: sent \"hello\", told \"hallo\""), "{told}");
        assert_ne!(fingerprint(&same), fingerprint(&other));
        assert!(
            difference(&same, &told_as(|generation| generation["input"] = serde_json::json!([]))).is_some()
        );
        assert_eq!(difference(&same, &told_as(|generation| generation["input"][0]["more"] = 1.into())), None);
    }

    #[test]
    fn what_is_empty_is_the_same_as_what_is_absent() {
        let without = told_as(|generation| {
            generation.as_object_mut().unwrap().remove("output");
            generation["usage"] = serde_json::json!({"input_tokens": 7});
        });
        assert_eq!(difference(&told_as(|_| ()), &without), None);
        assert_eq!(fingerprint(&told_as(|_| ())), fingerprint(&without));
    }
}
