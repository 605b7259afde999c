//! Backslash escapes. A text may be JSON, or hold JSON in which JSON text stands: a replacement that cut an escape in two would
//! make it invalid.

/// How many backslashes stand directly before `at`.
pub(crate) fn backslashes_before(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count()
}

/// Where the escape ends that `at` is in the middle of; `at` itself when it is in none.
pub(crate) fn end_of_escape(bytes: &[u8], at: usize) -> usize {
    for back in 1..=at.min(5) {
        let backslash = at - back;
        if bytes[backslash] != b'\\' {
            continue;
        }
        if backslashes_before(bytes, backslash + 1).is_multiple_of(2) {
            return at;
        }
        return match length(&bytes[backslash..]) {
            length if length > back => backslash + length,
            _ => at,
        };
    }
    at
}

/// How many bytes an escape is long that begins at the front.
pub(crate) fn length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 6,
        [b'\\', b'u' | b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'\\' | b'/', ..] => 2,
        _ => 1,
    }
}

/// Whether what stands before `at` is an escape of something that is no letter (`\n`, `\u0020`, `%20`), though it ends with one.
pub(crate) fn is_after_escape(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    match before {
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => !backslashes_before(bytes, at - 1).is_multiple_of(2),
        [.., b'\\', b'u', _, _, _, _] => {
            length(&before[at - 6..]) == 6 && !backslashes_before(bytes, at - 5).is_multiple_of(2)
        }
        _ => false,
    }
}
