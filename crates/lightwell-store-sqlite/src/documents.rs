//! `documents.db`: what people and programs say about records.
//!
//! Invariants: what is added is durable when it is answered; a document of a deleted conversation is refused, also after the
//! store was opened again.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lightwell_model::TenantId;
use lightwell_store::{
    Added, Deletion, Document, DocumentKind, DocumentPage, DocumentQuery, DocumentsOf, StoreError,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::codes::{moment, nanoseconds};
use crate::fault::{Fault, Result};
use crate::file::{self, Format};
use crate::pages;
use crate::schema::{Table, sql, table};

table! {
    /// A document.
    DocumentRow in "document" "" {
        /// Order in which they were added.
        seq: Option<i64> = "integer primary key autoincrement" Key,
        /// Whose.
        tenant: String = "text not null" Dimension,
        /// What it is: [`code`].
        kind: i64 = "int not null" Dimension,
        /// Its id.
        id: String = "text not null" Key,
        /// What it belongs to.
        parent: String = "text not null" Reference,
        /// What it is about.
        about: String = "text not null" Reference,
        /// What it is deleted with.
        conversation: String = "text not null" Reference,
        /// When it was made.
        at: i64 = "int not null" Moment,
        /// What it says.
        body: Vec<u8> = "blob not null, unique(tenant, kind, id)" Payload,
    }
    "document_parent" ("tenant, kind, parent, seq")
    "document_about" ("tenant, kind, about, seq")
    "document_conversation" ("tenant, conversation")
}

table! {
    /// A conversation that was deleted.
    GoneRow in "gone" "without rowid" {
        /// Whose.
        tenant: String = "text not null" Dimension,
        /// Its id.
        conversation: String = "text not null, primary key(tenant, conversation)" Key,
    }
}

/// What `documents.db` says it is.
const FORMAT: Format = Format {
    what: "a Lightwell documents file",
    application_id: 0x4c57_444f,
    version: 1,
    oldest: 1,
    upgrades: &[],
    create: create_sql,
};

fn create_sql() -> String {
    [DocumentRow::create_sql(), GoneRow::create_sql()].concat()
}

/// `documents.db`.
pub struct Documents {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Documents {
    /// Opens or creates the file.
    pub fn open(root: &Path) -> std::result::Result<Self, StoreError> {
        let path = root.join("documents.db");
        let connection = file::open_writer(&path, &FORMAT, 2048).map_err(|fault| fault.at(&path, "open"))?;
        Ok(Self { path, connection: Mutex::new(connection) })
    }

    /// Adds documents, all or none.
    pub fn add(
        &self,
        tenant: &TenantId,
        documents: Vec<Document>,
    ) -> std::result::Result<Vec<Added>, StoreError> {
        let add = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let added = documents.into_iter().map(|document| add_one(&transaction, tenant, document));
            let added = added.collect::<Result<Vec<_>>>()?;
            transaction.commit()?;
            Ok(added)
        };
        self.run("add documents", add)
    }

    /// Writes a document in the place of the one with its id.
    pub fn replace(&self, tenant: &TenantId, document: &Document) -> std::result::Result<bool, StoreError> {
        let replace = |connection: &mut Connection| {
            let sql = "update document set parent = ?4, about = ?5, conversation = ?6, at = ?7, body = ?8
                       where tenant = ?1 and kind = ?2 and id = ?3";
            let replaced = connection.prepare_cached(sql)?.execute(params![
                tenant.as_str(),
                code(document.kind),
                document.id,
                document.parent,
                document.about,
                document.conversation_id,
                nanoseconds(document.at),
                document.body,
            ])?;
            Ok(replaced > 0)
        };
        self.run("replace a document", replace)
    }

    /// The document of that kind and id.
    pub fn get(
        &self,
        tenant: &TenantId,
        kind: DocumentKind,
        id: &str,
    ) -> std::result::Result<Option<Document>, StoreError> {
        self.run("read a document", |connection| find(connection, tenant, kind, id))
    }

    /// Documents that belong together.
    pub fn list(
        &self,
        tenant: &TenantId,
        query: &DocumentQuery,
    ) -> std::result::Result<DocumentPage, StoreError> {
        self.run("list documents", |connection| list(connection, tenant, query))
    }

    /// Deletes what a deletion deletes, and refuses what comes later for a deleted conversation.
    pub fn delete(&self, deletion: &Deletion) -> std::result::Result<(), StoreError> {
        let delete = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let deleted = delete(&transaction, deletion)?;
            transaction.commit()?;
            if deleted > 0 {
                pages::clean_all(connection)?;
            }
            Ok(())
        };
        self.run("delete documents", delete)
    }

    /// Empties the log: nothing more will be written.
    pub fn close(&self) {
        // What stays in the log is read from there.
        let _ = file::checkpoint(&self.connection());
    }

    fn run<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        work(&mut self.connection()).map_err(|fault| fault.at(&self.path, action))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add_one(transaction: &Transaction<'_>, tenant: &TenantId, document: Document) -> Result<Added> {
    let gone = transaction
        .prepare_cached("select 1 from gone where tenant = ?1 and conversation = ?2")?
        .exists([tenant.as_str(), &document.conversation_id])?;
    if gone {
        return Ok(Added::Deleted);
    }
    if let Some(known) = find(transaction, tenant, document.kind, &document.id)? {
        return Ok(Added::Known(Box::new(known)));
    }
    let row = DocumentRow {
        seq: None,
        tenant: tenant.as_str().to_owned(),
        kind: code(document.kind),
        id: document.id,
        parent: document.parent,
        about: document.about,
        conversation: document.conversation_id,
        at: nanoseconds(document.at),
        body: document.body,
    };
    row.insert(transaction)?;
    Ok(Added::Stored)
}

fn find(
    connection: &Connection,
    tenant: &TenantId,
    kind: DocumentKind,
    id: &str,
) -> Result<Option<Document>> {
    let sql = sql!("{} where tenant = ?1 and kind = ?2 and id = ?3", DocumentRow::select_sql());
    connection
        .prepare_cached(sql)?
        .query_row(params![tenant.as_str(), code(kind), id], DocumentRow::read)
        .optional()?
        .map(document)
        .transpose()
}

fn list(connection: &Connection, tenant: &TenantId, query: &DocumentQuery) -> Result<DocumentPage> {
    let (column, id) = match &query.of {
        DocumentsOf::Parent(id) => ("parent", id),
        DocumentsOf::About(id) => ("about", id),
        DocumentsOf::Conversation(id) => ("conversation", id),
    };
    let (comes, order, none) =
        if query.newest_first { ("<", "desc", i64::MAX) } else { (">", "asc", i64::MIN) };
    let after = query.after.map_or(none, |after| i64::try_from(after).unwrap_or(i64::MAX));
    let sql = format!(
        "{} where tenant = ?1 and kind = ?2 and {column} = ?3 and seq {comes} ?4 order by seq {order} limit ?5",
        DocumentRow::select_sql()
    );
    let limit = i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![tenant.as_str(), code(query.kind), id, after, limit], DocumentRow::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = rows.len() > query.limit;
    let rows: Vec<DocumentRow> = rows.into_iter().take(query.limit).collect();
    let last = rows.last().and_then(|row| row.seq).filter(|_| more);
    Ok(DocumentPage {
        items: rows.into_iter().map(document).collect::<Result<_>>()?,
        next: last.and_then(|seq| u64::try_from(seq).ok()),
    })
}

fn delete(transaction: &Transaction<'_>, deletion: &Deletion) -> Result<usize> {
    Ok(match deletion {
        Deletion::Conversation { tenant, id } => {
            transaction.execute("insert or ignore into gone values(?1, ?2)", [tenant.as_str(), id])?;
            transaction.execute(
                "delete from document where tenant = ?1 and conversation = ?2",
                [tenant.as_str(), id],
            )?
        }
        Deletion::Tenant { tenant, .. } => {
            transaction.execute("delete from document where tenant = ?1", [tenant.as_str()])?
        }
        Deletion::Before { tenant: Some(tenant), moment } => transaction.execute(
            "delete from document where tenant = ?1 and at < ?2",
            params![tenant.as_str(), nanoseconds(*moment)],
        )?,
        Deletion::Before { tenant: None, moment } => {
            transaction.execute("delete from document where at < ?1", [nanoseconds(*moment)])?
        }
    })
}

/// `document.kind`. It is stored: never change one.
fn code(kind: DocumentKind) -> i64 {
    match kind {
        DocumentKind::Rating => 0,
        DocumentKind::Score => 1,
        DocumentKind::Experiment => 2,
        DocumentKind::Trial => 3,
        DocumentKind::Artifact => 4,
        DocumentKind::ArtifactContent => 5,
    }
}

fn kind_of(code: i64) -> Result<DocumentKind> {
    Ok(match code {
        0 => DocumentKind::Rating,
        1 => DocumentKind::Score,
        2 => DocumentKind::Experiment,
        3 => DocumentKind::Trial,
        4 => DocumentKind::Artifact,
        5 => DocumentKind::ArtifactContent,
        other => return Err(Fault::Damaged(format!("there is no kind of document {other}"))),
    })
}

fn document(row: DocumentRow) -> Result<Document> {
    Ok(Document {
        kind: kind_of(row.kind)?,
        id: row.id,
        parent: row.parent,
        about: row.about,
        conversation_id: row.conversation,
        at: moment(row.at),
        body: row.body,
    })
}
