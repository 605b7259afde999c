//! Bounds, deadlines, and the ends of a pipeline.

use std::time::{Duration, Instant};

use lightwell_client::sigil::{Protocol, SigilBuilder};
use lightwell_client::{RecordError, Settings};
use lightwell_wire::sigil::messages::Generation;

use crate::http_server::{Answer, HttpServer, ok, status};
use crate::support::{PATIENCE, account, big_generation, generation, http_client, record, settings};

#[test]
fn a_full_queue_refuses_the_new_record_at_once() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { queue_items: 1, batch_items: 10, ..settings() });
    client.record_generation(&generation("g0")).unwrap();
    let refused = client.record_generation(&generation("g1"));
    assert_eq!(refused, Err(RecordError::QueueFull { noun: "generation" }));
    assert_eq!(account(&client.stats()), (0, 1, 1));
    assert!(client.shutdown(Some(PATIENCE)));
    assert_eq!(server.requests()[0].ids(), ["g0"]);
    assert_eq!(account(&client.stats()), (1, 1, 0));
}

#[test]
fn a_record_that_is_too_large_and_has_nothing_to_cut_is_refused_with_its_size() {
    let client = SigilBuilder::new(Protocol::Discard, "").build().unwrap();
    let parents = vec!["generation-of-before".to_owned(); 300_000];
    let many = Generation { parent_generation_ids: parents, ..generation("g") };
    let error = client.record_generation(&many).unwrap_err();
    assert_eq!(error.to_string(), "generation payload exceeds max bytes (6900003 > 4194304)");
    assert_eq!(client.stats().dropped_too_large, 1);
}

#[test]
fn a_record_that_is_too_large_loses_its_longest_parts_and_nobody_else_does() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    client.record_generation(&generation("before")).unwrap();
    client.record_generation(&big_generation("big", 100 << 20)).unwrap();
    client.record_generation(&generation("after")).unwrap();
    assert!(client.stats().pending_bytes <= (4 << 20) + 100);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let requests = server.requests();
    let mut ids: Vec<String> = requests.iter().flat_map(super::http_server::Request::ids).collect();
    ids.sort();
    assert_eq!(ids, ["after", "before", "big"]);
    let items = requests.iter().flat_map(|request| request.json()["generations"].as_array().unwrap().clone());
    let big = items.into_iter().find(|item| item["id"] == "big").unwrap();
    let text = big["system_prompt"].as_str().unwrap();
    assert!(text.starts_with("xxx") && text.contains("…[lightwell: 104857600 bytes, blake3 "));
    assert_eq!(big["metadata"]["lightwell.cut_bytes"], 104_857_600.0);
    let notices = client.pipeline().take_notices();
    assert!(notices[0].text.starts_with("sigil generation shortened id=big from 104857"), "{notices:?}");
}

#[test]
fn a_full_batch_and_an_old_batch_leave_by_themselves() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { batch_items: 2, ..settings() });
    record(&client, 0..2);
    assert_eq!(server.wait_for(1)[0].ids(), ["g0", "g1"]);

    let interval = Duration::from_millis(20);
    let client = http_client(&server.url, Settings { flush_interval: interval, ..settings() });
    record(&client, 2..3);
    assert_eq!(server.wait_for(2)[1].ids(), ["g2"]);
}

#[test]
fn an_idle_shutdown_is_quick_and_touches_no_network() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    let begun = Instant::now();
    assert!(client.shutdown(None));
    assert!(begun.elapsed() < Duration::from_millis(20), "{:?}", begun.elapsed());
    assert!(client.shutdown(None), "idempotent");
    assert_eq!(client.record_generation(&generation("late")), Err(RecordError::Closed));
    assert_eq!(account(&client.stats()), (0, 1, 0));
    assert_eq!(server.connections(), 0);
}

#[test]
fn shutdown_keeps_its_deadline_and_accounts_for_the_rest() {
    let server = HttpServer::start(|_, _| Answer::BlackHole);
    let client = http_client(&server.url, Settings { batch_items: 2, ..settings() });
    record(&client, 0..5);
    server.wait_for(1);
    let begun = Instant::now();
    assert!(!client.shutdown(Some(Duration::from_millis(200))));
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(250), "{took:?}");
    assert_eq!(client.stats().dropped_shutdown, 5);
    assert_eq!(account(&client.stats()), (0, 5, 0));
    assert!(!client.shutdown(None), "a second call gives the same answer, at once");
    let texts: Vec<String> = client.pipeline().take_notices().into_iter().map(|n| n.text).collect();
    assert_eq!(texts, ["lightwell: 5 of 5 sigil records were dropped (5 shutdown), 0 delivered"]);
}

#[test]
fn shutdown_delivers_what_is_queued() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { batch_items: 3, ..settings() });
    record(&client, 0..7);
    assert!(client.shutdown(Some(PATIENCE)));
    let counts: Vec<usize> = server.requests().iter().map(|request| request.ids().len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 7);
    assert!(counts.iter().all(|count| *count <= 3), "the last drain keeps the bound too: {counts:?}");
}

#[test]
fn flush_keeps_its_deadline_and_leaves_the_records_pending() {
    let server = HttpServer::start(|_, number| if number == 0 { Answer::BlackHole } else { ok() });
    let client =
        http_client(&server.url, Settings { request_timeout: Duration::from_millis(500), ..settings() });
    record(&client, 0..1);
    let report = client.flush(Some(Duration::from_millis(50)));
    assert!(!report.complete);
    assert_eq!(account(&client.stats()), (0, 0, 1));
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn a_flush_of_nothing_is_complete() {
    let client = http_client("localhost:1", settings());
    assert!(client.flush(None).complete);
    assert_eq!(client.stats().requests, 0);
}

#[test]
fn a_dropped_client_delivers_what_it_has() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    record(&client, 0..3);
    drop(client);
    assert_eq!(server.wait_for(1)[0].ids(), ["g0", "g1", "g2"]);
}

#[test]
fn many_threads_record_and_every_record_is_accounted_for() {
    let server = HttpServer::start(|_, number| if number % 7 == 3 { status(503) } else { ok() });
    let client = http_client(&server.url, Settings { batch_items: 10, queue_items: 50, ..settings() });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for n in 0..200 {
                    // Full queues are part of the test: they are counted below.
                    drop(client.record_generation(&generation(&format!("t{thread}-{n}"))));
                    assert!(client.stats().balances());
                }
            });
        }
    });
    assert!(client.shutdown(Some(PATIENCE)));
    let stats = client.stats();
    assert_eq!(stats.accepted, 800);
    let mut arrived: Vec<String> =
        server.requests().iter().flat_map(super::http_server::Request::ids).collect();
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived.len() as u64, stats.delivered);
    assert_eq!(stats.delivered + stats.dropped_queue_full, 800, "{stats:?}");
}
