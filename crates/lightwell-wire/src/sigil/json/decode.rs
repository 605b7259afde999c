//! A request of proto-JSON to canonical records, one outcome an item.
//!
//! Accepted: names in snake_case and camelCase, 64-bit integers as numbers or strings, enums as names (with or without prefix)
//! or numbers, base64 of either alphabet, null for "absent". A member that is left over is unknown and kept by its path.

use std::fmt;

use lightwell_model::{Step, Unknown};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::Signal;
use super::super::normalise::{Draft, finish_step};
use super::read::read;
use crate::item::{Batch, BodyError, Item, Receipt, utf8};
use crate::json_value::parse;

/// Decodes a whole request.
///
/// # Errors
/// When the body is not a JSON object with a list of items. What is wrong with an item is in its place in the batch.
pub fn decode(signal: Signal, body: &[u8], receipt: &Receipt<'_>) -> Result<Batch, BodyError> {
    let (items, unknown) = split(signal, body)?;
    Ok(Batch { items: items.into_iter().map(|item| decode_item(signal, item, receipt)).collect(), unknown })
}

/// Splits a request into the text of its items, without parsing them, and the members around them that we do not know.
///
/// # Errors
/// When the body is not a JSON object with a list of items.
pub fn split(signal: Signal, body: &[u8]) -> Result<(Vec<&str>, Unknown), BodyError> {
    let text = utf8(body)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let split = deserializer
        .deserialize_map(Envelope { signal })
        .and_then(|split| deserializer.end().map(|()| split))
        .map_err(|error| BodyError::NotJson { reason: error.to_string() })?;
    Ok((split.items.into_iter().map(RawValue::get).collect(), split.unknown))
}

/// Decodes the text of one item.
pub fn decode_item(signal: Signal, item: &str, receipt: &Receipt<'_>) -> Item {
    let outcome = match signal {
        Signal::Generations => read::<Draft>("generation", item).and_then(|(mut draft, unknown)| {
            draft.generation.unknown = unknown;
            draft.finish(receipt).map(Item::accepted)
        }),
        Signal::WorkflowSteps => read::<Step>("workflow_step", item)
            .map(|(step, unknown)| Item::accepted(finish_step(Step { unknown, ..step }, receipt))),
    };
    outcome.unwrap_or_else(|error| Item::refused(id_of(item), error))
}

/// The id of an item that is refused.
fn id_of(item: &str) -> String {
    let id = parse(item).ok().and_then(|item| Some(item.get("id")?.as_str()?.to_owned()));
    id.unwrap_or_default()
}

struct Envelope {
    signal: Signal,
}

#[derive(Default)]
struct Split<'de> {
    items: Vec<&'de RawValue>,
    unknown: Unknown,
}

impl<'de> Visitor<'de> for Envelope {
    type Value = Split<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list `{}`", self.signal.json_key())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Split<'de>, A::Error> {
        let mut split = Split::default();
        while let Some(key) = members.next_key::<String>()? {
            if key == self.signal.json_key() || key == self.signal.json_key_camel() {
                split.items.extend(members.next_value::<Option<Vec<&RawValue>>>()?.unwrap_or_default());
            } else {
                let raw = members.next_value::<&RawValue>()?;
                split.unknown.insert(key, parse(raw.get()).map_err(serde::de::Error::custom)?);
            }
        }
        Ok(split)
    }
}
