//! `lightwell delete`

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, run};

fn ids(server: &Served) -> Vec<String> {
    let page = server.get("/api/v1/conversations");
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_conversation_what_is_old_or_everything() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let mut ancient = generation("g3", "ancient");
    ancient["started_at"] = "2020-01-02T03:04:05Z".into();
    let now = jiff::Timestamp::now().to_string();
    let mut fresh = [generation("g1", "a/b"), generation("g2", "run-2")];
    for generation in &mut fresh {
        generation["started_at"] = now.clone().into();
        generation["completed_at"] = now.clone().into();
    }
    server.post("/api/v1/generations:export", &json!({"generations": [fresh[0], fresh[1], ancient]}));
    let delete = |arguments: &[&str]| run(&[&["delete", "--server", &server.url()], arguments].concat());

    let unasked = delete(&["--all"]);
    assert_eq!(unasked.code, Some(1));
    assert!(unasked.stderr.contains("say --yes to delete"), "{}", unasked.stderr);
    assert_eq!(delete(&["--yes"]).code, Some(2));
    assert_eq!(delete(&["--yes", "--all", "--older-than", "30d"]).code, Some(2));
    assert_eq!(delete(&["--yes", "--older-than", "30"]).code, Some(2));
    assert_eq!(ids(&server).len(), 3);

    let deleted = delete(&["--yes", "--conversation", "a/b"]);
    assert_eq!(
        (deleted.code, deleted.stdout.as_str()),
        (Some(0), "Deleted 1 records, and 0 messages, prompts and tool sets that only they referenced.\n")
    );
    assert_eq!(ids(&server), ["run-2", "ancient"]);
    let deleted: Value =
        serde_json::from_str(&delete(&["--yes", "--older-than", "30d", "--json"]).stdout).unwrap();
    assert_eq!(deleted["records"], 1);
    assert_eq!(ids(&server), ["run-2"]);
    assert_eq!(delete(&["--yes", "--all"]).code, Some(0));
    assert_eq!(ids(&server), [""; 0]);
}
