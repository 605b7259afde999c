//! The entry functions of the fuzz targets (`fuzz/`), tried with requests in which something is broken.

use lightwell_wire::insidellm::EventType;
use lightwell_wire::sigil::{Signal, json, protobuf};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::sigil_round_trip::{generation, json_value, step};
use super::support::{step_to_wire, to_wire};

#[path = "../../../../fuzz/src/entry.rs"]
mod entry;

/// What is done to a body.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Remove(Index, u8),
    Insert(Index, &'static str),
    Repeat(Index, u8),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "null", "0", "-", "1e999", "\\", "\\ud800", "\"id\":", "\0",
        "\u{80}",
    ];
    let damage = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<Index>(), 1..40_u8).prop_map(|(at, count)| Damage::Remove(at, count)),
        (any::<Index>(), select(pieces.to_vec())).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (any::<Index>(), 1..40_u8).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ];
    vec(damage, 0..4)
}

fn damaged(mut body: Vec<u8>, damages: Vec<Damage>) -> Vec<u8> {
    for damage in damages {
        let length = body.len() + 1;
        let end = |at: usize, count: u8| (at + usize::from(count)).min(length - 1);
        match damage {
            Damage::Flip(at, byte) => {
                if let Some(place) = body.get_mut(at.index(length)) {
                    *place = byte;
                }
            }
            Damage::Remove(at, count) => {
                let at = at.index(length);
                body.drain(at..end(at, count));
            }
            Damage::Insert(at, piece) => {
                let at = at.index(length);
                body.splice(at..at, piece.bytes());
            }
            Damage::Repeat(at, count) => {
                let at = at.index(length);
                let again = body[at..end(at, count)].to_vec();
                body.splice(at..at, again);
            }
        }
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn sigil_json(generations in vec(generation(), 1..3), step in step(), damages in damages()) {
        let mut items: Vec<Vec<u8>> = Vec::new();
        for generation in &generations {
            let mut item = Vec::new();
            json::encode_generation(&mut item, &to_wire(generation)).unwrap();
            items.push(item);
        }
        let mut item = Vec::new();
        json::encode_workflow_step(&mut item, &step_to_wire(&step)).unwrap();
        for (signal, items) in [(Signal::Generations, items), (Signal::WorkflowSteps, vec![item])] {
            let mut body = Vec::new();
            json::join(&mut body, signal, items.iter().map(Vec::as_slice));
            entry::sigil_json(&damaged(body, damages.clone()));
        }
    }

    #[test]
    fn sigil_protobuf(generations in vec(generation(), 1..3), step in step(), damages in damages()) {
        let mut items = Vec::new();
        for generation in &generations {
            let mut item = Vec::new();
            protobuf::encode(&mut item, &to_wire(generation));
            items.push(item);
        }
        let mut item = Vec::new();
        protobuf::encode(&mut item, &step_to_wire(&step));
        for items in [items, vec![item]] {
            let mut body = Vec::new();
            protobuf::join(&mut body, items.iter().map(Vec::as_slice));
            entry::sigil_protobuf(&damaged(body, damages.clone()));
        }
    }

    #[test]
    fn insidellm(
        kinds in vec(select(EventType::all().collect::<Vec<_>>()), 1..4),
        members in vec((select(MEMBERS.to_vec()), json_value()), 0..6),
        damages in damages(),
    ) {
        let payload: serde_json::Map<_, _> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let events: Vec<_> = kinds
            .iter()
            .map(|kind| serde_json::json!({
                "event_type": kind.wire_name(), "event_id": "e", "run_id": "r", "parent_event_id": "p", "payload": payload,
            }))
            .collect();
        entry::insidellm(&damaged(serde_json::to_vec(&events).unwrap(), damages));
    }
}

/// Members of payloads that mean something.
const MEMBERS: [&str; 14] = [
    "messages",
    "prompt",
    "parameters",
    "usage",
    "tool_calls",
    "response_text",
    "finish_reason",
    "cost",
    "error_type",
    "error_message",
    "parameters",
    "tool_name",
    "execution_time_ms",
    "metadata",
];
