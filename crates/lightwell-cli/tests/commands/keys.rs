//! `lightwell keys`

use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{Ended, Served, run};

#[test]
fn keys_are_made_listed_and_revoked() {
    let data = tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let keys = |arguments: &[&str]| run(&[&["keys"], arguments, &["--data", folder]].concat());
    assert_eq!(keys(&["list"]).stdout, "No keys. Make one: lightwell keys create --tenant <tenant>\n");
    let made = keys(&["create", "--tenant", "team-a", "--name", "the build"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let secret = made.stdout.trim_end();
    assert!(secret.starts_with("lw_") && secret.len() >= 35, "{secret}");
    assert!(made.stderr.contains("This is the only time that it is shown"));
    assert!(made.stderr.contains("from now on the server asks for a key"), "{}", made.stderr);
    assert!(!keys(&["create", "--tenant", "team-b"]).stderr.contains("from now on"));
    let listed: Value = serde_json::from_str(&keys(&["list", "--json"]).stdout).unwrap();
    assert_eq!((&listed[0]["tenant"], &listed[0]["name"]), (&"team-a".into(), &"the build".into()));
    let table = keys(&["list"]).stdout;
    assert!(table.contains("team-a") && !table.contains(secret), "{table}");
    for file in std::fs::read_dir(data.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "the secret is stored"
        );
    }
    let id = listed[0]["id"].as_str().unwrap();
    let revoked = keys(&["revoke", id]);
    assert_eq!(revoked.code, Some(0));
    assert!(!revoked.stderr.contains("It was the last one"), "{}", revoked.stderr);
    let last = keys(&["revoke", listed[1]["id"].as_str().unwrap()]);
    assert!(last.stderr.contains("It was the last one"), "{}", last.stderr);
    let again = keys(&["revoke", id]);
    assert_eq!(again.code, Some(3));
    assert!(again.stderr.contains("there is no key"), "{}", again.stderr);
    let elsewhere = data.path().join("none");
    let ended = run(&["keys", "list", "--data", elsewhere.to_str().unwrap()]);
    assert_eq!((ended.code, elsewhere.exists()), (Some(3), false), "{}", ended.stderr);
    assert!(ended.stderr.contains("there is no data folder"), "{}", ended.stderr);
    let bad = keys(&["create", "--tenant", "a/b"]);
    assert_eq!(bad.code, Some(2));
    assert!(bad.stderr.contains("tenant id contains '/'"), "{}", bad.stderr);
}

#[test]
fn a_running_server_takes_notice() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let folder = data.path().to_str().unwrap();
    let list = |key: &[&str]| run(&[&["conversations", "--server", &server.url()], key].concat());
    assert_eq!(list(&[]).code, Some(0));
    let secret = run(&["keys", "create", "--tenant", "team-a", "--data", folder]).stdout;
    let refused = until(|| list(&[]), 4);
    assert!(refused.stderr.contains("an API key is required"), "{}", refused.stderr);
    until(|| list(&["--key", secret.trim_end()]), 0);
    let other =
        run(&["conversations", "--server", &server.url(), "--key", secret.trim_end(), "--tenant", "team-b"]);
    assert_eq!(other.code, Some(4));
    assert!(other.stderr.contains("belongs to \"team-a\""), "{}", other.stderr);
}

/// Runs until it ends with this code.
fn until(run: impl Fn() -> Ended, code: i32) -> Ended {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let ended = run();
        if ended.code == Some(code) {
            return ended;
        }
        assert!(Instant::now() < deadline, "still {:?}: {}", ended.code, ended.stderr);
    }
}
