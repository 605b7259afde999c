//! What an item means does not depend on the order of its members, on how they are spelt, or on what is beside them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lightwell_model::{Record, Unknown};
use lightwell_wire::sigil::{Signal, json, protobuf};
use proptest::prelude::*;
use prost::encoding::{DecodeContext, WireType, decode_key, encode_key, encode_varint, skip_field};
use serde_json::{Map, Value};

use super::sigil_round_trip::{generation, json_value, step};
use super::support::{receipt, step_to_wire, to_wire};

/// Members whose objects hold what programs like, under names that are theirs.
const FREE: [&str; 4] = ["tags", "metadata", "input_state", "output_state"];
const BYTES: [&str; 4] = ["input_json", "content_json", "input_schema_json", "payload"];
const PREFIXES: [&str; 3] = ["MESSAGE_ROLE_", "GENERATION_MODE_", "ARTIFACT_KIND_"];

/// Choices that a seed makes.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Adds members that no contract has to objects of the contract; gives how many.
fn add_unknown(value: &mut Value, new: &Value, dice: &mut Dice) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(|item| add_unknown(item, new, dice)).sum(),
        Value::Object(members) => {
            let contract = members.iter_mut().filter(|(name, member)| is_contract(name, member));
            let inside: usize = contract.map(|(_, member)| add_unknown(member, new, dice)).sum();
            if !dice.one_in(3) {
                return inside;
            }
            let name = ["new", "newer_still", "X"][dice.below(3)];
            members.insert(name.to_owned(), new.clone());
            inside + 1
        }
        _ => 0,
    }
}

/// A part's `metadata` is of the contract and holds strings; a record's is not.
fn is_contract(name: &str, member: &Value) -> bool {
    !FREE.contains(&name) || member.as_object().is_some_and(|members| members.contains_key("provider_type"))
}

/// Writes an item in an odd way that means the same.
fn scrambled(value: &Value, contract: bool, dice: &mut Dice) -> String {
    match value {
        Value::String(text) => scrambled_text(text, dice),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| scrambled(item, contract, dice)).collect();
            format!("[{}]", items.join(" ,"))
        }
        Value::Object(members) => scrambled_object(members, contract, dice),
        other => other.to_string(),
    }
}

fn scrambled_object(members: &Map<String, Value>, contract: bool, dice: &mut Dice) -> String {
    let mut written: Vec<_> = members
        .iter()
        .map(|(name, value)| {
            let inside = contract && is_contract(name, value) && !name.starts_with(['n', 'X']);
            let value = if contract { other_spelling(name, value, dice) } else { value.clone() };
            let camel = contract && !name.starts_with("new") && dice.one_in(2);
            let name = scrambled_text(&if camel { camel_case(name) } else { name.clone() }, dice);
            let member = format!("{name}\n:{}", scrambled(&value, inside, dice));
            // Of members with the same name the last one counts, whatever the others hold.
            if dice.one_in(40) { format!("{name}:[{{}},5],{member}") } else { member }
        })
        .collect();
    dice.shuffle(&mut written);
    format!("{{{}}}", written.join(", "))
}

/// The same value of a member of the contract, as another program may write it.
fn other_spelling(name: &str, value: &Value, dice: &mut Dice) -> Value {
    let Some(text) = value.as_str().filter(|_| dice.one_in(2)) else { return value.clone() };
    if name.ends_with("_tokens") {
        return text.parse::<i64>().unwrap().into();
    }
    if BYTES.contains(&name) {
        return URL_SAFE_NO_PAD.encode(STANDARD.decode(text).unwrap()).into();
    }
    let bare = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    if matches!(name, "role" | "mode" | "kind") { bare.unwrap_or(text).into() } else { text.into() }
}

fn scrambled_text(text: &str, dice: &mut Dice) -> String {
    if !dice.one_in(4) {
        return Value::from(text).to_string();
    }
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{escaped}\"")
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.push_str(&word[..1].to_ascii_uppercase());
        camel.push_str(&word[1..]);
    }
    camel
}

fn decoded(signal: Signal, text: &str) -> Record {
    let item = json::decode_item(signal, text, &receipt());
    item.record.unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A record without what it has that we do not know, and that by itself.
fn parted(mut record: Record) -> (Record, Unknown) {
    let unknown = match &mut record {
        Record::Generation(generation) => {
            generation.fragments.clear();
            std::mem::take(&mut generation.unknown)
        }
        Record::Step(step) => {
            step.fragments.clear();
            std::mem::take(&mut step.unknown)
        }
        Record::Event(event) => std::mem::take(&mut event.unknown),
    };
    (record, unknown)
}

/// Paths are told as they were sent, so the same in another spelling.
fn in_snake_case(unknown: Unknown) -> Unknown {
    let snake_case = |path: &str| {
        path.chars().fold(String::new(), |snake, c| {
            if c.is_ascii_uppercase() {
                format!("{snake}_{}", c.to_ascii_lowercase())
            } else {
                snake + c.encode_utf8(&mut [0; 4])
            }
        })
    };
    unknown.into_iter().map(|(path, value)| (snake_case(&path), value)).collect()
}

fn same_however_written(signal: Signal, text: &[u8], new: &Value, seed: u64) {
    let mut dice = Dice(seed);
    let mut item: Value = serde_json::from_slice(text).unwrap();
    let added = add_unknown(&mut item, new, &mut dice);
    let (plain, known_paths) = parted(decoded(signal, &item.to_string()));
    assert_eq!(known_paths.len(), added);
    let text = scrambled(&item, true, &mut dice);
    let (odd, paths) = parted(decoded(signal, &text));
    assert_eq!(odd, plain, "{text}");
    assert_eq!(in_snake_case(paths), in_snake_case(known_paths), "{text}");
}

/// The fields of a message in another order, strange ones among them; what is repeated keeps its own order.
fn scrambled_fields(message: &[u8], strange: usize, dice: &mut Dice) -> Vec<u8> {
    let mut rest = message;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        let (number, wire_type) = decode_key(&mut rest).unwrap();
        skip_field(wire_type, number, &mut rest, DecodeContext::default()).unwrap();
        fields.push((number, before[..before.len() - rest.len()].to_vec()));
    }
    for index in 0..strange {
        let number = 1000 + u32::try_from(index).unwrap();
        let mut field = Vec::new();
        encode_key(number, WireType::Varint, &mut field);
        encode_varint(7, &mut field);
        fields.push((number, field));
    }
    let mut places: Vec<_> = fields.iter().map(|(number, _)| *number).collect();
    dice.shuffle(&mut places);
    let mut scrambled = Vec::new();
    for number in places {
        let at = fields.iter().position(|(of, _)| *of == number).unwrap();
        scrambled.extend(fields.remove(at).1);
    }
    scrambled
}

fn same_in_any_order(signal: Signal, message: &[u8], strange: usize, seed: u64) {
    let without = |message: &[u8]| parted(protobuf::decode_item(signal, message, &receipt()).record.unwrap());
    let (plain, known) = without(message);
    let (odd, unknown) = without(&scrambled_fields(message, strange, &mut Dice(seed)));
    assert_eq!(odd, plain);
    assert_eq!((known.len(), unknown.len()), (0, strange));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_generation_is_the_same_however_its_json_is_written(
        record in generation(), new in json_value(), seed in any::<u64>(),
    ) {
        let mut text = Vec::new();
        json::encode_generation(&mut text, &to_wire(&record)).unwrap();
        same_however_written(Signal::Generations, &text, &new, seed);
    }

    #[test]
    fn a_step_is_the_same_however_its_json_is_written(
        record in step(), new in json_value(), seed in any::<u64>(),
    ) {
        let mut text = Vec::new();
        json::encode_workflow_step(&mut text, &step_to_wire(&record)).unwrap();
        same_however_written(Signal::WorkflowSteps, &text, &new, seed);
    }

    #[test]
    fn a_record_is_the_same_in_any_order_of_fields(
        generation in generation(), step in step(), strange in 0_usize..4, seed in any::<u64>(),
    ) {
        let (mut generation_bytes, mut step_bytes) = (Vec::new(), Vec::new());
        protobuf::encode(&mut generation_bytes, &to_wire(&generation));
        protobuf::encode(&mut step_bytes, &step_to_wire(&step));
        same_in_any_order(Signal::Generations, &generation_bytes, strange, seed);
        same_in_any_order(Signal::WorkflowSteps, &step_bytes, strange, seed);
    }
}
