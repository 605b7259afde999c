use proptest::prelude::*;

use super::*;

fn report() -> DeliveryReport {
    DeliveryReport {
        client: "01939a0b1c2d7e3f8a9b0c1d2e3f4a5b".to_owned(),
        process: Process {
            product: "sigil".to_owned(),
            pid: 123,
            host: "box".to_owned(),
            started: 1_732_270_000,
        },
        items: vec![(1, 50), (53, 53)],
        lost: Ranges::of(51, 52),
        counters: Some(Counters {
            accepted: 120,
            delivered: 50,
            pending: 67,
            dropped: [("queue_full".to_owned(), 2), ("rejected".to_owned(), 1)].into(),
            ..Counters::default()
        }),
    }
}

#[test]
fn is_a_dictionary() {
    let text = "client=\"01939a0b1c2d7e3f8a9b0c1d2e3f4a5b\", started=1732270000, pid=123, host=\"box\", \
        product=\"sigil\", seq=\"1-50 53\", lost=\"51-52\", accepted=120, delivered=50, pending=67, queue_full=2, rejected=1";
    assert_eq!(encode(&report()), text);
    assert_eq!(decode(text).unwrap(), report());
    assert_eq!((report().item_count(), report().numbers().last()), (51, Some(53)));
}

#[test]
fn one_process_may_send_what_another_left() {
    let left = DeliveryReport { counters: None, lost: Ranges::default(), ..report() };
    assert_eq!(decode(&encode(&left)).unwrap(), left);
}

#[test]
fn what_is_not_known_is_passed_over() {
    let text = format!("{}, later=?1, more=token , other=(1 2), text=\"a\\\"b, c\"", encode(&report()));
    assert_eq!(decode(&text).unwrap(), report());
}

#[test]
fn what_cannot_be_read_is_said() {
    let client = "client=\"01939a0b1c2d7e3f8a9b0c1d2e3f4a5b\"";
    for (text, says) in [
        (String::new(), "client is missing"),
        ("client=\"box\"".to_owned(), "client is not"),
        ("client".to_owned(), "\"client\" is no member"),
        ("client=\"0".to_owned(), "no member"),
        (format!("{client}, seq=\"3-1\""), "\"3-1\" is no range"),
        (format!("{client}, seq=5"), "seq is not"),
        (format!("{client}, accepted=\"5\""), "accepted is not"),
        (format!("{client} pid=3"), "no member"),
        (format!("{client}, host=\"{}\"", "h".repeat(300)), "host is not"),
        (" ".repeat(5000), "5000 bytes"),
    ] {
        let error = decode(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in ".*") {
        drop(decode(&text));
        drop(decode(&format!("{}{text}", encode(&report()))));
    }

    #[test]
    fn any_host_can_be_told(host in ".{0,60}") {
        let told = DeliveryReport { process: Process { host: host.clone(), ..report().process }, ..report() };
        let read = decode(&encode(&told)).unwrap();
        if host.chars().all(|character| (' '..='~').contains(&character)) {
            prop_assert_eq!(read, told);
        }
    }
}
