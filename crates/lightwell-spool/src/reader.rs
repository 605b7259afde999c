//! Reads the frames of a segment, over damage and up to where it is torn.

use std::io;

use crate::files::{LogFile, read_full};
use crate::frame::{FRAME_HEAD_BYTES, Head, MARKER};

/// Bytes that are read at once; a larger frame is read as a whole.
const WINDOW_BYTES: usize = 256 << 10;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number it was appended under.
    pub number: u64,
    /// What its writer said about it.
    pub tag: Vec<u8>,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Where in a file, and what makes its checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from: u64,
    pub(crate) end: u64,
    pub(crate) seed: u32,
}

/// What one reading found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) records: Vec<Record>,
    /// Places where a record is damaged or torn.
    pub(crate) damaged: u64,
    /// Where the next reading begins.
    pub(crate) offset: u64,
}

/// Reads until `limit` records or bytes are there, at least one; `wanted` says which numbers.
pub(crate) fn scan(
    file: &dyn LogFile,
    stretch: Stretch,
    limit: (usize, u64),
    wanted: impl Fn(u64) -> bool,
) -> io::Result<Scan> {
    let mut window = Window { file, end: stretch.end, start: 0, buffer: Vec::new() };
    let mut found = Scan { offset: stretch.from, ..Scan::default() };
    let mut bytes = 0;
    while found.offset < stretch.end && found.records.len() < limit.0 {
        let head = Head::read(stretch.seed, window.get(found.offset, FRAME_HEAD_BYTES)?);
        let Some(head) = head.filter(|head| found.offset + head.frame_bytes() <= stretch.end) else {
            found.damaged += 1;
            found.offset = next_frame(&mut window, found.offset + 1, stretch.seed)?;
            continue;
        };
        let size = u64::from(head.payload_bytes);
        if wanted(head.number) {
            if !found.records.is_empty() && bytes + size > limit.1 {
                break;
            }
            let at = found.offset + FRAME_HEAD_BYTES as u64;
            let body = window.get(at, usize::try_from(head.body_bytes()).unwrap_or(usize::MAX))?;
            if head.fits(stretch.seed, body) {
                let (tag, payload) = body.split_at(usize::from(head.tag_bytes));
                found.records.push(Record {
                    number: head.number,
                    tag: tag.to_vec(),
                    payload: payload.to_vec(),
                });
                bytes += size;
            } else {
                found.damaged += 1;
            }
        }
        found.offset += head.frame_bytes();
    }
    Ok(found)
}

/// Counts the frames by their heads alone.
pub(crate) fn count(file: &dyn LogFile, stretch: Stretch, wanted: impl Fn(u64) -> bool) -> io::Result<u64> {
    let mut offset = stretch.from;
    let mut head = [0; FRAME_HEAD_BYTES];
    let mut records = 0;
    while offset < stretch.end && read_full(file, offset, &mut head)? == head.len() {
        let Some(head) = Head::read(stretch.seed, &head) else {
            let mut window = Window { file, end: stretch.end, start: 0, buffer: Vec::new() };
            offset = next_frame(&mut window, offset + 1, stretch.seed)?;
            continue;
        };
        offset += head.frame_bytes();
        records += u64::from(offset <= stretch.end && wanted(head.number));
    }
    Ok(records)
}

/// The next place from `offset` on where a whole head stands, or the end.
fn next_frame(window: &mut Window<'_>, mut offset: u64, seed: u32) -> io::Result<u64> {
    while offset < window.end {
        let bytes = window.get(offset, WINDOW_BYTES)?;
        let mut at = 0;
        while let Some(step) = bytes[at..].iter().position(|byte| *byte == MARKER[0]) {
            at += step;
            if Head::read(seed, &bytes[at..]).is_some() {
                return Ok(offset + at as u64);
            }
            at += 1;
        }
        if bytes.len() < FRAME_HEAD_BYTES {
            break;
        }
        // A head may stand across the end of what was looked at.
        offset += (bytes.len() - FRAME_HEAD_BYTES + 1) as u64;
    }
    Ok(window.end)
}

/// A part of the file, read as it is needed.
struct Window<'a> {
    file: &'a dyn LogFile,
    end: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window<'_> {
    /// These bytes, or those of them that the file has.
    fn get(&mut self, offset: u64, bytes: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let bytes = bytes.min(left);
        let held = self.start..self.start + self.buffer.len() as u64;
        if !(held.contains(&offset) && offset + bytes as u64 <= held.end) {
            self.start = offset;
            self.buffer.resize(bytes.max(WINDOW_BYTES).min(left), 0);
            let read = read_full(self.file, offset, &mut self.buffer)?;
            self.buffer.truncate(read);
        }
        let at = usize::try_from(offset - self.start).unwrap_or(usize::MAX).min(self.buffer.len());
        Ok(&self.buffer[at..(at + bytes).min(self.buffer.len())])
    }
}
