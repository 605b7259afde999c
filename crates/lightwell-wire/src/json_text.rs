//! Writes JSON straight into a byte buffer.
//!
//! Invariant: what is written is valid JSON as long as keys and values alternate; the buffer is only ever appended to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One JSON object in the making: writes the braces and the commas.
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens the object.
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes the key and hands the buffer out for the value.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        put_string(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A member that is a string.
    pub fn string(&mut self, key: &str, value: &str) {
        put_string(self.key(key), value);
    }

    /// A member that is a string, left out when it is empty.
    pub fn string_unless_empty(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.string(key, value);
        }
    }

    /// A member that is base64 text, left out when there are no bytes.
    pub fn base64_unless_empty(&mut self, key: &str, value: &[u8]) {
        if !value.is_empty() {
            put_base64(self.key(key), value);
        }
    }

    /// A member that is a boolean.
    pub fn boolean(&mut self, key: &str, value: bool) {
        self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A member that is `true`, left out when it is false.
    pub fn boolean_unless_false(&mut self, key: &str, value: bool) {
        if value {
            self.boolean(key, true);
        }
    }

    /// A list, left out when it is empty; `put` writes one element.
    pub fn list_unless_empty<T>(&mut self, key: &str, items: &[T], put: impl FnMut(&mut Vec<u8>, &T)) {
        if !items.is_empty() {
            put_list(self.key(key), items, put);
        }
    }

    /// A list of strings, left out when it is empty.
    pub fn strings_unless_empty(&mut self, key: &str, items: &[String]) {
        self.list_unless_empty(key, items, |out, item| put_string(out, item));
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

/// A JSON list; `put` writes one element.
pub fn put_list<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(out, item);
    }
    out.push(b']');
}

/// A JSON string; only what must be escaped is.
pub fn put_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_to_escape(rest) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        rest = &rest[at + 1..];
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 0x0f)]);
            }
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first control character, quote or backslash is. Looks at eight bytes at a time, as most of them are neither.
fn first_to_escape(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // The high bit of each byte below `limit`. A borrow may mark a byte above a marked one, so only the lowest mark is certain.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
    let is = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = below(word, 0x20) | is(word, b'"') | is(word, b'\\');
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))?;
    Some(words.len() * 8 + at)
}

/// Standard base64 with padding, in quotes.
pub fn put_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    // Four characters for each three bytes begun.
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written =
        STANDARD.encode_slice(bytes, &mut out[start..]).expect("the buffer has the length that base64 needs");
    out.truncate(start + written);
    out.push(b'"');
}

/// A whole number.
pub fn put_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// A finite double, always with a point or an exponent.
pub fn put_finite(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(format!("{value:?}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        put(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_read_back_as_they_were() {
        for text in ["", "plain", "\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}", "añ漢🦀\u{2028}"] {
            let json = written(|out| put_string(out, text));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn what_must_be_escaped_is_found_wherever_it_stands() {
        for length in 0..20 {
            assert_eq!(first_to_escape(&vec![b'\x7f'; length]), None);
            assert_eq!(first_to_escape(&vec![0xff; length]), None);
            for at in 0..length {
                for byte in [0, 0x1f, b'"', b'\\'] {
                    for (before, after) in [(b' ', b'#'), (0xa2, b'"'), (b'[', 0), (0x80, 0x1f)] {
                        let mut bytes = vec![before; length];
                        bytes[at] = byte;
                        bytes[at + 1..].fill(after);
                        assert_eq!(first_to_escape(&bytes), Some(at), "{bytes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn doubles_keep_their_point_and_their_value() {
        assert_eq!(written(|out| put_finite(out, 1.0)), "1.0");
        for value in [0.1, -0.0, 1e300, 5e-324, f64::MAX] {
            let json = written(|out| put_finite(out, value));
            assert_eq!(serde_json::from_str::<f64>(&json).unwrap().to_bits(), value.to_bits(), "{json}");
        }
    }

    #[test]
    fn base64_has_padding() {
        assert_eq!(written(|out| put_base64(out, b"\xfb\xff")), "\"+/8=\"");
        assert_eq!(written(|out| put_base64(out, b"")), "\"\"");
    }
}
