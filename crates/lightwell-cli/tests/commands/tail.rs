//! `lightwell tail`

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, generation, lightwell};

struct Tail {
    process: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Tail {
    fn start(server: &Served, arguments: &[&str]) -> Self {
        let mut process = lightwell()
            .args(["tail", "--server", &server.url()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(process.stdout.take().unwrap()).lines();
        let err = BufReader::new(process.stderr.take().unwrap()).lines();
        wait_for_listener(server);
        Self { process, out, err }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, and then there is nothing to do.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn wait_for_listener(server: &Served) {
    while !server.get("/metrics").as_str().unwrap().contains("lightwell_live_subscribers 1\n") {
        std::thread::yield_now();
    }
}

fn store(server: &Served, id: &str) {
    server.post("/api/v1/generations:export", &json!({"generations": [generation(id, "run-1")]}));
}

#[test]
fn records_are_told_while_they_are_stored() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let mut tail = Tail::start(&server, &[]);
    store(&server, "g1");
    let line = tail.out.next().unwrap().unwrap();
    assert_eq!(line, "07:00:00 run-1 openai/gpt-4o guide 10→5 1.5 s 4 °C");
}

#[test]
fn it_connects_again_when_the_server_comes_back() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let mut tail = Tail::start(&server, &["--json"]);
    let address = server.address.to_string();
    server.terminate();
    let line = tail.err.next().unwrap().unwrap();
    assert_eq!(line, "lightwell: the server went away; trying again");
    let server = Served::start_on(data.path(), &address);
    assert_eq!(tail.err.next().unwrap().unwrap(), "lightwell: connected again");
    wait_for_listener(&server);
    store(&server, "g1");
    let summary: Value = serde_json::from_str(&tail.out.next().unwrap().unwrap()).unwrap();
    assert_eq!(summary["id"], "g1");
}
