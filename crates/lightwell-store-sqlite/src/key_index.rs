//! Rows by hash, without touching a page for each.
//!
//! Hashes are spread over the whole of an index, so keeping one up to date row by row rewrites nearly all of its pages with every
//! group of records, and the log with them. Instead an index lags behind: what is new is known in the writer's memory, and goes into
//! the index in the order of its keys when there is enough of it. How far the index has come is committed with it, so whoever
//! does not share the memory (a reader, a writer that has just opened the file) looks at the rows above that point.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use crate::fault::Result;
use crate::id_filter::IdFilter;
use crate::schema::{SettledRow, Table};

/// Rows that are not in the index yet, at least: the more there are, the fewer pages are written for each ...
const FRESH_ROWS: usize = 8192;
/// ... and at most, because readers look through them.
const MOST_FRESH_ROWS: usize = 32_768;
/// Large indexes are brought up to date less often: when they have grown by this part.
const GROWN_BY: i64 = 16;

/// Which rows are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those of `record`.
    Records,
    /// Those of `content`.
    Contents,
}

/// The statements of one kind of rows.
struct Sql {
    what: i64,
    find: &'static str,
    scan: &'static str,
    insert: &'static str,
    all: &'static str,
    settled: &'static str,
}

impl Rows {
    fn sql(self) -> &'static Sql {
        match self {
            Self::Records => &Sql {
                what: 0,
                find: "select seq from record_index where key = ?1",
                scan: "select seq from record where seq > ?2 and key = ?1",
                insert: "insert or ignore into record_index(key, seq) values(?1, ?2)",
                all: "select key, seq from record where seq > ?1",
                settled: "select key from record_index",
            },
            Self::Contents => &Sql {
                what: 1,
                find: "select seq from content_index where key = ?1",
                scan: "select seq from content where seq > ?2 and key = ?1",
                insert: "insert or ignore into content_index(key, seq) values(?1, ?2)",
                all: "select key, seq from content where seq > ?1",
                settled: "select key from content_index",
            },
        }
    }
}

/// The writer's side: knows which rows the index does not have yet.
pub struct KeyIndex {
    rows: Rows,
    /// Key and row.
    fresh: BTreeSet<(i64, i64)>,
    settled: i64,
    filter: IdFilter,
}

impl KeyIndex {
    /// Reads what is not in the index, and which keys there are.
    pub fn open(connection: &Connection, rows: Rows) -> Result<Self> {
        let mut index = Self { rows, fresh: BTreeSet::new(), settled: 0, filter: IdFilter::default() };
        index.reload(connection)?;
        index.filter = filter(connection, rows)?;
        Ok(index)
    }

    /// Reads again what is not in the index: after a rollback, or when rows were deleted.
    pub fn reload(&mut self, connection: &Connection) -> Result<()> {
        self.fresh.clear();
        self.settled = settled(connection, self.rows)?;
        let mut statement = connection.prepare_cached(self.rows.sql().all)?;
        let mut rows = statement.query([self.settled])?;
        while let Some(row) = rows.next()? {
            self.fresh.insert((row.get(0)?, row.get(1)?));
        }
        Ok(())
    }

    /// A row was inserted.
    pub fn add(&mut self, key: i64, seq: i64) {
        self.fresh.insert((key, seq));
        self.filter.insert(key);
    }

    /// Rows with this key, unless there can be none.
    pub fn find(&self, connection: &Connection, key: i64) -> Result<Vec<i64>> {
        if !self.filter.may_contain(key) {
            return Ok(Vec::new());
        }
        let mut found = indexed(connection, self.rows, key)?;
        found.extend(self.fresh.range((key, i64::MIN)..=(key, i64::MAX)).map(|(_, seq)| *seq));
        Ok(found)
    }

    /// Brings the index up to date when that is worth it: within the caller's transaction.
    pub fn settle_if_due(&mut self, connection: &Connection) -> Result<()> {
        let grown = usize::try_from(self.settled / GROWN_BY).unwrap_or_default();
        let enough = grown.clamp(FRESH_ROWS, MOST_FRESH_ROWS);
        if self.fresh.len() < enough { Ok(()) } else { self.settle(connection) }
    }

    /// Brings the index up to date: within the caller's transaction.
    pub fn settle(&mut self, connection: &Connection) -> Result<()> {
        let sql = self.rows.sql();
        let Some(last) = self.fresh.iter().map(|(_, seq)| *seq).max() else { return Ok(()) };
        let mut insert = connection.prepare_cached(sql.insert)?;
        for (key, seq) in &self.fresh {
            insert.execute([key, seq])?;
        }
        SettledRow { what: sql.what, seq: last }.replace(connection)?;
        self.fresh.clear();
        self.settled = last;
        Ok(())
    }

    /// Rows were deleted: their numbers may be used again, so none above what is there counts as settled.
    pub fn lower(&self, connection: &Connection) -> Result<()> {
        let sql = match self.rows {
            Rows::Records => {
                "update settled set seq = min(seq, (select coalesce(max(seq), 0) from record)) where what = ?1"
            }
            Rows::Contents => {
                "update settled set seq = min(seq, (select coalesce(max(seq), 0) from content)) where what = ?1"
            }
        };
        connection.prepare_cached(sql)?.execute([self.rows.sql().what])?;
        Ok(())
    }
}

/// Tries the rows with this key as the file tells them, until one gives something: the way of those who do not share the
/// writer's memory.
pub fn find<T>(
    connection: &Connection,
    rows: Rows,
    key: i64,
    mut look: impl FnMut(i64) -> Result<Option<T>>,
) -> Result<Option<T>> {
    for seq in indexed(connection, rows, key)? {
        if let Some(found) = look(seq)? {
            return Ok(Some(found));
        }
    }
    let mut scan = connection.prepare_cached(rows.sql().scan)?;
    let mut fresh = scan.query([key, settled(connection, rows)?])?;
    while let Some(row) = fresh.next()? {
        if let Some(found) = look(row.get(0)?)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// All keys of a file.
pub fn filter(connection: &Connection, rows: Rows) -> Result<IdFilter> {
    let above = settled(connection, rows)?;
    let mut filter = IdFilter::with_capacity(usize::try_from(above).unwrap_or_default());
    let mut settled = connection.prepare(rows.sql().settled)?;
    let mut keys = settled.query([])?;
    while let Some(row) = keys.next()? {
        filter.insert(row.get(0)?);
    }
    let mut fresh = connection.prepare(rows.sql().all)?;
    let mut keys = fresh.query([above])?;
    while let Some(row) = keys.next()? {
        filter.insert(row.get(0)?);
    }
    Ok(filter)
}

fn indexed(connection: &Connection, rows: Rows, key: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(rows.sql().find)?;
    Ok(statement.query_map([key], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

fn settled(connection: &Connection, rows: Rows) -> Result<i64> {
    let mut statement = connection.prepare_cached("select seq from settled where what = ?1")?;
    Ok(statement.query_row([rows.sql().what], |row| row.get(0)).optional()?.unwrap_or(0))
}
