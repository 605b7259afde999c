//! HTTP/1.1 with keep-alive, the system's proxies, and redirects. Bodies of answers are read up to a bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use lightwell_wire::delivery;
use reqwest::{Client, Response, Url};

use super::Answer;
use super::compress::{Compressor, gzip};
use super::resolve::InPlaceResolver;
use super::sockets::NoteConnections;
use super::{describe, retry_after, tls};
use crate::encoding::Encoding;
use crate::settings::Settings;
use crate::verdict::Reply;

/// An answer longer than this is not read to its end, and counts as unreadable.
const ANSWER_BYTES: usize = 16 << 20;
/// Of a refusal's body, this much is told to people.
const DETAIL_CHARS: usize = 300;

/// Where to send, by lane.
#[derive(Clone, Debug)]
pub(crate) struct HttpTarget {
    pub(crate) urls: Vec<Url>,
    pub(crate) health: Url,
    /// Sent with every request, `User-Agent` included.
    pub(crate) headers: HeaderMap,
}

pub(crate) struct HttpSender {
    client: Client,
    urls: Vec<Url>,
    compressor: Compressor,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

impl HttpSender {
    pub(crate) fn open(target: &HttpTarget, settings: &Settings) -> Result<Self, OpenError> {
        let host = target.urls.first().and_then(Url::host_str);
        Ok(Self {
            client: client(target, settings.request_timeout)?,
            urls: target.urls.clone(),
            compressor: Compressor::new(settings.compression, host, ACCEPT_ENCODING),
        })
    }

    pub(crate) async fn send(
        &self,
        lane: usize,
        encoding: &dyn Encoding,
        body: Bytes,
        report: &str,
    ) -> Answer {
        let request = || {
            let request = self.client.post(self.urls[lane].clone()).header(delivery::HEADER, report);
            request.header(CONTENT_TYPE, encoding.content_type())
        };
        let packed = self.compressor.wants(body.len()).then(|| gzip(&body)).flatten();
        let mut answer = match packed {
            Some(packed) => request().header(CONTENT_ENCODING, "gzip").body(packed).send().await,
            None => request().body(body.clone()).send().await,
        };
        if answer.as_ref().is_ok_and(|response| response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE)
            && self.compressor.wants(body.len())
        {
            self.compressor.refuse();
            answer = request().body(body).send().await;
        }
        match answer {
            Ok(response) => {
                self.compressor.learn(response.headers());
                read(response, encoding).await
            }
            Err(error) => Reply::Network { why: describe(&error.without_url()) }.into(),
        }
    }
}

/// Whether the health page answers exactly 200; any failure means no.
pub(super) async fn is_healthy(target: HttpTarget, timeout: Duration) -> bool {
    let Ok(client) = client(&target, timeout) else { return false };
    match client.get(target.health).send().await {
        Ok(response) => response.status().as_u16() == 200,
        Err(_unhealthy) => false,
    }
}

fn client(target: &HttpTarget, request_timeout: Duration) -> Result<Client, OpenError> {
    let secure = target.urls.iter().any(|url| url.scheme() == "https");
    let client = Client::builder()
        .tls_backend_preconfigured(tls::client_config(secure)?)
        .dns_resolver(InPlaceResolver)
        .connector_layer(NoteConnections)
        .default_headers(target.headers.clone())
        .timeout(request_timeout)
        .tcp_nodelay(true)
        .build()?;
    Ok(client)
}

async fn read(response: Response, encoding: &dyn Encoding) -> Answer {
    let status = response.status();
    let kept = response.headers().get(delivery::HEADER);
    let keeps_account = kept.is_some_and(|value| value.as_bytes() == delivery::ANSWER.as_bytes());
    let retry_after = retry_after::from_headers(response.headers());
    let body = read_body(response).await;
    let (results, detail) = match body {
        Some(body) => {
            let detail = if status.is_success() { String::new() } else { excerpt(&body) };
            (encoding.read_results(&body), detail)
        }
        // The status has come, and it decides: whoever answers 2xx has the batch, whatever became of the rest.
        None => (None, String::new()),
    };
    let reply = Reply::Http { status: status.as_u16(), retry_after, results, detail };
    Answer { reply, keeps_account }
}

async fn read_body(mut response: Response) -> Option<Bytes> {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(None) => return Some(body.freeze()),
            Ok(Some(_)) | Err(_) => return None,
        }
    }
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * DETAIL_CHARS)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(DETAIL_CHARS).collect()
}
