//! Deleting records from a day file, and then the content that only they referred to.
//!
//! Records go in steps, each its own transaction, which also notes what they referred to (`orphan`). A last transaction removes the
//! orphans that nothing refers to any more. What is left of them on the pages is cleaned away then: see `cleaning.rs`. A crash in between loses nothing: the notes are in the file, and the deletion, which
//! `meta.db` knows not to be done, is carried out again.

use std::collections::{HashMap, HashSet};

use lightwell_store::Deleted;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::codes::orphan;
use crate::day_file::{DayFile, references};
use crate::fault::Result;
use crate::schema::{OrphanRow, RecordRow, Table, sql};
use crate::selection::Selection;
use crate::{codes, load, symbols};

const STEP_ROWS: usize = 2000;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// What was deleted, or what goes with the file.
    pub deleted: Deleted,
    /// No record is left: the file can go.
    pub empty: bool,
}

impl DayFile {
    /// Deletes the selected records with the content that only they refer to. When none would be left, nothing is touched:
    /// the file as a whole can go.
    pub fn sweep(&mut self, selection: &Selection) -> Result<Swept> {
        let condition = Condition::of(&self.connection, selection)?;
        let count = |sql: &str, parameters: &[Value]| -> Result<u64> {
            let count: i64 =
                self.connection.query_row(sql, params_from_iter(parameters), |row| row.get(0))?;
            Ok(count as u64)
        };
        let all = count("select count(*) from record", &[])?;
        let Some(Condition { sql, parameters }) = condition else {
            return Ok(Swept { deleted: Deleted::default(), empty: all == 0 });
        };
        let records = count(&format!("select count(*) from record where {sql}"), &parameters)?;
        if records == all {
            let contents = count("select count(*) from content", &[])?;
            return Ok(Swept { deleted: Deleted { records, contents }, empty: true });
        }
        self.in_transaction(|this| {
            this.records.settle(&this.connection)?;
            this.contents.settle(&this.connection)
        })?;
        while self.delete_step(&sql, &parameters)? {}
        let contents = self.in_transaction(Self::remove_orphans)?;
        Ok(Swept { deleted: Deleted { records, contents }, empty: false })
    }

    fn in_transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin()?;
        let done = work(self).and_then(|done| self.commit().map(|_| done));
        if done.is_err() {
            self.roll_back();
        }
        self.forget();
        done
    }

    /// Deletes some of the records; false when there are no more.
    fn delete_step(&mut self, condition: &str, parameters: &[Value]) -> Result<bool> {
        self.in_transaction(|this| {
            let sql = format!("{} where {condition} limit {STEP_ROWS}", RecordRow::select_sql());
            let rows: Vec<RecordRow> = this
                .connection
                .prepare(&sql)?
                .query_map(params_from_iter(parameters), RecordRow::read)?
                .collect::<rusqlite::Result<_>>()?;
            let mut conversations = HashSet::new();
            for row in &rows {
                let seq = row.seq.unwrap_or_default();
                this.connection.prepare_cached("delete from record where seq = ?1")?.execute([seq])?;
                this.connection
                    .prepare_cached("delete from record_index where key = ?1 and seq = ?2")?
                    .execute([row.key, seq])?;
                this.connection.prepare_cached("delete from body where seq = ?1")?.execute([seq])?;
                for (kind, seq) in references(row) {
                    OrphanRow { kind, seq }.replace(&this.connection)?;
                }
                conversations.insert(row.conversation);
            }
            conversations.into_iter().try_for_each(|conversation| this.recount(conversation))?;
            this.records.lower(&this.connection)?;
            Ok(!rows.is_empty())
        })
    }

    /// Removes nodes, contents and symbols that nothing refers to; gives the number of contents.
    fn remove_orphans(&mut self) -> Result<u64> {
        let connection = &self.connection;
        let (mut nodes, mut contents, mut symbols) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut statement = connection.prepare(sql!("{}", OrphanRow::select_sql()))?;
        for row in statement.query_map([], OrphanRow::read)? {
            match row? {
                OrphanRow { kind: orphan::NODE, seq } => nodes.push(seq),
                OrphanRow { kind: orphan::CONTENT, seq } => {
                    contents.insert(seq);
                }
                OrphanRow { seq, .. } => {
                    symbols.insert(seq);
                }
            }
        }
        let live = keep_referenced(connection, &mut contents, &mut symbols)?;
        remove_nodes(connection, nodes, &live, &mut contents)?;
        keep_in_histories(connection, &mut contents)?;
        for seq in &contents {
            connection
                .prepare_cached(
                    "delete from content_index where seq = ?1 and key = (select key from content where seq = ?1)",
                )?
                .execute([seq])?;
            connection.prepare_cached("delete from content where seq = ?1")?.execute([seq])?;
            connection.prepare_cached("delete from large where seq = ?1")?.execute([seq])?;
        }
        for seq in &symbols {
            connection.prepare_cached("delete from symbol where seq = ?1")?.execute([seq])?;
        }
        self.contents.lower(connection)?;
        connection.execute("delete from orphan", [])?;
        Ok(contents.len() as u64)
    }
}

/// Takes out of the candidates what records refer to; gives the nodes that they refer to.
fn keep_referenced(
    connection: &Connection,
    contents: &mut HashSet<i64>,
    symbols: &mut HashSet<i64>,
) -> Result<HashSet<i64>> {
    let mut heads = HashSet::new();
    let mut statement = connection.prepare(sql!("{}", RecordRow::select_sql()))?;
    for row in statement.query_map([], RecordRow::read)? {
        let row = row?;
        for (kind, seq) in references(&row) {
            match kind {
                orphan::NODE => heads.insert(seq),
                orphan::CONTENT => contents.remove(&seq),
                _ => symbols.remove(&seq),
            };
        }
    }
    Ok(heads)
}

/// Removes nodes from the ends of histories that no record has, and notes their content.
fn remove_nodes(
    connection: &Connection,
    mut candidates: Vec<i64>,
    live: &HashSet<i64>,
    contents: &mut HashSet<i64>,
) -> Result<()> {
    let mut find = connection.prepare("select parent, content from node where seq = ?1")?;
    let mut continued = continuations(connection)?;
    let mut delete = connection.prepare("delete from node where seq = ?1")?;
    while let Some(node) = candidates.pop() {
        // A node that is continued is looked at again when what continues it is gone.
        if live.contains(&node) || continued.get(&node).is_some_and(|count| *count > 0) {
            continue;
        }
        let mut rows = find.query([node])?;
        let Some(row) = rows.next()? else { continue };
        let (parent, content): (i64, i64) = (row.get(0)?, row.get(1)?);
        delete.execute([node])?;
        contents.insert(content);
        if parent != 0 {
            continued.entry(parent).and_modify(|count| *count -= 1);
            candidates.push(parent);
        }
    }
    Ok(())
}

/// How many nodes continue each node.
fn continuations(connection: &Connection) -> Result<HashMap<i64, u32>> {
    let mut continued = HashMap::new();
    let mut statement = connection.prepare("select parent from node where parent != 0")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *continued.entry(row.get(0)?).or_default() += 1;
    }
    Ok(continued)
}

/// Takes out of the candidates what is still part of a history.
fn keep_in_histories(connection: &Connection, contents: &mut HashSet<i64>) -> Result<()> {
    if contents.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare("select content from node")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        contents.remove(&row.get(0)?);
    }
    Ok(())
}

/// The selected rows of `record`, as SQL.
struct Condition {
    sql: String,
    parameters: Vec<Value>,
}

impl Condition {
    /// None when the file has no such tenant or conversation.
    fn of(connection: &Connection, selection: &Selection) -> Result<Option<Self>> {
        let tenant = match selection {
            Selection::Conversation { tenant, .. }
            | Selection::Tenant { tenant, .. }
            | Selection::Before { tenant: Some(tenant), .. } => {
                match symbols::find(connection, tenant.as_str())? {
                    Some(number) => Some((number, tenant)),
                    None => return Ok(None),
                }
            }
            Selection::Before { tenant: None, .. } => None,
        };
        let (sql, parameters) = match (selection, tenant) {
            (Selection::Conversation { id, .. }, Some((number, tenant))) => {
                let key = codes::conversation_key(tenant, id);
                let Some(row) = load::conversation(connection, key, number, id)? else { return Ok(None) };
                ("conversation = ?1", vec![row.seq])
            }
            (Selection::Before { moment, .. }, Some((number, _))) => {
                ("tenant = ?1 and at < ?2", vec![number, *moment])
            }
            (Selection::Before { moment, .. }, None) => ("at < ?1", vec![*moment]),
            (Selection::Tenant { received_until: Some(moment), .. }, Some((number, _))) => {
                ("tenant = ?1 and received_at <= ?2", vec![number, *moment])
            }
            (_, Some((number, _))) => ("tenant = ?1", vec![number]),
            (_, None) => return Ok(None),
        };
        Ok(Some(Self {
            sql: sql.to_owned(),
            parameters: parameters.into_iter().map(Value::Integer).collect(),
        }))
    }
}
