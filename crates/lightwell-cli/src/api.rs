//! Asking a running server over HTTP.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::env;
use crate::exit::Failure;

/// Which server to ask, and as whom.
#[derive(clap::Args)]
pub struct ServerArguments {
    /// Address of the server.
    #[arg(long, value_name = "URL", env = env::SERVER, hide_env_values = true, default_value = "http://127.0.0.1:8080")]
    server: Url,
    /// API key, where the server has keys. Better given by the variable: others can see flags.
    #[arg(long, value_name = "KEY", env = env::KEY, hide_env_values = true)]
    key: Option<String>,
    /// Tenant, where the server has no keys. A key has its own.
    #[arg(long, env = env::TENANT, hide_env_values = true)]
    tenant: Option<String>,
}

/// A server to ask.
pub struct Api {
    client: Client,
    arguments: ServerArguments,
}

/// What a server answers when it refuses.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Api {
    /// A server to ask; nothing is sent yet.
    pub fn new(arguments: ServerArguments) -> Result<Self, Failure> {
        let mut roots = rustls::RootCertStore::empty();
        if arguments.server.scheme() == "https" {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = rustls::crypto::ring::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { client: Client::builder().use_preconfigured_tls(tls).build()?, arguments })
    }

    /// A path below the server's address; the segments may contain anything.
    pub fn url(&self, segments: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.arguments.server.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let encoded =
            segments.iter().map(|segment| utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string());
        url.set_path(&format!("{base}/api/v1/{}", encoded.collect::<Vec<_>>().join("/")));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Asks, and reads the answer.
    pub async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, Failure> {
        self.ask(Method::GET, url).await
    }

    /// Deletes, and reads what was.
    pub async fn delete<T: DeserializeOwned>(&self, url: Url) -> Result<T, Failure> {
        self.ask(Method::DELETE, url).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, url: Url) -> Result<T, Failure> {
        let answer = self.send(method, url.clone()).await?;
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Failed(anyhow::anyhow!(
                "{url} answers something else than expected ({error}); is it a lightwell server?"
            ))
        })
    }

    /// Asks, and gives the answer as it comes.
    pub async fn open(&self, url: Url) -> Result<Response, Failure> {
        self.send(Method::GET, url).await
    }

    async fn send(&self, method: Method, url: Url) -> Result<Response, Failure> {
        let mut request = self.client.request(method, url.clone());
        if let Some(key) = &self.arguments.key {
            request = request.bearer_auth(key);
        }
        if let Some(tenant) = &self.arguments.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.text().await.unwrap_or_default();
        let sentence = serde_json::from_str::<Refused>(&body).map_or(body, |refused| refused.error);
        Err(match status {
            StatusCode::BAD_REQUEST => Failure::Usage(sentence),
            StatusCode::NOT_FOUND => Failure::NotFound(sentence),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::NotAllowed(sentence),
            _ => Failure::Failed(anyhow::anyhow!("{url} answers {status}: {sentence}")),
        })
    }

    /// The server's address.
    pub fn server(&self) -> &Url {
        &self.arguments.server
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut reason: &dyn std::error::Error = error;
        while let Some(cause) = reason.source() {
            reason = cause;
        }
        Failure::Unreachable(format!(
            "no server answers at {} ({reason}); start one with \"lightwell serve\", or say where it is with --server URL",
            self.server()
        ))
    }
}
