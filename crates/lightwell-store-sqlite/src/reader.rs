//! What one reading thread keeps open: a connection to each file that it read lately, and one to `meta.db`.

use std::collections::HashMap;
use std::path::PathBuf;

use lightwell_model::{Day, TenantId};
use lightwell_store::StoreError;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::codec::Decoder;
use crate::codes::varints;
use crate::day_file;
use crate::fault::Result;
use crate::key_index::{self, Rows};
use crate::shard::Shard;
use crate::{file, meta, symbols};

/// Files that a thread keeps open at most; each takes three descriptors.
const OPEN_FILES: usize = 64;

/// A reading thread's connections.
pub struct Reader {
    meta_path: PathBuf,
    meta: Option<Connection>,
    files: HashMap<Day, OpenFile>,
    uses: u64,
}

/// An open day file.
pub struct OpenFile {
    /// The connection.
    pub connection: Connection,
    /// Decompresses what it holds.
    pub decoder: Decoder,
    removals: u64,
    last_use: u64,
}

impl Reader {
    /// A reader with nothing open.
    pub fn new(meta_path: PathBuf) -> Self {
        Self { meta_path, meta: None, files: HashMap::new(), uses: 0 }
    }

    /// Does `work` with a day's file; none when the file is gone.
    pub fn with<T>(
        &mut self,
        shard: &Shard,
        action: &'static str,
        work: impl FnOnce(&mut OpenFile) -> Result<T>,
    ) -> std::result::Result<Option<T>, StoreError> {
        let removals = shard.removals();
        let done = self.file(shard).and_then(|file| {
            // All statements see the file as it is now, whatever is committed meanwhile.
            file.connection.prepare_cached("begin")?.execute([])?;
            let done = work(file);
            file.connection.prepare_cached("rollback")?.execute([])?;
            done
        });
        match done {
            Ok(done) => Ok(Some(done)),
            // It was deleted meanwhile.
            Err(_) if shard.removals() != removals || !shard.is_ready() => Ok(None),
            Err(fault) => {
                self.files.remove(&shard.day);
                Err(fault.at(&shard.path, action))
            }
        }
    }

    /// Does `work` with `meta.db`.
    pub fn with_meta<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let Self { meta, meta_path, .. } = self;
        let done = match meta {
            Some(connection) => work(connection),
            None => file::open_reader(meta_path, &meta::FORMAT)
                .and_then(|connection| work(meta.insert(connection))),
        };
        done.map_err(|fault| fault.at(meta_path, "look up a conversation"))
    }

    /// The days on which a conversation has records.
    pub fn days_of(&mut self, conversation_key: i64) -> std::result::Result<Vec<i64>, StoreError> {
        self.with_meta(|meta| meta::days_of(meta, conversation_key))
    }

    /// A tenant's record with this key is in the file.
    pub fn has_record(
        &mut self,
        shard: &Shard,
        tenant: &TenantId,
        key: i64,
    ) -> std::result::Result<bool, StoreError> {
        if !shard.is_ready() {
            return Ok(false);
        }
        let found = self.with(shard, "look up a record", |file| {
            let Some(tenant) = symbols::find(&file.connection, tenant.as_str())? else { return Ok(false) };
            let mut statement =
                file.connection.prepare_cached("select 1 from record where seq = ?1 and tenant = ?2")?;
            let found = key_index::find(&file.connection, Rows::Records, key, |seq| {
                Ok(statement.exists([seq, tenant])?.then_some(()))
            })?;
            Ok(found.is_some())
        })?;
        Ok(found.unwrap_or(false))
    }

    fn file(&mut self, shard: &Shard) -> Result<&mut OpenFile> {
        self.uses += 1;
        let removals = shard.removals();
        if self.files.get(&shard.day).is_some_and(|file| file.removals != removals) {
            self.files.remove(&shard.day);
        }
        if self.files.len() >= OPEN_FILES && !self.files.contains_key(&shard.day) {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.last_use).map(|(day, _)| *day);
            oldest.and_then(|day| self.files.remove(&day));
        }
        let last_use = self.uses;
        match self.files.entry(shard.day) {
            std::collections::hash_map::Entry::Occupied(entry) => {
                let file = entry.into_mut();
                file.last_use = last_use;
                Ok(file)
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                let connection = file::open_reader(&shard.path, &day_file::FORMAT)?;
                add_functions(&connection)?;
                Ok(entry.insert(OpenFile { connection, decoder: Decoder::default(), removals, last_use }))
            }
        }
    }
}

/// `has_all(list, wanted)`: the first list of varints has every number of the second.
fn add_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("has_all", 2, flags, |context| {
        let list = context.get_raw(0).as_blob_or_null()?.unwrap_or_default();
        let wanted = context.get_raw(1).as_blob_or_null()?.unwrap_or_default();
        Ok(varints(wanted).all(|number| varints(list).any(|known| known == number)))
    })?;
    Ok(())
}
