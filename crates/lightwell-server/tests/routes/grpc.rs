//! The gRPC methods.

use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use lightwell_server::{Limits, Settings};
use lightwell_wire::sigil::{Signal, messages, paths, protobuf, results};

use crate::support::{MoodyStore, TestServer};

fn item(id: &str) -> Vec<u8> {
    let model = Some(messages::ModelRef { provider: "p".into(), name: "m".into() });
    let generation = messages::Generation {
        id: id.into(),
        conversation_id: "c".into(),
        model,
        system_prompt: "You are helpful. ".repeat(100),
        ..messages::Generation::default()
    };
    let mut bytes = Vec::new();
    protobuf::encode(&mut bytes, &generation);
    bytes
}

fn batch(items: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    protobuf::join(&mut body, items.iter().copied());
    body
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn both_packages_take_generations_and_steps() {
    let server = TestServer::start().await;
    for (path, signal) in paths::GRPC_METHODS {
        let answer = server.ask("POST", path).grpc(&batch(&[&item("a")])).send().await;
        assert_eq!(answer.header("content-type"), "application/grpc");
        let results = results::decode_protobuf(signal, answer.message()).unwrap();
        assert_eq!(results.len(), 1);
        let empty = server.ask("POST", path).grpc(&[]).send().await;
        assert_eq!(results::decode_protobuf(signal, empty.message()).unwrap(), []);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_garbled_item_is_refused_alone() {
    let server = TestServer::start().await;
    let body = batch(&[&item("a"), b"\xff\xff\xff", &item("b")]);
    let answer = server.ask("POST", paths::GRPC_SIGIL_GENERATIONS).grpc(&body).send().await;
    let results = results::decode_protobuf(Signal::Generations, answer.message()).unwrap();
    assert_eq!(results.iter().map(|result| result.accepted).collect::<Vec<_>>(), [true, false, true]);
    let told = (results[0].id.as_str(), results[2].id.as_str());
    assert_eq!(told, ("a", "b"));
    assert_eq!(server.get("/api/v1/conversations/c").await.json()["generation_count"], 2);
    server.stop().await;
}

#[tokio::test]
async fn messages_may_be_compressed() {
    let server = TestServer::start().await;
    let body = batch(&[&item("a"), &item("b")]);
    let zstd = zstd::encode_all(&body[..], 3).unwrap();
    for (encoding, packed) in [("gzip", gzip(&body)), ("zstd", zstd)] {
        let ask = server.ask("POST", paths::GRPC_AGENTO11Y_GENERATIONS);
        let answer = ask.header("grpc-encoding", encoding).grpc_frame(1, &packed).send().await;
        let results = results::decode_protobuf(Signal::Generations, answer.message()).unwrap();
        assert_eq!(results.iter().filter(|result| result.accepted).count(), 2);
        assert!(answer.header("grpc-accept-encoding").contains(encoding));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_call_has_its_status() {
    let limits = Limits { body_bytes: 4096, ..Limits::default() };
    let server =
        TestServer::with(Arc::new(MoodyStore::new()), Settings { limits, ..Settings::default() }).await;
    let path = paths::GRPC_SIGIL_GENERATIONS;
    let bomb = gzip(&vec![0; 100_000]);
    let ask = || server.ask("POST", path);
    for (ask, status, words) in [
        (ask().grpc(b"\x0a\x7f"), "3", "ends inside the field"),
        (ask().grpc_frame(7, b""), "3", "unknown flag"),
        (ask().grpc_frame(1, b"x"), "3", "does not say how"),
        (ask().header("grpc-encoding", "snappy").grpc_frame(1, b"x"), "12", "snappy"),
        (ask().header("grpc-encoding", "gzip").grpc_frame(1, b"x"), "3", "not valid gzip"),
        (ask().header("grpc-encoding", "gzip").grpc_frame(1, &bomb), "8", "larger than the limit of 4096"),
        (ask().grpc(&[0; 5000]), "8", "larger than the limit of 4096"),
        (server.ask("POST", "/sigil.v1.Unknown/Method").grpc(b""), "12", "there is nothing at"),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.header("grpc-status")), (200, status), "{words}");
        assert!(answer.header("grpc-message").contains(words), "{}", answer.header("grpc-message"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_told_with_when_to_come_again() {
    let store = Arc::new(MoodyStore::new());
    let server = TestServer::with(store.clone(), Settings::default()).await;
    store.set_full(true);
    let answer = server.ask("POST", paths::GRPC_SIGIL_GENERATIONS).grpc(&batch(&[&item("a")])).send().await;
    assert_eq!((answer.header("grpc-status"), answer.header("retry-after")), ("14", "3"));
    // google.rpc.Status holding google.rpc.RetryInfo of 2.5 seconds.
    use base64::Engine;
    let details = answer.header("grpc-status-details-bin");
    let details = base64::engine::general_purpose::STANDARD_NO_PAD.decode(details).unwrap();
    let retry_info = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(details.windows(retry_info.len()).any(|window| window == retry_info));
    let delay = [0x0a, 0x08, 0x08, 0x02, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
    assert!(details.ends_with(&delay), "{details:02x?}");
    store.set_full(false);
    let answer = server.ask("POST", paths::GRPC_SIGIL_GENERATIONS).grpc(&batch(&[&item("a")])).send().await;
    assert!(results::decode_protobuf(Signal::Generations, answer.message()).unwrap()[0].accepted);
    server.stop().await;
}

#[tokio::test]
async fn keys_and_tenants_travel_as_metadata() {
    let (server, secret) = TestServer::with_key("team-a").await;
    let body = batch(&[&item("a")]);
    let ask = || server.ask("POST", paths::GRPC_SIGIL_GENERATIONS);
    assert_eq!(ask().grpc(&body).send().await.header("grpc-status"), "16");
    assert_eq!(ask().bearer("lw_wrong").grpc(&body).send().await.header("grpc-status"), "16");
    let other = ask().bearer(&secret).header("x-scope-orgid", "team-b").grpc(&body).send().await;
    assert_eq!(other.header("grpc-status"), "7");
    let own = ask().bearer(&secret).header("x-scope-orgid", "team-a").grpc(&body).send().await;
    assert!(results::decode_protobuf(Signal::Generations, own.message()).unwrap()[0].accepted);
    server.stop().await;
}
