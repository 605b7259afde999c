//! Private keys: blocks of lines, also where the lines are joined by escapes or stand in strings of their own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::class::Class;
use crate::escape;
use crate::scan::Scan;

static END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----END"));
const LABEL: &[u8] = b"PRIVATE KEY";
/// Longest label, such as `ENCRYPTED PRIVATE KEY`.
const LABEL_BYTES: usize = 48;
/// So much base64 in a row is taken for a part of a key.
const KEY_BYTES: usize = 16;

/// Takes down the block that begins at `at`. Quotes stay where they are: a block that stands in several strings leaves a marker
/// in each.
pub(crate) fn private_key(scan: &mut Scan<'_>, rule: &'static str, at: usize) -> bool {
    let bytes = scan.bytes;
    let Some(body) = behind_label(bytes, at + "-----BEGIN".len()) else { return false };
    let end = end_of_block(scan, body).unwrap_or_else(|| end_of_rest(bytes, body));
    let mut piece = at;
    while piece < end {
        let quote = memchr::memchr(b'"', &bytes[piece..end]).map_or(end, |quote| piece + quote);
        let inside = if quote == end {
            end
        } else {
            quote - escape::backslashes_before(&bytes[piece..], quote - piece)
        };
        let text = &bytes[piece..inside];
        if piece == at || is_key(text) {
            scan.push(piece + leading(text), inside - trailing(text), rule);
        }
        piece = quote + 1;
    }
    true
}

/// Behind `... PRIVATE KEY-----` or `... PRIVATE KEY BLOCK-----`.
fn behind_label(bytes: &[u8], from: usize) -> Option<usize> {
    let window = &bytes[from..bytes.len().min(from + LABEL_BYTES)];
    let label = memchr::memmem::find(window, LABEL)?;
    let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
    if !window[..label].iter().all(is_label) {
        return None;
    }
    let rest = &window[label + LABEL.len()..];
    let (block, rest) = rest.strip_prefix(b" BLOCK").map_or((0, rest), |rest| (" BLOCK".len(), rest));
    rest.starts_with(b"-----").then_some(from + label + LABEL.len() + block + 5)
}

fn end_of_block(scan: &mut Scan<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    while at < scan.no_block_end_from {
        let Some(end) = END.find(&scan.bytes[at..]) else { break };
        at += end + "-----END".len();
        if let Some(behind) = behind_label(scan.bytes, at) {
            return Some(behind);
        }
    }
    scan.no_block_end_from = scan.no_block_end_from.min(from);
    None
}

/// The end of a block that was cut off: as long as lines of base64 follow, joined by line ends or their escapes.
fn end_of_rest(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut end) = (from, from);
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' if bytes.get(at + 1) == Some(&b'"') => return end,
            b'\\' => escape::length(&bytes[at..]),
            b'\n' | b'\r' | b'\t' | b' ' => 1,
            _ => {
                let run = bytes[at..].iter().take_while(|byte| Class::Percent.has(**byte)).count();
                let is_last = at + run == bytes.len() || matches!(bytes[at + run], b'"' | b'\\');
                if run == 0 || (run < KEY_BYTES && !is_last) {
                    return end;
                }
                end = at + run;
                run
            }
        };
    }
    end
}

/// Whether the text between two quotes is a part of a key, and no punctuation or number.
fn is_key(text: &[u8]) -> bool {
    if memchr::memmem::find(text, b"-----").is_some() {
        return true;
    }
    let parts = text.split(|byte| !Class::Base64.has(*byte));
    let is_part = |part: &[u8]| {
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E');
        part.len() >= KEY_BYTES && part.iter().any(is_letter)
    };
    parts.into_iter().any(is_part)
}

fn leading(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn trailing(text: &[u8]) -> usize {
    if leading(text) == text.len() {
        0
    } else {
        text.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count()
    }
}
