//! A request of proto-JSON to canonical records, one outcome an item.
//!
//! Accepted: names in snake_case and camelCase, 64-bit integers as numbers or strings, enums as names (with or without prefix)
//! or numbers, base64 of either alphabet, null for "absent". A member that is left over is unknown and kept by its path.

use std::fmt;
use std::marker::PhantomData;

use lightwell_model::{Step, Unknown};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::Signal;
use super::super::normalise::{Draft, finish_step};
use super::read::{read, read_plain};
use crate::item::{Batch, BodyError, Item, ItemError, Receipt, utf8};
use crate::json_value::parse;

/// Decodes a whole request.
///
/// # Errors
/// When the body is not a JSON object with a list of items. What is wrong with an item is in its place in the batch.
pub fn decode(signal: Signal, body: &[u8], receipt: &Receipt<'_>) -> Result<Batch, BodyError> {
    let text = utf8(body)?;
    if let Ok((items, unknown)) = read_envelope(text, signal, AtOnce { signal, receipt }) {
        return Ok(Batch { items, unknown });
    }
    // Something in it is odd. Which of the items it is shows when each is read by itself.
    let (items, unknown) = split(signal, body)?;
    Ok(Batch { items: items.into_iter().map(|item| decode_item(signal, item, receipt)).collect(), unknown })
}

/// Splits a request into the text of its items, without parsing them, and the members around them that we do not know.
///
/// # Errors
/// When the body is not a JSON object with a list of items.
pub fn split(signal: Signal, body: &[u8]) -> Result<(Vec<&str>, Unknown), BodyError> {
    let (items, unknown) = read_envelope(utf8(body)?, signal, PhantomData::<&RawValue>)
        .map_err(|error| BodyError::NotJson { reason: error.to_string() })?;
    Ok((items.into_iter().map(RawValue::get).collect(), unknown))
}

/// Decodes the text of one item.
pub fn decode_item(signal: Signal, item: &str, receipt: &Receipt<'_>) -> Item {
    let outcome = match signal {
        Signal::Generations => read(GENERATION, item).and_then(|read| generation(read, receipt)),
        Signal::WorkflowSteps => read(WORKFLOW_STEP, item).map(|read| step(read, receipt)),
    };
    outcome.unwrap_or_else(|error| Item::refused(id_of(item), error))
}

/// What items are called in error texts.
const GENERATION: &str = "generation";
const WORKFLOW_STEP: &str = "workflow_step";

fn generation((mut draft, unknown): (Draft, Unknown), receipt: &Receipt<'_>) -> Result<Item, ItemError> {
    draft.generation.unknown = unknown;
    draft.finish(receipt).map(Item::accepted)
}

fn step((step, unknown): (Step, Unknown), receipt: &Receipt<'_>) -> Item {
    Item::accepted(finish_step(Step { unknown, ..step }, receipt))
}

/// The id of an item that is refused.
fn id_of(item: &str) -> String {
    let id = parse(item).ok().and_then(|item| Some(item.get("id")?.as_str()?.to_owned()));
    id.unwrap_or_default()
}

/// Reads an item in its place in the request, without looking for its end first; fails where it is odd or refused.
#[derive(Clone, Copy)]
struct AtOnce<'a> {
    signal: Signal,
    receipt: &'a Receipt<'a>,
}

impl<'de> DeserializeSeed<'de> for AtOnce<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, item: D) -> Result<Item, D::Error> {
        match self.signal {
            Signal::Generations => {
                generation(read_plain(GENERATION, item)?, self.receipt).map_err(D::Error::custom)
            }
            Signal::WorkflowSteps => Ok(step(read_plain(WORKFLOW_STEP, item)?, self.receipt)),
        }
    }
}

/// Reads a request: its items, each by `element`, and the members around them that we do not know.
fn read_envelope<'de, E: DeserializeSeed<'de> + Copy>(
    text: &'de str,
    signal: Signal,
    element: E,
) -> Result<(Vec<E::Value>, Unknown), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_map(Envelope { signal, element })?;
    deserializer.end()?;
    Ok(read)
}

struct Envelope<E> {
    signal: Signal,
    element: E,
}

impl<'de, E: DeserializeSeed<'de> + Copy> Visitor<'de> for Envelope<E> {
    type Value = (Vec<E::Value>, Unknown);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list `{}`", self.signal.json_key())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut unknown) = (Vec::new(), Unknown::new());
        while let Some(key) = members.next_key::<String>()? {
            if key == self.signal.json_key() || key == self.signal.json_key_camel() {
                members.next_value_seed(Items { element: self.element, items: &mut items })?;
            } else {
                let raw = members.next_value::<&RawValue>()?;
                unknown.insert(key, parse(raw.get()).map_err(A::Error::custom)?);
            }
        }
        Ok((items, unknown))
    }
}

/// Reads a list of items; null is an empty one.
struct Items<'a, E, T> {
    element: E,
    items: &'a mut Vec<T>,
}

impl<'de, E: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Items<'_, E, E::Value> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_any(self)
    }
}

impl<'de, E: DeserializeSeed<'de> + Copy> Visitor<'de> for Items<'_, E, E::Value> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_unit<F>(self) -> Result<(), F> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element_seed(self.element)? {
            self.items.push(item);
        }
        Ok(())
    }
}
