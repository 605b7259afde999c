//! `GET /api/v1/delivery`, and the header `lightwell-delivery` that it speaks of.

use std::sync::Arc;

use lightwell_server::Settings;
use lightwell_store::MemoryStore;
use lightwell_wire::delivery::{Counters, DeliveryReport, HEADER, Process, Ranges, encode};
use lightwell_wire::sigil::{Signal, messages, protobuf};
use serde_json::{Value, json};

use crate::support::{Answer, MoodyStore, TestServer, generation};

const CLIENT: &str = "01939a0b1c2d7e3f8a9b0c1d2e3f4a5b";

fn report(items: &[(u64, u64)], accepted: u64) -> DeliveryReport {
    DeliveryReport {
        client: CLIENT.to_owned(),
        process: Process {
            product: "sigil".to_owned(),
            pid: 7,
            host: "box".to_owned(),
            started: 1_795_334_400,
        },
        items: items.to_vec(),
        lost: Ranges::default(),
        counters: Some(Counters { accepted, pending: accepted, ..Counters::default() }),
    }
}

async fn send(server: &TestServer, items: &Value, header: &str) -> Answer {
    let body = json!({ "generations": items });
    server.ask("POST", "/api/v1/generations:export").header(HEADER, header).json(&body).send().await
}

async fn processes(server: &TestServer, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/delivery{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["processes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_lane_is_accounted_for() {
    let server = TestServer::start().await;
    let items = json!([generation("g1", "c", "hi"), {"id": "bad"}, generation("g1", "c", "hi")]);
    let answer = send(&server, &items, &encode(&report(&[(1, 3)], 9))).await;
    assert_eq!((answer.status, answer.header(HEADER)), (202, "1"));

    let event = |id: &str| json!({"event_id": id, "event_type": "user.input", "run_id": "r", "payload": {"input_text": "hi"}});
    let ingest = server.ask("POST", "/api/v1/ingest").header(HEADER, &encode(&report(&[(4, 4)], 9)));
    let answer = ingest.json(&event("e1")).send().await;
    assert_eq!((answer.status, answer.header(HEADER)), (202, "1"), "{}", answer.text());

    let mut item = Vec::new();
    let model = Some(messages::ModelRef { provider: "p".into(), name: "m".into() });
    let last =
        messages::Generation { id: "g9".into(), conversation_id: "c".into(), model, ..Default::default() };
    protobuf::encode(&mut item, &last);
    let mut body = Vec::new();
    protobuf::join(&mut body, [item.as_slice()].into_iter());
    let call = server.ask("POST", Signal::Generations.grpc_path());
    let answer = call.header(HEADER, &encode(&report(&[(7, 7)], 9))).grpc(&body).send().await;
    assert_eq!((answer.header("grpc-status"), answer.header(HEADER)), ("0", "1"));

    let told = processes(&server, "?quiet_after=0").await;
    assert_eq!(told.len(), 1);
    let expected = json!({
        "client": CLIENT, "product": "sigil", "pid": 7, "host": "box",
        "started_at": "2026-11-22T08:00:00.000000Z",
        "first_heard_at": "2026-11-22T08:00:00.123456Z", "last_heard_at": "2026-11-22T08:00:00.123456Z",
        "accepted": 9, "received": 4, "duplicates": 1, "refused": {"invalid": 1}, "dropped": {},
        "pending": 0, "elsewhere": 0, "missing": 4, "missing_ranges": [[5, 6], [8, 9]],
    });
    assert_eq!(told[0], expected);
    let waiting = &processes(&server, "").await[0];
    assert_eq!((&waiting["pending"], &waiting["missing"]), (&json!(4), &json!(0)));
    server.stop().await;
}

#[tokio::test]
async fn a_bad_header_costs_nothing_and_is_counted() {
    let server = TestServer::start().await;
    let other_count = encode(&report(&[(1, 5)], 5));
    for (number, header) in ["nonsense", "client=\"short\"", &other_count, "\u{e9}"].into_iter().enumerate() {
        let answer = send(&server, &json!([generation(&format!("g{number}"), "c", "hi")]), header).await;
        assert_eq!((answer.status, answer.header(HEADER)), (202, ""), "{header}");
        assert_eq!(answer.json()["results"][0]["accepted"], true, "{header}");
    }
    assert_eq!(processes(&server, "").await, [json!(null); 0]);
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.contains("lightwell_delivery_reports_total{outcome=\"invalid\"} 4\n"), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn those_who_tell_nothing_are_not_told_of() {
    let server = TestServer::start().await;
    let answer =
        server.post("/api/v1/generations:export", json!({"generations": [generation("g", "c", "hi")]})).await;
    assert_eq!((answer.status, answer.header(HEADER)), (202, ""));
    let body = server.get("/api/v1/delivery").await.json();
    assert_eq!(
        body,
        json!({"processes": [], "totals": {
            "processes": 0, "accepted": 0, "received": 0, "duplicates": 0, "refused": 0, "dropped": 0, "pending": 0, "elsewhere": 0, "missing": 0,
        }})
    );
    server.stop().await;
}

#[tokio::test]
async fn an_empty_batch_tells_the_rest() {
    let server = TestServer::start().await;
    send(&server, &json!([generation("g1", "c", "hi")]), &encode(&report(&[(1, 1)], 1))).await;
    let mut closing = report(&[], 4);
    closing.lost = Ranges::of(2, 4);
    let counters = closing.counters.as_mut().unwrap();
    (counters.pending, counters.delivered) = (0, 1);
    counters.dropped = [("queue_full".to_owned(), 3)].into();
    let answer = send(&server, &json!([]), &encode(&closing)).await;
    assert_eq!((answer.status, answer.header(HEADER)), (202, "1"), "{}", answer.text());
    let closing = server.ask("POST", "/api/v1/ingest").header(HEADER, &encode(&closing)).json(&json!([]));
    assert_eq!(closing.send().await.status, 202);
    let told = &processes(&server, "?quiet_after=0").await[0];
    assert_eq!((&told["dropped"], &told["missing"]), (&json!({"queue_full": 3}), &json!(0)));
    server.stop().await;
}

#[tokio::test]
async fn processes_are_selected_and_summed() {
    let server = TestServer::start().await;
    for (number, product) in ["sigil", "sigil", "insidellm"].into_iter().enumerate() {
        let mut told = report(&[(1, 1)], 1 + number as u64);
        told.client = format!("{number:032x}");
        told.process.product = product.to_owned();
        send(&server, &json!([generation(&format!("g{number}"), "c", "hi")]), &encode(&told)).await;
    }
    let clients = async |query: &str| {
        let found = processes(&server, query).await;
        found.iter().map(|process| process["client"].as_str().unwrap()[31..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(clients("").await, ["2", "1", "0"]);
    assert_eq!(clients("?product=sigil").await, ["1", "0"]);
    assert_eq!(clients("?since=2026-11-22T08:00:01Z").await, [""; 0]);
    assert_eq!(clients("?only_missing=true").await, [""; 0], "they may still have it");
    assert_eq!(clients("?only_missing=true&quiet_after=0").await, ["2", "1"]);
    let body = server.get("/api/v1/delivery?limit=1&quiet_after=0").await.json();
    assert_eq!(body["processes"].as_array().unwrap().len(), 1);
    assert_eq!((&body["totals"]["processes"], &body["totals"]["missing"]), (&json!(3), &json!(3)));
    for (query, pages) in [("", &["2", "1", "0"][..]), ("&only_missing=true&quiet_after=0", &["2", "1"])] {
        let (mut cursor, mut found) = (String::new(), Vec::new());
        for page in 0.. {
            let body = server.get(&format!("/api/v1/delivery?limit=1{query}{cursor}")).await.json();
            assert_eq!(body["totals"].is_null(), page > 0, "sums are on the first page");
            let processes = body["processes"].as_array().unwrap();
            assert!(processes.len() <= 1);
            found
                .extend(processes.iter().map(|process| process["client"].as_str().unwrap()[31..].to_owned()));
            let Some(next) = body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, pages, "{query}");
    }
    for bad in ["?since=yesterday", "?cursor=1", "?quiet_after=-1", "?clients=3"] {
        assert_eq!(server.get(&format!("/api/v1/delivery{bad}")).await.status, 400, "{bad}");
    }
    let metrics = server.get("/metrics").await.text();
    for line in [
        "lightwell_delivery_processes 3\n",
        "lightwell_delivery_received 3\n",
        "lightwell_delivery_missing 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    server.stop().await;
}

#[tokio::test]
async fn tenants_see_their_own() {
    let server = TestServer::start().await;
    send(&server, &json!([generation("g1", "c", "hi")]), &encode(&report(&[(1, 1)], 1))).await;
    let other = server.ask("GET", "/api/v1/delivery").header("x-scope-orgid", "other").send().await;
    assert_eq!(other.json()["processes"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn what_was_not_stored_was_not_received() {
    let store = Arc::new(MoodyStore::new());
    let server = TestServer::with(store.clone(), Settings::default()).await;
    store.set_full(true);
    let answer = send(&server, &json!([generation("g1", "c", "hi")]), &encode(&report(&[(1, 1)], 1))).await;
    assert_eq!((answer.status, answer.header(HEADER)), (503, ""));
    store.set_full(false);
    assert_eq!(processes(&server, "").await, [json!(null); 0]);
    server.stop().await;
}

#[tokio::test]
async fn who_was_not_heard_of_for_long_is_forgotten_at_start() {
    let store: Arc<dyn lightwell_store::Store> = Arc::new(MemoryStore::new());
    for (client, moment) in [("a", "2026-10-23T08:00:00Z"), ("b", "2026-10-24T08:00:00Z")] {
        let mut told = report(&[], 0);
        told.client = client.to_owned();
        let delivery = lightwell_store::Delivery::new(told, moment.parse().unwrap());
        store.append_delivery(&"default".parse().unwrap(), Vec::new(), delivery).await.unwrap();
    }
    let server = TestServer::with(store.clone(), Settings::default()).await;
    // The first look is taken when the server starts to serve.
    let query = lightwell_store::DeliveryQuery::default();
    while store.deliveries(&query).await.unwrap().items.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(processes(&server, "").await[0]["client"], "b");
    server.stop().await;
}
