//! The `lightwell-delivery` header (HTTP) and metadata entry (gRPC): an RFC 8941 dictionary, in both directions.
//!
//! ```text
//! client="0193…", started=1732270000, pid=123, host="box", product="sigil", seq="1-50 53", lost="51-52",
//! accepted=120, delivered=50, pending=68, queue_full=2
//! ```
//!
//! Every number that is not named here is a reason for dropping, so a new counter of another kind needs its name here first.
//! A server that keeps an account answers with [`ANSWER`]; others ignore the header.

use std::collections::BTreeMap;
use std::fmt::Write;

use lightwell_model::range;
pub use lightwell_model::{Counters, DeliveryReport, InvalidRanges, Process, Ranges};

/// Name of the header, and of gRPC's metadata entry.
pub const HEADER: &str = "lightwell-delivery";
/// What the header says in the answer of a server that has kept what the request told.
pub const ANSWER: &str = "1";
/// A header longer than this is neither written nor read: proxies refuse longer ones.
pub const MAX_BYTES: usize = 4096;

const CLIENT_DIGITS: usize = 32;
const TEXT_BYTES: usize = 255;
const REASONS: usize = 32;

/// A header that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReport {
    /// It is too long.
    #[error("it has {bytes} bytes, more than {MAX_BYTES}")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// It is no dictionary.
    #[error("{part:?} is no member of a dictionary")]
    Member {
        /// What cannot be read.
        part: String,
    },
    /// What must be there is not.
    #[error("{member} is missing")]
    Missing {
        /// Which.
        member: &'static str,
    },
    /// A member of another type, or out of its bounds.
    #[error("{member} is not what it must be")]
    Value {
        /// Which.
        member: String,
    },
    /// The numbers cannot be read.
    #[error("seq or lost: {0}")]
    Ranges(#[from] InvalidRanges),
}

/// The header's value.
#[must_use]
pub fn encode(report: &DeliveryReport) -> String {
    let DeliveryReport { client, process, items, lost, counters } = report;
    let Process { product, pid, host, started } = process;
    let mut out = String::with_capacity(256);
    let mut put = |name: &str, value: &dyn std::fmt::Display| {
        let separator = if out.is_empty() { "" } else { ", " };
        write!(out, "{separator}{name}={value}").expect("a string can always be written to");
    };
    put("client", &Quoted(client));
    put("started", started);
    put("pid", pid);
    put("host", &Quoted(host));
    put("product", &Quoted(product));
    if !items.is_empty() {
        put("seq", &Quoted(&Runs(items).to_string()));
    }
    if !lost.is_empty() {
        put("lost", &Quoted(&lost.to_string()));
    }
    if let Some(Counters { accepted, delivered, pending, spooled, unlisted, dropped }) = counters {
        for (name, count) in [("accepted", accepted), ("delivered", delivered), ("pending", pending)] {
            put(name, count);
        }
        let more = [("spooled", spooled), ("unlisted", unlisted)];
        let dropped = dropped.iter().map(|(reason, count)| (reason.as_str(), count));
        more.into_iter().chain(dropped).filter(|(_, count)| **count > 0).for_each(|(n, c)| put(n, c));
    }
    out
}

/// Reads the header's value. Members that are not known and no numbers are passed over.
///
/// # Errors
/// When it is no such dictionary, or lacks what names its sender.
pub fn decode(text: &str) -> Result<DeliveryReport, InvalidReport> {
    if text.len() > MAX_BYTES {
        return Err(InvalidReport::TooLong { bytes: text.len() });
    }
    let mut members = members(text)?;
    let client = members.text("client")?.ok_or(InvalidReport::Missing { member: "client" })?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if client.len() != CLIENT_DIGITS || !client.bytes().all(is_digit) {
        return Err(InvalidReport::Value { member: "client".to_owned() });
    }
    let process = Process {
        product: members.text("product")?.unwrap_or_default(),
        pid: members.number("pid")?.unwrap_or_default().try_into().unwrap_or_default(),
        host: members.text("host")?.unwrap_or_default(),
        started: members.number("started")?.unwrap_or_default().try_into().unwrap_or_default(),
    };
    let items = members.long_text("seq")?.unwrap_or_default();
    let items = items.split_ascii_whitespace().map(range).collect::<Result<_, _>>()?;
    let lost: Ranges = members.long_text("lost")?.unwrap_or_default().parse()?;
    let counters = match members.number("accepted")? {
        None => None,
        Some(accepted) => Some(Counters {
            accepted,
            delivered: members.number("delivered")?.unwrap_or_default(),
            pending: members.number("pending")?.unwrap_or_default(),
            spooled: members.number("spooled")?.unwrap_or_default(),
            unlisted: members.number("unlisted")?.unwrap_or_default(),
            dropped: members.remaining_numbers()?,
        }),
    };
    Ok(DeliveryReport { client, process, items, lost, counters })
}

/// A string of the dictionary: what is not ASCII, or a control, becomes a question mark.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                ' '..='~' => f.write_char(character)?,
                _ => f.write_char('?')?,
            }
        }
        f.write_char('"')
    }
}

struct Runs<'a>(&'a [(u64, u64)]);

impl std::fmt::Display for Runs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let separator = if index > 0 { " " } else { "" };
            if first == last {
                write!(f, "{separator}{first}")?;
            } else {
                write!(f, "{separator}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u64),
    /// A boolean, a token, a list, ...: nothing of ours.
    Other,
}

struct Members(BTreeMap<String, Value>);

impl Members {
    fn long_text(&mut self, name: &'static str) -> Result<Option<String>, InvalidReport> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(InvalidReport::Value { member: name.to_owned() }),
        }
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, InvalidReport> {
        match self.long_text(name)? {
            Some(text) if text.len() > TEXT_BYTES => Err(InvalidReport::Value { member: name.to_owned() }),
            text => Ok(text),
        }
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u64>, InvalidReport> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(InvalidReport::Value { member: name.to_owned() }),
        }
    }

    /// What is left: reasons for dropping.
    fn remaining_numbers(self) -> Result<BTreeMap<String, u64>, InvalidReport> {
        let numbers = self.0.into_iter().filter_map(|(name, value)| match value {
            Value::Number(count) => Some((name, count)),
            Value::Text(_) | Value::Other => None,
        });
        let numbers: BTreeMap<_, _> = numbers.collect();
        if numbers.len() > REASONS {
            return Err(InvalidReport::Value { member: "the list of reasons".to_owned() });
        }
        Ok(numbers)
    }
}

fn members(text: &str) -> Result<Members, InvalidReport> {
    let mut members = BTreeMap::new();
    let mut rest = text.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        let bad = |part: &str| InvalidReport::Member { part: part.chars().take(40).collect() };
        let (name, after) = rest.split_once('=').ok_or_else(|| bad(rest))?;
        let is_name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
        if name.is_empty() || name.len() > TEXT_BYTES || !name.bytes().all(is_name) {
            return Err(bad(rest));
        }
        let (value, after) = value(after).ok_or_else(|| bad(rest))?;
        members.insert(name.to_owned(), value);
        rest = after.trim_start_matches([' ', '\t']);
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start_matches([' ', '\t']),
            None if rest.is_empty() => {}
            None => return Err(bad(rest)),
        }
    }
    Ok(Members(members))
}

/// One value, and what follows it.
fn value(text: &str) -> Option<(Value, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut out = String::new();
        let mut characters = quoted.char_indices();
        loop {
            match characters.next()? {
                (end, '"') => return Some((Value::Text(out), &quoted[end + 1..])),
                (_, '\\') => match characters.next()? {
                    (_, escaped @ ('"' | '\\')) => out.push(escaped),
                    _ => return None,
                },
                (_, character @ ' '..='~') => out.push(character),
                _ => return None,
            }
        }
    }
    let end = text.find(',').unwrap_or(text.len());
    let (bare, rest) = text.split_at(end);
    let bare = bare.trim_end_matches([' ', '\t']);
    let digits = !bare.is_empty() && bare.len() <= 15 && bare.bytes().all(|byte| byte.is_ascii_digit());
    match bare.parse() {
        Ok(number) if digits => Some((Value::Number(number), rest)),
        _ if bare.contains('"') => None,
        _ => Some((Value::Other, rest)),
    }
}

#[cfg(test)]
mod tests;
