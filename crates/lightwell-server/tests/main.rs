//! What the server promises, checked over real sockets. One file a route.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod support;

mod routes {
    mod authorize;
    mod conversation;
    mod conversations;
    mod delete;
    mod delivery;
    mod experiments;
    mod generation;
    mod generations_export;
    mod grpc;
    mod health;
    mod ingest;
    mod limits;
    mod listen;
    mod live;
    mod openapi;
    mod page;
    mod ratings;
    mod scores;
    mod totals;
    mod workflow_steps_export;
}

/// A test file that nobody names in this one is never run.
#[test]
fn no_test_file_is_forgotten() {
    let named = include_str!("main.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/routes");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(named.contains(&format!("    mod {module};\n")), "{name} is in no mod line");
    }
}
