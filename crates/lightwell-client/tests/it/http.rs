//! Delivery over HTTP: what is sent, and what each way of failing leads to.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use lightwell_client::{RetryPolicy, Settings};
use lightwell_wire::sigil::messages::Generation;
use serde_json::json;

use crate::http_server::{Answer, HttpServer, ok, status};
use crate::support::{
    PATIENCE, account, big_generation, event_client, generation, http_client, record, settings, step,
    uncuttable_generation,
};

#[test]
fn generations_and_steps_arrive_as_proto_json() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    record(&client, 0..2);
    client.record_workflow_step(&step("s0")).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let requests = server.requests();
    let generations = requests.iter().find(|request| request.path == "/api/v1/generations:export").unwrap();
    assert_eq!(generations.json(), json!({"generations": [{"id": "g0"}, {"id": "g1"}]}));
    assert_eq!(generations.headers["content-type"], "application/json");
    assert!(generations.headers["user-agent"].starts_with("lightwell-rust/"));
    let steps = requests.iter().find(|request| request.path == "/api/v1/workflow-steps:export").unwrap();
    assert_eq!(steps.json(), json!({"workflow_steps": [{"id": "s0"}]}));
    assert_eq!(account(&client.stats()), (3, 0, 0));
}

#[test]
fn events_arrive_as_an_object_or_a_list_with_the_key() {
    let server = HttpServer::start(|_, _| status(202));
    let client = event_client(&format!("{}/base/", server.url), settings());
    client.record_event("e0", r#"{"event_id":"e0"}"#).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    for id in ["e1", "e2"] {
        client.record_event(id, format!(r#"{{"event_id":"{id}"}}"#)).unwrap();
    }
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let requests = server.requests();
    assert_eq!(requests[0].path, "/base/api/v1/ingest");
    assert_eq!(requests[0].json(), json!({"event_id": "e0"}));
    assert_eq!(requests[0].headers["authorization"], "Bearer secret");
    assert_eq!(requests[0].headers["user-agent"], "tests/1");
    assert_eq!(requests[1].json(), json!([{"event_id": "e1"}, {"event_id": "e2"}]));
}

#[test]
fn a_server_that_is_down_gets_every_attempt_and_no_more() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = http_client(&format!("127.0.0.1:{port}"), settings());
    record(&client, 0..2);
    let report = client.flush(Some(PATIENCE));
    assert!(report.complete);
    assert_eq!((report.delivered, report.gave_up), (0, 2));
    assert!(report.error.unwrap().contains("refused"));
    let stats = client.stats();
    assert_eq!((stats.requests, stats.retries, stats.dropped_gave_up), (4, 3, 2));
    let notices = client.pipeline().take_notices();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].text.starts_with("sigil generation export failed: "), "{notices:?}");
}

#[test]
fn an_outage_within_the_attempts_loses_nothing() {
    let server = HttpServer::start(|_, number| if number < 3 { status(503) } else { ok() });
    let client = http_client(&server.url, settings());
    record(&client, 0..2);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(server.requests().len(), 4);
    assert!(server.requests().iter().all(|request| request.ids() == ["g0", "g1"]));
}

#[test]
fn a_connection_that_is_cut_before_the_answer_is_tried_again() {
    let server = HttpServer::start(|_, number| if number == 0 { Answer::Cut } else { ok() });
    let client = http_client(&server.url, settings());
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn a_success_that_cannot_be_read_is_not_repeated() {
    for answer in ["", "ok", r#"{"results":null}"#, "[]", r#"{"results":[1]}"#] {
        let server = HttpServer::start(move |_, _| Answer::Full(200, "", answer.to_owned()));
        let client = http_client(&server.url, settings());
        record(&client, 0..2);
        assert!(client.flush(Some(PATIENCE)).all_delivered(), "{answer}");
        assert_eq!(server.requests().len(), 1, "{answer}");
    }
    let server = HttpServer::start(|_, _| Answer::CutBody);
    let client = http_client(&server.url, settings());
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn retry_after_is_waited_out_by_everything() {
    let server = HttpServer::start(|_, number| match number {
        0 => Answer::Full(429, "Retry-After: 0.3\r\n", String::new()),
        _ => ok(),
    });
    let client = http_client(&server.url, Settings { batch_items: 1, ..settings() });
    record(&client, 0..3);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let requests = server.requests();
    let pause = requests[1].at - requests[0].at;
    assert!(pause >= Duration::from_millis(299), "{pause:?}");
    assert_eq!(requests.len(), 4);
}

#[test]
fn retry_after_may_be_a_date() {
    let server = HttpServer::start(|_, number| match number {
        // Long ago: at once, and not after the pause that would be ours.
        0 => Answer::Full(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", String::new()),
        _ => ok(),
    });
    let pause = Duration::from_secs(3600);
    let retry = RetryPolicy { initial_backoff: pause, max_backoff: pause, ..RetryPolicy::default() };
    let client = http_client(&server.url, Settings { retry, ..settings() });
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn permanent_refusals_are_not_repeated() {
    for refusal in [401, 403, 404, 405] {
        let server = HttpServer::start(move |_, _| status(refusal));
        let client = http_client(&server.url, settings());
        record(&client, 0..2);
        let report = client.flush(Some(PATIENCE));
        assert_eq!((report.complete, report.gave_up), (true, 2));
        assert!(report.error.unwrap().contains(&refusal.to_string()));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn an_item_that_the_server_rejects_is_rejected_alone() {
    let answer = json!({"results": [
        {"generation_id": "g0", "accepted": true},
        {"generationId": "g2", "accepted": false, "error": "model is missing"},
        {"generation_id": "g1", "accepted": true},
    ]});
    let server = HttpServer::start(move |_, _| Answer::Full(200, "", answer.to_string()));
    let client = http_client(&server.url, settings());
    record(&client, 0..3);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.delivered, report.rejected, report.gave_up, report.error), (2, 1, 0, None));
    assert_eq!(client.stats().dropped_rejected, 1);
    let texts: Vec<String> = client.pipeline().take_notices().into_iter().map(|n| n.text).collect();
    assert_eq!(texts, ["sigil generation rejected id=g2 error=model is missing"]);
}

#[test]
fn a_bad_item_is_found_by_halving() {
    let server =
        HttpServer::start(
            |request, _| {
                if request.ids().contains(&"g13".to_owned()) { status(400) } else { ok() }
            },
        );
    let client = http_client(&server.url, settings());
    record(&client, 0..100);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.delivered, report.rejected, report.gave_up), (99, 1, 0));
    assert_eq!(account(&client.stats()), (99, 1, 0));
    assert!(client.pipeline().take_notices()[0].text.contains("rejected id=g13 error=HTTP 400"));
}

#[test]
fn a_refusal_that_names_the_bad_items_is_believed() {
    let answer = json!({"results": [
        {"event_id": "e0", "accepted": false, "error": "event_type is required"},
        {"event_id": "e1", "accepted": false, "error": "run_id is required"},
    ]});
    let server = HttpServer::start(move |_, _| Answer::Full(400, "", answer.to_string()));
    let client = event_client(&server.url, settings());
    for id in ["e0", "e1"] {
        client.record_event(id, format!(r#"{{"event_id":"{id}"}}"#)).unwrap();
    }
    assert_eq!(client.flush(Some(PATIENCE)).rejected, 2);
    assert_eq!(server.requests().len(), 1);
    let notices = client.pipeline().take_notices();
    assert_eq!(notices[1].text, "insidellm event rejected id=e1 error=run_id is required");
}

#[test]
fn a_request_that_is_too_large_is_halved() {
    let server = HttpServer::start(|request, _| if request.body.len() > 3000 { status(413) } else { ok() });
    let client = http_client(&server.url, settings());
    for id in 0..8 {
        client.record_generation(&big_generation(&format!("g{id}"), 1000)).unwrap();
    }
    client.record_generation(&big_generation("huge", 20_000)).unwrap();
    client.record_generation(&uncuttable_generation("uncuttable")).unwrap();
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.delivered, report.gave_up), (9, 1));
    assert_eq!(client.stats().dropped_too_large, 1);
    let huge = server.requests().into_iter().rfind(|request| request.ids() == ["huge"]).unwrap();
    assert_eq!(huge.json()["generations"][0]["metadata"]["lightwell.cut_bytes"], 20_000.0);
}

#[test]
fn json_that_is_larger_than_what_was_queued_keeps_the_bound() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, Settings { batch_bytes: 10_000, ..settings() });
    for id in 0..20 {
        let escaped = Generation { system_prompt: "\u{1}".repeat(900), ..generation(&format!("g{id}")) };
        client.record_generation(&escaped).unwrap();
    }
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let bodies: Vec<usize> = server.requests().iter().map(|request| request.body.len()).collect();
    assert!(bodies.iter().all(|bytes| *bytes < 10_100), "{bodies:?}");
    assert_eq!(server.requests().iter().map(|request| request.ids().len()).sum::<usize>(), 20);
}

#[test]
fn batches_keep_their_bounds_in_count_and_bytes() {
    let server = HttpServer::start(|_, _| ok());
    let bounds = Settings { batch_items: 4, batch_bytes: 2500, ..settings() };
    let client = http_client(&server.url, bounds);
    for id in 0..4 {
        client.record_generation(&big_generation(&format!("b{id}"), 1000)).unwrap();
    }
    record(&client, 0..10);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let counts: Vec<usize> = server.requests().iter().map(|request| request.ids().len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 14);
    assert!(counts.iter().all(|count| *count <= 4), "{counts:?}");
    let largest = server.requests().iter().map(|request| request.body.len()).max().unwrap();
    assert!(largest < 2700, "{largest}");
}

#[test]
fn one_connection_serves_many_requests() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    for id in 0..10 {
        record(&client, id..id + 1);
        assert!(client.flush(Some(PATIENCE)).all_delivered());
    }
    assert_eq!((server.requests().len(), server.connections()), (10, 1));
}

#[test]
fn redirects_are_followed() {
    let server = HttpServer::start(|request, _| match request.path.as_str() {
        "/moved/" => ok(),
        _ => Answer::Full(308, "Location: /moved/\r\n", String::new()),
    });
    let client = http_client(&server.url, settings());
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(server.requests()[1].ids(), ["g0"]);
}

#[test]
fn a_slow_server_gets_several_requests_at_once_when_it_answers_well() {
    // Each of the last three requests is answered only when all three are there.
    let together = std::sync::Arc::new(std::sync::Barrier::new(3));
    let server = HttpServer::start(move |_, number| {
        if number > 0 {
            together.wait();
        }
        ok()
    });
    let client = http_client(&server.url, Settings { batch_items: 1, max_in_flight: 3, ..settings() });
    record(&client, 0..4);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn a_time_out_is_tried_again() {
    let server = HttpServer::start(|_, number| if number == 0 { Answer::BlackHole } else { ok() });
    let client =
        http_client(&server.url, Settings { request_timeout: Duration::from_millis(200), ..settings() });
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(client.stats().retries, 1);
}

#[test]
fn no_retries_means_one_attempt() {
    let server = HttpServer::start(|_, _| status(503));
    let retry = RetryPolicy { max_retries: 0, ..RetryPolicy::default() };
    let client = http_client(&server.url, Settings { retry, ..settings() });
    record(&client, 0..1);
    assert_eq!(client.flush(Some(PATIENCE)).gave_up, 1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_value_that_json_cannot_hold_is_rejected_alone() {
    use lightwell_wire::sigil::well_known::{Kind, Struct, Value};
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, settings());
    let mut bad = generation("bad");
    let value = Value { kind: Some(Kind::NumberValue(f64::NAN)) };
    bad.metadata = Some(Struct { fields: [("ratio".to_owned(), value)].into() });
    client.record_generation(&bad).unwrap();
    record(&client, 0..2);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.delivered, report.rejected), (2, 1));
    assert!(client.pipeline().take_notices()[0].text.contains("id=bad error=metadata.ratio"));
}

#[test]
fn the_health_page_must_answer_exactly_200() {
    for (answer, healthy) in [(200, true), (202, false), (503, false)] {
        let server = HttpServer::start(move |_, _| status(answer));
        let client = event_client(&server.url, settings());
        assert_eq!(client.pipeline().probe(PATIENCE), healthy);
        let request = &server.requests()[0];
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/health"));
        assert_eq!(request.headers["authorization"], "Bearer secret");
    }
    let hole = HttpServer::start(|_, _| Answer::BlackHole);
    let client = event_client(&hole.url, settings());
    let begun = Instant::now();
    assert!(!client.pipeline().probe(Duration::from_millis(100)));
    assert!(begun.elapsed() < Duration::from_secs(2));
}
