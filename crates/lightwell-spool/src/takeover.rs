//! Taking over the folders of lives that ended, each exclusively.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{Files, LogFile, read_full};
use crate::folder::{Folder, OWNER};
use crate::frame::{self, Header, META_BYTES};
use crate::lock::Locks;
use crate::ranges::Ranges;
use crate::segment::{Segment, Trash, ack_name, log_name, number_of};

/// Most bytes of an ack file that are read: one entry for each of a segment's smallest frames, and then some.
const ACK_FILE_BYTES: u64 = 16 << 20;

/// Another life's records.
#[derive(Debug)]
pub struct Owner {
    pub(crate) path: PathBuf,
    meta: Arc<[u8]>,
}

impl Owner {
    /// What that life said about itself.
    #[must_use]
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// The name of its folder.
    #[must_use]
    pub fn life(&self) -> &str {
        self.path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
    }
}

/// What was found to take over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Folders with records.
    pub folders: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments that are left as they are: a later version wrote them, or their headers cannot be read.
    pub set_aside: u64,
}

/// Takes a folder over if nobody has it. `None`: somebody has, or it was empty and is removed.
pub(crate) fn take(files: &dyn Files, path: &Path, locks: &Locks) -> Option<(Arc<Owner>, Folder)> {
    let owner = path.join(OWNER);
    let lock = match files.lock(&owner, false) {
        Ok(Some(lock)) => lock,
        Ok(None) => return None,
        Err(_gone) => {
            // Never finished, or half removed: goes away if it is empty; whoever is making it begins again.
            drop(files.remove_dir(path));
            return None;
        }
    };
    let slot = locks.hold(lock);
    let mut folder = Folder {
        path: path.to_path_buf(),
        meta: Arc::from([]),
        lock: slot,
        segments: VecDeque::new(),
        trash: Trash::new(),
        last_number: 0,
    };
    let Ok(entries) = files.list(path) else {
        folder.lock.release();
        return None;
    };
    let mut numbers: Vec<(u64, u64)> =
        entries.iter().filter_map(|entry| Some((number_of(&entry.name, "seg")?, entry.bytes))).collect();
    numbers.sort_unstable();
    let acks: Vec<u64> = entries.iter().filter_map(|entry| number_of(&entry.name, "ack")).collect();
    folder.meta = meta(files, path, &numbers).into();
    for (number, bytes) in &numbers {
        match open(files, path, (*number, *bytes), &folder.meta) {
            Some(segment) => folder.segments.push_back(segment),
            None => folder.trash.push(path.join(log_name(*number))),
        }
    }
    for number in acks {
        let path = path.join(ack_name(number));
        match folder.segments.iter_mut().find(|segment| segment.number == number) {
            Some(segment) => read_acks(files, &path, segment),
            None => folder.trash.push(path),
        }
    }
    if folder.segments.is_empty() {
        folder.abandon(files);
        return None;
    }
    for path in folder.trash.drain(..) {
        drop(files.remove_file(&path));
    }
    let owner = Owner { path: folder.path.clone(), meta: Arc::clone(&folder.meta) };
    Some((Arc::new(owner), folder))
}

/// What the life said about itself: every header says it, so one bit flip does not make it unknown.
fn meta(files: &dyn Files, path: &Path, numbers: &[(u64, u64)]) -> Vec<u8> {
    let copies = std::iter::once((0, path.join(OWNER)))
        .chain(numbers.iter().map(|(number, _)| (*number, path.join(log_name(*number)))));
    for (number, file) in copies {
        let Ok(bytes) = beginning(files, &file) else { continue };
        if let Header::Ours { meta, .. } = frame::read_header(number, &bytes) {
            return meta;
        }
    }
    Vec::new()
}

/// What a segment is; `None` when it holds no frame.
fn open(files: &dyn Files, path: &Path, (number, bytes): (u64, u64), meta: &[u8]) -> Option<Segment> {
    // The header is a function of what we know: a damaged one can be told from its copies.
    let expected = frame::header(number, meta);
    let header_bytes = expected.len() as u64;
    let mut segment = Segment::new(number, header_bytes, frame::seed(&expected));
    segment.bytes = bytes;
    segment.sealed = true;
    segment.unscanned = true;
    let Ok(start) = beginning(files, &path.join(log_name(number))) else {
        segment.set_aside = true;
        return Some(segment);
    };
    match frame::read_header(number, &start) {
        Header::Ours { meta: own, .. } if own == meta => {}
        Header::Ours { bytes, .. } => {
            segment.seed = frame::seed(&start[..bytes]);
            segment.cursor = bytes as u64;
        }
        Header::Newer(_version) => segment.set_aside = true,
        Header::Unreadable if frame::is_cut_within_header(&start) => return None,
        Header::Unreadable if meta.is_empty() && bytes > header_bytes => segment.set_aside = true,
        Header::Unreadable => {}
    }
    (bytes > segment.cursor || segment.set_aside).then_some(segment)
}

fn beginning(files: &dyn Files, path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; META_BYTES + 64];
    let log = files.open_read(path)?;
    let read = read_full(log.as_ref(), 0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// What cannot be read is delivered again, which is safe.
fn read_acks(files: &dyn Files, path: &Path, segment: &mut Segment) {
    segment.has_ack_file = true;
    let Ok(log) = files.open_read(path) else { return };
    let bytes = read_some(log.as_ref());
    segment.ack_bytes = bytes.len() as u64 / frame::ACK_BYTES as u64 * frame::ACK_BYTES as u64;
    if !bytes.len().is_multiple_of(frame::ACK_BYTES) {
        // Torn: what is appended after it must stand at its place.
        let cut = files.open_append(path).and_then(|log| log.truncate(segment.ack_bytes));
        if cut.is_err() {
            segment.acked = Ranges::default();
            return;
        }
    }
    for (first, last) in frame::read_acks(segment.seed, &bytes) {
        segment.acked.insert(first, last);
    }
}

fn read_some(log: &dyn LogFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    while (bytes.len() as u64) < ACK_FILE_BYTES {
        match read_full(log, bytes.len() as u64, &mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
    bytes
}
