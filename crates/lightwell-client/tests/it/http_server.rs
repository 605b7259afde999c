//! A scripted HTTP/1.1 server: a function of the request and its number says what to answer, including not at all.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::support::PATIENCE;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The ids of the generations in the body.
    pub(crate) fn ids(&self) -> Vec<String> {
        let json = self.json();
        let items = json["generations"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) enum Answer {
    /// Status, header lines, body.
    Full(u16, &'static str, String),
    /// The head of a 200 and half of its body, then the connection is cut.
    CutBody,
    /// The connection is cut without an answer.
    Cut,
    /// No answer while the server lives.
    BlackHole,
}

pub(crate) fn ok() -> Answer {
    Answer::Full(200, "", "{}".to_owned())
}

pub(crate) fn status(status: u16) -> Answer {
    Answer::Full(status, "", String::new())
}

type Script = Box<dyn Fn(&Request, usize) -> Answer + Send + Sync>;

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    connections: Vec<TcpStream>,
    closing: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    script: Script,
}

pub(crate) struct HttpServer {
    pub(crate) url: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// `script` gets each request and how many came before it.
    pub(crate) fn start(script: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared =
            Arc::new(Shared { seen: Mutex::default(), changed: Condvar::new(), script: Box::new(script) });
        let own = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &own));
        Self { url, shared, accepting: Some(accepting) }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.seen.lock().unwrap().connections.len()
    }

    /// Waits until this many requests have come.
    pub(crate) fn wait_for(&self, requests: usize) -> Vec<Request> {
        let seen = self.shared.seen.lock().unwrap();
        let waited =
            self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| seen.requests.len() < requests);
        let (seen, timeout) = waited.unwrap();
        assert!(!timeout.timed_out(), "{} of {requests} requests came", seen.requests.len());
        seen.requests.clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let mut seen = self.shared.seen.lock().unwrap();
        seen.closing = true;
        for connection in &seen.connections {
            // It may be closed already.
            drop(connection.shutdown(Shutdown::Both));
        }
        drop(seen);
        self.shared.changed.notify_all();
        // Wakes accept().
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
        self.accepting.take().unwrap().join().unwrap();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().unwrap();
        let mut seen = shared.seen.lock().unwrap();
        if seen.closing {
            return;
        }
        seen.connections.push(stream.try_clone().unwrap());
        drop(seen);
        let own = Arc::clone(shared);
        std::thread::spawn(move || serve(stream, &own));
    }
}

/// Serves one connection until either side ends it.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let mut seen = shared.seen.lock().unwrap();
        let number = seen.requests.len();
        seen.requests.push(request.clone());
        drop(seen);
        shared.changed.notify_all();
        let text = match (shared.script)(&request, number) {
            Answer::Full(status, headers, body) => {
                format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
            }
            Answer::CutBody => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"results\":[".to_owned(),
            Answer::Cut => String::new(),
            Answer::BlackHole => {
                let seen = shared.seen.lock().unwrap();
                drop(shared.changed.wait_while(seen, |seen| !seen.closing).unwrap());
                return;
            }
        };
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
        if !text.contains("Said") {
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let at = Instant::now();
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body, at })
}
