//! Putting records together again from what a file holds of them.

use std::collections::HashMap;

use lightwell_model::{ContentId, Generation, Message, Record, RecordKind, ToolDefinition};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::Decoder;
use crate::codes::{self, moment};
use crate::fault::{Fault, Result};
use crate::prepare::{Names, names_of, restore};
use crate::schema::{BodyRow, ConversationRow, NodeRow, RecordRow, Table, sql};
use crate::symbols;

/// Loads records through one connection. What they share is read and decompressed once.
pub struct Loader<'a> {
    connection: &'a Connection,
    decoder: &'a mut Decoder,
    conversations: HashMap<i64, String>,
    symbols: HashMap<i64, String>,
    nodes: HashMap<i64, (i64, i64)>,
    messages: HashMap<i64, Message>,
    system_prompts: HashMap<i64, String>,
    tools: HashMap<i64, Vec<ToolDefinition>>,
}

impl<'a> Loader<'a> {
    /// A loader that has read nothing yet.
    pub fn new(connection: &'a Connection, decoder: &'a mut Decoder) -> Self {
        Self {
            connection,
            decoder,
            conversations: HashMap::new(),
            symbols: HashMap::new(),
            nodes: HashMap::new(),
            messages: HashMap::new(),
            system_prompts: HashMap::new(),
            tools: HashMap::new(),
        }
    }

    /// The record of a row, with its content.
    pub fn record(&mut self, row: &RecordRow) -> Result<Record> {
        let mut record = self.head(row)?;
        if let Record::Generation(generation) = &mut record {
            self.fill(row, generation)?;
        }
        Ok(record)
    }

    /// The record of a row, without its content.
    pub fn head(&mut self, row: &RecordRow) -> Result<Record> {
        let seq = row.seq.unwrap_or_default();
        let sql = sql!("{} where seq = ?1", BodyRow::select_sql());
        let mut statement = self.connection.prepare_cached(sql)?;
        let body = statement.query_row([seq], BodyRow::read).optional()?;
        let body = body.ok_or_else(|| missing("body of record", seq))?;
        let body = self.decoder.decode(self.connection, body.codec, &body.body)?;
        let digest = row
            .digest
            .as_deref()
            .map(|bytes| Ok::<_, Fault>(ContentId::from_bytes(sixteen(bytes)?)))
            .transpose()?;
        let conversation = self.conversation_id(row.conversation)?;
        let kind = record_kind(row.kind)?;
        let names = if kind == RecordKind::Generation { self.names(row)? } else { Names::default() };
        restore(kind, &body, &conversation, moment(row.received_at), digest, names)
            .map_err(|error| Fault::Damaged(format!("record {seq} cannot be read: {error}")))
    }

    fn names(&mut self, row: &RecordRow) -> Result<Names> {
        let mut names = Names::default();
        for (name, symbol) in names.iter_mut().zip(names_of(row)) {
            *name = symbol.map(|symbol| self.symbol(symbol)).transpose()?;
        }
        Ok(names)
    }

    fn symbol(&mut self, number: i64) -> Result<String> {
        if let Some(text) = self.symbols.get(&number) {
            return Ok(text.clone());
        }
        let text = symbols::text(self.connection, number)?;
        self.symbols.insert(number, text.clone());
        Ok(text)
    }

    fn fill(&mut self, row: &RecordRow, generation: &mut Generation) -> Result<()> {
        if let Some(seq) = row.system {
            generation.system_prompt = self.system_prompt(seq)?;
        }
        if let Some(seq) = row.tools {
            generation.tools = self.tool_set(seq)?;
        }
        generation.input = self.history(row.input_head, 0)?;
        generation.output = self.history(row.output_head, row.input_head)?;
        Ok(())
    }

    /// The messages after the node `from` up to the node `head`.
    fn history(&mut self, head: i64, from: i64) -> Result<Vec<Message>> {
        let (mut messages, mut node) = (Vec::new(), head);
        while node != from {
            let (parent, content) = self.node(node)?;
            messages.push(self.message(content)?);
            node = parent;
        }
        messages.reverse();
        Ok(messages)
    }

    /// What is first found in the messages of a history, from its beginning.
    pub fn find_in_history<T>(
        &mut self,
        head: i64,
        find: impl Fn(&Message) -> Option<T>,
    ) -> Result<Option<T>> {
        let (mut contents, mut node) = (Vec::new(), head);
        while node != 0 {
            let (parent, content) = self.node(node)?;
            contents.push(content);
            node = parent;
        }
        for content in contents.into_iter().rev() {
            if let Some(found) = find(&self.message(content)?) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn node(&mut self, seq: i64) -> Result<(i64, i64)> {
        if let Some(node) = self.nodes.get(&seq) {
            return Ok(*node);
        }
        let sql = sql!("{} where seq = ?1", NodeRow::select_sql());
        let row = self.connection.prepare_cached(sql)?.query_row([seq], NodeRow::read).optional()?;
        let row = row.ok_or_else(|| missing("node", seq))?;
        self.nodes.insert(seq, (row.parent, row.content));
        Ok((row.parent, row.content))
    }

    fn message(&mut self, seq: i64) -> Result<Message> {
        if let Some(message) = self.messages.get(&seq) {
            return Ok(message.clone());
        }
        let bytes = self.content(seq)?;
        let message = Message::from_canonical(&bytes).map_err(|error| unreadable(seq, &error))?;
        self.messages.insert(seq, message.clone());
        Ok(message)
    }

    fn system_prompt(&mut self, seq: i64) -> Result<String> {
        if let Some(prompt) = self.system_prompts.get(&seq) {
            return Ok(prompt.clone());
        }
        let prompt = String::from_utf8(self.content(seq)?).map_err(|error| unreadable(seq, &error))?;
        self.system_prompts.insert(seq, prompt.clone());
        Ok(prompt)
    }

    fn tool_set(&mut self, seq: i64) -> Result<Vec<ToolDefinition>> {
        if let Some(tools) = self.tools.get(&seq) {
            return Ok(tools.clone());
        }
        let tools =
            ToolDefinition::from_canonical(&self.content(seq)?).map_err(|error| unreadable(seq, &error))?;
        self.tools.insert(seq, tools.clone());
        Ok(tools)
    }

    fn content(&mut self, seq: i64) -> Result<Vec<u8>> {
        let mut statement = self.connection.prepare_cached(
            "select codec, coalesce(content.body, large.body) from content left join large using(seq) where seq = ?1",
        )?;
        let row =
            statement.query_row([seq], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
        let (codec, body) = row.ok_or_else(|| missing("content", seq))?;
        self.decoder.decode(self.connection, codec, &body)
    }

    fn conversation_id(&mut self, seq: i64) -> Result<String> {
        if let Some(id) = self.conversations.get(&seq) {
            return Ok(id.clone());
        }
        let sql = sql!("{} where seq = ?1", ConversationRow::select_sql());
        let row = self.connection.prepare_cached(sql)?.query_row([seq], ConversationRow::read).optional()?;
        let id = row.ok_or_else(|| missing("conversation", seq))?.id;
        self.conversations.insert(seq, id.clone());
        Ok(id)
    }
}

/// The row of a record.
pub fn row(connection: &Connection, seq: i64) -> Result<Option<RecordRow>> {
    let sql = sql!("{} where seq = ?1", RecordRow::select_sql());
    Ok(connection.prepare_cached(sql)?.query_row([seq], RecordRow::read).optional()?)
}

/// The row of a conversation.
pub fn conversation(
    connection: &Connection,
    key: i64,
    tenant: i64,
    id: &str,
) -> Result<Option<ConversationRow>> {
    let sql = sql!("{} where key = ?1 and tenant = ?2 and id = ?3", ConversationRow::select_sql());
    Ok(connection.prepare_cached(sql)?.query_row((key, tenant, id), ConversationRow::read).optional()?)
}

/// The rows of a conversation's records.
pub fn rows_of_conversation(connection: &Connection, seq: i64) -> Result<Vec<RecordRow>> {
    let sql = sql!("{} where conversation = ?1", RecordRow::select_sql());
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([seq], RecordRow::read)?.collect::<rusqlite::Result<_>>()?)
}

fn record_kind(kind: i64) -> Result<RecordKind> {
    [RecordKind::Generation, RecordKind::Step, RecordKind::Event]
        .into_iter()
        .find(|known| codes::kind(*known) == kind)
        .ok_or_else(|| Fault::Damaged(format!("a record has the unknown kind {kind}")))
}

fn sixteen(bytes: &[u8]) -> Result<[u8; 16]> {
    bytes.try_into().map_err(|_| Fault::Damaged("a digest has the wrong length".to_owned()))
}

fn missing(what: &str, seq: i64) -> Fault {
    Fault::Damaged(format!("{what} {seq} is missing"))
}

fn unreadable(seq: i64, error: &dyn std::fmt::Display) -> Fault {
    Fault::Damaged(format!("content {seq} cannot be read: {error}"))
}
