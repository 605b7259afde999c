//! `lightwell serve`: starting, stopping, dying.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Served, ask, generation, lightwell, run};

/// Sends batches of three until the server goes away; gives every id that was acknowledged.
struct Sender {
    work: JoinHandle<Vec<String>>,
    acknowledged: Receiver<()>,
}

impl Sender {
    fn start(address: SocketAddr, round: usize) -> Self {
        let (told, acknowledged) = channel();
        let work = std::thread::spawn(move || {
            let mut ids = Vec::new();
            for batch in 0.. {
                let batch: Vec<_> = (0..3).map(|n| format!("g-{round}-{batch}-{n}")).collect();
                let generations: Vec<_> =
                    batch.iter().map(|id| generation(id, &format!("c-{round}"))).collect();
                let body = json!({"generations": generations});
                // Nobody answers any more: what was sent last may or may not be stored.
                let Ok((202, answer)) = ask(address, "POST", "/api/v1/generations:export", Some(&body))
                else {
                    break;
                };
                let answer: Value = serde_json::from_str(&answer).unwrap();
                for (id, result) in batch.into_iter().zip(answer["results"].as_array().unwrap()) {
                    assert_eq!(result["accepted"], true, "{answer}");
                    ids.push(id);
                }
                // The test may have heard enough.
                let _ = told.send(());
            }
            ids
        });
        Self { work, acknowledged }
    }

    fn wait_for_batches(&self, count: usize) {
        for _ in 0..count {
            self.acknowledged.recv().unwrap();
        }
    }

    fn ids(self) -> Vec<String> {
        self.work.join().unwrap()
    }
}

fn assert_stored_once(server: &Served, ids: &[String]) {
    for id in ids {
        assert_eq!(server.get(&format!("/api/v1/generations/{id}"))["generation_id"], **id);
    }
    let mut listed = 0;
    for item in server.get("/api/v1/conversations")["items"].as_array().unwrap() {
        let detail = server.get(&format!("/api/v1/conversations/{}", item["id"].as_str().unwrap()));
        let mut shown: Vec<_> = detail["generations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|g| g["generation_id"].to_string())
            .collect();
        listed += shown.len();
        shown.sort();
        shown.dedup();
        assert_eq!(item["generation_count"], shown.len());
    }
    assert!(listed >= ids.len());
    assert_eq!(server.get("/api/v1/totals")["generations"], listed);
}

#[test]
fn terminated_it_ends_in_order_and_keeps_what_it_acknowledged() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let sender = Sender::start(server.address, 0);
    sender.wait_for_batches(10);
    assert_eq!(server.terminate().code(), Some(0));
    let ids = sender.ids();
    assert!(ids.len() >= 30);
    assert_stored_once(&Served::start(data.path()), &ids);
}

#[test]
fn killed_it_keeps_what_it_acknowledged() {
    let data = tempdir().unwrap();
    let mut ids = Vec::new();
    for round in 0..4 {
        let server = Served::start(data.path());
        assert_stored_once(&server, &ids);
        let sender = Sender::start(server.address, round);
        sender.wait_for_batches(1 + 4 * round);
        server.kill();
        ids.extend(sender.ids());
    }
    assert_stored_once(&Served::start(data.path()), &ids);
}

#[test]
fn a_folder_serves_one_server_at_a_time() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let folder = data.path().to_str().unwrap();
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", folder]);
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains(&format!("another process uses {folder}")), "{}", second.stderr);
    drop(server);
    assert_eq!(Served::start(data.path()).terminate().code(), Some(0));
}

#[test]
fn it_says_what_to_do_when_it_cannot_listen() {
    let data = tempdir().unwrap();
    let server = Served::start(data.path());
    let taken = run(&["serve", "--memory", "--listen", &server.address.to_string()]);
    assert_eq!(taken.code, Some(1));
    assert!(taken.stderr.contains("Choose others with --listen ADDR"), "{}", taken.stderr);
    let wide = run(&["serve", "--memory", "--listen", "0.0.0.0:0"]);
    assert_eq!((wide.code, wide.stdout.as_str()), (Some(1), ""));
    assert!(wide.stderr.contains("or start with --open"), "{}", wide.stderr);
}

#[test]
fn every_listener_has_its_line() {
    let mut server = lightwell()
        .args(["serve", "--memory", "--listen", "127.0.0.1:0", "--listen", "localhost:0", "--log", "warn"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        let address = line.strip_prefix("listening on http://").unwrap();
        let (status, _) = ask(address.parse().unwrap(), "GET", "/health", None).unwrap();
        assert_eq!(status, 200);
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_body_limit_is_the_operators() {
    let mut server = lightwell()
        .args(["serve", "--memory", "--listen", "127.0.0.1:0", "--body-limit", "1KiB", "--log", "warn"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
    let body = json!({"generations": ["x".repeat(2000)]});
    let (status, answer) = ask(address, "POST", "/api/v1/generations:export", Some(&body)).unwrap();
    assert_eq!(status, 413);
    assert!(answer.contains("the limit of 1024 bytes"), "{answer}");
    server.kill().unwrap();
    server.wait().unwrap();
}
