//! Caller's headers, made ready to send once, at construction.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::endpoint::BuildError;

/// Everything to send with each request; a non-blank `User-Agent` of the caller wins over `user_agent`. Headers that
/// frame the request are ours and left out.
pub(crate) fn build(given: &[(String, String)], user_agent: &str) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, header_value("User-Agent", user_agent)?);
    for (name, text) in given {
        let bad = BuildError::Header { name: name.clone(), part: "name" };
        let header = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_invalid| bad)?;
        let is_ours = [CONTENT_TYPE, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING].contains(&header);
        if is_ours || (header == USER_AGENT && text.trim().is_empty()) {
            continue;
        }
        headers.insert(header, header_value(name, text)?);
    }
    Ok(headers)
}

/// One value; marked as a secret, so that no log prints it.
pub(crate) fn header_value(name: &str, text: &str) -> Result<HeaderValue, BuildError> {
    let bad = BuildError::Header { name: name.to_owned(), part: "value" };
    let mut value = HeaderValue::from_bytes(text.trim().as_bytes()).map_err(|_invalid| bad)?;
    value.set_sensitive(!name.eq_ignore_ascii_case("user-agent"));
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(given: &[(&str, &str)]) -> Result<HeaderMap, BuildError> {
        let given: Vec<_> = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        build(&given, "ours/1")
    }

    #[test]
    fn the_callers_user_agent_wins_unless_it_is_blank() {
        assert_eq!(built(&[]).unwrap()[USER_AGENT], "ours/1");
        assert_eq!(built(&[("user-AGENT", " theirs/2 ")]).unwrap()[USER_AGENT], "theirs/2");
        assert_eq!(built(&[("User-Agent", "  ")]).unwrap()[USER_AGENT], "ours/1");
    }

    #[test]
    fn framing_headers_are_ours_and_bad_ones_are_named() {
        assert!(!built(&[("Content-Length", "3")]).unwrap().contains_key(CONTENT_LENGTH));
        let error = built(&[("X-Key", "a\nb")]).unwrap_err().to_string();
        assert!(error.contains("'X-Key'") && error.contains("value") && !error.contains("a\nb"), "{error}");
        assert!(built(&[("a b", "c")]).unwrap_err().to_string().contains("name"));
    }
}
