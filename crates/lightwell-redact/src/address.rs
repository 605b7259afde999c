//! What is found from its middle: e-mail addresses from the `@`, URLs with a password from the `://`.

use crate::class::Class;
use crate::escape;
use crate::scan::{MARKER, Scan};

/// Schemes of databases and queues; a URL of one of them is a secret as a whole once it names a user.
const DATABASES: [&str; 12] = [
    "postgres",
    "mysql",
    "mariadb",
    "mongodb",
    "redis",
    "valkey",
    "amqp",
    "mssql",
    "sqlserver",
    "clickhouse",
    "cockroach",
    "cassandra",
];

/// The part of a URL between `://` and the path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Authority {
    start: usize,
    end: usize,
    /// The run that may be a connection string: where it ends, and its last `@`.
    run_start: usize,
    run_end: usize,
    last_at: Option<usize>,
}

impl Scan<'_> {
    /// The URL of a database that has a user in it, whole.
    pub(crate) fn connection_string(&mut self, colon: usize) -> Option<(usize, usize)> {
        let scheme =
            self.bytes[self.floor..colon].iter().rev().take(40).take_while(|byte| Class::Scheme.has(**byte));
        let start = colon - scheme.count();
        let scheme = self.bytes[start..colon].to_ascii_lowercase();
        let is_database =
            DATABASES.iter().any(|name| memchr::memmem::find(&scheme, name.as_bytes()).is_some());
        if !is_database {
            return None;
        }
        let from = colon + 3;
        if !(self.authority.run_start..self.authority.run_end).contains(&from) {
            (self.authority.run_end, self.authority.last_at) = self.run_of_url(from);
            self.authority.run_start = from;
        }
        let Authority { run_end, last_at, .. } = self.authority;
        last_at.is_some_and(|at| at > from && at + 1 < run_end).then_some((start, run_end))
    }

    /// Where the run ends that has neither white space nor quotes, and its last `@`.
    fn run_of_url(&self, from: usize) -> (usize, Option<usize>) {
        let (mut at, mut last_at) = (from, None);
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'\'' | b'"' | b'`' => break,
                b'\\' => {
                    let run = self.bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
                    if self.bytes.get(at + run) == Some(&b'"') {
                        break;
                    }
                    at += escape::length(&self.bytes[at..]);
                    continue;
                }
                b'@' => last_at = Some(at),
                byte if byte.is_ascii_whitespace() => break,
                _ => {}
            }
            at += 1;
        }
        (at, last_at)
    }

    /// Keeps where the authority of a URL is, for the `@` in it.
    pub(crate) fn note_authority(&mut self, from: usize) {
        let ends = |byte: &u8| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'/' | b'?' | b'#' | b'\'' | b'"' | b'`' | b'<' | b'>')
        };
        let length = self.bytes[from..].iter().position(ends).unwrap_or(self.bytes.len() - from);
        self.authority.start = from;
        self.authority.end = from + length;
    }

    /// The password or the address that an `@` ends or is in.
    pub(crate) fn at_sign(&mut self, at: usize) -> bool {
        if let Some(password) = self.url_password(at) {
            return self.push(password, at, "url-password");
        }
        let address = if self.emails { self.email(at) } else { None };
        address.is_some_and(|(start, end)| self.push(start, end, "email"))
    }

    /// Where the password of the URL begins that this `@` ends.
    fn url_password(&self, at: usize) -> Option<usize> {
        let Authority { start, end, .. } = self.authority;
        if !(start..end).contains(&at) || memchr::memchr(b'@', &self.bytes[at + 1..end]).is_some() {
            return None;
        }
        let mut colon = start;
        while self.bytes[colon..at].first()? != &b':' {
            colon += match self.bytes[colon..at].strip_prefix(MARKER.as_bytes()) {
                Some(rest) => MARKER.len() + memchr::memchr(b']', rest).unwrap_or(0) + 1,
                None => 1,
            };
            if colon >= at {
                return None;
            }
        }
        let password = (colon + 1).max(self.floor);
        let known = self.bytes[password..at].starts_with(MARKER.as_bytes());
        (password < at && !known).then_some(password)
    }

    fn email(&mut self, at: usize) -> Option<(usize, usize)> {
        let local =
            self.bytes[self.floor..at].iter().rev().take_while(|byte| Class::Local.has(**byte)).count();
        let punctuation =
            self.bytes[at - local..at].iter().take_while(|byte| !Class::Word.has(**byte)).count();
        if punctuation == local {
            return None;
        }
        let host = at + 1;
        let mut end = self.runs.end(self.bytes, Class::Host, host);
        // The last dot that a whole word of letters follows.
        while let Some(dot) = memchr::memrchr(b'.', &self.bytes[host..end]) {
            let domain = host + dot + 1;
            let letters =
                self.bytes[domain..end].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let ends = self.bytes.get(domain + letters).is_none_or(|byte| !Class::Word.has(*byte));
            if dot > 0 && letters >= 2 && ends {
                return Some((at - local + punctuation, domain + letters));
            }
            end = host + dot;
        }
        None
    }
}
