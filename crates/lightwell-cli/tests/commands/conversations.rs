//! `lightwell conversations`

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, run};

#[test]
fn conversations_are_a_table_or_json() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let list = |arguments: &[&str]| run(&[&["conversations", "--server", &server.url()], arguments].concat());
    assert!(list(&[]).stdout.starts_with("No conversations yet."));
    let mut other = generation("g3", "run-2");
    other["agent_name"] = "critic".into();
    other["started_at"] = "2026-11-23T07:00:00Z".into();
    let generations = json!({"generations": [generation("g1", "run-1"), generation("g2", "run-1"), other]});
    server.post("/api/v1/generations:export", &generations);
    insta::assert_snapshot!(list(&[]).stdout);
    let json: Value = serde_json::from_str(&list(&["--json", "--agent", "guide"]).stdout).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 1);
    assert_eq!(json["items"][0]["id"], "run-1");
    assert_eq!(list(&["--agent", "nobody"]).stdout, "No conversation matches.\n");
    let first = list(&["--limit", "1"]).stdout;
    let cursor = first.split('\'').nth(1).expect("it says how to get more");
    assert!(list(&["--limit", "1", "--cursor", cursor]).stdout.contains("run-1"));
    let wrong = list(&["--from", "yesterday"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("use 2026-11-22T08:00:00Z"), "{}", wrong.stderr);
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    // A port that was free a moment ago, on which nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ended = run(&["conversations", "--server", &format!("http://127.0.0.1:{port}")]);
    assert_eq!(ended.code, Some(5));
    assert!(ended.stderr.contains("start one with \"lightwell serve\""), "{}", ended.stderr);
}
