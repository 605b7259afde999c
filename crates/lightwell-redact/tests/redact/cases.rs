//! Texts, and what becomes of them.

use lightwell_redact::{Level, Redactor, is_secret_name};

use super::support::{full, light};

fn becomes(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (text, full(text), *expected))
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What sigil-sdk 0.9.3 makes of these was observed; ours is the same.
#[test]
fn it_is_what_the_original_does() {
    becomes(&[
        ("token=abc", "token=[REDACTED:env-secret-value]"),
        ("AKIAIOSFODNN7EXAMPLE x", "[REDACTED:aws-access-token] x"),
        ("password:\nfoo", "password:\n[REDACTED:env-secret-value]"),
        ("postgres://u:p@h", "[REDACTED:connection-string]"),
        ("Bearer\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "[REDACTED:bearer-token]"),
        ("xBearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x[REDACTED:bearer-token]"),
        (
            "Bearer sk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "Bearer [REDACTED:openai-project-key]",
        ),
        (
            "token=sk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "token=[REDACTED:openai-project-key]",
        ),
        (
            "password=abc;AKIAIOSFODNN7EXAMPLE",
            "password=[REDACTED:env-secret-value][REDACTED:aws-access-token]",
        ),
        ("write to a@b.com.", "write to [REDACTED:email]."),
        ("password : abc", "password : [REDACTED:env-secret-value]"),
        ("xtoken=1", "xtoken=[REDACTED:env-secret-value]"),
        ("tokens=1", "tokens=1"),
        ("API_KEY=1", "API_KEY=[REDACTED:env-secret-value]"),
        ("api-key: 5", "api-key: [REDACTED:env-secret-value]"),
        ("postgres://u:AKIAIOSFODNN7EXAMPLE@h", "[REDACTED:connection-string]"),
        ("token=[\"a\"]", "token=[\"a\"]"),
        ("my token is: abc", "my token is: abc"),
        ("KEY:", "KEY:"),
        ("redis://h", "redis://h"),
        ("ключtoken=abc", "ключtoken=[REDACTED:env-secret-value]"),
        ("token\u{a0}=\u{a0}abc\u{a0}d", "token\u{a0}=\u{a0}[REDACTED:env-secret-value]\u{a0}d"),
    ]);
}

#[test]
fn it_finds_what_the_original_misses() {
    becomes(&[
        (r#"{"token":"abc"}"#, r#"{"token":"[REDACTED:env-secret-value]"}"#),
        (r#"{"apiKey": "a b", "n": 1}"#, r#"{"apiKey": "[REDACTED:env-secret-value]", "n": 1}"#),
        (r#"{'db_password': 'it is'}"#, r#"{'db_password': '[REDACTED:env-secret-value]'}"#),
        (r#""{\"token\":\"a\\\"b\"}""#, r#""{\"token\":\"[REDACTED:env-secret-value]\"}""#),
        (r#"{"password": 123456}"#, r#"{"password": "[REDACTED:env-secret-value]"}"#),
        ("password = 'abc def'", "password = '[REDACTED:env-secret-value]'"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [REDACTED:basic-auth]"),
        ("authorization: token abc123", "authorization: token [REDACTED:env-secret-value]"),
        ("BEARER aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "[REDACTED:bearer-token]"),
        ("postgresql+psycopg://u:p@h/db", "[REDACTED:connection-string]"),
        ("https://bob:hunter2@example.com/x", "https://bob:[REDACTED:url-password]@example.com/x"),
        (
            "https://ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:x@github.com",
            "https://[REDACTED:github-pat]:[REDACTED:url-password]@github.com",
        ),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "[REDACTED:jwt]",
        ),
        ("sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL", "[REDACTED:openai-api-key]"),
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "[REDACTED:huggingface-token]"),
        ("glpat-abcdefghij0123456789", "[REDACTED:gitlab-token]"),
        (r#"{"c":"x\nAKIAIOSFODNN7EXAMPLE"}"#, r#"{"c":"x\n[REDACTED:aws-access-token]"}"#),
        (r#"{"c":"\bearer aaaaaaaaaaaaaaaaaaaaaaaa"}"#, r#"{"c":"\b[REDACTED:bearer-token]"}"#),
        ("密钥AKIAIOSFODNN7EXAMPLE。", "密钥[REDACTED:aws-access-token]。"),
        ("q=%20AKIAIOSFODNN7EXAMPLE&b", "q=%20[REDACTED:aws-access-token]&b"),
    ]);
}

#[test]
fn it_leaves_alone_what_is_no_secret() {
    for text in [
        "monkey: banana",
        "The turkey=big, the donkey : grey",
        "max_tokens: 100",
        r#"{"key": "name", "max_tokens": 5, "token_type": "x"}"#,
        r#"{"a":"my key:","b":"x"}"#,
        r#"{"a":"the password:","b":"x"}"#,
        r#""{\"a\":\"my token:\",\"b\":\"x\"}""#,
        "def f(token: str, key: Optional) -> None:",
        "PWD=/home/alice",
        "token::new()",
        "sk-learn-is-a-nice-library-for-everyone",
        "https://example.com/a@b",
        "http://host:8080/path",
        "a task, a risk, an ask; SKILL",
        "Basic internationalisation",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        "SELECT key FROM tokens",
    ] {
        assert_eq!(full(text), text);
    }
}

#[test]
fn a_private_key_goes_whole() {
    let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234567890\nabc=\n-----END RSA PRIVATE KEY-----\nb";
    assert_eq!(full(key), "a\n[REDACTED:private-key]\nb");
    let cut_off = &key[..60];
    assert_eq!(full(cut_off), "a\n[REDACTED:private-key]");
    let json = serde_json::to_string(&[key, "x"]).unwrap();
    assert_eq!(full(&json), r#"["a\n[REDACTED:private-key]\nb","x"]"#);
}

#[test]
fn a_private_key_in_several_strings_leaves_valid_json() {
    let json = r#"{"x":{"a":"-----BEGIN PRIVATE KEY-----"},"n":12345678901234567890,"b":["MIIEowIBAAKCAQEA1234567890","-----END PRIVATE KEY-----"]}"#;
    let redacted = full(json).into_owned();
    serde_json::from_str::<serde_json::Value>(&redacted).unwrap();
    assert!(!redacted.contains("MIIE"), "{redacted}");
    assert!(redacted.contains("12345678901234567890"), "{redacted}");
}

#[test]
fn light_leaves_names_alone() {
    assert_eq!(light("token=abc"), "token=abc");
    assert_eq!(light("token=AKIAIOSFODNN7EXAMPLE"), "token=[REDACTED:aws-access-token]");
}

#[test]
fn addresses_can_stay() {
    let redactor = Redactor::new(false);
    assert_eq!(redactor.text("a@b.com", Level::Full), "a@b.com");
    assert_eq!(redactor.text("ftp://a:b@c.com", Level::Full), "ftp://a:[REDACTED:url-password]@c.com");
}

#[test]
fn bytes_that_are_no_text_are_redacted_where_they_are() {
    let redactor = Redactor::new(true);
    let bytes = b"\xff\xfetoken=abc \xff AKIAIOSFODNN7EXAMPLE\xff";
    let expected: &[u8] = b"\xff\xfetoken=[REDACTED:env-secret-value] \xff [REDACTED:aws-access-token]\xff";
    assert_eq!(redactor.bytes(bytes, Level::Full), expected);
}

#[test]
fn a_value_under_a_secret_name_goes_whole() {
    let redactor = Redactor::new(true);
    assert_eq!(redactor.value("api_key", "any thing", Level::Full), "[REDACTED:env-secret-value]");
    assert_eq!(redactor.value("api_key", "any thing", Level::Light), "any thing");
    assert_eq!(redactor.value("monkey", "banana", Level::Full), "banana");
    assert_eq!(redactor.value("password", "None", Level::Full), "None");
}

#[test]
fn names() {
    for name in
        ["password", "DB_PASSWORD", "x-api-key", "clientSecret", "apikey", "AWS_CREDENTIALS", "passkey"]
    {
        assert!(is_secret_name(name), "{name}");
    }
    for name in ["monkey", "tokens", "token_type", "key", "sigil.usage.max_tokens", "", "keys"] {
        assert!(!is_secret_name(name), "{name}");
    }
}
