use lightwell_model::{Generation, Message, NodeId, Role};
use proptest::collection::vec;
use proptest::prelude::*;

use super::any;

fn history(messages: &[Message]) -> Vec<NodeId> {
    Generation { input: messages.to_vec(), ..Generation::default() }.address().input_nodes
}

proptest! {
    #[test]
    fn a_generation_assembles_to_itself(generation in any::generation()) {
        prop_assert_eq!(generation.clone().address().assemble().unwrap(), generation);
    }

    #[test]
    fn a_generation_without_content_survives_its_json(generation in any::generation()) {
        let head = generation.address().head;
        let read: Generation = serde_json::from_slice(&serde_json::to_vec(&head).unwrap()).unwrap();
        prop_assert_eq!(read, head);
    }

    #[test]
    fn a_message_rebuilds_byte_for_byte(message in any::message()) {
        let content = message.address();
        let read = Message::from_canonical(content.canonical()).unwrap();
        prop_assert_eq!(read.address(), content);
        prop_assert_eq!(read, message);
    }

    #[test]
    fn equal_histories_have_equal_nodes(messages in vec(any::message(), 0..6)) {
        prop_assert_eq!(history(&messages), history(&messages.clone()));
    }

    #[test]
    fn a_fork_shares_exactly_its_common_prefix(
        common in vec(any::message(), 0..5),
        mut left in vec(any::message(), 1..4),
        mut right in vec(any::message(), 1..4),
    ) {
        left[0] = Message::text(Role::User, "left");
        right[0] = Message::text(Role::User, "right");
        let left = history(&[common.clone(), left].concat());
        let right = history(&[common.clone(), right].concat());
        prop_assert_eq!(&left[..common.len()], &right[..common.len()]);
        prop_assert!(left[common.len()..].iter().all(|node| !right.contains(node)));
    }

    #[test]
    fn the_next_turn_continues_this_one(
        input in vec(any::message(), 0..4),
        output in vec(any::message(), 0..2),
        asked in any::message(),
    ) {
        let turn = Generation { input: input.clone(), output: output.clone(), ..Generation::default() }.address();
        let next = history(&[input, output, vec![asked.clone()]].concat());
        prop_assert_eq!(turn.output_head().then(asked.address().id()), *next.last().unwrap());
    }

    #[test]
    fn a_digest_tells_what_was_said_and_nothing_else(generation in any::generation(), at in any::moment()) {
        let digest = generation.clone().address().digest();
        let received_later = Generation { received_at: at, ..generation.clone() };
        prop_assert_eq!(received_later.address().digest(), digest);
        let mut another = generation;
        another.output.push(Message::text(Role::Assistant, "and another thing"));
        prop_assert_ne!(another.address().digest(), digest);
    }
}

#[test]
fn moving_a_message_from_input_to_output_is_another_generation() {
    let said = || vec![Message::text(Role::User, "hello")];
    let asked = Generation { input: said(), ..Generation::default() };
    let answered = Generation { output: said(), ..Generation::default() };
    assert_ne!(asked.address().digest(), answered.address().digest());
}

/// The canonical form sorts nested objects because `serde_json`'s maps do. A dependency that switches on its
/// `preserve_order` feature would silently change every content id.
#[test]
fn json_objects_are_sorted() {
    let value: serde_json::Value = serde_json::from_str(r#"{"b":{"d":1,"c":2},"a":3}"#).unwrap();
    assert_eq!(value.to_string(), r#"{"a":3,"b":{"c":2,"d":1}}"#);
}

/// Stored ids outlive programs: these must never change.
#[test]
fn ids_are_those_of_the_first_release() {
    let hello = Message::text(Role::User, "Hello!").address();
    assert_eq!(
        String::from_utf8_lossy(hello.canonical()),
        r#"{"role":"user","parts":[{"body":{"text":"Hello!"}}]}"#
    );
    assert_eq!(hello.id().to_string(), "c65b7bc17f89a471b58e2cd67d44cd03");
    assert_eq!(NodeId::ROOT.then(hello.id()).to_string(), "b3eb0cdfbc5975b8549ce9bafcfde1bf");
}
