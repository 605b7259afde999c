//! `lightwell show`

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, run};

#[test]
fn a_conversation_is_shown_as_it_went() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let mut second = generation("g2", "a/b");
    second["input"] = json!([
        {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "How warm is it?"}]},
        {"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "4 °C"}]},
        {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "And tomorrow?"}]},
    ]);
    second["output"] = json!([{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [
        {"tool_call": {"id": "c1", "name": "forecast", "input_json": "eyJkYXlzIjoxfQ=="}},
    ]}]);
    second["started_at"] = "2026-11-22T07:01:00Z".into();
    second["completed_at"] = "2026-11-22T07:01:00.250Z".into();
    server.post("/api/v1/generations:export", &json!({"generations": [generation("g1", "a/b"), second]}));
    let shown = run(&["show", "a/b", "--server", &server.url()]);
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(shown.stdout);
    let json = run(&["show", "a/b", "--json", "--server", &server.url()]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["generations"].as_array().unwrap().len(), 2);
    let missing = run(&["show", "nope", "--server", &server.url()]);
    assert_eq!(missing.code, Some(3));
    assert_eq!(missing.stderr, "lightwell: there is no conversation \"nope\"\n");
}
