//! One accept loop for every listener, and every listener speaks everything: HTTP/1.1, HTTP/2 without negotiation, gRPC.
//!
//! Stopping: no new connections, requests under way finish within [`crate::Limits::drain`], then the store is closed.
//! What was acknowledged is durable at any moment, so cutting what takes longer loses nothing that was.

mod tls_hello;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::admit::Peer;
use crate::app::App;
use crate::{limits, routes};
use tls_hello::{Hint, is_tls_hello};

/// How long to wait after the system refused a connection (no file descriptors, say), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a sender may have under way before it must wait for us: a few full batches.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const PING_EVERY: Duration = Duration::from_secs(30);

/// Serves on every listener until `stop` completes, then drains and closes the store.
pub(crate) async fn serve(
    app: Arc<App>,
    listeners: Vec<TcpListener>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let shared = Arc::new(Shared {
        router: routes::router(app.clone()),
        connections: Arc::new(Semaphore::new(limits::CONNECTIONS)),
        hint: Hint::new(),
        app: app.clone(),
    });
    let mut loops = JoinSet::new();
    loops.spawn(crate::forget::run(app.clone()));
    for listener in listeners {
        let loopback = listener.local_addr()?.ip().is_loopback();
        loops.spawn(shared.clone().accept(listener, Peer { loopback }));
    }
    stop.await;
    app.stopping.send_replace(true);
    loops.join_all().await;
    app.store.close().await;
    Ok(())
}

/// What all accept loops share.
struct Shared {
    app: Arc<App>,
    router: Router,
    connections: Arc<Semaphore>,
    hint: Hint,
}

impl Shared {
    /// Accepts until the server stops, then waits for the connections of this listener.
    async fn accept(self: Arc<Self>, listener: TcpListener, peer: Peer) {
        let graceful = GracefulShutdown::new();
        let mut stopping = self.app.stopping.subscribe();
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                accepted = self.next(&listener) => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            match accepted {
                Ok((stream, turn)) => {
                    failing = false;
                    let (shared, watcher) = (self.clone(), graceful.watcher());
                    tokio::spawn(async move {
                        shared.app.metrics.connections(1);
                        shared.connection(stream, peer, watcher).await;
                        shared.app.metrics.connections(-1);
                        drop(turn);
                    });
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "connections cannot be accepted; trying again until they can");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        if timeout(self.app.settings.limits.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests that did not finish in time were cut; nothing acknowledged is lost");
        }
    }

    async fn next(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, Result<tokio::sync::OwnedSemaphorePermit, tokio::sync::AcquireError>)> {
        let turn = self.connections.clone().acquire_owned().await;
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, turn))
    }

    async fn connection(&self, stream: TcpStream, peer: Peer, watcher: Watcher) {
        match self.first_bytes(&stream).await {
            Some([0, 0]) | None => return,
            Some(first) if is_tls_hello(&first) => {
                self.app.metrics.tls_hello();
                return self.hint.refuse(stream).await;
            }
            Some(_) => {}
        }
        let mut protocols = Builder::new(TokioExecutor::new());
        protocols.http1().timer(TokioTimer::new()).header_read_timeout(limits::HEAD_TIMEOUT);
        protocols
            .http2()
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
            .keep_alive_interval(PING_EVERY);
        let router = self.router.clone();
        let service = service_fn(move |request| answer(router.clone(), request, peer));
        let connection = protocols.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            // A peer that went away or spoke something else: of interest only to who is looking for it.
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// How the connection begins; none when it says nothing.
    async fn first_bytes(&self, stream: &TcpStream) -> Option<[u8; 2]> {
        let mut stopping = self.app.stopping.subscribe();
        let mut first = [0; 2];
        tokio::select! {
            peeked = timeout(limits::HEAD_TIMEOUT, stream.peek(&mut first)) => {
                peeked.ok()?.ok().filter(|bytes| *bytes > 0).map(|_| first)
            }
            _ = stopping.wait_for(|stopping| *stopping) => None,
        }
    }
}

async fn answer(router: Router, request: Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    routes::strip_prefix(&mut request);
    router.oneshot(request).await
}
