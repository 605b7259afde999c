//! To whom records go, as a name under which a later process finds them.
//!
//! A process may only take over what it would itself send to the same server for the same tenant. So the name depends on
//! the credentials too, but nothing that is written down lets anybody find those out: of a bearer token only a part of a
//! hash goes into the name, of a user with a password only the user.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::deliver::Target;

/// The header that names a tenant.
const TENANT: &str = "x-scope-orgid";
/// Bytes of the hash that are kept.
const NAME_BYTES: usize = 8;

/// Where records go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// A folder's name.
    pub(crate) group: String,
    /// For people.
    pub(crate) text: String,
}

impl Destination {
    /// `None`: nowhere.
    pub(crate) fn of(product: &str, target: &Target) -> Option<Self> {
        let (place, headers) = match target {
            Target::Discard => return None,
            Target::Http(http) => {
                let mut url = http.urls.first()?.clone();
                // A password in it is not ours to write down, and no part of where it leads.
                url.set_password(None).ok()?;
                url.set_query(None);
                (url.to_string(), http.headers.clone())
            }
            Target::Grpc(grpc) => (grpc.uri.to_string(), grpc.metadata.clone().into_headers()),
        };
        Some(Self::named(product, &place, &headers))
    }

    fn named(product: &str, place: &str, headers: &HeaderMap) -> Self {
        let mut hasher = blake3::Hasher::new();
        let tenant = headers.get(TENANT).map_or(&[][..], |tenant| tenant.as_bytes());
        for part in [product.as_bytes(), place.as_bytes(), tenant, &identity(headers)] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let hash = hasher.finalize().to_hex();
        Self { group: format!("{product}-{}", &hash[..2 * NAME_BYTES]), text: format!("{product} {place}") }
    }
}

/// Who sends: the user without the password, or the whole of any other credential.
fn identity(headers: &HeaderMap) -> Vec<u8> {
    let Some(value) = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes) else { return Vec::new() };
    let basic = value.split_at_checked(6).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"basic "));
    let pair = basic.and_then(|(_, encoded)| BASE64_STANDARD.decode(encoded.trim_ascii()).ok());
    match pair {
        Some(pair) => pair.split(|byte| *byte == b':').next().unwrap_or_default().to_vec(),
        None => value.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(place: &str, headers: &[(&'static str, &'static str)]) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Destination::named("sigil", place, &headers.collect()).group
    }

    #[test]
    fn a_name_changes_with_server_tenant_and_user_but_not_with_a_password() {
        let basic = |pair: &str| -> &'static str {
            Box::leak(format!("Basic {}", BASE64_STANDARD.encode(pair)).into_boxed_str())
        };
        let names = [
            group("http://a/", &[]),
            group("http://b/", &[]),
            group("http://a/", &[("x-scope-orgid", "t1")]),
            group("http://a/", &[("authorization", "Bearer one")]),
            group("http://a/", &[("authorization", "Bearer two")]),
            group("http://a/", &[("authorization", basic("user:old"))]),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert_eq!(names[5], group("http://a/", &[("authorization", basic("user:new"))]));
        assert_eq!(names[0], group("http://a/", &[("user-agent", "x")]));
        assert_eq!(names[0].len(), "sigil-".len() + 16);
    }
}
