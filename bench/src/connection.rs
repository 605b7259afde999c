//! One connection to the server, HTTP/1.1 or HTTP/2 by prior knowledge, with nothing between us and the bytes.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper::header::RETRY_AFTER;
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

/// Window of an HTTP/2 stream and connection; answers are small beside it.
const WINDOW_BYTES: u32 = 4 << 20;

/// A connection that carries one request at a time.
pub struct Connection {
    address: SocketAddr,
    sender: Sender,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// gRPC status and message; none where the answer has none.
    pub grpc: Option<(String, String)>,
    /// Seconds after which to come again.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Connection {
    /// Connects with HTTP/1.1.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn http1(address: SocketAddr) -> anyhow::Result<Self> {
        let (sender, driver) = http1::handshake(TokioIo::new(dial(address).await?)).await?;
        // The driver's error reaches whoever waits for an answer.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Self { address, sender: Sender::Http1(sender) })
    }

    /// Connects with HTTP/2, without asking first.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn http2(address: SocketAddr) -> anyhow::Result<Self> {
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .handshake(TokioIo::new(dial(address).await?))
            .await?;
        tokio::spawn(async move { drop(driver.await) });
        Ok(Self { address, sender: Sender::Http2(sender) })
    }

    /// Posts a body and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, headers, body).await
    }

    /// The JSON behind a path; none for status 404.
    ///
    /// # Errors
    /// When the connection breaks, the status is another one, or the body is not JSON.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.call(Method::GET, path, &[], Bytes::new()).await?;
        match answer.status {
            200 => {
                Ok(Some(serde_json::from_slice(&answer.body).with_context(|| format!("read GET {path}"))?))
            }
            404 => Ok(None),
            status => bail!("GET {path}: {status} {}", String::from_utf8_lossy(&answer.body)),
        }
    }

    async fn call(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(method);
        request = match self.sender {
            Sender::Http1(_) => request.uri(path).header("host", self.address.to_string()),
            Sender::Http2(_) => request.uri(format!("http://{}{path}", self.address)),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body))?;
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?;
        let text = |name: &str| {
            let value = body.trailers().and_then(|trailers| trailers.get(name)).or(head.headers.get(name));
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Answer {
            status: head.status.as_u16(),
            grpc: text("grpc-status").map(|status| (status, text("grpc-message").unwrap_or_default())),
            retry_after: text(RETRY_AFTER.as_str()),
            body: body.to_bytes(),
        })
    }
}

async fn dial(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
