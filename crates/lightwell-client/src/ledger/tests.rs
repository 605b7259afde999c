use super::*;

fn stats() -> Stats {
    let mut ledger = Ledger::default();
    for _ in 0..5 {
        ledger.admit(10);
    }
    ledger.refuse(DropReason::QueueFull);
    ledger.refuse(DropReason::QueueFull);
    ledger.deliver(2, 20);
    ledger.drop(DropReason::GaveUp, 1, 10);
    ledger.request(false);
    ledger.stats().clone()
}

#[test]
fn every_reason_has_a_counter_a_key_and_a_label_of_its_own() {
    for reason in DropReason::ALL {
        let mut ledger = Ledger::default();
        ledger.refuse(*reason);
        let stats = ledger.stats();
        assert_eq!(stats.dropped_for(*reason), 1);
        assert_eq!(stats.dropped(), 1);
        assert_eq!(reason.key(), format!("dropped_{}", reason.label()));
        let told: Vec<_> = stats.counters().filter(|(_, count)| *count > 0).collect();
        assert_eq!(told, [("accepted", 1), (reason.key(), 1)]);
        assert!(
            stats.prometheus("p").contains(&format!("reason=\"{}\"}} 1\n", reason.label())),
            "{}",
            reason.label()
        );
    }
}

#[test]
fn the_summary_names_what_was_lost_and_is_silent_otherwise() {
    assert_eq!(Stats::default().summary("sigil"), None);
    let expected = "lightwell: 3 of 7 sigil records were dropped (2 queue_full, 1 gave_up), 2 delivered";
    assert_eq!(stats().summary("sigil").as_deref(), Some(expected));
}

#[test]
fn prometheus_text_has_a_help_a_type_and_a_line_for_each_counter() {
    let text = stats().prometheus("a\"b\\\n");
    let label = r#"product="a\"b\\\n""#;
    for line in [
        format!("lightwell_client_records_accepted_total{{{label}}} 7"),
        format!("lightwell_client_records_delivered_total{{{label}}} 2"),
        format!("lightwell_client_records_pending{{{label}}} 2"),
        format!("lightwell_client_pending_bytes{{{label}}} 20"),
        format!("lightwell_client_requests_total{{{label}}} 1"),
        format!("lightwell_client_retries_total{{{label}}} 0"),
        format!("lightwell_client_records_dropped_total{{{label},reason=\"queue_full\"}} 2"),
        format!("lightwell_client_records_dropped_total{{{label},reason=\"too_large\"}} 0"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    let values = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(values.count(), 11 + DropReason::ALL.len());
    assert_eq!(text.matches("# TYPE ").count(), 12);
}

#[test]
#[should_panic(expected = "more records left than were pending")]
#[cfg(debug_assertions)]
fn a_record_that_leaves_twice_is_a_panic_in_debug_builds() {
    let mut ledger = Ledger::default();
    ledger.admit(10);
    ledger.deliver(1, 10);
    ledger.drop(DropReason::GaveUp, 1, 0);
}
