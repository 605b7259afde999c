//! `lightwell delivery`

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, run};

/// Sends one generation as number `number` of a process that says it has 3.
fn send(server: &Served, number: u64) {
    let body = json!({"generations": [generation(&format!("g{number}"), "run-1")]}).to_string();
    let header = format!(
        "client=\"01939a0b1c2d7e3f8a9b0c1d2e3f4a5b\", started=1795334400, pid=7, host=\"box\", product=\"sigil\", \
         seq=\"{number}\", accepted=3, delivered={}, pending=1",
        number - 1
    );
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "POST /api/v1/generations:export HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         lightwell-delivery: {header}\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("lightwell-delivery: 1\r\n"), "{answer}");
}

#[test]
fn what_is_missing_fails_the_check() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let delivery = |arguments: &[&str]| run(&[&["delivery", "--server", &server.url()], arguments].concat());
    let none = delivery(&["--check"]);
    assert_eq!((none.code, none.stdout.lines().count()), (Some(0), 1));

    send(&server, 1);
    send(&server, 3);
    assert_eq!(delivery(&["--check"]).code, Some(0), "the process may still have it");
    let missing = delivery(&["--check", "--quiet-after", "0"]);
    assert_eq!((missing.code, missing.stderr.as_str()), (Some(1), "lightwell: 1 record is missing\n"));
    assert!(
        missing.stdout.contains("missing of 7@box (01939a0b1c2d7e3f8a9b0c1d2e3f4a5b): 2\n"),
        "{}",
        missing.stdout
    );
    assert_eq!(delivery(&["--quiet-after", "0"]).code, Some(0), "nobody asked for a check");

    send(&server, 2);
    let whole = delivery(&["--check", "--quiet-after", "0", "--json"]);
    let body: Value = serde_json::from_str(&whole.stdout).unwrap();
    assert_eq!((whole.code, &body["totals"]["received"]), (Some(0), &json!(3)));
    let other = delivery(&["--only-missing", "--product", "insidellm", "--since", "2026-01-01"]);
    assert_eq!((other.code, other.stdout.lines().count()), (Some(0), 1));
}

#[test]
fn the_account_outlives_a_kill() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    send(&server, 1);
    send(&server, 2);
    server.kill();
    let server = Served::start(data.path());
    send(&server, 2);
    send(&server, 3);
    let body = server.get("/api/v1/delivery?quiet_after=0");
    let process = &body["processes"][0];
    let counts = ["accepted", "received", "duplicates", "missing"].map(|name| process[name].clone());
    assert_eq!(counts, [3, 3, 1, 0].map(|count| json!(count)));
}
