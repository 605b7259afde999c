//! What an endpoint text means. Decided at construction, so that a mistake is told there and not in the background.

use http::Uri;
use reqwest::Url;

/// Why a pipeline cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The protocol is none of `grpc`, `http`, `none`.
    #[error("unsupported generation export protocol '{0}'")]
    Protocol(String),
    /// The compression is none of `off`, `auto`, `on`.
    #[error("unsupported compression '{0}': it is one of off, auto and on")]
    Compression(String),
    /// The endpoint is blank.
    #[error("endpoint is required")]
    EndpointRequired,
    /// The endpoint has no host.
    #[error("endpoint host is required")]
    HostRequired,
    /// The endpoint cannot be read.
    #[error("endpoint '{endpoint}' cannot be used: {why}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        why: String,
    },
    /// A header that HTTP cannot carry. Its value may be a secret and is not told.
    #[error("header '{name}' cannot be sent: its {part} holds characters that HTTP does not allow")]
    Header {
        /// The header's name.
        name: String,
        /// `name` or `value`.
        part: &'static str,
    },
}

/// A parsed HTTP endpoint; the scheme is `http` or `https`, the host is there.
pub(crate) fn http_url(endpoint: &str) -> Result<Url, BuildError> {
    let text = endpoint.trim();
    if text.is_empty() {
        return Err(BuildError::EndpointRequired);
    }
    let (scheme, rest) = split_scheme(text).unwrap_or(("http".to_owned(), text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    if host_and_port.is_empty() || host_and_port.starts_with(':') {
        return Err(BuildError::HostRequired);
    }
    let unusable = |why: String| BuildError::Endpoint { endpoint: text.to_owned(), why };
    if scheme != "http" && scheme != "https" {
        return Err(unusable(format!("its scheme is '{scheme}', not http or https")));
    }
    let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| unusable(error.to_string()))?;
    url.set_fragment(None);
    Ok(url)
}

/// The URL for one kind of record: a bare endpoint gets the standard path, any other path is meant as it is, except that
/// the path of `others` is exchanged for ours.
pub(crate) fn with_standard_path(endpoint: &Url, standard: &str, others: &[&str]) -> Url {
    let mut url = endpoint.clone();
    if matches!(url.path(), "" | "/") || others.contains(&url.path()) {
        url.set_path(standard);
    }
    url
}

/// The URL of a path right under the endpoint's host.
pub(crate) fn at_root(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

/// The URL of a path under the endpoint's own, whose trailing slashes do not count.
pub(crate) fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    let base = endpoint.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}{path}"));
    url
}

/// The target of a gRPC endpoint: `host:port`, or a URL of which host and port count.
pub(crate) fn grpc_uri(endpoint: &str, insecure: Option<bool>) -> Result<Uri, BuildError> {
    let text = endpoint.trim();
    if text.is_empty() {
        return Err(BuildError::EndpointRequired);
    }
    let (scheme, rest) = match split_scheme(text) {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let rest = if scheme.is_some() { rest.trim_start_matches('/') } else { rest };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.starts_with(':') {
        return Err(BuildError::HostRequired);
    }
    let plaintext = match (scheme.as_deref(), insecure) {
        (Some("http"), _) | (_, Some(true)) => true,
        (None, None) => is_loopback(authority),
        _ => false,
    };
    let scheme = if plaintext { "http" } else { "https" };
    let unusable = |why: String| BuildError::Endpoint { endpoint: text.to_owned(), why };
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query("/")
        .build()
        .map_err(|error| unusable(error.to_string()))
}

fn split_scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    Some((scheme.to_ascii_lowercase(), rest))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _port)| host),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATIONS: &str = "/api/v1/generations:export";
    const STEPS: &str = "/api/v1/workflow-steps:export";

    fn steps(endpoint: &str) -> String {
        with_standard_path(&http_url(endpoint).unwrap(), STEPS, &[GENERATIONS]).to_string()
    }

    #[test]
    fn http_endpoints() {
        let cases = [
            ("localhost:8080", "http://localhost:8080/api/v1/workflow-steps:export"),
            (" HTTPS://h ", "https://h/api/v1/workflow-steps:export"),
            ("http://h/?a=b", "http://h/api/v1/workflow-steps:export?a=b"),
            ("http://h/custom/ingest", "http://h/custom/ingest"),
            ("http://h/api/v1/generations:export", "http://h/api/v1/workflow-steps:export"),
            ("http://[::1]:9/", "http://[::1]:9/api/v1/workflow-steps:export"),
        ];
        for (endpoint, expected) in cases {
            assert_eq!(steps(endpoint), expected, "{endpoint}");
        }
        for (endpoint, expected) in [
            ("  ", "endpoint is required"),
            ("http://", "endpoint host is required"),
            ("http:///path", "endpoint host is required"),
            ("http://:80", "endpoint host is required"),
            ("ftp://h", "endpoint 'ftp://h' cannot be used: its scheme is 'ftp', not http or https"),
        ] {
            assert_eq!(http_url(endpoint).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn paths_below_and_at_the_root() {
        let url = http_url("https://h/base//?q=1").unwrap();
        assert_eq!(below(&url, "/api/v1/ingest").as_str(), "https://h/base/api/v1/ingest?q=1");
        assert_eq!(at_root(&url, "/health").as_str(), "https://h/health");
    }

    #[test]
    fn grpc_targets() {
        let cases = [
            ("localhost:4317", None, "http://localhost:4317/"),
            ("127.0.0.1:4317", None, "http://127.0.0.1:4317/"),
            ("[::1]:4317", None, "http://[::1]:4317/"),
            ("example.org:4317", None, "https://example.org:4317/"),
            ("localhost:4317", Some(false), "https://localhost:4317/"),
            ("example.org:4317", Some(true), "http://example.org:4317/"),
            ("http://example.org:4317/x", Some(false), "http://example.org:4317/"),
            ("https://localhost:4317", None, "https://localhost:4317/"),
            ("https://localhost:4317", Some(true), "http://localhost:4317/"),
            ("dns:///example.org:4317", Some(true), "http://example.org:4317/"),
        ];
        for (endpoint, insecure, expected) in cases {
            assert_eq!(grpc_uri(endpoint, insecure).unwrap().to_string(), expected, "{endpoint}");
        }
        assert!(matches!(grpc_uri("", None), Err(BuildError::EndpointRequired)));
        assert!(matches!(grpc_uri("http://", None), Err(BuildError::HostRequired)));
        assert!(matches!(grpc_uri("a b", None), Err(BuildError::Endpoint { .. })));
    }
}
