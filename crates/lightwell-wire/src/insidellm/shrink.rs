//! Making an event fit, by cutting its longest strings; see [`crate::shrink`].
//!
//! Works on the JSON text itself: everything but those strings, and the note in the metadata, stays as the program wrote it.

use std::ops::Range;

use crate::shrink::{BYTES_KEY, Cuts, NOTE_BYTES, PARTS_KEY, SHORTEST_CUT, cut_json_string, level};

/// The event with its longest strings cut, in at most `limit` bytes. `None` when that cannot be done: it is no JSON object, or too
/// little of it is in strings.
#[must_use]
pub fn shrink(event: &[u8], limit: usize) -> Option<Vec<u8>> {
    let outline = Outline::of(event)?;
    let lengths = outline.strings.iter().map(Range::len).collect();
    let keep = level(event.len(), limit.checked_sub(NOTE_BYTES)?, lengths)?;
    let shrunk = cut_to(event, &outline, keep)?;
    (shrunk.len() <= limit).then_some(shrunk)
}

/// Where the strings and the metadata of an event are.
#[derive(Default)]
struct Outline {
    /// Values, not keys, that may be cut; with their quotes.
    strings: Vec<Range<usize>>,
    /// Of the member `metadata` of the event itself.
    metadata: Option<Range<usize>>,
    /// Where the event's closing brace is.
    end: usize,
}

impl Outline {
    fn of(event: &[u8]) -> Option<Self> {
        // The scan below only understands valid JSON.
        serde_json::from_slice::<serde::de::IgnoredAny>(event).ok()?;
        let mut outline = Self::default();
        let mut depth = 0_usize;
        let mut key = None;
        let mut metadata_from = None;
        let mut at = 0;
        while at < event.len() {
            let byte = event[at];
            match byte {
                b'"' => {
                    let end = end_of_string(event, at);
                    if next_token(event, end) == Some(b':') {
                        key = (depth == 1).then_some(at..end);
                    } else if end - at > SHORTEST_CUT {
                        outline.strings.push(at..end);
                    }
                    at = end;
                    continue;
                }
                b':' if key.take().is_some_and(|key| &event[key] == b"\"metadata\"") => {
                    metadata_from = Some(at + 1);
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' => {
                    if depth == 1
                        && let Some(from) = metadata_from.take()
                    {
                        outline.metadata = Some(from..at);
                    }
                    if byte != b',' {
                        depth -= 1;
                        outline.end = at;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        event.trim_ascii_start().starts_with(b"{").then_some(outline)
    }
}

/// Behind the closing quote of the string that begins here.
fn end_of_string(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn next_token(json: &[u8], from: usize) -> Option<u8> {
    json[from..].iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn cut_to(event: &[u8], outline: &Outline, keep: usize) -> Option<Vec<u8>> {
    let mut cuts = Cuts::default();
    let mut changes: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    for string in outline.strings.iter().filter(|string| string.len() > keep) {
        let text: String = serde_json::from_slice(&event[string.clone()]).ok()?;
        if let Some(cut) = cut_json_string(&text, string.len(), keep) {
            cuts.add(text.len());
            changes.push((string.clone(), cut));
        }
    }
    changes.push(note(event, outline, cuts));
    changes.sort_unstable_by_key(|(range, _)| range.start);
    let mut out = Vec::new();
    let mut done = 0;
    for (range, new) in changes {
        out.extend_from_slice(&event[done..range.start]);
        out.extend_from_slice(&new);
        done = range.end;
    }
    out.extend_from_slice(&event[done..]);
    Some(out)
}

/// What to put where, so that the metadata tell of the cuts.
fn note(event: &[u8], outline: &Outline, cuts: Cuts) -> (Range<usize>, Vec<u8>) {
    let members = format!("\"{PARTS_KEY}\":{},\"{BYTES_KEY}\":{}", cuts.parts, cuts.bytes);
    let Some(metadata) = &outline.metadata else {
        return (outline.end..outline.end, format!(",\"metadata\":{{{members}}}").into());
    };
    let Some(inside) = event[metadata.clone()].iter().position(|byte| *byte == b'{') else {
        return (metadata.clone(), format!("{{{members}}}").into());
    };
    let inside = metadata.start + inside + 1;
    let comma = if next_token(event, inside) == Some(b'}') { "" } else { "," };
    (inside..inside, format!("{members}{comma}").into())
}
