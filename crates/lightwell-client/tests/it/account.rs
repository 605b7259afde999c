//! What a process tells the server of itself, over HTTP and over gRPC, and when it tells the rest at its end.

use std::time::{Duration, Instant};

use lightwell_client::Settings;
use lightwell_wire::delivery::{self, DeliveryReport, Ranges};

use crate::grpc_server::{GrpcServer, Reply};
use crate::http_server::{Answer, HttpServer, Request, ok};
use crate::support::{
    PATIENCE, event_client, generation, grpc_client, http_client, record, settings, step,
    uncuttable_generation,
};

/// As a server that keeps an account.
fn kept() -> Answer {
    Answer::Full(202, "lightwell-delivery: 1\r\n", "{}".to_owned())
}

fn report(request: &Request) -> DeliveryReport {
    delivery::decode(&request.headers[delivery::HEADER]).unwrap()
}

#[test]
fn every_request_names_its_items_and_the_ledger() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { queue_items: 2, ..settings() });
    record(&client, 0..2);
    assert!(client.record_generation(&generation("refused")).is_err());
    client.record_workflow_step(&step("s")).unwrap();
    assert!(client.shutdown(Some(PATIENCE)));
    let reports: Vec<_> = server.requests().iter().map(report).collect();
    let items: Vec<_> = reports.iter().map(|report| report.items.clone()).collect();
    assert!(items == [[(1, 2)], [(4, 4)]] || items == [[(4, 4)], [(1, 2)]], "{items:?}");
    assert_eq!(reports[0].client, reports[1].client);
    assert_eq!(reports[0].process.product, "sigil");
    assert_eq!(reports[0].process.pid, std::process::id());
    assert!(!reports[0].process.host.is_empty() && reports[0].process.started > 1_700_000_000);
    assert_eq!(reports[0].lost, Ranges::of(3, 3));
    let counters = reports[0].counters.clone().unwrap();
    assert_eq!((counters.accepted, counters.pending, counters.dropped["queue_full"]), (4, 3, 1));
}

#[test]
fn a_repeated_request_names_the_same_items() {
    let server = HttpServer::start(|_, number| if number == 0 { Answer::Cut } else { ok() });
    let client = event_client(&server.url, settings());
    for n in 0..3 {
        client.record_event(&format!("e{n}"), "{}").unwrap();
    }
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let reports: Vec<_> = server.requests().iter().map(report).collect();
    assert_eq!(reports.len(), 2);
    assert_eq!(
        (reports[0].items.as_slice(), reports[0].process.product.as_str()),
        (&[(1, 3)][..], "insidellm")
    );
    assert_eq!(reports[0].items, reports[1].items);
}

#[test]
fn grpc_tells_the_same_in_its_metadata() {
    let server = GrpcServer::start(|_, _| Reply::Kept(Vec::new()));
    let client = grpc_client(&server.address, Settings { queue_items: 3, ..settings() });
    record(&client, 0..3);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    record(&client, 3..6);
    assert!(client.record_generation(&generation("refused")).is_err());
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(client.shutdown(Some(PATIENCE)));
    let calls = server.calls();
    let reports: Vec<_> =
        calls.iter().map(|call| delivery::decode(&call.headers[delivery::HEADER]).unwrap()).collect();
    assert_eq!(reports.len(), 2, "everything was told: nothing to close with");
    assert_eq!((&reports[0].items[..], &reports[1].items[..]), (&[(1, 3)][..], &[(4, 6)][..]));
    assert_eq!((&reports[0].lost, &reports[1].lost), (&Ranges::default(), &Ranges::of(7, 7)));
    assert_eq!(reports[1].counters.as_ref().unwrap().delivered, 3);
}

#[test]
fn what_was_dropped_after_the_last_request_is_told_at_the_end() {
    let server = HttpServer::start(|_, _| kept());
    let client = http_client(&server.url, Settings { item_bytes: Some(1000), ..settings() });
    record(&client, 0..2);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(client.record_generation(&uncuttable_generation("large")).is_err());
    assert!(client.shutdown(Some(PATIENCE)));
    let requests = server.requests();
    let last = report(&requests[1]);
    assert_eq!((requests.len(), requests[1].ids().len()), (2, 0));
    assert_eq!((last.items.len(), last.lost), (0, Ranges::of(3, 3)));
    assert_eq!(last.counters.unwrap().dropped["too_large"], 1);
}

#[test]
fn servers_that_keep_no_account_are_not_asked_to() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { item_bytes: Some(1000), ..settings() });
    record(&client, 0..2);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(client.record_generation(&uncuttable_generation("large")).is_err());
    assert!(client.shutdown(Some(PATIENCE)));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn telling_the_rest_never_takes_longer_than_the_deadline() {
    let server = HttpServer::start(|_, number| if number == 0 { kept() } else { Answer::BlackHole });
    let client = http_client(&server.url, Settings { item_bytes: Some(1000), ..settings() });
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(client.record_generation(&uncuttable_generation("large")).is_err());
    let begun = Instant::now();
    assert!(client.shutdown(Some(Duration::from_millis(100))), "no record was left unsent");
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[test]
fn numbers_that_would_make_a_header_too_long_go_in_two_requests() {
    let server = HttpServer::start(|_, _| ok());
    let size = Settings { batch_items: 2000, queue_items: 2000, ..settings() };
    let client = http_client(&server.url, size);
    for n in 0..1000 {
        client.record_generation(&generation(&format!("g{n}"))).unwrap();
        client.record_workflow_step(&step(&format!("s{n}"))).unwrap();
    }
    assert!(client.shutdown(Some(PATIENCE)));
    let mut numbers: Vec<u64> =
        server.requests().iter().flat_map(|request| report(request).numbers().collect::<Vec<_>>()).collect();
    assert!(
        server.requests().iter().all(|request| request.headers[delivery::HEADER].len() < delivery::MAX_BYTES)
    );
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=2000).collect::<Vec<_>>());
}
