//! Cutting the longest parts of an item that is too large to be sent, so that the rest of it arrives.
//!
//! Of a part that is cut, the head stays, and a marker says how long it was and what its BLAKE3 hash is; the record's metadata say
//! that something was cut. Only parts longer than [`SHORTEST_CUT`] are touched: ids and names never are.
//!
//! Invariant: the longest parts are cut first, all to the same length; what fits is not touched.

/// Metadata: how many parts of the record were cut.
pub const PARTS_KEY: &str = "lightwell.cut_parts";
/// Metadata: how many bytes those parts had.
pub const BYTES_KEY: &str = "lightwell.cut_bytes";

/// Parts of this length or less are never cut.
pub(crate) const SHORTEST_CUT: usize = 512;
/// What a marker takes at most.
const MARKER_BYTES: usize = 128;
/// What the note in the metadata takes at most, and the lengths around it.
pub(crate) const NOTE_BYTES: usize = 256;

/// What was cut out of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts {
    pub(crate) parts: u64,
    pub(crate) bytes: u64,
}

impl Cuts {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.parts += 1;
        self.bytes += bytes as u64;
    }
}

/// How many bytes of each part may stay, so that an item of `total` bytes with parts of these lengths comes down to `target`. `None`
/// when it cannot: too little of it is in parts that may be cut.
pub(crate) fn level(total: usize, target: usize, mut lengths: Vec<usize>) -> Option<usize> {
    lengths.retain(|length| *length > SHORTEST_CUT);
    lengths.sort_unstable();
    let mut excess = total.checked_sub(target)?;
    // From the longest down: so many parts at the length of the next shorter one.
    let mut taken = 0;
    while let Some(longest) = lengths.pop() {
        taken += 1;
        let next = lengths.last().copied().unwrap_or(SHORTEST_CUT);
        let room = (longest - next) * taken;
        if room >= excess {
            return Some(longest - excess.div_ceil(taken));
        }
        excess -= room;
    }
    None
}

/// The head of a text and the marker, in about `keep` bytes, if that is shorter than the text.
pub(crate) fn cut_text(text: &str, keep: usize) -> Option<String> {
    if text.len() <= keep.max(SHORTEST_CUT) {
        return None;
    }
    let head = &text[..text.floor_char_boundary(keep.saturating_sub(MARKER_BYTES))];
    Some(format!("{head}{}", marker(text.as_bytes())))
}

/// The same of bytes that may be anything.
pub(crate) fn cut_bytes(bytes: &[u8], keep: usize) -> Option<Vec<u8>> {
    if bytes.len() <= keep.max(SHORTEST_CUT) {
        return None;
    }
    let mut cut = bytes[..keep.saturating_sub(MARKER_BYTES).min(bytes.len())].to_vec();
    cut.extend_from_slice(marker(bytes).as_bytes());
    Some(cut)
}

/// The same of JSON text: what is left is one JSON string, the head of the text and the marker.
pub(crate) fn cut_json(json: &[u8], keep: usize) -> Option<Vec<u8>> {
    if json.len() <= keep.max(SHORTEST_CUT) {
        return None;
    }
    let head = String::from_utf8_lossy(&json[..keep.min(json.len())]);
    Some(quoted_head(&head, json, keep))
}

/// The same of a JSON string that takes `quoted` bytes as it is written: the new one takes at most `keep`.
pub(crate) fn cut_json_string(text: &str, quoted: usize, keep: usize) -> Option<Vec<u8>> {
    (quoted > keep.max(SHORTEST_CUT)).then(|| quoted_head(text, text.as_bytes(), keep))
}

/// As much of `head` as fits, and the marker of `whole`, as a JSON string.
fn quoted_head(head: &str, whole: &[u8], keep: usize) -> Vec<u8> {
    let mut left = keep.saturating_sub(MARKER_BYTES);
    let mut cut = vec![b'"'];
    for character in head.chars() {
        let before = cut.len();
        put_escaped(&mut cut, character);
        let Some(rest) = left.checked_sub(cut.len() - before) else {
            cut.truncate(before);
            break;
        };
        left = rest;
    }
    cut.extend_from_slice(marker(whole).as_bytes());
    cut.push(b'"');
    cut
}

fn put_escaped(out: &mut Vec<u8>, character: char) {
    match character {
        '"' | '\\' => out.extend([b'\\', character as u8]),
        '\n' => out.extend(b"\\n"),
        '\r' => out.extend(b"\\r"),
        '\t' => out.extend(b"\\t"),
        control if control < ' ' => out.extend(format!("\\u{:04x}", control as u32).bytes()),
        other => out.extend(other.encode_utf8(&mut [0; 4]).bytes()),
    }
}

fn marker(whole: &[u8]) -> String {
    format!("…[lightwell: {} bytes, blake3 {}, cut]", whole.len(), blake3::hash(whole).to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_come_down_first_and_together() {
        assert_eq!(level(10_000, 9_000, vec![5_000, 4_500, 500]), Some(4_250));
        assert_eq!(level(10_000, 9_900, vec![5_000, 4_500, 500]), Some(4_900));
        assert_eq!(level(10_000, 1_600, vec![5_000, 4_500, 500]), Some(550));
        assert_eq!(level(10_000, 1_500, vec![5_000, 4_500, 500]), None);
        assert_eq!(level(10_000, 10_000, vec![5_000]), Some(5_000));
        assert_eq!(level(10_000, 20_000, vec![5_000]), None);
        assert_eq!(level(10_000, 9_000, Vec::new()), None);
    }

    #[test]
    fn heads_are_whole_characters_and_the_marker_tells_length_and_hash() {
        let text = "é".repeat(1000);
        let cut = cut_text(&text, 601).unwrap();
        let hash = blake3::hash(text.as_bytes()).to_hex();
        assert_eq!(cut, format!("{}…[lightwell: 2000 bytes, blake3 {hash}, cut]", "é".repeat(236)));
        assert!(cut.len() <= 601);
        assert_eq!(cut_text(&text, 2000), None);
        assert_eq!(cut_text(&"x".repeat(SHORTEST_CUT), 0), None);
        assert!(cut_bytes(&[0xff; 2000], 600).unwrap().len() <= 600);
    }

    #[test]
    fn cut_json_is_json() {
        for json in [format!("{{\"a\":\"{}\"}}", "b\\\"\\n".repeat(500)), "\u{1}".repeat(3000)] {
            let cut = cut_json(json.as_bytes(), 700).unwrap();
            assert!(cut.len() <= 702, "{}", cut.len());
            let text: String = serde_json::from_slice(&cut).unwrap();
            let (head, marker) = text.split_once('…').unwrap();
            assert!(json.starts_with(head));
            assert!(marker.starts_with(&format!("[lightwell: {} bytes, blake3 ", json.len())));
        }
    }
}
