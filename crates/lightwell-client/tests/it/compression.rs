//! Bodies are compressed when the server is known to understand it, and sent as they are otherwise.

use std::io::Read;

use flate2::read::GzDecoder;
use lightwell_client::{Compression, Settings};
use lightwell_wire::sigil::protobuf;

use crate::grpc_server::{self, GrpcServer};
use crate::http_server::{Answer, HttpServer, Request, ok, status};
use crate::support::{PATIENCE, account, big_generation, grpc_client, http_client, settings};

fn with(compression: Compression) -> Settings {
    Settings { compression, batch_items: 1, ..settings() }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

fn is_packed(request: &Request) -> bool {
    request.headers.get("content-encoding").is_some_and(|coding| coding == "gzip")
}

#[test]
fn a_large_body_is_compressed_when_the_setting_says_so() {
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, with(Compression::On));
    client.record_generation(&big_generation("g0", 50_000)).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    client.record_generation(&big_generation("g1", 10)).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let requests = server.requests();
    assert_eq!(requests.iter().map(is_packed).collect::<Vec<_>>(), [true, false]);
    assert!(requests[0].body.len() < 1000);
    let body: serde_json::Value = serde_json::from_slice(&unpacked(&requests[0].body)).unwrap();
    assert_eq!(body["generations"][0]["id"], "g0");
}

/// On Linux this is the own machine, and it does not look like it.
fn as_if_far_away(address: &str) -> String {
    address.replace("127.0.0.1", "0.0.0.0")
}

#[test]
#[cfg(target_os = "linux")]
fn by_default_the_server_must_have_said_that_it_understands_it() {
    let server =
        HttpServer::start(|_, _| Answer::Full(200, "Accept-Encoding: gzip, zstd\r\n", "{}".to_owned()));
    for (url, expected) in
        [(as_if_far_away(&server.url), [false, true]), (server.url.clone(), [false, false])]
    {
        let before = server.requests().len();
        let client = http_client(&url, with(Compression::Auto));
        for id in ["g0", "g1"] {
            client.record_generation(&big_generation(id, 50_000)).unwrap();
            assert!(client.flush(Some(PATIENCE)).all_delivered());
        }
        assert_eq!(server.requests()[before..].iter().map(is_packed).collect::<Vec<_>>(), expected, "{url}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn by_default_the_grpc_server_must_have_said_it_too() {
    let server = GrpcServer::start(|_, _| grpc_server::Reply::Message(Vec::new()));
    let client = grpc_client(&format!("http://{}", as_if_far_away(&server.address)), with(Compression::Auto));
    for id in ["g0", "g1"] {
        client.record_generation(&big_generation(id, 50_000)).unwrap();
        assert!(client.flush(Some(PATIENCE)).all_delivered());
    }
    let packed: Vec<bool> =
        server.calls().iter().map(|call| call.headers.contains_key("grpc-encoding")).collect();
    assert_eq!(packed, [false, true]);
}

#[test]
fn a_server_that_refuses_it_gets_plain_bodies_from_then_on() {
    let server = HttpServer::start(|request, _| if is_packed(request) { status(415) } else { ok() });
    let client = http_client(&server.url, with(Compression::On));
    for id in ["g0", "g1"] {
        client.record_generation(&big_generation(id, 50_000)).unwrap();
        assert!(client.flush(Some(PATIENCE)).all_delivered());
    }
    assert_eq!(server.requests().iter().map(is_packed).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(account(&client.stats()), (2, 0, 0));
}

#[test]
fn a_415_that_is_not_about_compression_is_a_refusal() {
    let server = HttpServer::start(|_, _| status(415));
    let client = http_client(&server.url, settings());
    client.record_generation(&big_generation("g0", 50_000)).unwrap();
    assert_eq!(client.flush(Some(PATIENCE)).gave_up, 1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn grpc_messages_are_compressed_when_the_setting_says_so() {
    let server = GrpcServer::start(|_, _| grpc_server::Reply::Message(Vec::new()));
    let client = grpc_client(&server.address, with(Compression::On));
    client.record_generation(&big_generation("g0", 50_000)).unwrap();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let call = &server.calls()[0];
    assert_eq!(call.headers["grpc-encoding"], "gzip");
    assert_eq!(protobuf::split(&unpacked(&call.message)).unwrap().items.len(), 1);
}

#[test]
fn a_grpc_server_that_does_not_know_it_gets_plain_messages() {
    let server = GrpcServer::start(|call, _| {
        if call.headers.contains_key("grpc-encoding") {
            grpc_server::Reply::Status(12, "grpc: Decompressor is not installed for grpc-encoding gzip", None)
        } else {
            grpc_server::Reply::Message(Vec::new())
        }
    });
    let client = grpc_client(&server.address, with(Compression::On));
    for id in ["g0", "g1"] {
        client.record_generation(&big_generation(id, 50_000)).unwrap();
        assert!(client.flush(Some(PATIENCE)).all_delivered());
    }
    assert_eq!(server.calls().len(), 3);
}
