//! What must hold for any text that is redacted.

use lightwell_redact::{Level, Redactor};

/// Bytes that may be text. Panics when a promise is broken.
pub fn redact(bytes: &[u8]) {
    for emails in [true, false] {
        let redactor = Redactor::new(emails);
        for level in [Level::Light, Level::Full] {
            let once = redactor.bytes(bytes, level);
            let twice = redactor.bytes(&once, level);
            assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice), "not idempotent");
            // A byte becomes at most the longest marker in quotes.
            assert!(once.len() <= bytes.len() * 48, "it grows");
            check_outside(bytes, &once);
            if let Ok(text) = std::str::from_utf8(bytes) {
                assert_eq!(redactor.text(text, level).as_bytes(), &*once, "text and bytes differ");
            }
            if serde_json::from_slice::<serde_json::Value>(bytes).is_ok() {
                let read = serde_json::from_slice::<serde_json::Value>(&once);
                assert!(read.is_ok(), "no longer JSON: {}", String::from_utf8_lossy(&once));
            }
        }
    }
}

/// What is outside of the markers is in the original, in the same order. (A number in JSON gets quotes with its marker.)
fn check_outside(before: &[u8], after: &[u8]) {
    const MARKER: &[u8] = b"[REDACTED:";
    if find(before, MARKER).is_some() {
        return;
    }
    let (mut rest, mut from) = (after, 0);
    while !rest.is_empty() {
        let marker = find(rest, MARKER).unwrap_or(rest.len());
        let kept = without_quotes(&rest[..marker]);
        let place = find(&before[from..], kept).expect("what is outside of a secret does not change");
        from += place + kept.len();
        rest = &rest[marker..];
        rest = &rest[find(rest, b"]").map_or(rest.len(), |end| end + 1)..];
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() { Some(0) } else { bytes.windows(wanted.len()).position(|window| window == wanted) }
}

fn without_quotes(mut bytes: &[u8]) -> &[u8] {
    while let [b'"' | b'\\', rest @ ..] | [rest @ .., b'"' | b'\\'] = bytes {
        bytes = rest;
    }
    bytes
}
