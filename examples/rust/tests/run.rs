//! The example runs as a process of its own and its records arrive.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

#[test]
fn both_calls_arrive() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut program = Command::new(env!("CARGO_BIN_EXE_lightwell-example"));
    let running = program.arg(&url).env_remove("http_proxy").spawn().unwrap();

    // Both calls are queued before the first one is due, so they come in one request.
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}").unwrap();

    assert!(running.wait_with_output().unwrap().status.success());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let calls = body["generations"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call["conversation_id"] == "rust-example"));
    assert_eq!(calls[1]["input"].as_array().unwrap().len(), 3);
}
