//! The real binary: run to its end, or serving on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

/// The binary, without what the tester's own environment says of it.
pub fn lightwell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwell"));
    for variable in ["DATA", "LISTEN", "BODY_LIMIT", "LOG", "SERVER", "KEY", "TENANT"] {
        command.env_remove(format!("LIGHTWELL_{variable}"));
    }
    command.env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// What a command that has ended left behind.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Ended {
    let output = lightwell().args(arguments).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server.
pub struct Served {
    process: Child,
    pub address: SocketAddr,
    /// Kept open: a server that writes to a closed pipe fails.
    _stdout: BufReader<ChildStdout>,
}

impl Served {
    /// On a data folder and a free port.
    pub fn start(data: &Path) -> Self {
        Self::start_on(data, "127.0.0.1:0")
    }

    pub fn start_on(data: &Path, listen: &str) -> Self {
        let mut process = lightwell()
            .args(["serve", "--log", "warn", "--listen", listen, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").expect("it says where it listens");
        Self { process, address: address.parse().unwrap(), _stdout: stdout }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = ask(self.address, "GET", path, None).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or(Value::String(body))
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = ask(self.address, "POST", path, Some(body)).unwrap();
        assert_eq!(status, 202, "{path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, and then there is nothing to do.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// One HTTP request on a connection of its own; an error when the connection breaks before the answer is whole.
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> std::io::Result<(u16, String)> {
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    if length.is_some_and(|length| length != body.len()) {
        return Err(broken());
    }
    Ok((status, body.to_owned()))
}

/// A generation as an SDK sends it.
pub fn generation(id: &str, conversation: &str) -> Value {
    json!({
        "id": id,
        "conversation_id": conversation,
        "agent_name": "guide",
        "model": {"provider": "openai", "name": "gpt-4o"},
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "How warm is it?"}]}],
        "output": [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "4 °C"}]}],
        "usage": {"input_tokens": "10", "output_tokens": "5"},
        "started_at": "2026-11-22T07:00:00Z",
        "completed_at": "2026-11-22T07:00:01.500Z",
    })
}
