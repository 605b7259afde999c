//! What `--help` says.

use crate::support::run;

#[test]
fn help_is_as_reviewed() {
    for command in [
        "",
        "serve",
        "keys",
        "keys create",
        "keys list",
        "keys revoke",
        "conversations",
        "show",
        "tail",
        "totals",
        "delivery",
        "delete",
    ] {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let ended = run(&arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        insta::assert_snapshot!(format!("help {command}").trim().replace(' ', "_"), ended.stdout);
    }
}

#[test]
fn wrong_usage_has_its_own_code() {
    let ended = run(&["frobnicate"]);
    assert_eq!(ended.code, Some(2));
    let ended = run(&["serve", "--listen", "somewhere"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("use an address and a port, such as 127.0.0.1:8080"), "{}", ended.stderr);
}
