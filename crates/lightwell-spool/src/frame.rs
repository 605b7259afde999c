//! The bytes of a segment: one header, then frames.
//!
//! ```text
//! header   magic 7 · version 1 · segment number 8 · length of meta 4 · meta · check 4
//! frame    marker 4 · length of tag 2 · 0 2 · length of payload 4 · number 8 · check of tag and payload 4
//!          · check of the head so far 4 · tag · payload
//! ack      first 8 · last 8 · check 4
//! ```
//!
//! The header keeps this shape in every version. All numbers are little-endian; checks are CRC-32, seeded with the header's, so that a frame of another segment
//! (stale blocks after a power cut) is not taken for one of this. The head has a check of its own: where the rest is
//! damaged, its length can still be trusted and the next frame is found at once. The marker is no valid UTF-8, so a scan
//! for the next frame does not stop within text.

use crc32fast::Hasher;

/// What the first seven bytes of a segment say.
const MAGIC: &[u8; 7] = b"LWSPOOL";
/// The version that is written. A segment of a higher one is left alone.
pub const VERSION: u8 = 1;
/// Where a frame begins.
pub(crate) const MARKER: [u8; 4] = [0xff, 0x4c, 0x57, 0xfe];
/// Bytes of a frame before its tag.
pub const FRAME_HEAD_BYTES: usize = 28;
/// Bytes of one entry of an ack file.
pub(crate) const ACK_BYTES: usize = 20;
/// Bytes of a header without its meta.
const HEADER_BYTES: usize = 24;
/// Longest meta that a header may have.
pub(crate) const META_BYTES: usize = 16 << 10;
/// Longest payload.
pub(crate) const PAYLOAD_BYTES: usize = u32::MAX as usize;
/// Longest tag.
pub(crate) const TAG_BYTES: usize = u16::MAX as usize;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// This much of the file is the header.
    Ours { meta: Vec<u8>, bytes: usize },
    /// Written by a later version of this code.
    Newer(u8),
    /// Cut short or damaged.
    Unreadable,
}

/// Writes the header of a segment.
pub(crate) fn header(segment: u64, meta: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + meta.len());
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&segment.to_le_bytes());
    bytes.extend_from_slice(&(meta.len() as u32).to_le_bytes());
    bytes.extend_from_slice(meta);
    let check = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes
}

/// Reads the beginning of a file. `segment`: the number that its name says.
pub(crate) fn read_header(segment: u64, bytes: &[u8]) -> Header {
    let Some(version) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first()) else {
        return Header::Unreadable;
    };
    let Some(length) = bytes.get(16..20).map(|b| u32_at(b) as usize) else { return Header::Unreadable };
    let end = 20 + length.min(META_BYTES + 1);
    let (Some(checked), Some(check)) = (bytes.get(..end), bytes.get(end..end + 4)) else {
        return Header::Unreadable;
    };
    if crc32fast::hash(checked) != u32_at(check) || u64_at(&bytes[8..16]) != segment {
        return Header::Unreadable;
    }
    if *version > VERSION {
        return Header::Newer(*version);
    }
    Header::Ours { meta: bytes[20..end].to_vec(), bytes: end + 4 }
}

/// Whether a file that has these bytes and no more ends within its header, so that no frame can be in it.
pub(crate) fn is_cut_within_header(bytes: &[u8]) -> bool {
    let known = bytes.len().min(MAGIC.len());
    let length = bytes.get(16..20).map_or(usize::MAX, |length| u32_at(length) as usize);
    bytes[..known] == MAGIC[..known] && bytes.len() < length.min(META_BYTES).saturating_add(HEADER_BYTES)
}

/// What all checks of a segment begin with.
pub(crate) fn seed(header: &[u8]) -> u32 {
    crc32fast::hash(header)
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) tag_bytes: u16,
    pub(crate) payload_bytes: u32,
    body_check: u32,
}

impl Head {
    /// The head of a frame; tag and payload are no longer than [`TAG_BYTES`] and [`PAYLOAD_BYTES`].
    pub(crate) fn of(seed: u32, number: u64, tag: &[u8], payload: &[u8]) -> [u8; FRAME_HEAD_BYTES] {
        let mut hasher = Hasher::new_with_initial(seed);
        hasher.update(tag);
        hasher.update(payload);
        let mut head = [0; FRAME_HEAD_BYTES];
        head[..4].copy_from_slice(&MARKER);
        head[4..6].copy_from_slice(&(tag.len() as u16).to_le_bytes());
        head[8..12].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        head[12..20].copy_from_slice(&number.to_le_bytes());
        head[20..24].copy_from_slice(&hasher.finalize().to_le_bytes());
        let check = checked(seed, &head[..24]);
        head[24..].copy_from_slice(&check.to_le_bytes());
        head
    }

    /// Reads a head; `None` when these bytes are not one.
    pub(crate) fn read(seed: u32, head: &[u8]) -> Option<Self> {
        let head = head.get(..FRAME_HEAD_BYTES)?;
        if head[..4] != MARKER || checked(seed, &head[..24]) != u32_at(&head[24..]) {
            return None;
        }
        Some(Self {
            number: u64_at(&head[12..20]),
            tag_bytes: u16::from_le_bytes([head[4], head[5]]),
            payload_bytes: u32_at(&head[8..12]),
            body_check: u32_at(&head[20..24]),
        })
    }

    /// Whether these are the tag and the payload that were written.
    pub(crate) fn fits(&self, seed: u32, body: &[u8]) -> bool {
        checked(seed, body) == self.body_check
    }

    /// Bytes of tag and payload.
    pub(crate) fn body_bytes(&self) -> u64 {
        u64::from(self.tag_bytes) + u64::from(self.payload_bytes)
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        FRAME_HEAD_BYTES as u64 + self.body_bytes()
    }
}

/// Writes that `first..=last` are acknowledged.
pub(crate) fn ack(seed: u32, first: u64, last: u64, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&last.to_le_bytes());
    let check = checked(seed, &out[start..]);
    out.extend_from_slice(&check.to_le_bytes());
}

/// Reads the whole entries of an ack file; a torn or damaged one says nothing.
pub(crate) fn read_acks(seed: u32, bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> + '_ {
    let (entries, _torn) = bytes.as_chunks::<ACK_BYTES>();
    entries.iter().filter_map(move |entry| {
        let whole = checked(seed, &entry[..16]) == u32_at(&entry[16..]);
        whole.then(|| (u64_at(&entry[..8]), u64_at(&entry[8..16])))
    })
}

fn checked(seed: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(seed);
    hasher.update(bytes);
    hasher.finalize()
}

fn u32_at(bytes: &[u8]) -> u32 {
    let mut array = [0; 4];
    array.copy_from_slice(&bytes[..4]);
    u32::from_le_bytes(array)
}

fn u64_at(bytes: &[u8]) -> u64 {
    let mut array = [0; 8];
    array.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written_and_never_otherwise() {
        let bytes = header(7, b"meta");
        let whole = Header::Ours { meta: b"meta".to_vec(), bytes: bytes.len() };
        assert_eq!(read_header(7, &bytes), whole);
        assert_eq!(read_header(7, &[&bytes[..], b"frames"].concat()), whole);
        assert_eq!(read_header(8, &bytes), Header::Unreadable);
        for length in 0..bytes.len() {
            assert_eq!(read_header(7, &bytes[..length]), Header::Unreadable, "{length}");
            assert!(is_cut_within_header(&bytes[..length]));
        }
        assert!(!is_cut_within_header(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(read_header(7, &flipped), whole, "bit {bit}");
        }
        let end = bytes.len() - 4;
        let mut newer = bytes[..end].to_vec();
        newer[7] = 2;
        newer.extend_from_slice(&crc32fast::hash(&newer).to_le_bytes());
        assert_eq!(read_header(7, &newer), Header::Newer(2));
    }

    /// Spool files outlive processes and versions: these bytes are those of version 1 and must be read for ever.
    #[test]
    fn version_1_is_read() {
        let header = header(1, b"m");
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&header), "4c5753504f4f4c010100000000000000010000006d3a4c0225");
        let seed = seed(&header);
        let head = Head::of(seed, 258, b"ab", b"c");
        assert_eq!(hex(&head), "ff4c57fe02000000010000000201000000000000ae4709570299fcf6");
        let mut entry = Vec::new();
        ack(seed, 1, 2, &mut entry);
        assert_eq!(hex(&entry), "01000000000000000200000000000000610d98e3");
    }

    #[test]
    fn acks_that_are_not_whole_say_nothing() {
        let mut bytes = Vec::new();
        ack(9, 1, 4, &mut bytes);
        ack(9, 8, 8, &mut bytes);
        ack(9, 11, 12, &mut bytes);
        bytes[ACK_BYTES] ^= 1;
        bytes.truncate(3 * ACK_BYTES - 1);
        assert_eq!(read_acks(9, &bytes).collect::<Vec<_>>(), [(1, 4)]);
        assert_eq!(read_acks(77_777, &bytes).count(), 0);
    }
}
