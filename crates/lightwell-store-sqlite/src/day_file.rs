//! One day's file, open for writing: what becomes of each record, inside the transaction of its group.
//!
//! Invariant: what is cached here is what the file holds. After a rollback or a deletion all caches are emptied.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::{HashMap, HashMapExt};
use lightwell_model::Record;
use lightwell_store::{Outcome, arrival};
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{Decoder, Encoder, Packed};
use crate::codes::{self, facet, nanoseconds, orphan, put_varint, varints};
use crate::fault::Result;
use crate::file::{self, Format};
use crate::history::{Histories, Target};
use crate::key_index::{KeyIndex, Rows};
use crate::load::{self, Loader};
use crate::memo::Memo;
use crate::pages;
use crate::prepare::{Prepared, Preparer, names_of};
use crate::recent::Recent;
use crate::rollup::Facts;
use crate::schema::{
    APPLICATION_ID, BodyRow, ConversationRow, FacetRow, OLDEST_VERSION, OrphanRow, RecordRow, Table,
    UPGRADES, VERSION, create_sql, sql,
};
use crate::symbols::{self, Symbols};

/// What a day file says it is.
pub const FORMAT: Format = Format {
    what: "a Lightwell day file",
    application_id: APPLICATION_ID,
    version: VERSION,
    oldest: OLDEST_VERSION,
    upgrades: UPGRADES,
    create: create_sql,
};

const CACHE_KIB: u32 = 16 * 1024;
const CACHED_CONVERSATIONS: usize = 4096;

/// Tenant and id.
type ConversationName = (i64, String);

/// A record that is stored, and takes time to be freed.
struct Spent(#[expect(dead_code, reason = "it is only dropped")] Box<Prepared>);

/// A day file that is open for writing.
pub struct DayFile {
    pub(crate) connection: Connection,
    pub(crate) decoder: Decoder,
    pub(crate) symbols: Symbols,
    pub(crate) records: KeyIndex,
    pub(crate) contents: KeyIndex,
    histories: Histories,
    conversations: Recent<ConversationName, ConversationRow>,
    changed: HashMap<ConversationName, ConversationRow>,
    facets: Recent<(i64, i64, i64), ()>,
    pub(crate) preparer: Preparer,
    new_conversations: Vec<(i64, i64)>,
    /// The indexes are not what the file holds.
    stale: bool,
    spent: Vec<Spent>,
    /// Pages in the log after the last commit.
    log_pages: Arc<AtomicU32>,
}

impl DayFile {
    /// Opens the file, or creates it.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = file::open_writer(path, &FORMAT, CACHE_KIB)?;
        pages::require(&connection)?;
        let log_pages = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&log_pages);
        // In place of SQLite's own checkpoints, which come before a group is answered.
        connection.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            counted.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self {
            decoder: Decoder::default(),
            symbols: Symbols::new(),
            records: KeyIndex::open(&connection, Rows::Records)?,
            contents: KeyIndex::open(&connection, Rows::Contents)?,
            histories: Histories::new(),
            conversations: Recent::new(CACHED_CONVERSATIONS),
            changed: HashMap::new(),
            facets: Recent::new(1 << 16),
            preparer: Preparer { memo: Arc::new(Memo::new(1024)), encoder: Encoder::new() },
            new_conversations: Vec::new(),
            stale: false,
            spent: Vec::new(),
            log_pages,
            connection,
        })
    }

    /// Begins the transaction of a group.
    pub fn begin(&mut self) -> Result<()> {
        if self.stale {
            self.records.reload(&self.connection)?;
            self.contents.reload(&self.connection)?;
            self.stale = false;
        }
        self.connection.execute_batch("begin immediate")?;
        Ok(())
    }

    /// Makes the group durable. Gives the (row, key) of conversations that are new in this file.
    pub fn commit(&mut self) -> Result<Vec<(i64, i64)>> {
        self.write_conversations()?;
        self.records.settle_if_due(&self.connection)?;
        self.contents.settle_if_due(&self.connection)?;
        self.connection.execute_batch("commit")?;
        Ok(std::mem::take(&mut self.new_conversations))
    }

    /// Brings all indexes up to date, for those who read the file from now on.
    pub fn settle(&mut self) -> Result<()> {
        self.begin()?;
        let settled =
            self.records.settle(&self.connection).and_then(|()| self.contents.settle(&self.connection));
        if let Err(fault) = settled {
            self.roll_back();
            return Err(fault);
        }
        self.commit().map(|_| ())
    }

    /// Undoes the group.
    pub fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // A failed rollback leaves the connection in a transaction that the next `begin` reports.
            let _ = self.connection.execute_batch("rollback");
        }
        self.forget();
    }

    /// Empties the caches.
    pub fn forget(&mut self) {
        self.symbols.forget();
        self.histories.forget();
        self.conversations.clear();
        self.changed.clear();
        self.facets.clear();
        self.new_conversations.clear();
        self.stale = true;
    }

    /// Sees to what the groups before have left behind: when nobody waits for an answer.
    pub fn tidy(&mut self) {
        self.spent.clear();
        if self.log_pages.load(Ordering::Relaxed) >= file::CHECKPOINT_PAGES {
            // What cannot be moved into the file now is moved after another group.
            let _ = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        }
    }

    /// Stores a record. `known`: its id may be in this file.
    pub fn apply(&mut self, prepared: Box<Prepared>, known: bool) -> Result<Outcome> {
        if known && let Some((row, stored)) = self.find(&prepared)? {
            return self.meet(&row, stored, *prepared);
        }
        self.insert(&prepared)?;
        self.spent.push(Spent(prepared));
        Ok(Outcome::Stored)
    }

    /// The stored record of the same tenant, kind and id; of one that says the same as what arrived, the row only.
    fn find(&mut self, prepared: &Prepared) -> Result<Option<(RecordRow, Option<Record>)>> {
        let digest = prepared.digest.map(|digest| digest.as_bytes().to_vec());
        for seq in self.records.find(&self.connection, prepared.key)? {
            let Some(row) = load::row(&self.connection, seq)? else { continue };
            // The digest covers the id too: no need to read a record that was sent again.
            if digest.is_some() && row.digest == digest {
                return Ok(Some((row, None)));
            }
            let stored = Loader::new(&self.connection, &mut self.decoder).record(&row)?;
            let same_tenant = symbols::text(&self.connection, row.tenant)? == prepared.tenant.as_str();
            if same_tenant && stored.id() == prepared.id && stored.kind() == prepared.head.kind() {
                return Ok(Some((row, Some(stored))));
            }
        }
        Ok(None)
    }

    fn meet(&mut self, row: &RecordRow, stored: Option<Record>, prepared: Prepared) -> Result<Outcome> {
        let Some(stored) = stored else { return Ok(Outcome::Duplicate) };
        let tenant = prepared.tenant.clone();
        let outcome = arrival::join(&stored, prepared.assemble());
        if let Outcome::Merged(whole) = &outcome {
            let whole = self.preparer.prepare(&tenant, (**whole).clone());
            self.rewrite(row, &stored, &whole)?;
        }
        Ok(outcome)
    }

    fn insert(&mut self, prepared: &Prepared) -> Result<()> {
        let (row, facts) = self.row(prepared)?;
        row.insert(&self.connection)?;
        let seq = self.connection.last_insert_rowid();
        self.records.add(prepared.key, seq);
        body(seq, &prepared.body).insert(&self.connection)?;
        if let Some(conversation) = self.changed.get_mut(&(row.tenant, prepared.conversation_id.clone())) {
            conversation.add(&facts);
        }
        self.insert_facets(row.conversation, &facts)
    }

    /// Writes a merged record in the place of what was stored.
    fn rewrite(&mut self, old: &RecordRow, stored: &Record, prepared: &Prepared) -> Result<()> {
        let (mut row, facts) = self.row(prepared)?;
        row.seq = old.seq;
        row.update(&self.connection)?;
        body(old.seq.unwrap_or_default(), &prepared.body).update(&self.connection)?;
        self.leave_behind(old, &row)?;
        let before = Facts::of(stored, |text| self.symbols.number(&self.connection, text))?;
        if old.conversation == row.conversation && facts.only_adds_to(&before) {
            let name = (row.tenant, prepared.conversation_id.clone());
            if let Some(conversation) = self.changed.get_mut(&name) {
                conversation.change(&before, &facts);
            }
            return self.insert_facets(row.conversation, &facts);
        }
        self.recount(old.conversation)?;
        if old.conversation != row.conversation { self.recount(row.conversation) } else { Ok(()) }
    }

    /// The row of a record whose content is stored and whose conversation is at hand in `changed`.
    fn row(&mut self, prepared: &Prepared) -> Result<(RecordRow, Facts)> {
        let tenant = self.symbols.number(&self.connection, prepared.tenant.as_str())?;
        let facts = Facts::of(&prepared.head, |text| self.symbols.number(&self.connection, text))?;
        let Self { connection, preparer, contents, histories, .. } = self;
        let mut target = Target { connection, encoder: &mut preparer.encoder, index: contents, tenant };
        let places = histories.place(&mut target, &prepared.shared)?;
        let conversation = self.conversation(tenant, prepared)?;
        let mut tags = Vec::new();
        facts.tags.iter().for_each(|tag| put_varint(*tag, &mut tags));
        let row = RecordRow {
            seq: None,
            key: prepared.key,
            kind: facts.kind,
            tenant,
            conversation,
            at: facts.at,
            received_at: nanoseconds(prepared.received_at),
            digest: prepared.digest.map(|digest| digest.as_bytes().to_vec()),
            agent: facts.agent,
            model: facts.model,
            provider: facts.provider,
            user: facts.user,
            error: facts.error,
            input_tokens: facts.usage.input_tokens,
            output_tokens: facts.usage.output_tokens,
            total_tokens: facts.usage.total_tokens,
            cache_read_input_tokens: facts.usage.cache_read_input_tokens,
            cache_write_input_tokens: facts.usage.cache_write_input_tokens,
            reasoning_tokens: facts.usage.reasoning_tokens,
            cost: facts.cost,
            tags: (!tags.is_empty()).then_some(tags),
            system: places.system,
            tools: places.tools,
            input_head: places.input_head,
            output_head: places.output_head,
            agent_version: facts.agent_version,
        };
        Ok((row, facts))
    }

    /// The conversation's row number; its row is in `changed` from here on.
    fn conversation(&mut self, tenant: i64, prepared: &Prepared) -> Result<i64> {
        let name = (tenant, prepared.conversation_id.clone());
        if let Some(row) = self.changed.get(&name) {
            return Ok(row.seq);
        }
        let stored = match self.conversations.get(&name) {
            Some(row) => Some(row),
            None => load::conversation(&self.connection, prepared.conversation_key, tenant, &name.1)?,
        };
        let row = match stored {
            Some(row) => row,
            None => self.new_conversation(tenant, prepared)?,
        };
        let seq = row.seq;
        self.changed.insert(name, row);
        Ok(seq)
    }

    fn new_conversation(&mut self, tenant: i64, prepared: &Prepared) -> Result<ConversationRow> {
        let next = "select coalesce((select seq from sqlite_sequence where name = 'conversation'), 0) + 1";
        let seq = self.connection.prepare_cached(next)?.query_row([], |row| row.get(0))?;
        let (key, id) = (prepared.conversation_key, prepared.conversation_id.clone());
        let row = ConversationRow { seq, key, tenant, id, ..ConversationRow::default() };
        row.insert(&self.connection)?;
        self.new_conversations.push((seq, key));
        Ok(row)
    }

    fn insert_facets(&mut self, conversation: i64, facts: &Facts) -> Result<()> {
        let one = |kind, value: Option<i64>| value.map(|value| (kind, value));
        // Only generations are asked for by their agent; see `Filter::describes_record`.
        let is_generation = facts.kind == codes::GENERATION;
        let named = [
            one(facet::AGENT, facts.agent.filter(|_| is_generation)),
            one(facet::MODEL, facts.model),
            one(facet::PROVIDER, facts.provider),
            one(facet::USER, facts.user),
            one(facet::ERROR, facts.error.then_some(1)),
        ];
        let tags = facts.tags.iter().map(|tag| (facet::TAG, *tag));
        for (kind, value) in named.into_iter().flatten().chain(tags) {
            if self.facets.get(&(kind, value, conversation)).is_none() {
                FacetRow { kind, value, conversation }.replace(&self.connection)?;
                self.facets.put((kind, value, conversation), ());
            }
        }
        Ok(())
    }

    /// Remembers what a merged record no longer refers to.
    fn leave_behind(&self, old: &RecordRow, new: &RecordRow) -> Result<()> {
        let kept: Vec<_> = references(new).collect();
        for (kind, seq) in references(old).filter(|reference| !kept.contains(reference)) {
            OrphanRow { kind, seq }.replace(&self.connection)?;
        }
        Ok(())
    }

    /// Counts a conversation anew from its records; removes it when there are none.
    pub(crate) fn recount(&mut self, seq: i64) -> Result<()> {
        self.write_conversations()?;
        let sql = sql!("{} where seq = ?1", ConversationRow::select_sql());
        let old = self.connection.prepare_cached(sql)?.query_row([seq], ConversationRow::read).optional()?;
        let Some(old) = old else { return Ok(()) };
        let ConversationRow { key, tenant, id, .. } = old;
        let name = (tenant, id.clone());
        let mut row = ConversationRow { seq, key, tenant, id, ..ConversationRow::default() };
        self.connection.prepare_cached("delete from facet where conversation = ?1")?.execute([seq])?;
        self.facets.clear();
        let records = load::rows_of_conversation(&self.connection, seq)?;
        for record in &records {
            let head = Loader::new(&self.connection, &mut self.decoder).head(record)?;
            let facts = Facts::of(&head, |text| self.symbols.number(&self.connection, text))?;
            row.add(&facts);
            self.insert_facets(seq, &facts)?;
        }
        self.conversations.remove(&name);
        if records.is_empty() {
            self.connection.prepare_cached("delete from conversation where seq = ?1")?.execute([seq])?;
        } else {
            row.update(&self.connection)?;
        }
        Ok(())
    }

    fn write_conversations(&mut self) -> Result<()> {
        for (name, row) in std::mem::take(&mut self.changed) {
            row.update(&self.connection)?;
            self.conversations.put(name, row);
        }
        Ok(())
    }
}

fn body(seq: i64, packed: &Packed) -> BodyRow {
    BodyRow { seq, codec: packed.codec, body: packed.bytes.clone() }
}

/// The nodes, contents and symbols that a record refers to: kind of orphan, row.
pub fn references(row: &RecordRow) -> impl Iterator<Item = (i64, i64)> {
    let nodes = [row.input_head, row.output_head].map(|seq| (orphan::NODE, seq));
    let contents = [row.system, row.tools].map(|seq| (orphan::CONTENT, seq.unwrap_or_default()));
    let names = [Some(row.tenant)].into_iter().chain(names_of(row)).flatten();
    let symbols =
        names.chain(varints(row.tags.as_deref().unwrap_or_default())).map(|seq| (orphan::SYMBOL, seq));
    nodes.into_iter().chain(contents).chain(symbols).filter(|(_, seq)| *seq != 0)
}

#[cfg(test)]
mod tests;
