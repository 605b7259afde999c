//! `meta.db`: keys, deletions, and the index from conversations to days.
//!
//! Keys and deletions are durable when they are acknowledged. The index is derived from the day files: its rows are
//! committed together with how far each file has been indexed, without an fsync; after a crash of the machine the rest
//! is indexed again at the next open (docs/adr/0001-day-files.md).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lightwell_store::{ApiKey, KeyDigest, NewApiKey, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codes::{moment, nanoseconds};
use crate::fault::{Fault, Result};
use crate::file::{self, Format};
use crate::schema::{Table, sql, table};

table! {
    /// An API key.
    KeyRow in "api_key" "" {
        /// Order of creation.
        seq: Option<i64> = "integer primary key" Key,
        /// SHA-256 of the secret.
        digest: Vec<u8> = "blob not null unique" Key,
        /// Public id.
        id: String = "text not null unique" Key,
        /// In its owner's words.
        name: String = "text not null" Payload,
        /// Whom its bearer acts as.
        tenant: String = "text not null" Dimension,
        /// When it was made.
        created_at: i64 = "int not null" Moment,
    }
}

table! {
    /// A deletion: what it deletes, and that late copies are refused.
    DeletionRow in "deletion" "" {
        /// Order.
        seq: Option<i64> = "integer primary key" Key,
        /// Whose records; everybody's when none.
        tenant: Option<String> = "text" Dimension,
        /// Only this conversation.
        conversation: Option<String> = "text" Key,
        /// Only what happened before; of a whole tenant, what is refused from then on.
        before: Option<i64> = "int" Moment,
        /// Everything of the tenant.
        everything: bool = "int not null" Dimension,
        /// Every file has been seen to.
        done: bool = "int not null" Dimension,
    }
}

table! {
    /// A conversation has records in this day's file.
    ConversationDayRow in "conversation_day" "without rowid" {
        /// Hash of tenant and conversation id.
        key: i64 = "int not null" Key,
        /// The day as `yyyymmdd`.
        day: i64 = "int not null, primary key(key, day)" Dimension,
    }
}

table! {
    /// A conversation of this day that has records on other days too.
    SpanningRow in "spanning" "without rowid" {
        /// The day as `yyyymmdd`.
        day: i64 = "int not null" Dimension,
        /// Hash of tenant and conversation id.
        key: i64 = "int not null, primary key(day, key)" Key,
    }
}

table! {
    /// How far a day file's conversations have been indexed.
    WatermarkRow in "watermark" "" {
        /// The day as `yyyymmdd`.
        day: i64 = "integer primary key" Dimension,
        /// The last row that was.
        conversation: i64 = "int not null" Key,
    }
}

/// What `meta.db` says it is.
pub const FORMAT: Format = Format {
    what: "a Lightwell meta file",
    application_id: 0x4c57_4d54,
    version: 1,
    oldest: 1,
    upgrades: &[],
    create: create_sql,
};

fn create_sql() -> String {
    [
        KeyRow::create_sql(),
        DeletionRow::create_sql(),
        ConversationDayRow::create_sql(),
        SpanningRow::create_sql(),
        WatermarkRow::create_sql(),
    ]
    .concat()
}

/// The writing side of `meta.db`.
pub struct Meta {
    path: PathBuf,
    control: Mutex<Connection>,
    index: Mutex<Connection>,
}

impl Meta {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Self> {
        let control = file::open_writer(path, &FORMAT, 1024)?;
        let index = file::open_writer(path, &FORMAT, 8 * 1024)?;
        index.execute_batch("pragma synchronous = normal")?;
        Ok(Self { path: path.to_owned(), control: Mutex::new(control), index: Mutex::new(index) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a key.
    pub fn add_key(&self, key: &NewApiKey) -> std::result::Result<ApiKey, StoreError> {
        let row = KeyRow {
            seq: None,
            digest: key.digest.0.to_vec(),
            id: key.id.clone(),
            name: key.name.clone(),
            tenant: key.tenant.as_str().to_owned(),
            created_at: nanoseconds(key.created_at),
        };
        row.insert(&self.control()).map_err(|error| self.fault(error, "add an API key"))?;
        let NewApiKey { id, name, tenant, created_at, .. } = key.clone();
        Ok(ApiKey { id, name, tenant, created_at })
    }

    /// The key with this digest.
    pub fn find_key(&self, digest: &KeyDigest) -> std::result::Result<Option<ApiKey>, StoreError> {
        let sql = sql!("{} where digest = ?1", KeyRow::select_sql());
        let find = |control: &Connection| -> Result<Option<ApiKey>> {
            control
                .prepare_cached(sql)?
                .query_row([&digest.0], KeyRow::read)
                .optional()?
                .map(api_key)
                .transpose()
        };
        find(&self.control()).map_err(|fault| fault.at(&self.path, "look up an API key"))
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> std::result::Result<Vec<ApiKey>, StoreError> {
        let sql = sql!("{} order by created_at, id", KeyRow::select_sql());
        let list = |control: &Connection| -> Result<Vec<ApiKey>> {
            let mut statement = control.prepare_cached(sql)?;
            let rows = statement.query_map([], KeyRow::read)?;
            rows.map(|row| api_key(row?)).collect()
        };
        list(&self.control()).map_err(|fault| fault.at(&self.path, "list API keys"))
    }

    /// Removes a key.
    pub fn revoke_key(&self, id: &str) -> std::result::Result<bool, StoreError> {
        let removed = self.control().execute("delete from api_key where id = ?1", [id]);
        removed.map(|count| count > 0).map_err(|error| self.fault(error, "revoke an API key"))
    }

    /// Keeps a deletion before it is carried out; gives its number.
    pub fn add_deletion(&self, row: &DeletionRow) -> std::result::Result<i64, StoreError> {
        let control = self.control();
        row.insert(&control).map_err(|error| self.fault(error, "record a deletion"))?;
        Ok(control.last_insert_rowid())
    }

    /// The deletion has been carried out.
    pub fn finish_deletion(&self, seq: i64) -> std::result::Result<(), StoreError> {
        let updated = self.control().execute("update deletion set done = 1 where seq = ?1", [seq]);
        updated.map(|_| ()).map_err(|error| self.fault(error, "record a deletion"))
    }

    /// All deletions, in order.
    pub fn deletions(&self) -> Result<Vec<DeletionRow>> {
        let control = self.control();
        let mut statement = control.prepare(sql!("{} order by seq", DeletionRow::select_sql()))?;
        Ok(statement.query_map([], DeletionRow::read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Adds (row, key) of conversations that are new in a day's file.
    pub fn index(&self, day: i64, conversations: &[(i64, i64)]) -> Result<()> {
        let Some(last) = conversations.iter().map(|(seq, _)| *seq).max() else { return Ok(()) };
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = index.transaction()?;
        for (_, key) in conversations {
            let added = transaction
                .prepare_cached("insert or ignore into conversation_day(key, day) values(?1, ?2)")?
                .execute(params![key, day])?;
            if added > 0 {
                // Nothing is inserted unless there is another day.
                transaction
                    .prepare_cached(
                        "insert or ignore into spanning(day, key) select day, key from conversation_day where key = ?1
                         and (select count(*) from conversation_day where key = ?1) > 1",
                    )?
                    .execute([key])?;
            }
        }
        transaction
            .prepare_cached(
                "insert into watermark(day, conversation) values(?1, ?2)
                 on conflict(day) do update set conversation = max(conversation, excluded.conversation)",
            )?
            .execute(params![day, last])?;
        transaction.commit()?;
        Ok(())
    }

    /// How far a day's conversations have been indexed.
    pub fn watermark(&self, day: i64) -> Result<i64> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            index.query_row("select conversation from watermark where day = ?1", [day], |row| row.get(0));
        Ok(found.optional()?.unwrap_or(0))
    }

    /// A day's file is gone.
    pub fn forget_day(&self, day: i64) -> Result<()> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = index.transaction()?;
        for table in ["conversation_day", "spanning", "watermark"] {
            transaction.execute(&format!("delete from {table} where day = ?1"), [day])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Empties the log: nothing more will be written.
    pub fn close(&self) {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        // What stays in the log is read from there.
        let _ = file::checkpoint(&index);
    }

    fn control(&self) -> MutexGuard<'_, Connection> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: rusqlite::Error, action: &'static str) -> StoreError {
        Fault::from(error).at(&self.path, action)
    }
}

/// The days on which a conversation has records.
pub fn days_of(connection: &Connection, key: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("select day from conversation_day where key = ?1")?;
    Ok(statement.query_map([key], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The conversations of a day that have records on other days too.
pub fn spanning(connection: &Connection, day: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("select key from spanning where day = ?1")?;
    Ok(statement.query_map([day], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

fn api_key(row: KeyRow) -> Result<ApiKey> {
    let tenant =
        row.tenant.parse().map_err(|error| Fault::Damaged(format!("API key {}: {error}", row.id)))?;
    Ok(ApiKey { id: row.id, name: row.name, tenant, created_at: moment(row.created_at) })
}
