//! Each function takes a request body and panics when a promise is broken.

use lightwell_model::{Record, validate};
use lightwell_wire::sigil::{Signal, json, protobuf};
use lightwell_wire::{Batch, Item, Receipt};

const SIGNALS: [Signal; 2] = [Signal::Generations, Signal::WorkflowSteps];

/// A body of Sigil's JSON.
pub fn sigil_json(body: &[u8]) {
    for signal in SIGNALS {
        let Ok(batch) = json::decode(signal, body, &receipt()) else { continue };
        let (items, _) = json::split(signal, body).expect("what can be decoded can be split");
        check(&batch, items, |item| json::decode_item(signal, item, &receipt()));
    }
}

/// A body of Sigil's protobuf.
pub fn sigil_protobuf(body: &[u8]) {
    for signal in SIGNALS {
        let Ok(batch) = protobuf::decode(signal, body, &receipt()) else { continue };
        let items = protobuf::split(body).expect("what can be decoded can be split").items;
        check(&batch, items, |item| protobuf::decode_item(signal, item, &receipt()));
    }
}

/// A body of InsideLLM's JSON.
pub fn insidellm(body: &[u8]) {
    use lightwell_wire::insidellm::json;
    let Ok(batch) = json::decode(body, &receipt()) else { return };
    let items = json::split(body).expect("what can be decoded can be split");
    check(&batch, items, |item| json::decode_item(item, &receipt()));
}

/// One outcome an item, in order; each is what the item is by itself; and what is accepted can be stored and read back.
fn check<T>(batch: &Batch, items: Vec<T>, decode: impl Fn(T) -> Item) {
    assert_eq!(batch.items.len(), items.len());
    for (item, alone) in batch.items.iter().zip(items.into_iter().map(decode)) {
        assert_eq!(item.id, alone.id);
        match (&item.record, alone.record) {
            (Ok(record), Ok(alone)) => {
                assert_eq!(*record, alone);
                check_record(alone);
            }
            (Err(error), Err(alone)) => assert_eq!(*error, alone),
            (one, other) => panic!("in a batch {one:?}, alone {other:?}"),
        }
    }
}

fn check_record(record: Record) {
    // Whether it is within the limits is another question; asking it must not fail.
    let _ = validate(&record);
    match record {
        Record::Generation(generation) => {
            let again = generation.clone().address().assemble().expect("what was taken apart fits together");
            assert_eq!(again, generation);
            let head =
                serde_json::to_vec(&generation.clone().address().head).expect("a record can be written");
            let head: lightwell_model::Generation =
                serde_json::from_slice(&head).expect("what was written can be read");
            let received_at = generation.received_at;
            assert_eq!(lightwell_model::Generation { received_at, ..head }, generation.address().head);
        }
        Record::Step(step) => {
            let written = serde_json::to_vec(&step).expect("a record can be written");
            let read: lightwell_model::Step =
                serde_json::from_slice(&written).expect("what was written can be read");
            assert_eq!(lightwell_model::Step { received_at: step.received_at, ..read }, step);
        }
        Record::Event(event) => {
            let written = serde_json::to_vec(&event).expect("a record can be written");
            let read: lightwell_model::Event =
                serde_json::from_slice(&written).expect("what was written can be read");
            assert_eq!(lightwell_model::Event { received_at: event.received_at, ..read }, event);
        }
    }
}

fn receipt() -> Receipt<'static> {
    Receipt { received_at: jiff::Timestamp::UNIX_EPOCH, new_id: &|| "made-up".to_owned() }
}
