//! The spool as the pipeline uses it: every accepted record is on disk before `record` returns, and is acknowledged there
//! when it is settled; what does not fit in memory is only there, and so is what earlier processes left.
//!
//! Invariants: a spool that does not work never refuses a record and never raises: recording goes on from memory, with a
//! notice; nothing here waits for the network; files are read on the delivery thread only.

mod destination;
mod settings;
mod tag;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lightwell_spool::{AppendError, DiskFiles, Evicted, Held, Owner, Place, ReadLimit, Remaining, Spool};

use crate::account::Life;
use crate::ledger::DropReason;
use crate::queue::Item;

pub(crate) use self::destination::Destination;
pub use self::settings::{Fsync, SpoolSettings, WhenFull};

/// Time after which a disk that refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Time between two looks for what other processes left.
const LOOK_PAUSE: Duration = Duration::from_secs(30);

/// Whose copy on disk a record has.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// This life's.
    Own,
    /// An earlier one's, which was taken over.
    Left(Arc<Owner>),
}

/// What became of a record that was offered to the disk.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) on_disk: bool,
    pub(crate) evicted: Option<Evicted>,
    /// For people, when it begins to fail.
    pub(crate) notice: Option<String>,
    /// The quota is why it is not on disk.
    pub(crate) is_full: bool,
    /// The delivery thread must see to it that it is forced to the device.
    pub(crate) wake: bool,
}

/// What was read back.
#[derive(Debug, Default)]
pub(crate) struct ReadBack {
    /// By lane; all of one life.
    pub(crate) items: Vec<(usize, Item)>,
    /// Records of this life that cannot be read any more, and the bytes of their payloads.
    pub(crate) lost: Option<(lightwell_spool::Ranges, u64)>,
    /// Left by others and not readable.
    pub(crate) left_lost: u64,
    pub(crate) notice: Option<String>,
}

/// One life's spool.
#[derive(Debug)]
pub(crate) struct Spooler {
    spool: Spool,
    settings: SpoolSettings,
    trouble: Mutex<Trouble>,
}

#[derive(Debug, Default)]
struct Trouble {
    /// The disk refused; it is tried again then.
    until: Option<Instant>,
    /// It is said that records are not taken.
    is_told: bool,
    /// The first append that is not forced to the device yet.
    unsynced_since: Option<Instant>,
    looked_at: Option<Instant>,
}

impl Spooler {
    /// Touches no file.
    pub(crate) fn new(settings: &SpoolSettings, destination: &Destination, life: &Life) -> Self {
        let place = Place {
            dir: settings.dir.clone(),
            group: destination.group.clone(),
            life: life.client.clone(),
            meta: tag::describe(life, &destination.text),
        };
        let spool = Spool::new(Arc::new(DiskFiles), place, settings.options());
        Self { spool, settings: settings.clone(), trouble: Mutex::default() }
    }

    /// Writes a record down. `held`: it is kept in memory too.
    pub(crate) fn keep(&self, item: &Item, lane: usize, held: bool, now: Instant) -> Kept {
        let mut trouble = self.trouble();
        if trouble.until.is_some_and(|until| now < until) {
            return Kept::default();
        }
        let held = if held { Held::InMemory } else { Held::OnDiskOnly };
        let appended = self.spool.append(item.number, &tag::write(lane, &item.id), &item.bytes, held);
        let evicted = self.spool.take_evicted();
        match appended {
            Ok(()) => {
                let wake = trouble.unsynced_since.is_none() && matches!(self.settings.fsync, Fsync::Every(_));
                trouble.unsynced_since.get_or_insert(now);
                trouble.until = None;
                trouble.is_told = false;
                Kept { on_disk: true, evicted, wake, ..Kept::default() }
            }
            Err(error) => {
                let is_full = matches!(error, AppendError::QuotaReached { .. });
                trouble.until = (!is_full).then(|| now + RETRY_PAUSE);
                let is_news = !std::mem::replace(&mut trouble.is_told, true);
                let notice = is_news.then(|| {
                    let why = describe(&error);
                    format!("lightwell: records are kept in memory only, because {why}")
                });
                Kept { evicted, is_full, notice, ..Kept::default() }
            }
        }
    }

    /// Why records were lost that [`Kept::evicted`] names: without a policy to evict any, somebody removed the files.
    pub(crate) fn eviction_reason(&self) -> DropReason {
        match self.settings.when_full {
            WhenFull::DropOldest => DropReason::SpoolFull,
            WhenFull::DropNewest => DropReason::SpoolDamaged,
        }
    }

    /// Marks records as settled; all of one life. Says what is wrong, for people.
    pub(crate) fn settle(&self, origin: &Origin, numbers: &[u64]) -> Option<String> {
        let owner = match origin {
            Origin::Own => None,
            Origin::Left(owner) => Some(owner.as_ref()),
        };
        let error = self.spool.acknowledge(owner, numbers).err()?;
        let why = describe(&error);
        Some(format!("lightwell: records may be delivered again after a crash, because {why}"))
    }

    /// Counts what other processes have on disk, if that is due.
    pub(crate) fn count_others(&self) {
        self.spool.count_others();
    }

    /// Takes over what ended processes left, if it is time to look. Says how many folders, and what is wrong.
    pub(crate) fn look_for_leftovers(&self, now: Instant) -> (u64, Option<String>) {
        {
            let mut trouble = self.trouble();
            if trouble.looked_at.is_some_and(|at| now < at + LOOK_PAUSE) {
                return (0, None);
            }
            trouble.looked_at = Some(now);
        }
        let found = self.spool.adopt();
        let notice = (found.set_aside > 0).then(|| {
            format!(
                "lightwell: {} files of the spool {} are left alone, because a later version wrote them or they are damaged",
                found.set_aside,
                self.settings.dir.display()
            )
        });
        (found.folders, notice)
    }

    /// Something is on disk that nobody holds in memory.
    pub(crate) fn has_backlog(&self) -> bool {
        self.spool.has_unread()
    }

    /// Reads some of it.
    pub(crate) fn read_back(&self, limit: ReadLimit, lanes: usize, now: Instant) -> ReadBack {
        let batch = match self.spool.read(limit) {
            Ok(Some(batch)) => batch,
            Ok(None) => return ReadBack::default(),
            Err(error) => {
                let why = describe(&error);
                let notice = format!("lightwell: records stay on disk for a later start, because {why}");
                return ReadBack { notice: Some(notice), ..ReadBack::default() };
            }
        };
        let life = batch.owner.as_ref().map(|owner| Arc::new(tag::left_life(owner)));
        let origin = batch.owner.as_ref().map_or(Origin::Own, |owner| Origin::Left(Arc::clone(owner)));
        let mut back = ReadBack::default();
        let mut foreign = Vec::new();
        for record in batch.records {
            let Some((lane, id)) = tag::read(&record.tag).filter(|(lane, _)| *lane < lanes) else {
                foreign.push(record.number);
                continue;
            };
            let mut item = Item::new(id, Bytes::from(record.payload), record.number, now);
            item.life.clone_from(&life);
            item.origin = Some(origin.clone());
            back.items.push((lane, item));
        }
        if !foreign.is_empty() {
            back.left_lost += foreign.len() as u64;
            back.notice = self.settle(&origin, &foreign);
        }
        if !batch.lost.is_empty() {
            back.lost = Some((batch.lost, batch.lost_bytes));
        }
        if batch.owner.is_some() {
            back.left_lost += batch.damaged;
        }
        if batch.damaged > 0 {
            let text = format!("lightwell: {} damaged records of the spool are skipped", batch.damaged);
            back.notice = Some(text);
        }
        back
    }

    /// When what was written must be forced to the device.
    pub(crate) fn sync_at(&self) -> Option<Instant> {
        let Fsync::Every(interval) = self.settings.fsync else { return None };
        self.trouble().unsynced_since.map(|since| since + interval)
    }

    /// Forces it. Says what is wrong, for people.
    pub(crate) fn sync(&self) -> Option<String> {
        self.trouble().unsynced_since = None;
        let error = self.spool.sync().err()?;
        Some(format!("lightwell: a power cut may lose records, because {}", describe(&error)))
    }

    pub(crate) fn remaining(&self) -> Remaining {
        self.spool.remaining()
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        &self.settings.dir
    }

    /// Leaves what is there to the next start. Says what is wrong, for people.
    pub(crate) fn close(&self) -> Option<String> {
        let notice = if matches!(self.settings.fsync, Fsync::Never) { None } else { self.sync() };
        self.spool.close();
        notice
    }

    /// To be called in a forked child, on its parent's.
    pub(crate) fn let_go_in_child(&self) {
        self.spool.let_go_in_child();
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error with its causes.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
