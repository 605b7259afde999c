//! The promises, over random texts made of secrets, pieces of them, and what surrounds them.

#[path = "../../../../fuzz/src/redact.rs"]
mod entry;

use proptest::prelude::*;

use super::support::{full, light};

/// Pieces that matter, whole and torn.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "AKIAIOSFODNN7EXAMPLE", "sk-", "sk-ant-api03-", "SK", "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----", "-----BEGIN", "-----END", "token", "key", "api_key", "password", "secret",
    "credentials", "authorization", "PWD", "=", ":", " ", "\n", "\"", "'", "\\", "\\n", "\\\"", "\\\\\"",
    "\\u0041", "\\u00", "{", "}", "[", "]", ",", "@", ".", "://", "postgres://", "https://", "bob:pw@",
    "a@b.com", "Bearer ", "Basic ", "dXNlcjpwYXNz", "eyJhbGciOi", "%20", "/", "[REDACTED:email]",
    "[REDACTED:", "null", "12345", "é", "密", "\u{a0}", "AccountKey=", "sig=", "Q~", "JQQJ99", "ghp_", "hf_",
    "x", "-", "_", "xoxb-", "glc_", "npm_", "SG.", "dapi", "AZDO",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(str::to_owned),
        2 => "[A-Za-z0-9]{1,50}",
        1 => "[a-f0-9]{32}",
        1 => "[A-Za-z0-9_-]{93}AA",
        1 => "\\PC{0,6}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        text().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let nested = inner.clone().prop_map(|value| serde_json::Value::from(value.to_string()));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((text(), inner), 0..5)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
            nested,
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn random_texts_keep_the_promises(text in text()) {
        entry::redact(text.as_bytes());
    }

    #[test]
    fn random_bytes_keep_the_promises(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        entry::redact(&bytes);
    }

    #[test]
    fn json_stays_json(value in json(), pretty in any::<bool>()) {
        let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        for redacted in [full(&json), light(&json)] {
            let read = serde_json::from_str::<serde_json::Value>(&redacted);
            prop_assert!(read.is_ok(), "{} -> {}: {:?}", json, redacted, read);
        }
    }
}

#[test]
fn long_hostile_texts_take_linear_time() {
    let pieces = [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\"",
        "-----END ",
        "postgres://",
        "postgres://@",
        "a@",
        "@a.b",
        "eyJ-",
        "-eyJ",
        "sk-",
        "token:\"",
        "\\\"token\\\":\\\"",
        "\"token\":\"\\\"",
        "key=",
        "\\",
        "\"",
        "bearer ",
        "Bearer\n",
        "a://",
        "a://:",
        "http://a:b",
        "token ",
        "token=\\",
        "'token':'",
        "password\": ",
        "basic YTpi",
        "[REDACTED:",
        "AKIA",
        "a.",
        "@a.a",
        "\\u0041@",
    ];
    for piece in pieces {
        let nanoseconds = time_of(&piece.repeat((256 << 10) / piece.len()));
        // Unoptimised, some ten milliseconds; what is quadratic takes half a minute.
        assert!(nanoseconds < 2_000_000_000, "{piece:?}: {nanoseconds} ns");
    }
}

/// Nanoseconds of this thread on a processor.
fn time_of(text: &str) -> u64 {
    let clock = || {
        let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        times.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let begun = clock();
    std::hint::black_box(full(text));
    clock() - begun
}
