//! Secret redaction: text in, text out, with `[REDACTED:<rule>]` where a secret was.
//!
//! | file | job |
//! |---|---|
//! | `table` | the rules: name, literals, shape |
//! | `class`, `shape` | sets of bytes, and runs of them |
//! | `scan` | one pass over the text: a literal is found, the rules that begin with it are tried |
//! | `address`, `block` | what is found from its middle (e-mail, URLs) or spans lines (private keys) |
//! | `named` | values whose name says that they are secret: `PASSWORD=...`, `"token": "..."` |
//! | `escape` | backslash escapes, which a replacement never cuts in two |
//! | `guard` | a panic is an error, never a text that was not looked at |
//!
//! Invariants: the work is linear in the text, whatever it holds; redacting twice changes nothing more; outside of what is
//! replaced every byte stays; valid JSON stays valid JSON, also where JSON text stands inside a JSON string.

mod address;
mod block;
mod class;
mod escape;
mod guard;
mod named;
mod scan;
mod shape;
mod table;

use std::borrow::Cow;

pub use crate::guard::{Failed, guarded};
pub use crate::named::is_secret_name;
pub use crate::table::{NAMED, RULES, Rule, rules_as_markdown};

use crate::scan::{Found, Scan};

/// How much is taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What looks like a secret by itself.
    Light,
    /// Also what is named like one: `PASSWORD=...`.
    Full,
}

/// What stands in the place of a secret.
pub fn marker(rule: &str) -> String {
    format!("[REDACTED:{rule}]")
}

/// Redacts texts.
#[derive(Clone, Copy, Debug)]
pub struct Redactor {
    emails: bool,
}

impl Redactor {
    /// `emails`: addresses count as secrets.
    pub fn new(emails: bool) -> Self {
        // Built now, so that no recording waits for it.
        scan::automaton();
        Self { emails }
    }

    /// The text without its secrets; borrowed when there are none.
    pub fn text<'a>(&self, text: &'a str, level: Level) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for _ in 0..MOST_PASSES {
            let found = self.find(text.as_bytes(), level);
            if found.is_empty() {
                break;
            }
            let mut out = String::with_capacity(text.len());
            let mut markers = Vec::with_capacity(found.len());
            let mut from = 0;
            for secret in &found {
                // A secret begins and ends with ASCII; should a rule ever not, more is taken rather than less.
                let start = text.floor_char_boundary(secret.start);
                out.push_str(&text[from..start.max(from)]);
                markers.push(out.len());
                secret.write_marker(|piece| out.push_str(piece));
                from = text.ceil_char_boundary(secret.end);
            }
            out.push_str(&text[from..]);
            text = Cow::Owned(out);
            if !self.finds_near(text.as_bytes(), &markers, level) {
                break;
            }
        }
        text
    }

    /// The same for bytes that may be text: what is not UTF-8 stays as it is.
    pub fn bytes<'a>(&self, bytes: &'a [u8], level: Level) -> Cow<'a, [u8]> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return match self.text(text, level) {
                Cow::Borrowed(_) => Cow::Borrowed(bytes),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
        }
        let mut bytes = Cow::Borrowed(bytes);
        for _ in 0..MOST_PASSES {
            let found = self.find(&bytes, level);
            if found.is_empty() {
                break;
            }
            let mut out = Vec::with_capacity(bytes.len());
            let mut from = 0;
            for secret in &found {
                out.extend_from_slice(&bytes[from..secret.start]);
                secret.write_marker(|piece| out.extend_from_slice(piece.as_bytes()));
                from = secret.end;
            }
            out.extend_from_slice(&bytes[from..]);
            bytes = Cow::Owned(out);
        }
        bytes
    }

    /// The value that stands under `name`, such as an entry of metadata: all of it is a secret when its name says so.
    pub fn value<'a>(&self, name: &str, value: &'a str, level: Level) -> Cow<'a, str> {
        if level == Level::Full && named::is_secret_value(name, value) {
            return Cow::Owned(marker(NAMED.name));
        }
        self.text(value, level)
    }

    fn find(&self, bytes: &[u8], level: Level) -> Vec<Found> {
        Scan::new(bytes, self.emails).run(level == Level::Full)
    }

    /// Whether there is something around the markers: one may join what a secret kept apart.
    fn finds_near(&self, bytes: &[u8], markers: &[usize], level: Level) -> bool {
        let mut markers = markers.iter().copied().peekable();
        while let Some(first) = markers.next() {
            let mut last = first;
            while let Some(next) = markers.next_if(|next| *next <= last + 2 * NEAR_BYTES) {
                last = next;
            }
            let window = first.saturating_sub(NEAR_BYTES)..bytes.len().min(last + NEAR_BYTES);
            if !self.find(&bytes[window], level).is_empty() {
                return true;
            }
        }
        false
    }
}

/// So far around a marker is looked again.
const NEAR_BYTES: usize = 1024;

/// One is usual. The bound keeps the work linear.
const MOST_PASSES: usize = 8;
