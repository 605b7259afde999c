//! A scripted gRPC server: plain HTTP/2 with hand-made frames, so that it can answer in every way.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::PATIENCE;

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    /// Without the frame's head.
    pub(crate) message: Vec<u8>,
}

pub(crate) enum Reply {
    Message(Vec<u8>),
    /// As a server that keeps an account of what its clients tell.
    Kept(Vec<u8>),
    /// Code, text, and `grpc-status-details-bin` if any.
    Status(i32, &'static str, Option<&'static str>),
    BlackHole,
}

type Script = Box<dyn Fn(&Call, usize) -> Reply + Send + Sync>;

struct Shared {
    calls: Mutex<Vec<Call>>,
    changed: Condvar,
    script: Script,
}

pub(crate) struct GrpcServer {
    /// `host:port`.
    pub(crate) address: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl GrpcServer {
    pub(crate) fn start(script: impl Fn(&Call, usize) -> Reply + Send + Sync + 'static) -> Self {
        let shared =
            Arc::new(Shared { calls: Mutex::default(), changed: Condvar::new(), script: Box::new(script) });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, own) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    pub(crate) fn wait_for(&self, calls: usize) {
        let seen = self.shared.calls.lock().unwrap();
        let waited = self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| seen.len() < calls);
        assert!(!waited.unwrap().1.timed_out());
    }
}

impl Drop for GrpcServer {
    fn drop(&mut self) {
        let asked = self.stop.take().unwrap().send(());
        let ended = self.thread.take().unwrap().join();
        // A failed test may have ended the thread before it was asked to; that failure is the one to tell.
        assert!(std::thread::panicking() || (asked.is_ok() && ended.is_ok()));
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let own = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&own)));
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            // Ends with an error when the client goes away, which is what some tests do.
            drop(server.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = request.into_body().collect().await?.to_bytes();
    let call = Call { path, headers, message: body[5..].to_vec() };
    let number = {
        let mut calls = shared.calls.lock().unwrap();
        calls.push(call.clone());
        calls.len() - 1
    };
    shared.changed.notify_all();
    let mut response = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-accept-encoding", "identity,gzip");
    Ok(match (shared.script)(&call, number) {
        reply @ (Reply::Message(_) | Reply::Kept(_)) => {
            if matches!(reply, Reply::Kept(_)) {
                response = response.header("lightwell-delivery", "1");
            }
            let (Reply::Message(message) | Reply::Kept(message)) = reply else { unreachable!() };
            let mut frame = vec![0];
            frame.extend((message.len() as u32).to_be_bytes());
            frame.extend(message);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
            response.body(body.boxed()).unwrap()
        }
        Reply::Status(code, text, details) => {
            let mut response = response.header("grpc-status", code).header("grpc-message", text);
            if let Some(details) = details {
                response = response.header("grpc-status-details-bin", details);
            }
            response.body(Full::default().boxed()).unwrap()
        }
        Reply::BlackHole => pending().await,
    })
}
