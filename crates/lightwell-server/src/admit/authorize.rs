//! Who sends a request, and as which tenant.
//!
//! With keys configured, a key is required and decides the tenant. Without, requests on a loopback listener (or on any,
//! when the operator said `--open`) are answered whatever key they carry, for the tenant that they name.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};
use lightwell_model::TenantId;

use super::KeySecret;
use crate::app::App;
use crate::error::Refusal;

const TENANT_HEADER: &str = "x-scope-orgid";

/// What is known of the connection that a request came by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Only this machine can reach the listener.
    pub loopback: bool,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub tenant: TenantId,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<Peer>().copied().ok_or(Refusal::Internal)?;
        authorize(app, peer, &parts.headers).await
    }
}

/// Decides who sends a request.
pub(crate) async fn authorize(app: &App, peer: Peer, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let asked = headers.get(TENANT_HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()));
    if !app.keyring.any().await? && (peer.loopback || app.settings.open) {
        if peer.loopback && !is_local_page(headers) {
            return Err(Refusal::ForeignPage);
        }
        // Clients that were given a key send it even where none is needed; the user of Basic may still name the tenant.
        let user = Credentials::of(headers).ok().flatten().and_then(|credentials| credentials.user);
        let name = asked.map(std::borrow::Cow::into_owned).or(user).filter(|name| !name.is_empty());
        let tenant = name.map_or_else(|| Ok(TenantId::default_tenant()), |name| name.parse())?;
        return Ok(Caller { tenant });
    }
    let credentials = Credentials::of(headers)?.ok_or(Refusal::NoKey)?;
    let key = app.keyring.find(&credentials.secret.digest()).await?.ok_or(Refusal::UnknownKey)?;
    match asked {
        Some(asked) if asked != key.tenant.as_str() => {
            Err(Refusal::TenantMismatch { asked: asked.into_owned(), owner: key.tenant.as_str().to_owned() })
        }
        _ => Ok(Caller { tenant: key.tenant }),
    }
}

struct Credentials {
    secret: KeySecret,
    user: Option<String>,
}

impl Credentials {
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let value = value.to_str().map_err(|_| Refusal::Authorization)?;
        let (scheme, rest) = value.split_once(' ').ok_or(Refusal::Authorization)?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Some(Self { secret: KeySecret::from_client(rest), user: None }));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refusal::Authorization);
        }
        let pair = STANDARD.decode(rest).map_err(|_| Refusal::Authorization)?;
        let pair = String::from_utf8(pair).map_err(|_| Refusal::Authorization)?;
        let (user, password) = pair.split_once(':').ok_or(Refusal::Authorization)?;
        Ok(Some(Self { secret: KeySecret::from_client(password), user: Some(user.to_owned()) }))
    }
}

/// No page of another web site makes the request, by its own address or by a name that it points at this machine.
fn is_local_page(headers: &HeaderMap) -> bool {
    let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    !cross_site && host.is_none_or(is_local_host)
}

fn is_local_host(host: &str) -> bool {
    let authority: Result<http::uri::Authority, _> = host.parse();
    let Ok(authority) = authority else { return false };
    let name = authority.host().trim_matches(['[', ']']);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_local_by_address_or_by_name() {
        for host in
            ["localhost", "localhost:8080", "127.0.0.1:4317", "[::1]:80", "app.localhost", "LOCALHOST."]
        {
            assert!(is_local_host(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:80"] {
            assert!(!is_local_host(host), "{host}");
        }
    }
}
