//! One life's folder, whose lock we hold: the one that we write, or one that we took over.
//!
//! Invariants: only the holder of the lock is here; the file of a segment ends with a whole frame, or nothing more is
//! appended to it; a segment is put on the trash only when [`Segment::is_done`], or by eviction.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::DiskError;
use crate::files::{Files, LogFile, append_all};
use crate::frame::{self, Head};
use crate::lock::{Locks, Slot};
use crate::ranges::Ranges;
use crate::reader::{self, Scan, Stretch};
use crate::segment::{Segment, Trash, ack_name, log_name, number_of};
use crate::settings::{Held, Place};

/// The name of the file that is locked.
pub(crate) const OWNER: &str = "owner";
/// Times that a new folder is begun under another name because somebody was quicker to look into it.
const TRIES: u32 = 8;

#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) meta: Arc<[u8]>,
    pub(crate) lock: Arc<Slot>,
    pub(crate) segments: VecDeque<Segment>,
    pub(crate) trash: Trash,
    /// The number of the segment that was begun last.
    pub(crate) last_number: u64,
}

/// What is to be read next.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) path: PathBuf,
    segment: u64,
    stretch: Stretch,
    /// Only these, when it is our own; otherwise all but those acknowledged.
    wanted: Ranges,
    ours: bool,
}

/// What a reading changed.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) scan: Scan,
    /// Records of ours that are gone for good.
    pub(crate) lost: Ranges,
    pub(crate) lost_bytes: u64,
}

/// What an eviction took away.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    pub(crate) records: Ranges,
    pub(crate) bytes: u64,
    /// Of a folder that was taken over, where numbers are not known without reading.
    pub(crate) unread: u64,
}

/// One record to append.
pub(crate) struct Frame<'a> {
    pub(crate) number: u64,
    pub(crate) tag: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) held: Held,
    /// Forced to the device at once.
    pub(crate) sync: bool,
}

impl Folder {
    /// Makes and locks a new folder.
    pub(crate) fn create(
        files: &dyn Files,
        group: &Path,
        place: &Place,
        sync: bool,
        locks: &Locks,
    ) -> Result<Self, DiskError> {
        let (life, meta) = (&place.life, &place.meta[..]);
        for attempt in 0..TRIES {
            let name = if attempt == 0 { life.clone() } else { format!("{life}-{attempt}") };
            let path = group.join(name);
            files.create_dir_all(&path).map_err(DiskError::of("create", &path))?;
            let owner = path.join(OWNER);
            // Somebody who looked for folders to take over may be in there, or may have removed it.
            let Ok(Some(lock)) = files.lock(&owner, true) else { continue };
            let written = files.open_append(&owner).and_then(|file| {
                append_all(file.as_ref(), &mut [IoSlice::new(&frame::header(0, meta))])?;
                if sync { file.sync().and_then(|()| files.sync_dir(group)) } else { Ok(()) }
            });
            let folder = Self {
                path,
                meta: meta.into(),
                lock: locks.hold(lock),
                segments: VecDeque::new(),
                trash: Trash::new(),
                last_number: 0,
            };
            if let Err(error) = written {
                folder.abandon(files);
                return Err(DiskError::of("write", &owner)(error));
            }
            return Ok(folder);
        }
        let path = group.join(life);
        Err(DiskError::of("lock", &path)(std::io::ErrorKind::ResourceBusy.into()))
    }

    /// Appends one frame to the last segment.
    pub(crate) fn append(&mut self, frame: &Frame<'_>) -> Result<(), DiskError> {
        let Some(segment) = self.segments.back_mut() else { return Ok(()) };
        let Some(log) = segment.log.clone() else { return Ok(()) };
        let head = Head::of(segment.seed, frame.number, frame.tag, frame.payload);
        let parts = &mut [IoSlice::new(&head), IoSlice::new(frame.tag), IoSlice::new(frame.payload)];
        let path = || self.path.join(log_name(segment.number));
        let done = append_all(log.as_ref(), parts).map_err(|error| DiskError::of("write", &path())(error));
        let done = match done {
            Ok(()) if frame.sync => log.sync().map_err(|error| DiskError::of("sync", &path())(error)),
            done => done,
        };
        if let Err(error) = done {
            // What a half-done write left must not stand between whole frames.
            segment.sealed = log.truncate(segment.bytes).is_err() || frame.sync;
            return Err(error);
        }
        let offset = segment.bytes;
        segment.bytes += (head.len() + frame.tag.len() + frame.payload.len()) as u64;
        match frame.held {
            Held::InMemory => {
                segment.held.insert(frame.number, frame.number);
            }
            Held::OnDiskOnly => {
                if segment.unread.is_empty() {
                    segment.cursor = offset;
                }
                segment.unread.insert(frame.number, frame.number);
                segment.unread_bytes += frame.payload.len() as u64;
            }
        }
        Ok(())
    }

    /// Begins a new segment.
    pub(crate) fn rotate(&mut self, files: &dyn Files, sync: bool) -> Result<(), DiskError> {
        self.seal();
        // Never the number of an earlier one, even of one that could not be begun: it may be on the trash.
        self.last_number += 1;
        let number = self.last_number;
        let path = self.path.join(log_name(number));
        let header = frame::header(number, &self.meta);
        let log = files.open_append(&path).map_err(DiskError::of("create", &path))?;
        let mut written = append_all(log.as_ref(), &mut [IoSlice::new(&header)]);
        if sync && written.is_ok() {
            written = files.sync_dir(&self.path);
        }
        if let Err(error) = written {
            // Best effort: an empty segment is harmless, and whoever takes the folder over removes it.
            drop(files.remove_file(&path));
            return Err(DiskError::of("write", &path)(error));
        }
        let mut segment = Segment::new(number, header.len() as u64, frame::seed(&header));
        segment.log = Some(log);
        self.segments.push_back(segment);
        Ok(())
    }

    /// Nothing more is appended to the last segment.
    pub(crate) fn seal(&mut self) {
        if let Some(last) = self.segments.back_mut() {
            last.sealed = true;
            last.log = None;
        }
        self.sweep();
    }

    /// The file that is appended to, if one is and it is shorter than this.
    pub(crate) fn active(&self, below_bytes: u64) -> Option<&Arc<dyn LogFile>> {
        let last = self.segments.back().filter(|last| !last.sealed && last.bytes < below_bytes)?;
        last.log.as_ref()
    }

    /// Marks records as acknowledged, in memory and on disk. Numbers that are not here any more are ignored.
    pub(crate) fn acknowledge(&mut self, files: &dyn Files, numbers: &Ranges) -> Result<(), DiskError> {
        let mut result = Ok(());
        for segment in &mut self.segments {
            let held = segment.held.minus(numbers);
            let hit = segment.held.minus(&held);
            if hit.is_empty() {
                continue;
            }
            segment.held = held;
            segment.acked.extend(&hit);
            if segment.is_done() && segment.sealed {
                continue;
            }
            let path = self.path.join(ack_name(segment.number));
            if let Err(error) = write_acks(files, &path, segment, &hit) {
                result = Err(DiskError::of("write", &path)(error));
            }
        }
        self.sweep();
        result
    }

    /// What to read next, if anything is left.
    pub(crate) fn plan(&self, ours: bool) -> Option<Plan> {
        let segment = self.segments.iter().find(|segment| segment.wants_reading())?;
        Some(Plan {
            path: self.path.join(log_name(segment.number)),
            segment: segment.number,
            stretch: Stretch { from: segment.cursor, end: segment.bytes, seed: segment.seed },
            wanted: if ours { segment.unread.clone() } else { segment.acked.clone() },
            ours,
        })
    }

    /// Takes note of what a reading found; nothing, when the segment was evicted meanwhile.
    pub(crate) fn commit(&mut self, plan: &Plan, scan: Scan) -> Read {
        let Some(segment) = self.segments.iter_mut().find(|segment| segment.number == plan.segment) else {
            return Read::default();
        };
        segment.cursor = scan.offset;
        let found: Ranges = scan.records.iter().map(|record| record.number).collect();
        let mut read = Read { scan, ..Read::default() };
        segment.held.extend(&found);
        if plan.ours {
            segment.unread = segment.unread.minus(&found);
            let bytes: u64 = read.scan.records.iter().map(|record| record.payload.len() as u64).sum();
            segment.unread_bytes = segment.unread_bytes.saturating_sub(bytes);
        }
        if segment.cursor >= segment.bytes {
            segment.unscanned = false;
            // What the reading passed over without finding it.
            read.lost = std::mem::take(&mut segment.unread);
            read.lost_bytes = std::mem::take(&mut segment.unread_bytes);
        }
        self.sweep();
        read
    }

    /// The reading failed: the segment is left for another day.
    pub(crate) fn set_aside(&mut self, plan: &Plan) {
        for segment in self.segments.iter_mut().filter(|segment| segment.number == plan.segment) {
            segment.set_aside = true;
            segment.sealed = true;
        }
    }

    /// The segment's file is not there any more: somebody else removed it.
    pub(crate) fn forget(&mut self, plan: &Plan) -> Read {
        let at = self.segments.iter().position(|segment| segment.number == plan.segment);
        let Some(segment) = at.and_then(|at| self.segments.remove(at)) else { return Read::default() };
        let scan = Scan { damaged: 1, ..Scan::default() };
        Read { scan, lost: segment.unread, lost_bytes: segment.unread_bytes }
    }

    /// Gives the oldest segment up.
    pub(crate) fn evict(&mut self, files: &dyn Files, ours: bool) -> Option<Loss> {
        let at = self.segments.iter().position(|segment| !segment.set_aside)?;
        let segment = self.segments.remove(at)?;
        let path = self.path.join(log_name(segment.number));
        let mut loss = Loss { records: segment.unread, bytes: segment.unread_bytes, unread: 0 };
        if !ours && segment.unscanned {
            let stretch = Stretch { from: segment.cursor, end: segment.bytes, seed: segment.seed };
            let wanted = |number| !segment.acked.contains(number);
            let counted = files.open_read(&path).and_then(|log| reader::count(log.as_ref(), stretch, wanted));
            // A segment that cannot even be counted held one record at least.
            loss.unread = counted.unwrap_or(1);
        }
        self.trash.push(path);
        if segment.has_ack_file {
            self.trash.push(self.path.join(ack_name(segment.number)));
        }
        Some(loss)
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.segments.iter().map(Segment::disk_bytes).sum()
    }

    /// Records that are not acknowledged, as far as they are known.
    pub(crate) fn remaining(&self) -> u64 {
        self.segments.iter().map(|segment| segment.held.count() + segment.unread.count()).sum()
    }

    /// Records of ours that are on disk only.
    pub(crate) fn unread(&self) -> u64 {
        self.segments.iter().map(|segment| segment.unread.count()).sum()
    }

    /// Nothing is left to read or to acknowledge.
    pub(crate) fn is_done(&self) -> bool {
        self.segments.iter().all(Segment::is_done)
    }

    /// Removes the folder, which is done, and frees its lock; a failure leaves files for whoever looks next.
    pub(crate) fn abandon(self, files: &dyn Files) {
        // What is on the trash, and what an earlier removal could not remove.
        let ours = |name: &str| number_of(name, "seg").or(number_of(name, "ack")).is_some();
        for entry in files.list(&self.path).unwrap_or_default().iter().filter(|entry| ours(&entry.name)) {
            drop(files.remove_file(&self.path.join(&entry.name)));
        }
        drop(files.remove_file(&self.path.join(OWNER)));
        drop(files.remove_dir(&self.path));
        self.lock.release();
    }

    /// Puts segments on the trash that are sealed and acknowledged.
    fn sweep(&mut self) {
        let (path, trash) = (&self.path, &mut self.trash);
        self.segments.retain(|segment| {
            let over = segment.sealed && segment.is_done();
            if over {
                trash.push(path.join(log_name(segment.number)));
                if segment.has_ack_file {
                    trash.push(path.join(ack_name(segment.number)));
                }
            }
            !over
        });
    }
}

/// Reads what a plan says, with no lock held.
pub(crate) fn execute(files: &dyn Files, plan: &Plan, limit: (usize, u64)) -> Result<Scan, DiskError> {
    let log = files.open_read(&plan.path).map_err(DiskError::of("open", &plan.path))?;
    let wanted = |number| plan.wanted.contains(number) == plan.ours;
    reader::scan(log.as_ref(), plan.stretch, limit, wanted).map_err(DiskError::of("read", &plan.path))
}

fn write_acks(
    files: &dyn Files,
    path: &Path,
    segment: &mut Segment,
    numbers: &Ranges,
) -> Result<(), std::io::Error> {
    segment.has_ack_file = true;
    let log = match &segment.ack_log {
        Some(log) => Arc::clone(log),
        None => Arc::clone(segment.ack_log.insert(files.open_append(path)?)),
    };
    let mut entries = Vec::new();
    for (first, last) in numbers.iter() {
        frame::ack(segment.seed, first, last, &mut entries);
    }
    if let Err(error) = append_all(log.as_ref(), &mut [IoSlice::new(&entries)]) {
        // Entries stand at fixed places: half a one would shift all that follow.
        if log.truncate(segment.ack_bytes).is_err() {
            segment.ack_log = None;
        }
        return Err(error);
    }
    segment.ack_bytes += entries.len() as u64;
    Ok(())
}
