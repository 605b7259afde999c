//! Protobuf written field by field into one growing buffer, with no message built first.
//!
//! Nothing is measured beforehand: a nested message is written in place behind one byte for its length, and moved up when the
//! length turns out to need more. The numbers of the fields are in [`super::number`].
//!
//! As proto3 has it, `string`, `bytes`, `int`, `flag` and `double` leave out what is empty or zero; their `present_` twins, for
//! optional fields and members of a oneof, write it.

use prost::encoding::{encode_varint, encoded_len_varint};
use prost_types::Timestamp;

const VARINT: u32 = 0;
const SIXTY_FOUR_BIT: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;

/// Writes the fields of a message.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

/// Where the content of a nested message begins. Close it, innermost first.
#[must_use = "a nested message that is not closed has the length 0"]
#[derive(Debug)]
pub struct Open(usize);

/// Goes on behind fields that are already written.
impl From<Vec<u8>> for Writer {
    fn from(out: Vec<u8>) -> Self {
        Self { out }
    }
}

impl Writer {
    /// An empty message with room for this many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// What was written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    /// Forgets everything that was written after the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
    }

    /// Appends fields that are already encoded.
    pub fn fields(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    /// A text.
    pub fn string(&mut self, number: u32, value: &str) {
        self.bytes(number, value.as_bytes());
    }

    /// A text, also when it is empty.
    pub fn present_string(&mut self, number: u32, value: &str) {
        self.present_bytes(number, value.as_bytes());
    }

    /// Bytes.
    pub fn bytes(&mut self, number: u32, value: &[u8]) {
        if !value.is_empty() {
            self.present_bytes(number, value);
        }
    }

    /// A whole number or the number of an enum's value.
    pub fn int(&mut self, number: u32, value: i64) {
        if value != 0 {
            self.present_int(number, value);
        }
    }

    /// A whole number, also when it is zero.
    pub fn present_int(&mut self, number: u32, value: i64) {
        self.key(number, VARINT);
        // Negative numbers are ten bytes of two's complement.
        self.varint(value.cast_unsigned());
    }

    /// A flag.
    pub fn flag(&mut self, number: u32, value: bool) {
        self.int(number, value.into());
    }

    /// A flag, also when it is false.
    pub fn present_flag(&mut self, number: u32, value: bool) {
        self.present_int(number, value.into());
    }

    /// A number, also when it is zero.
    pub fn present_double(&mut self, number: u32, value: f64) {
        self.key(number, SIXTY_FOUR_BIT);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A moment.
    pub fn timestamp(&mut self, number: u32, value: &Timestamp) {
        let open = self.open(number);
        self.int(1, value.seconds);
        self.int(2, value.nanos.into());
        self.close(open);
    }

    /// An entry of a map from text to text.
    pub fn pair(&mut self, number: u32, key: &str, value: &str) {
        let open = self.open(number);
        self.string(1, key);
        self.string(2, value);
        self.close(open);
    }

    /// Begins a nested message; what is written until it is closed is its content.
    pub fn open(&mut self, number: u32) -> Open {
        self.key(number, LENGTH_DELIMITED);
        self.out.push(0);
        Open(self.out.len())
    }

    /// Ends a nested message.
    #[expect(clippy::needless_pass_by_value, reason = "a message is closed once")]
    pub fn close(&mut self, open: Open) {
        let Open(start) = open;
        let end = self.out.len();
        let mut length = end - start;
        let more = encoded_len_varint(length as u64) - 1;
        if more > 0 {
            self.out.resize(end + more, 0);
            self.out.copy_within(start..end, start + more);
        }
        for place in &mut self.out[start - 1..start + more] {
            *place = (length & 0x7f) as u8 | 0x80;
            length >>= 7;
        }
        self.out[start + more - 1] &= 0x7f;
    }

    fn present_bytes(&mut self, number: u32, value: &[u8]) {
        self.key(number, LENGTH_DELIMITED);
        self.varint(value.len() as u64);
        self.out.extend_from_slice(value);
    }

    fn key(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from(number << 3 | wire_type));
    }

    fn varint(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(byte) if byte < 0x80 => self.out.push(byte),
            _ => encode_varint(value, &mut self.out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_width_are_written_in_place() {
        for length in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000] {
            let content = vec![7; length];
            let (mut nested, mut whole) = (Writer::default(), Writer::default());
            let outer = nested.open(1);
            let inner = nested.open(2);
            nested.fields(&content);
            nested.close(inner);
            nested.string(3, "after");
            nested.close(outer);
            let mut inner = Writer::default();
            inner.present_bytes(2, &content);
            inner.string(3, "after");
            whole.present_bytes(1, inner.as_bytes());
            assert!(nested.as_bytes() == whole.as_bytes(), "{length}");
        }
    }
}
