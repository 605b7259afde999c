//! InsideLLM's JSON: events joined into a request body, and a request decoded event by event.

use lightwell_model::Record;
use serde_json::Value;
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::{EventType, event, generation, step};
use crate::item::{Batch, BodyError, Item, ItemError, Receipt, utf8};
use crate::json_value::{Object, parse, type_name};

/// Joins events that are already JSON into one body: the object itself for one, a list for more, in order.
///
/// Nothing is written for no event: there is no request to make.
pub fn join<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]>) {
    let many = items.len() > 1;
    if many {
        out.push(b'[');
    }
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    if many {
        out.push(b']');
    }
}

/// Decodes a whole request.
///
/// # Errors
/// When the body is neither a JSON object nor a list. What is wrong with an event is in its place in the batch.
pub fn decode(body: &[u8], receipt: &Receipt<'_>) -> Result<Batch, BodyError> {
    let items = split(body)?.into_iter().map(|item| decode_item(item, receipt)).collect();
    Ok(Batch { items, ..Batch::default() })
}

/// Splits a request into the text of its events, without parsing them.
///
/// # Errors
/// When the body is neither a JSON object nor a list.
pub fn split(body: &[u8]) -> Result<Vec<&str>, BodyError> {
    let text = utf8(body)?;
    let not_json = |error: serde_json::Error| BodyError::NotJson { reason: error.to_string() };
    let items: Vec<&RawValue> = match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => serde_json::from_str(text).map_err(not_json)?,
        Some(b'{') => vec![serde_json::from_str(text).map_err(not_json)?],
        _ => return Err(BodyError::Shape { expected: "an event or a list of events" }),
    };
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// Decodes the text of one event.
pub fn decode_item(event: &str, receipt: &Receipt<'_>) -> Item {
    let value = match parse(event) {
        Ok(value) => value,
        Err(error) => {
            return Item::refused("", ItemError::Garbled { format: "JSON", reason: error.to_string() });
        }
    };
    let event_id = value.get("event_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind_of(value) {
        // Answers go by the event's id, which is not the record's where the event is a fragment.
        Ok((kind, event)) => {
            let (envelope, payload) = Envelope::read(event, &kind, receipt);
            Item { id: envelope.event_id.clone(), record: Ok(record(&kind, envelope, payload)) }
        }
        Err(error) => Item::refused(event_id, error),
    }
}

/// The wire name of the event's kind (or the name that it gave, if we do not know the kind), and the event without it.
fn kind_of(event: Value) -> Result<(String, Object), ItemError> {
    let mut event = match event {
        Value::Object(event) => event,
        other => {
            let found = type_name(&other);
            return Err(ItemError::Type { field: "event".to_owned(), expected: "an object", found });
        }
    };
    let field = || "event.event_type".to_owned();
    let name = match event.remove("event_type") {
        Some(Value::String(name)) if !name.trim().is_empty() => name,
        None | Some(Value::Null | Value::String(_)) => return Err(ItemError::Required { field: field() }),
        Some(other) => {
            return Err(ItemError::Type { field: field(), expected: "a string", found: type_name(&other) });
        }
    };
    Ok((EventType::from_name(&name).map_or(name, |kind| kind.wire_name().to_owned()), event))
}

fn record(kind: &str, envelope: Envelope, payload: Object) -> Record {
    match EventType::from_name(kind) {
        Some(EventType::LlmRequest) => generation::request(envelope, payload).into(),
        Some(EventType::LlmResponse) => generation::response(envelope, payload).into(),
        Some(EventType::LlmStreamingChunk) => generation::chunk(envelope, payload).into(),
        Some(EventType::Error) if generation::is_call_failure(&envelope, &payload) => {
            generation::failure(envelope, payload).into()
        }
        Some(EventType::ToolCall) => step::tool_call(envelope, payload).into(),
        Some(EventType::ToolResponse) => step::tool_response(envelope, payload).into(),
        Some(EventType::ApiRequest) => step::api_request(envelope, payload).into(),
        Some(EventType::ApiResponse) => step::api_response(envelope, payload).into(),
        Some(EventType::FunctionExecution) => step::function_execution(envelope, payload).into(),
        Some(EventType::AgentReasoning) => step::reasoning(envelope, payload).into(),
        Some(EventType::AgentPlanning) => step::planning(envelope, payload).into(),
        _ => event::event(kind, envelope, payload).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_an_object_and_more_are_a_list() {
        let cases: [(&[&[u8]], &str); 3] =
            [(&[], ""), (&[b"{}"], "{}"), (&[b"{}", b"{\"a\":1}"], "[{},{\"a\":1}]")];
        for (items, body) in cases {
            let mut out = Vec::new();
            join(&mut out, items.iter().copied());
            assert_eq!(out, body.as_bytes());
        }
    }
}
