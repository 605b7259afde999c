//! The spool: our own folder, those that were taken over, and the quota over all.
//!
//! Invariants: nothing is made on disk before the first append; the mutex is held over one write, never over a reading or
//! a removal; an append looks at other processes' folders only when it would be refused.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{AppendError, DiskError};
use crate::files::{Files, LogFile};
use crate::folder::{Folder, Frame, Plan, execute};
use crate::frame::{FRAME_HEAD_BYTES, META_BYTES, PAYLOAD_BYTES, TAG_BYTES};
use crate::lock::Locks;
use crate::ranges::Ranges;
use crate::reader::Record;
use crate::segment::{Segment, Trash};
use crate::settings::{Held, Options, Place, ReadLimit, Sync, WhenFull};
use crate::takeover::{self, Adoption, Owner};

/// Refusals after which other processes' bytes are counted again.
const REFUSALS_PER_COUNT: u32 = 64;

/// Records that gave way to a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    /// Of our own, those that were on disk only. Those held in memory lost their copy and are not named.
    pub lost: Ranges,
    /// Bytes of their payloads.
    pub lost_bytes: u64,
    /// How many of those taken over.
    pub adopted: u64,
}

/// What one reading brought, all of one life.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whose they are; `None`: our own.
    pub owner: Option<Arc<Owner>>,
    /// The records, in the order of their appending.
    pub records: Vec<Record>,
    /// Places where a record was damaged and is skipped.
    pub damaged: u64,
    /// Our own records among those.
    pub lost: Ranges,
    /// Bytes of their payloads.
    pub lost_bytes: u64,
}

/// What is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// Our own records that are not acknowledged.
    pub records: u64,
    /// Of those, the ones that are on disk only.
    pub unread: u64,
    /// Bytes of our files and of those taken over.
    pub bytes: u64,
    /// Folders that were taken over and are not finished.
    pub adopted_folders: u64,
}

/// See the crate's front page.
#[derive(Debug)]
pub struct Spool {
    files: Arc<dyn Files>,
    place: Place,
    options: Options,
    inner: Mutex<Inner>,
    /// Held over a reading or a taking over, so that there is one at a time.
    reading: Mutex<()>,
    /// Other processes' bytes are to be counted again.
    count_is_old: AtomicBool,
    locks: Locks,
}

#[derive(Debug, Default)]
struct Inner {
    own: Option<Folder>,
    adopted: Vec<(Arc<Owner>, Folder)>,
    /// Folders that hold nothing but what is set aside.
    shunned: HashSet<PathBuf>,
    /// Bytes of everybody else, when they were last counted; 0 before.
    others_bytes: u64,
    refusals: u32,
    /// Written and not yet forced to the device.
    unsynced: Vec<(PathBuf, Arc<dyn LogFile>)>,
    own_turn: bool,
    /// Not told yet.
    evicted: Option<Evicted>,
    closed: bool,
}

impl Spool {
    /// A life. Touches no file yet.
    #[must_use]
    pub fn new(files: Arc<dyn Files>, mut place: Place, options: Options) -> Self {
        place.meta.truncate(META_BYTES);
        Self {
            files,
            place,
            options,
            inner: Mutex::default(),
            reading: Mutex::default(),
            count_is_old: AtomicBool::new(true),
            locks: Locks::default(),
        }
    }

    /// Counts what other processes have on disk, if that is due: the quota is for all of them. Takes longer than an append
    /// when there are many, so it is for who opens the spool and who delivers, not for who records.
    pub fn count_others(&self) {
        if self.count_is_old.swap(false, Ordering::AcqRel) {
            let lives = self.lives();
            let mut inner = self.lock();
            inner.others_bytes = inner.bytes_of_others(&lives);
        }
    }

    /// Writes a record; when this returns, the record outlives the process. Numbers ascend.
    ///
    /// # Errors
    /// See [`AppendError`]; the record is not on disk then.
    pub fn append(&self, number: u64, tag: &[u8], payload: &[u8], held: Held) -> Result<(), AppendError> {
        if payload.len() > PAYLOAD_BYTES || tag.len() > TAG_BYTES {
            let size = payload.len().max(tag.len()) as u64;
            return Err(AppendError::TooLarge { size, limit: PAYLOAD_BYTES as u64 });
        }
        let size = (FRAME_HEAD_BYTES + tag.len() + payload.len()) as u64;
        let mut inner = self.lock();
        if inner.closed {
            return Err(AppendError::Closed);
        }
        let frame = Frame { number, tag, payload, held, sync: self.options.sync == Sync::Always };
        let done = self
            .make_room(&mut inner, size)
            .and_then(|()| self.write(&mut inner, &frame).map_err(AppendError::from));
        // Removing a large file takes longer than writing a record: the caller only does it when nobody else may.
        let trash = if done.is_err() || inner.evicted.is_some() { inner.take_trash() } else { Trash::new() };
        drop(inner);
        self.remove(&trash);
        done
    }

    /// Records that had to give way to the appended ones since the last call, also to one that then failed.
    pub fn take_evicted(&self) -> Option<Evicted> {
        self.lock().evicted.take()
    }

    /// Marks records as acknowledged: ours, or those of `owner`. Those that nobody holds in memory are left as they are.
    ///
    /// # Errors
    /// When that cannot be written down: they may then be read again by another life.
    pub fn acknowledge(&self, owner: Option<&Owner>, numbers: &[u64]) -> Result<(), DiskError> {
        let numbers: Ranges = numbers.iter().copied().collect();
        let mut inner = self.lock();
        let files = self.files.as_ref();
        let result = match owner {
            None => inner.own.as_mut().map(|own| own.acknowledge(files, &numbers)),
            Some(owner) => inner.folder_of(owner).map(|folder| folder.acknowledge(files, &numbers)),
        };
        let trash = inner.take_trash();
        let done = inner.take_done();
        drop(inner);
        self.remove(&trash);
        self.abandon(done);
        result.unwrap_or(Ok(()))
    }

    /// Takes over what ended lives of the group left.
    pub fn adopt(&self) -> Adoption {
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let group = self.group();
        let mut names: Vec<String> = match self.files.list(&group) {
            Ok(entries) => entries.into_iter().filter(|e| e.is_dir).map(|e| e.name).collect(),
            // Nobody was ever here.
            Err(_none) => return Adoption::default(),
        };
        names.sort_unstable();
        let mut found = Adoption::default();
        for name in names {
            let path = group.join(name);
            if self.lock().knows(&path) {
                continue;
            }
            let Some((owner, folder)) = takeover::take(self.files.as_ref(), &path, &self.locks) else {
                continue;
            };
            found.set_aside += folder.segments.iter().filter(|segment| segment.set_aside).count() as u64;
            let mut inner = self.lock();
            if inner.closed || folder.segments.iter().all(|segment| segment.set_aside) {
                inner.shunned.insert(path);
                folder.lock.release();
                continue;
            }
            found.folders += 1;
            found.bytes += folder.disk_bytes();
            inner.adopted.push((owner, folder));
            drop(inner);
            self.count_is_old.store(true, Ordering::Release);
        }
        found
    }

    /// Reads records that are on disk only, ours and others' in turn; they are then held by the caller. `None`: all are.
    ///
    /// # Errors
    /// When a segment cannot be read: it is set aside, and the next call goes on with another.
    pub fn read(&self, limit: ReadLimit) -> Result<Option<Batch>, DiskError> {
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some((owner, plan)) = self.lock().plan() else { return Ok(None) };
            let scan = execute(self.files.as_ref(), &plan, (limit.records.max(1), limit.bytes));
            let mut inner = self.lock();
            let folder = match &owner {
                None => inner.own.as_mut(),
                Some(owner) => inner.folder_of(owner),
            };
            let Some(folder) = folder else { continue };
            let read = match scan {
                Ok(scan) => folder.commit(&plan, scan),
                Err(error) if error.is_gone() => folder.forget(&plan),
                Err(error) => {
                    folder.set_aside(&plan);
                    inner.shun();
                    self.count_is_old.store(true, Ordering::Release);
                    return Err(error);
                }
            };
            let trash = inner.take_trash();
            let done = inner.take_done();
            drop(inner);
            self.remove(&trash);
            self.abandon(done);
            let scan = read.scan;
            if !scan.records.is_empty() || scan.damaged > 0 || !read.lost.is_empty() {
                let (lost, lost_bytes) = (read.lost, read.lost_bytes);
                return Ok(Some(Batch {
                    owner,
                    records: scan.records,
                    damaged: scan.damaged,
                    lost,
                    lost_bytes,
                }));
            }
        }
    }

    /// Whether [`Spool::read`] could bring something.
    pub fn has_unread(&self) -> bool {
        let inner = self.lock();
        let own = inner.own.as_ref();
        let mut all = own.into_iter().chain(inner.adopted.iter().map(|(_, folder)| folder));
        all.any(|folder| folder.segments.iter().any(Segment::wants_reading))
    }

    /// Forces what was written to the device.
    ///
    /// # Errors
    /// When the system cannot: what was written since the last time may not outlive a power cut.
    pub fn sync(&self) -> Result<(), DiskError> {
        let unsynced = std::mem::take(&mut self.lock().unsynced);
        let mut result = Ok(());
        for (path, log) in unsynced {
            if let Err(error) = log.sync() {
                result = Err(DiskError::of("sync", &path)(error));
                // After a failed sync nobody knows what of the file is on the device: a new one is begun.
                if let Some(own) = self.lock().own.as_mut() {
                    own.seal();
                }
            }
        }
        result
    }

    /// What is on disk now.
    pub fn remaining(&self) -> Remaining {
        self.lock().remaining()
    }

    /// Frees every lock and removes what is finished. What is not acknowledged stays for the next life; nothing can be
    /// appended, read or acknowledged any more.
    pub fn close(&self) -> Remaining {
        let mut inner = self.lock();
        inner.closed = true;
        let remaining = inner.remaining();
        let trash = inner.take_trash();
        let own = inner.own.take();
        let adopted: Vec<_> = inner.adopted.drain(..).map(|(_, folder)| folder).collect();
        drop(inner);
        self.remove(&trash);
        for folder in own.into_iter().chain(adopted) {
            if folder.is_done() { folder.abandon(self.files.as_ref()) } else { folder.lock.release() }
        }
        remaining
    }

    /// To be called in a forked child, which must use nothing else of its parent's spool: lets go of the locks that it
    /// inherited, so that the parent's death frees them. Takes no mutex.
    pub fn let_go_in_child(&self) {
        self.locks.release_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&self) -> PathBuf {
        self.place.dir.join(&self.place.group)
    }

    fn write(&self, inner: &mut Inner, frame: &Frame<'_>) -> Result<(), DiskError> {
        let files = self.files.as_ref();
        let sync = self.options.sync != Sync::Never;
        let own = match inner.own.take() {
            Some(own) => own,
            None => Folder::create(files, &self.group(), &self.place, sync, &self.locks)?,
        };
        let own = inner.own.insert(own);
        if own.active(self.options.segment_bytes()).is_none() {
            let rotated = own.rotate(files, sync);
            self.count_is_old.store(true, Ordering::Release);
            if let Err(error) = rotated {
                if error.is_gone() {
                    inner.forget_own();
                }
                return Err(error);
            }
        }
        own.append(frame)?;
        if self.options.sync == Sync::OnCall
            && let Some(log) = own.active(u64::MAX)
            && !inner.unsynced.last().is_some_and(|(_, last)| Arc::ptr_eq(last, log))
        {
            inner.unsynced.push((own.path.clone(), Arc::clone(log)));
        }
        Ok(())
    }

    /// Sees to it that `size` bytes fit the quota.
    fn make_room(&self, inner: &mut Inner, size: u64) -> Result<(), AppendError> {
        loop {
            if inner.disk_bytes() + inner.others_bytes + size <= self.options.quota_bytes {
                return Ok(());
            }
            inner.refusals += 1;
            if inner.refusals % REFUSALS_PER_COUNT == 1 {
                inner.others_bytes = inner.bytes_of_others(&self.lives());
                continue;
            }
            let gone = match self.options.when_full {
                WhenFull::DropNewest => false,
                WhenFull::DropOldest => size <= self.options.quota_bytes && inner.evict(self.files.as_ref()),
            };
            if !gone {
                return Err(AppendError::QuotaReached { quota_bytes: self.options.quota_bytes });
            }
        }
    }

    /// The folder of every life, whoever's it is, and its bytes.
    fn lives(&self) -> Vec<(PathBuf, u64)> {
        let folders = |path: &PathBuf| {
            let entries = self.files.list(path).unwrap_or_default().into_iter().filter(|entry| entry.is_dir);
            entries.map(|entry| path.join(entry.name)).collect::<Vec<_>>()
        };
        let bytes =
            |path: &PathBuf| self.files.list(path).unwrap_or_default().iter().map(|file| file.bytes).sum();
        let lives = folders(&self.place.dir).into_iter().flat_map(|group| folders(&group));
        lives
            .map(|life| {
                let bytes = bytes(&life);
                (life, bytes)
            })
            .collect()
    }

    fn abandon(&self, done: Vec<Folder>) {
        if !done.is_empty() {
            self.count_is_old.store(true, Ordering::Release);
        }
        done.into_iter().for_each(|folder| folder.abandon(self.files.as_ref()));
    }

    fn remove(&self, trash: &Trash) {
        for path in trash {
            // A file that stays is found, and found to be acknowledged or removed, by whoever takes the folder over.
            drop(self.files.remove_file(path));
        }
    }
}

impl Inner {
    fn folder_of(&mut self, owner: &Owner) -> Option<&mut Folder> {
        self.adopted.iter_mut().find(|(known, _)| known.path == owner.path).map(|(_, folder)| folder)
    }

    fn holds(&self, path: &PathBuf) -> bool {
        self.own.as_ref().is_some_and(|own| own.path == *path)
            || self.adopted.iter().any(|(_, folder)| folder.path == *path)
    }

    fn bytes_of_others(&self, lives: &[(PathBuf, u64)]) -> u64 {
        lives.iter().filter(|(path, _)| !self.holds(path)).map(|(_, bytes)| bytes).sum()
    }

    fn knows(&self, path: &PathBuf) -> bool {
        self.holds(path) || self.shunned.contains(path)
    }

    fn plan(&mut self) -> Option<(Option<Arc<Owner>>, Plan)> {
        let own = self.own.as_ref().and_then(|own| own.plan(true)).map(|plan| (None, plan));
        let theirs = || {
            let plans = self.adopted.iter();
            plans.into_iter().find_map(|(owner, folder)| Some((Some(Arc::clone(owner)), folder.plan(false)?)))
        };
        self.own_turn = !self.own_turn;
        if self.own_turn { own.or_else(theirs) } else { theirs().or(own) }
    }

    /// Gives the oldest segment up that there is.
    fn evict(&mut self, files: &dyn Files) -> bool {
        let theirs = self.adopted.iter_mut().find_map(|(_, folder)| folder.evict(files, false));
        let loss = theirs.or_else(|| self.own.as_mut()?.evict(files, true));
        let Some(loss) = loss else { return false };
        let evicted = self.evicted.get_or_insert_default();
        evicted.adopted += loss.unread;
        evicted.lost.extend(&loss.records);
        evicted.lost_bytes += loss.bytes;
        true
    }

    /// Somebody removed our folder: what was only there is lost, and the next append begins anew.
    fn forget_own(&mut self) {
        let Some(own) = self.own.take() else { return };
        own.lock.release();
        let evicted = self.evicted.get_or_insert_default();
        for segment in own.segments {
            evicted.lost.extend(&segment.unread);
            evicted.lost_bytes += segment.unread_bytes;
        }
    }

    fn disk_bytes(&self) -> u64 {
        let adopted: u64 = self.adopted.iter().map(|(_, folder)| folder.disk_bytes()).sum();
        adopted + self.own.as_ref().map_or(0, Folder::disk_bytes)
    }

    fn remaining(&self) -> Remaining {
        Remaining {
            records: self.own.as_ref().map_or(0, Folder::remaining),
            unread: self.own.as_ref().map_or(0, Folder::unread),
            bytes: self.disk_bytes(),
            adopted_folders: self.adopted.len() as u64,
        }
    }

    fn take_trash(&mut self) -> Trash {
        let mut trash = self.own.as_mut().map(|own| std::mem::take(&mut own.trash)).unwrap_or_default();
        for (_, folder) in &mut self.adopted {
            trash.append(&mut folder.trash);
        }
        trash
    }

    /// Folders that were taken over and of which nothing is left.
    fn take_done(&mut self) -> Vec<Folder> {
        let mut done = Vec::new();
        for index in (0..self.adopted.len()).rev() {
            if self.adopted[index].1.is_done() {
                done.push(self.adopted.remove(index).1);
            }
        }
        done
    }

    /// Lets go of folders of which only what is set aside is left.
    fn shun(&mut self) {
        let Self { adopted, shunned, .. } = self;
        adopted.retain(|(_, folder)| {
            let useless = folder.segments.iter().all(|segment| segment.set_aside && segment.held.is_empty());
            if useless {
                folder.lock.release();
                shunned.insert(folder.path.clone());
            }
            !useless
        });
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
