//! One day as the engine knows it: where its file is, what may be in it, who writes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use lightwell_model::Day;
use lightwell_store::{Deleted, Outcome};
use rusqlite::Connection;

use crate::codes::day_number;
use crate::day_file::FORMAT;
use crate::delivery::Note;
use crate::dictionaries;
use crate::fault::Result;
use crate::file;
use crate::gather::Gather;
use crate::id_filter::IdFilter;
use crate::key_index::{self, Rows};
use crate::prepare::Prepared;
use crate::selection::Selection;

/// What readers and the writer share of one day.
#[derive(Debug)]
pub struct Shard {
    /// The day.
    pub day: Day,
    /// The file of its records.
    pub path: PathBuf,
    /// There is a file to read.
    ready: AtomicBool,
    /// The file has trained dictionaries: see `cleaning.rs`.
    trained: AtomicBool,
    /// Counts files that were removed: connections to them are of no use.
    removals: AtomicU64,
    /// No record is earlier.
    earliest: AtomicI64,
    /// No record is later.
    latest: AtomicI64,
}

impl Shard {
    /// A day whose file need not exist yet.
    pub fn new(root: &Path, day: Day) -> Self {
        Self {
            day,
            path: root.join(day.to_string()).join("records.db"),
            ready: AtomicBool::new(false),
            trained: AtomicBool::new(false),
            removals: AtomicU64::new(0),
            earliest: AtomicI64::new(i64::MAX),
            latest: AtomicI64::new(i64::MIN),
        }
    }

    /// `yyyymmdd`
    pub fn number(&self) -> i64 {
        day_number(self.day)
    }

    /// There is a file to read.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The file is there.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// The file has dictionaries that were trained from texts.
    pub fn has_trained(&self) -> bool {
        self.trained.load(Ordering::Acquire)
    }

    /// It has none any more.
    pub fn set_renewed(&self) {
        self.trained.store(false, Ordering::Release);
    }

    /// The file is about to be removed.
    pub fn set_removed(&self) {
        self.ready.store(false, Ordering::Release);
        self.set_renewed();
        self.removals.fetch_add(1, Ordering::AcqRel);
        self.earliest.store(i64::MAX, Ordering::Release);
        self.latest.store(i64::MIN, Ordering::Release);
    }

    /// How many files of this day were removed.
    pub fn removals(&self) -> u64 {
        self.removals.load(Ordering::Acquire)
    }

    /// A record of this moment may be in the file.
    pub fn cover(&self, at: i64) {
        self.earliest.fetch_min(at, Ordering::AcqRel);
        self.latest.fetch_max(at, Ordering::AcqRel);
    }

    /// The moments between which all its records are.
    pub fn span(&self) -> (i64, i64) {
        (self.earliest.load(Ordering::Acquire), self.latest.load(Ordering::Acquire))
    }

    /// Reads what the engine must know of a file that exists: its ids and its span. Gives its conversations above a watermark.
    pub fn load(&self, watermark: i64) -> Result<(IdFilter, Vec<(i64, i64)>)> {
        let connection = file::open_reader(&self.path, &FORMAT)?;
        let filter = key_index::filter(&connection, Rows::Records)?;
        let span = "select min(first_at), max(last_at) from conversation";
        let (first, last): (Option<i64>, Option<i64>) =
            connection.query_row(span, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        first.into_iter().chain(last).for_each(|at| self.cover(at));
        let conversations = unindexed(&connection, watermark)?;
        self.trained.store(dictionaries::has_trained(&connection)?, Ordering::Release);
        self.set_ready();
        Ok((filter, conversations))
    }
}

fn unindexed(connection: &Connection, watermark: i64) -> Result<Vec<(i64, i64)>> {
    let mut statement = connection.prepare("select seq, key from conversation where seq > ?1")?;
    let rows = statement.query_map([watermark], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A record on its way to its file.
pub struct Routed {
    /// Its place in the batch.
    pub place: usize,
    /// Its id may be in the file already.
    pub known: bool,
    /// The record.
    pub prepared: Box<Prepared>,
}

/// What a day's writer is asked to do.
pub enum Job {
    /// Store records.
    Append {
        /// The part of the batch that belongs to this day.
        records: Vec<Routed>,
        /// Roughly what they take of memory.
        bytes: usize,
        /// What their sender told, if it did.
        note: Option<Note>,
        /// Where the outcomes go.
        gather: Arc<Gather<Vec<Option<Outcome>>>>,
    },
    /// Delete records, and dictionaries that were trained from texts.
    Delete {
        /// Which records, if any.
        selection: Option<Selection>,
        /// Where the counts go.
        gather: Arc<Gather<Deleted>>,
    },
}

/// One day, as the router keeps it.
pub struct Entry {
    /// What is shared.
    pub shard: Arc<Shard>,
    /// Which ids may be in the file or on their way to it.
    pub filter: IdFilter,
    /// The way to its writer, while there is one.
    pub writer: Option<Sender<Job>>,
}
