use lightwell_model::{Event, Generation, Step, limits, validate};

fn generation() -> Generation {
    Generation { id: "g1".into(), conversation_id: "c1".into(), ..Generation::default() }
}

fn refusal(record: impl Into<lightwell_model::Record>) -> String {
    validate(&record.into()).unwrap_err().to_string()
}

#[test]
fn the_least_record_is_valid() {
    assert_eq!(validate(&generation().into()), Ok(()));
    assert_eq!(
        validate(&Step { id: "s1".into(), conversation_id: "c1".into(), ..Step::default() }.into()),
        Ok(())
    );
    assert_eq!(
        validate(&Event { id: "e1".into(), conversation_id: "c1".into(), ..Event::default() }.into()),
        Ok(())
    );
}

#[test]
fn a_refusal_names_the_field_and_the_limit() {
    let long = "x".repeat(limits::ID_BYTES + 1);
    assert_eq!(refusal(Generation::default()), "generation.id is required");
    assert_eq!(
        refusal(Generation { conversation_id: long.clone(), ..generation() }),
        "generation.conversation_id has 256 bytes, the limit is 255"
    );
    assert_eq!(
        refusal(Generation { parent_generation_ids: vec!["a".into(), long], ..generation() }),
        "generation.parent_generation_ids[1] has 256 bytes, the limit is 255"
    );
    assert_eq!(
        refusal(Generation { tags: [("k".into(), "v".repeat(4097))].into(), ..generation() }),
        "generation.tags[\"k\"] has 4097 bytes, the limit is 4096"
    );
    let tags = (0..129).map(|i| (i.to_string(), String::new())).collect();
    assert_eq!(
        refusal(Generation { tags, ..generation() }),
        "generation.tags has 129 items, the limit is 128"
    );
    assert_eq!(
        refusal(Generation { id: "a\0b".into(), ..generation() }),
        "generation.id contains a NUL character"
    );
    assert_eq!(refusal(Event { id: "e1".into(), ..Event::default() }), "event.run_id is required");
    assert_eq!(refusal(Event::default()), "event.event_id is required");
    assert_eq!(refusal(Step::default()), "step.id is required");
}
