//! Whatever comes in, nothing panics, and neighbours of a bad item are as if it were not there.

use lightwell_model::Record;
use lightwell_wire::insidellm;
use lightwell_wire::sigil::messages::{Generation, ModelRef};
use lightwell_wire::sigil::{Signal, json, protobuf, results};
use proptest::collection::vec;
use proptest::prelude::*;

use super::support::receipt;

fn good(id: &str) -> Generation {
    let model = Some(ModelRef { provider: "p".to_owned(), name: "m".to_owned() });
    Generation { id: id.to_owned(), model, ..Generation::default() }
}

fn encoded(generation: &Generation) -> Vec<u8> {
    let mut out = Vec::new();
    protobuf::encode(&mut out, generation);
    out
}

proptest! {
    #[test]
    fn bytes_never_panic(body in vec(any::<u8>(), 0..200)) {
        for signal in [Signal::Generations, Signal::WorkflowSteps] {
            drop(json::decode(signal, &body, &receipt()));
            drop(protobuf::decode(signal, &body, &receipt()));
            drop(protobuf::decode_item(signal, &body, &receipt()));
            drop(results::decode_json(signal, &body));
            drop(results::decode_protobuf(signal, &body));
        }
        drop(insidellm::json::decode(&body, &receipt()));
    }

    #[test]
    fn events_of_any_shape_never_panic(
        kind in prop::sample::select(insidellm::EventType::all().collect::<Vec<_>>()),
        payload in r#"\{("(messages|prompt|usage|parameters|tools|content|role|type|tool_calls|source|image_url)":(\[|\{|"x"|1|null|,|\]|\}){1,9},?){0,5}\}"#,
    ) {
        let event = format!("{{\"event_type\":\"{}\",\"payload\":{payload}}}", kind.wire_name());
        drop(insidellm::json::decode(event.as_bytes(), &receipt()));
        drop(insidellm::json::decode_item(&event, &receipt()));
    }

    #[test]
    fn json_of_any_shape_never_panics(text in r#"[\[\]{}",:a-z0-9\\ ]{0,60}"#) {
        for signal in [Signal::Generations, Signal::WorkflowSteps] {
            drop(json::decode(signal, format!("{{\"generations\":[{text}]}}").as_bytes(), &receipt()));
            drop(json::decode_item(signal, &text, &receipt()));
        }
    }

    #[test]
    fn a_flipped_byte_spoils_at_most_its_own_item(at in 0_usize..100, to in any::<u8>()) {
        let mut bad = encoded(&Generation { system_prompt: "x".repeat(70), ..good("bad") });
        let at = at % bad.len();
        bad[at] = to;
        let items = [encoded(&good("a")), bad, encoded(&good("z"))];
        let mut body = Vec::new();
        protobuf::join(&mut body, items.iter().map(Vec::as_slice));
        let batch = protobuf::decode(Signal::Generations, &body, &receipt()).unwrap();
        prop_assert_eq!(batch.items.len(), 3);
        for index in [0, 2] {
            prop_assert!(matches!(batch.items[index].record, Ok(Record::Generation(_))));
        }
    }
}

#[test]
fn a_garbled_item_is_refused_alone_and_by_name() {
    let mut not_utf8 = encoded(&Generation { system_prompt: "xyz".to_owned(), ..good("b") });
    let position = not_utf8.windows(3).position(|window| window == b"xyz").unwrap();
    not_utf8[position] = 0xff;
    let whole = encoded(&Generation { system_prompt: "xyz".to_owned(), ..good("c") });
    let items = [encoded(&good("a")), not_utf8, whole[..whole.len() - 2].to_vec(), encoded(&good("d"))];
    let mut body = Vec::new();
    protobuf::join(&mut body, items.iter().map(Vec::as_slice));
    let batch = protobuf::decode(Signal::Generations, &body, &receipt()).unwrap();
    let ids: Vec<_> = batch.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    let errors: Vec<_> =
        batch.items.iter().map(|item| item.record.as_ref().err().map(ToString::to_string)).collect();
    assert!(errors[1].as_ref().unwrap().contains("system_prompt"), "{errors:?}");
    assert!(errors[2].as_ref().unwrap().starts_with("the item is not valid protobuf: "), "{errors:?}");
    assert_eq!((errors[0].as_ref(), errors[3].as_ref()), (None, None));
}

#[test]
fn nesting_deeper_than_the_stack_is_refused_alone() {
    let deep = format!("{{\"metadata\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let body = format!("{{\"generations\":[{deep},{{\"model\":{{\"provider\":\"p\",\"name\":\"m\"}}}}]}}");
    let batch = json::decode(Signal::Generations, body.as_bytes(), &receipt()).unwrap();
    assert!(batch.items[0].record.as_ref().unwrap_err().to_string().contains("recursion limit"));
    assert!(batch.items[1].record.is_ok());
}
