//! Opening SQLite files: ours or none, with a clear word about any other.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::fault::{Fault, Result};

/// What a file must say it is.
pub struct Format {
    /// "a Lightwell day file"
    pub what: &'static str,
    /// `pragma application_id`
    pub application_id: i32,
    /// `pragma user_version`
    pub version: i32,
    /// The oldest version that is read, and made a file of the present one when it is opened.
    pub oldest: i32,
    /// SQL that makes a file of a version one of the next, where that takes any.
    pub upgrades: &'static [(i32, &'static str)],
    /// DDL of a new one.
    pub create: fn() -> String,
}

/// Pages that the log may hold before they are moved into the file: 32 MiB.
pub const CHECKPOINT_PAGES: u32 = 2000;
/// How long to wait for another connection of ours that writes the same file.
const BUSY_MS: u32 = 10_000;

/// Opens a file for writing and creates it where there is none.
pub fn open_writer(path: &Path, format: &Format, cache_kib: u32) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(&format!("pragma busy_timeout = {BUSY_MS}"))?;
    let version = check(&connection, format)?;
    let is_new = version.is_none();
    if is_new {
        connection.execute_batch("pragma page_size = 16384; pragma auto_vacuum = incremental;")?;
    }
    connection.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on; pragma temp_store = memory;
         pragma cache_size = -{cache_kib}; pragma wal_autocheckpoint = {CHECKPOINT_PAGES};
         pragma journal_size_limit = 67108864;"
    ))?;
    if is_new {
        let transaction = connection.transaction()?;
        transaction.execute_batch(&(format.create)())?;
        transaction.pragma_update(None, "application_id", format.application_id)?;
        transaction.pragma_update(None, "user_version", format.version)?;
        transaction.commit()?;
    } else {
        upgrade(&mut connection, format)?;
    }
    Ok(connection)
}

/// Opens a file that exists for reading.
pub fn open_reader(path: &Path, format: &Format) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(&format!("pragma busy_timeout = {BUSY_MS}"))?;
    upgrade(&mut connection, format)?;
    connection
        .execute_batch("pragma query_only = 1; pragma temp_store = memory; pragma cache_size = -2048;")?;
    Ok(connection)
}

/// Moves what the log holds into the file and empties the log.
pub fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
}

/// Like [`checkpoint`]; a fault when somebody who still reads the file as it was keeps the log from being emptied.
pub fn empty_log(connection: &Connection) -> Result<()> {
    let busy: bool = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
    if busy { Err(Fault::InUse) } else { Ok(()) }
}

/// The version of the file, none when it is new; a fault when it is not of this format.
fn check(connection: &Connection, format: &Format) -> Result<Option<i32>> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let (application_id, version) = (number("pragma application_id")?, number("pragma user_version")?);
    if application_id == 0 && version == 0 {
        let tables = number("select count(*) from sqlite_schema")?;
        return if tables == 0 { Ok(None) } else { Err(foreign(format)) };
    }
    if application_id != format.application_id {
        return Err(foreign(format));
    }
    if !(format.oldest..=format.version).contains(&version) {
        return Err(Fault::Damaged(format!(
            "it has version {version} of {}, this program reads versions {} to {}",
            format.what, format.oldest, format.version
        )));
    }
    Ok(Some(version))
}

/// Makes an older file one of the present version.
fn upgrade(connection: &mut Connection, format: &Format) -> Result<()> {
    if check(connection, format)? == Some(format.version) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another connection may have done it meanwhile.
    let version = check(&transaction, format)?;
    for (_, sql) in format.upgrades.iter().filter(|(from, _)| version.is_some_and(|version| version <= *from))
    {
        transaction.execute_batch(sql)?;
    }
    if version.is_some() {
        transaction.pragma_update(None, "user_version", format.version)?;
    }
    Ok(transaction.commit()?)
}

fn foreign(format: &Format) -> Fault {
    Fault::Damaged(format!("it is not {}", format.what))
}
