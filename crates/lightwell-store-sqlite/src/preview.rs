//! The first words of a conversation, for the list: read from its first records, not kept, so that they go when it goes.

use lightwell_model::{RecordKind, TenantId};
use lightwell_store::{first_words, words_of};
use rusqlite::Connection;

use crate::codes::GENERATION;
use crate::fault::Result;
use crate::load::{self, Loader};
use crate::reader::OpenFile;
use crate::schema::{RecordRow, Table, sql};
use crate::symbols;

/// The first generation of a conversation in one file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct First {
    at: i64,
    id: String,
    /// The first words of its user; empty when it has none.
    pub words: String,
}

/// The first generation of a conversation in this file, if it has any. It need not be the first of all: a record whose halves
/// came one by one stays in the file of the half that came first, whatever the day of its start.
pub fn of_conversation(file: &mut OpenFile, tenant: &TenantId, key: i64, id: &str) -> Result<Option<First>> {
    let connection = &file.connection;
    let Some(tenant) = symbols::find(connection, tenant.as_str())? else { return Ok(None) };
    let Some(conversation) = load::conversation(connection, key, tenant, id)? else { return Ok(None) };
    let mut loader = Loader::new(connection, &mut file.decoder);
    let mut first: Option<(String, RecordRow)> = None;
    for row in first_generations(connection, conversation.seq)? {
        let id = loader.head(&row)?.id().to_owned();
        if first.as_ref().is_none_or(|(first, _)| id < *first) {
            first = Some((id, row));
        }
    }
    let Some((id, row)) = first else { return Ok(None) };
    let words = loader.find_in_history(row.input_head, first_words)?.unwrap_or_default();
    Ok(Some(First { at: row.at, id, words }))
}

/// The first record of a conversation that has words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worded {
    at: i64,
    kind: RecordKind,
    id: String,
    /// Its first words.
    pub words: String,
}

/// The first record of a conversation in this file that has words, if there is any: for one whose first generation has none of its
/// user.
pub fn of_any_record(file: &mut OpenFile, tenant: &TenantId, key: i64, id: &str) -> Result<Option<Worded>> {
    let connection = &file.connection;
    let Some(tenant) = symbols::find(connection, tenant.as_str())? else { return Ok(None) };
    let Some(conversation) = load::conversation(connection, key, tenant, id)? else { return Ok(None) };
    let mut loader = Loader::new(connection, &mut file.decoder);
    let sql = sql!("{} where conversation = ?1 order by at", RecordRow::select_sql());
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query_map([conversation.seq], RecordRow::read)?;
    let mut first: Option<Worded> = None;
    while let Some(row) = rows.next().transpose()? {
        if first.as_ref().is_some_and(|first| first.at < row.at) {
            break;
        }
        let record = loader.record(&row)?;
        if let Some(words) = words_of(&record) {
            let found = Worded { at: row.at, kind: record.kind(), id: record.id().to_owned(), words };
            first = first.into_iter().chain([found]).min();
        }
    }
    Ok(first)
}

/// Nearly always one: those at the moment of the first.
fn first_generations(connection: &Connection, conversation: i64) -> Result<Vec<RecordRow>> {
    let sql = sql!(
        "{} where conversation = ?1 and kind = {GENERATION} and at =
         (select at from record where conversation = ?1 and kind = {GENERATION} order by at limit 1)",
        RecordRow::select_sql()
    );
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([conversation], RecordRow::read)?.collect::<rusqlite::Result<_>>()?)
}
