//! Delivery over gRPC.

use std::time::{Duration, Instant};

use lightwell_client::Settings;
use lightwell_client::sigil::{Protocol, SigilBuilder};
use lightwell_wire::sigil::Signal;
use lightwell_wire::sigil::protobuf;
use lightwell_wire::sigil::results::{ItemResult, encode_protobuf};

use crate::grpc_server::{Call, GrpcServer, Reply};
use crate::support::{PATIENCE, account, big_generation, grpc_client, record, settings, step};

fn ok() -> Reply {
    Reply::Message(Vec::new())
}

fn items(call: &Call) -> usize {
    protobuf::split(&call.message).unwrap().items.len()
}

#[test]
fn generations_and_steps_arrive_with_metadata() {
    let server = GrpcServer::start(|_, _| ok());
    let client = SigilBuilder::new(Protocol::Grpc, &server.address)
        .header("X-Scope-OrgID", "team-a")
        .user_agent("sigil-sdk-python/0.9.3")
        .settings(settings())
        .build()
        .unwrap();
    record(&client, 0..2);
    client.record_workflow_step(&step("s0")).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let calls = server.calls();
    let path = |path: &str| calls.iter().find(|call| call.path == path).unwrap().clone();
    let generations = path("/sigil.v1.GenerationIngestService/ExportGenerations");
    assert_eq!(items(&generations), 2);
    assert_eq!(generations.headers["x-scope-orgid"], "team-a");
    let user_agent = &generations.headers["user-agent"];
    assert_eq!(user_agent.split(' ').next(), Some("sigil-sdk-python/0.9.3"), "{user_agent}");
    assert_eq!(items(&path("/sigil.v1.WorkflowStepIngestService/ExportWorkflowSteps")), 1);
    assert_eq!(account(&client.stats()), (3, 0, 0));
}

#[test]
fn rejected_items_are_rejected_alone() {
    let results = |ids: [&str; 2]| {
        ids.map(|id| ItemResult {
            id: id.to_owned(),
            accepted: id != "g1",
            error: String::from(if id == "g1" { "bad" } else { "" }),
        })
    };
    let server = GrpcServer::start(move |_, _| {
        Reply::Message(encode_protobuf(Signal::Generations, results(["g0", "g1"]).into()))
    });
    let client = grpc_client(&server.address, settings());
    record(&client, 0..2);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.delivered, report.rejected), (1, 1));
}

#[test]
fn unavailable_is_retried_and_unauthenticated_is_not() {
    let server = GrpcServer::start(|_, number| match number {
        0 | 1 => Reply::Status(14, "restarting", None),
        2 => ok(),
        _ => Reply::Status(16, "no key", None),
    });
    let client = grpc_client(&server.address, settings());
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    record(&client, 1..2);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.gave_up, report.error.as_deref()), (1, Some("gRPC UNAUTHENTICATED: no key")));
    assert_eq!(server.calls().len(), 4);
}

#[test]
fn retry_info_is_waited_out() {
    // google.rpc.Status { details: [RetryInfo { retry_delay: 0.3 s }] }
    const DETAILS: &str = "GjQKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCAoGEIDGho8B";
    let server = GrpcServer::start(|_, number| match number {
        0 => Reply::Status(8, "slow down", Some(DETAILS)),
        _ => ok(),
    });
    let client = grpc_client(&server.address, settings());
    record(&client, 0..1);
    let begun = Instant::now();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(begun.elapsed() >= Duration::from_millis(299), "{:?}", begun.elapsed());
}

#[test]
fn a_message_that_is_too_large_is_halved() {
    let server = GrpcServer::start(|call, _| {
        if call.message.len() > 2500 {
            Reply::Status(8, "Received message larger than max (9 vs. 4)", None)
        } else {
            ok()
        }
    });
    let client = grpc_client(&server.address, settings());
    for id in 0..5 {
        client.record_generation(&big_generation(&format!("g{id}"), 1000)).unwrap();
    }
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn many_bytes_go_in_many_requests() {
    let server = GrpcServer::start(|_, _| ok());
    let client = grpc_client(&server.address, settings());
    for id in 0..100 {
        client.record_generation(&big_generation(&format!("g{id}"), 60_000)).unwrap();
    }
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert!(server.calls().iter().all(|call| call.message.len() < 4 << 20));
    assert_eq!(server.calls().iter().map(items).sum::<usize>(), 100);
}

#[test]
fn a_time_out_is_tried_again_on_a_new_connection() {
    let server = GrpcServer::start(|_, number| if number == 0 { Reply::BlackHole } else { ok() });
    let client =
        grpc_client(&server.address, Settings { request_timeout: Duration::from_millis(200), ..settings() });
    record(&client, 0..1);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
}

#[test]
fn a_black_hole_does_not_hold_up_shutdown() {
    let server = GrpcServer::start(|_, _| Reply::BlackHole);
    let client = grpc_client(&server.address, settings());
    record(&client, 0..3);
    drop(client.flush(Some(Duration::from_millis(1))));
    server.wait_for(1);
    let begun = Instant::now();
    assert!(!client.shutdown(Some(Duration::from_millis(100))));
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
    assert_eq!(account(&client.stats()), (0, 3, 0));
}

#[test]
fn a_server_that_is_down_is_given_up_on() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = grpc_client(&format!("127.0.0.1:{port}"), settings());
    record(&client, 0..1);
    let report = client.flush(Some(PATIENCE));
    assert_eq!((report.complete, report.gave_up), (true, 1));
    assert!(report.error.unwrap().contains("refused"));
    assert_eq!(client.stats().requests, 4);
}

#[test]
fn tls_to_a_plaintext_server_fails_without_panic() {
    let server = GrpcServer::start(|_, _| ok());
    let client = SigilBuilder::new(Protocol::Grpc, &server.address)
        .insecure(Some(false))
        .settings(settings())
        .build()
        .unwrap();
    record(&client, 0..1);
    assert_eq!(client.flush(Some(PATIENCE)).gave_up, 1);
}
