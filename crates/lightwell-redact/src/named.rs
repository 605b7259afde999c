//! Values whose name says that they are secret: `PASSWORD=...`, `api-key: ...`, `"token": "..."`, and the last within JSON text
//! that stands in a JSON string, where every quote has backslashes before it.
//!
//! A name counts by its end (`DB_PASSWORD`, `clientSecret`, `x-api-key`). `key` must be a word of the name, so that a monkey is
//! none. What stands in quotes behind `key` alone (`{"key": "name"}` is everywhere) must look like a secret too.
//!
//! Where the value begins is known when the name is met; where it ends, only when all that is a secret by itself is known.

use crate::escape;
use crate::scan::{Found, MARKER, white};
use crate::table::NAMED;

/// How a secret's name ends.
pub(crate) const WORDS: [&str; 9] =
    ["password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "key", "authorization"];

/// What glues to `key` in names without separators.
const GLUED: [&str; 18] = [
    "api",
    "access",
    "secret",
    "private",
    "account",
    "auth",
    "app",
    "encryption",
    "signing",
    "service",
    "ssh",
    "master",
    "shared",
    "client",
    "license",
    "webhook",
    "storage",
    "pass",
];

/// Values that say that there is none, or of which kind it is.
const NO_SECRETS: [&str; 24] = [
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "str",
    "string",
    "int",
    "integer",
    "float",
    "number",
    "bool",
    "boolean",
    "bytes",
    "any",
    "object",
    "required",
    "optional",
    "lambda",
    "self",
    "bearer",
    "basic",
    "...",
];

/// Longest run of backslashes before a quote that is followed.
const DEEPEST: usize = 7;

/// A name with a value behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Where the value begins, behind its quote.
    start: usize,
    quote: Option<Quote>,
    kind: Kind,
}

/// What opens a value: a quote with backslashes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    mark: u8,
    backslashes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Any value is a secret.
    Sure,
    /// `key` alone.
    Vague,
    /// A number is one too; `quote` is that of the name.
    Number,
}

/// Whether a value under this name is a secret, whatever it is.
pub fn is_secret_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let plural = if ends_with(bytes, "credentials") { 1 } else { 0 };
    let tail = &bytes[..bytes.len() - plural];
    let Some(word) = WORDS.iter().find(|word| ends_with(tail, word)) else { return false };
    *word != "key"
        || is_key_of(&bytes[..tail.len() - word.len()], tail[tail.len() - word.len()]) == Some(Kind::Sure)
}

/// The same of a value that is known.
pub(crate) fn is_secret_value(name: &str, value: &str) -> bool {
    let value = value.trim().as_bytes();
    if value.is_empty() || says_nothing(value) || value.starts_with(MARKER.as_bytes()) {
        return false;
    }
    is_secret_name(name) || (name.eq_ignore_ascii_case("key") && looks_random(value))
}

/// The value behind the word at `start..end`, if it is the end of a name.
pub(crate) fn candidate(bytes: &[u8], start: usize, end: usize, floor: usize) -> Option<Candidate> {
    let word = &bytes[start..end];
    let mut end = end;
    if word[0].eq_ignore_ascii_case(&b'c') && matches!(bytes.get(end), Some(b's' | b'S')) {
        end += 1;
    }
    let kind = match word.len() {
        3 if !word.eq_ignore_ascii_case(b"pwd") => is_key_of(&bytes[floor..start], word[0])?,
        _ => Kind::Sure,
    };
    let (behind, of_name) = quote_at(bytes, end).map_or((end, None), |(behind, quote)| (behind, Some(quote)));
    let (value, line_end) = behind_separator(bytes, behind)?;
    if word.eq_ignore_ascii_case(b"pwd") && bytes[value] == b'/' {
        // The working directory.
        return None;
    }
    if let Some((start, quote)) = quote_at(bytes, value) {
        let fits = match of_name {
            Some(of_name) => of_name == quote,
            // The quote may as well end the string that the name stands in.
            None => !line_end && (quote != Quote { mark: b'"', backslashes: 0 } || !is_json(bytes)),
        };
        let starts = bytes.get(start).is_some_and(|byte| !matches!(byte, b',' | b'}' | b']' | b':' | b')'));
        return (fits && starts).then_some(Candidate { start, quote: Some(quote), kind });
    }
    match of_name {
        Some(quote) if quote.mark == b'"' => {
            let counts = !word.eq_ignore_ascii_case(b"token") && word.len() > 3;
            let number = counts && bytes.get(value).is_some_and(u8::is_ascii_digit);
            number.then_some(Candidate { start: value, quote: Some(quote), kind: Kind::Number })
        }
        // `key` at the end of a line is a heading.
        _ if line_end && kind == Kind::Vague => None,
        of_name => {
            (of_name.is_none() || kind == Kind::Sure).then_some(Candidate { start: value, quote: None, kind })
        }
    }
}

/// Puts the values among what was found before. A value that holds a secret is replaced as a whole; one that is a secret, or
/// begins with one, keeps that one's marker.
pub(crate) fn resolve(bytes: &[u8], candidates: &[Candidate], found: &[Found]) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::with_capacity(found.len() + candidates.len());
    let mut rest = found.iter().copied().peekable();
    let mut ends = Ends::new(bytes);
    let mut floor = 0;
    for candidate in candidates {
        while let Some(before) = rest.next_if(|secret| secret.end <= candidate.start) {
            floor = floor.max(before.end);
            all.push(before);
        }
        let next = rest.peek();
        if candidate.start < floor || next.is_some_and(|secret| secret.start < candidate.start) {
            continue;
        }
        let Some(value) = ends.value(candidate, next) else { continue };
        while rest.next_if(|secret| secret.end <= value.end).is_some() {}
        floor = value.end;
        all.push(value);
    }
    all.extend(rest);
    all
}

/// Finds the ends of values.
struct Ends<'t> {
    bytes: &'t [u8],
    is_json: bool,
    /// For each number of backslashes: no quote with so many closes anything from here on.
    unclosed_from: [usize; DEEPEST + 1],
}

impl<'t> Ends<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, is_json: is_json(bytes), unclosed_from: [usize::MAX; DEEPEST + 1] }
    }

    fn value(&mut self, candidate: &Candidate, next: Option<&Found>) -> Option<Found> {
        let start = candidate.start;
        if candidate.kind == Kind::Number {
            let digits = self.bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let ends = matches!(self.bytes.get(start + digits), Some(b',' | b'}' | b' ' | b'\n' | b'\r'));
            let quoted = candidate.quote.map(|quote| quote.backslashes);
            let number = Found { quoted, ..Found::new(start, start + digits, NAMED.name) };
            return (ends && digits >= 4).then_some(number);
        }
        let end = match candidate.quote {
            Some(quote) => self.closing(quote, start),
            None => self.unquoted(start),
        };
        let end = match (next, candidate.quote) {
            (Some(next), None) => end.min(next.start),
            (Some(next), Some(_)) if next.start == start && next.end >= end => return None,
            (Some(next), Some(_)) if next.start < end && next.end > end => next.start,
            _ => end,
        };
        let value = &self.bytes[start..end];
        let vague = candidate.kind == Kind::Vague && candidate.quote.is_some() && !looks_random(value);
        let known = candidate.quote.is_some() && is_marker(value);
        if value.is_empty() || vague || known || says_nothing(value) {
            return None;
        }
        Some(Found::new(start, end, NAMED.name))
    }

    /// Where the quoted value ends: before the quote that closes it, or with its line.
    fn closing(&mut self, quote: Quote, start: usize) -> usize {
        let bytes = self.bytes;
        if start >= self.unclosed_from[quote.backslashes] {
            return self.unquoted(start);
        }
        let mut at = start;
        while let Some(found) = memchr::memchr3(quote.mark, b'\n', b'"', &bytes[at..]) {
            at += found;
            if bytes[at] == b'\n' {
                return at;
            }
            let before = escape::backslashes_before(&bytes[start..], at - start);
            if bytes[at] == quote.mark {
                // A quote of this depth, or of the string around it, closes the value.
                let depths = [0, 1, 3, 7].into_iter().filter(|depth| *depth <= quote.backslashes);
                if let Some(depth) = depths.into_iter().find(|depth| before % (2 * (depth + 1)) == *depth) {
                    return at - depth;
                }
            } else if self.is_json {
                return at - before;
            }
            at += 1;
        }
        self.unclosed_from[quote.backslashes] = start;
        // Cut off: what is left of the line is the value.
        bytes.len()
    }

    /// Where the value ends that has no quotes. Escapes are never cut in two; in JSON, that of a line end ends it.
    fn unquoted(&self, start: usize) -> usize {
        let bytes = self.bytes;
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            at += match byte {
                b'"' | b'{' | b'}' | b'[' | b']' | b',' | 0x0b => return at,
                b'\\' => {
                    let run = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
                    let line_end = run % 2 == 1 && matches!(bytes.get(at + run), Some(b'n' | b'r' | b't'));
                    if bytes.get(at + run) == Some(&b'"') || (self.is_json && line_end) {
                        return at;
                    }
                    if run % 2 == 1 { run - 1 + escape::length(&bytes[at + run - 1..]) } else { run }
                }
                byte if byte.is_ascii_whitespace() => return at,
                0xc2..=0xef if ends_with_unicode(&bytes[at..]) => return at,
                _ => 1,
            };
        }
        at
    }
}

/// Whether the text is one JSON value, or a line of JSON each, by its first and last byte.
fn is_json(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii();
    matches!(
        (trimmed.first(), trimmed.last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) | (Some(b'"'), Some(b'"'))
    )
}

/// Spaces and punctuation of other scripts, where a value ends.
fn ends_with_unicode(bytes: &[u8]) -> bool {
    // NEL, NBSP; thin spaces to the paragraph separator; ideographic space, comma, full stop; full-width comma.
    matches!(
        bytes,
        [0xc2, 0x85 | 0xa0, ..]
            | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
            | [0xe3, 0x80, 0x80..=0x82, ..]
            | [0xef, 0xbc, 0x8c, ..]
    )
}

/// The quote at `at` with its backslashes, and where it ends.
fn quote_at(bytes: &[u8], at: usize) -> Option<(usize, Quote)> {
    let backslashes = bytes[at..].iter().take(DEEPEST + 1).take_while(|byte| **byte == b'\\').count();
    let mark = *bytes.get(at + backslashes)?;
    // JSON in JSON doubles them and adds one each time; any other number ends with backslashes of the text itself.
    let fits =
        matches!(mark, b'"' | b'\'' | b'`') && backslashes <= DEEPEST && (backslashes + 1).is_power_of_two();
    fits.then_some((at + backslashes + 1, Quote { mark, backslashes }))
}

/// Behind `=`, `:` and their doubles, with white space around; and whether a line end is among it.
fn behind_separator(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let separator = at + white_unicode(&bytes[at..]);
    let mut behind = match &bytes[separator..] {
        [b':', b':', ..] => return None,
        [b':' | b'=', b'=' | b'>', ..] => separator + 2,
        [b':' | b'=', ..] => separator + 1,
        _ => return None,
    };
    let blank = white_unicode(&bytes[behind..]);
    let line_end = memchr::memchr(b'\n', &bytes[behind..behind + blank]).is_some();
    behind += blank;
    // The word before the secret in a header.
    for scheme in ["bearer", "basic", "token", "digest", "apikey"] {
        let rest = &bytes[behind..];
        if rest.len() > scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes()) {
            let blank = white(&rest[scheme.len()..]);
            if blank > 0 {
                behind += scheme.len() + blank;
                break;
            }
        }
    }
    (behind < bytes.len()).then_some((behind, line_end))
}

fn white_unicode(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += match &bytes[at..] {
            [0xc2, 0xa0, ..] => 2,
            [0xe3, 0x80, 0x80, ..] => 3,
            rest => match white(rest) {
                0 => return at,
                blank => blank,
            },
        };
    }
}

/// What `key` is the end of, when `before` stands in front of it.
fn is_key_of(before: &[u8], first_letter: u8) -> Option<Kind> {
    let Some(previous) = before.last() else { return Some(Kind::Vague) };
    if !previous.is_ascii_alphanumeric() {
        let joins = matches!(previous, b'_' | b'-' | b'.');
        let compound = joins && before.len() > 1 && before[before.len() - 2].is_ascii_alphanumeric();
        return Some(if compound { Kind::Sure } else { Kind::Vague });
    }
    let camel = first_letter.is_ascii_uppercase() && !previous.is_ascii_uppercase();
    (camel || GLUED.iter().any(|word| ends_with(before, word))).then_some(Kind::Sure)
}

fn ends_with(bytes: &[u8], word: &str) -> bool {
    bytes.len() >= word.len() && bytes[bytes.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
}

fn says_nothing(value: &[u8]) -> bool {
    let word = value.trim_ascii_end().strip_suffix(b";").unwrap_or(value);
    let word = word.strip_suffix(b")").unwrap_or(word);
    NO_SECRETS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
        || word.iter().all(|byte| *byte == b'*')
}

/// Long, without spaces, letters and digits.
fn looks_random(value: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./+=~".contains(byte);
    value.len() >= 16
        && value.iter().all(allowed)
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

fn is_marker(value: &[u8]) -> bool {
    value
        .strip_prefix(MARKER.as_bytes())
        .is_some_and(|rest| memchr::memchr(b']', rest) == Some(rest.len() - 1))
}
