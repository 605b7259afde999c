//! What the binary promises, checked on the real one. One file a command.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod support;

mod commands {
    mod conversations;
    mod delete;
    mod delivery;
    mod help;
    mod keys;
    mod serve;
    mod show;
    mod tail;
    mod totals;
}

/// A test file that nobody names in this one is never run.
#[test]
fn no_test_file_is_forgotten() {
    let named = include_str!("main.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs") {
            assert!(named.contains(&format!("    mod {module};\n")), "{name} is in no mod line");
        }
    }
}
