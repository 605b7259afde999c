//! `lightwell totals`

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, run};

#[test]
fn sums_follow_the_filter() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let generations = json!({"generations": [generation("g1", "run-1"), generation("g2", "run-2")]});
    server.post("/api/v1/generations:export", &generations);
    let totals =
        |arguments: &[&str]| run(&[&["totals", "--server", &server.url()], arguments].concat()).stdout;
    insta::assert_snapshot!(totals(&[]));
    let none: Value = serde_json::from_str(&totals(&["--json", "--model", "other"])).unwrap();
    assert_eq!(none["generations"], 0);
}
