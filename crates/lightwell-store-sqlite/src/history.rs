//! The writer's side of content and histories: each message once, each prefix once.
//!
//! A generation whose history is known costs as much as what is new in it: its longest known prefix is found in memory by
//! node, from the end; only what follows is looked up, compressed and inserted.

use lightwell_model::{ContentId, NodeId, limits};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::{Encoder, Texts};
use crate::fault::Result;
use crate::memo::Said;
use crate::prepare::Shared;
use crate::recent::Recent;
use crate::schema::{ContentRow, LargeRow, NodeRow, Table};

/// Contents and nodes that were used lately, by tenant.
pub struct Histories {
    contents: Recent<(i64, ContentId), i64>,
    nodes: Recent<(i64, NodeId), i64>,
}

/// Where a generation's content is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Row of the system prompt.
    pub system: Option<i64>,
    /// Row of the tool set.
    pub tools: Option<i64>,
    /// Node of the last input message.
    pub input_head: i64,
    /// Node of the last message.
    pub output_head: i64,
}

impl Histories {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self { contents: Recent::new(1 << 16), nodes: Recent::new(1 << 16) }
    }

    /// Forgets what may have been rolled back or deleted.
    pub fn forget(&mut self) {
        self.contents.clear();
        self.nodes.clear();
    }

    /// Stores what of a generation's content is not stored yet, and says where all of it is.
    pub fn place(
        &mut self,
        connection: &Connection,
        encoder: &mut Encoder,
        tenant: i64,
        shared: &Shared,
    ) -> Result<Places> {
        let mut content = |this: &mut Self, content: &Option<Said>| {
            content.as_ref().map(|content| this.content(connection, encoder, tenant, content)).transpose()
        };
        let (system, tools) = (content(self, &shared.system_prompt)?, content(self, &shared.tools)?);
        let mut places = Places { system, tools, input_head: 0, output_head: 0 };
        // The longest prefix whose node is known. The last node of the input is needed even if that of the output is known.
        let known =
            (0..shared.inputs).rev().find_map(|i| Some((i, self.nodes.get(&(tenant, shared.nodes[i]))?)));
        let (from, mut node) = known.map_or((0, 0), |(i, node)| (i + 1, node));
        places.input_head = node;
        for i in from..shared.messages.len() {
            node = self.node(connection, encoder, (tenant, node), (&shared.messages[i], shared.nodes[i]))?;
            if i < shared.inputs {
                places.input_head = node;
            }
        }
        places.output_head = node;
        Ok(places)
    }

    fn node(
        &mut self,
        connection: &Connection,
        encoder: &mut Encoder,
        (tenant, parent): (i64, i64),
        (message, id): (&Said, NodeId),
    ) -> Result<i64> {
        if let Some(node) = self.nodes.get(&(tenant, id)) {
            return Ok(node);
        }
        let content = self.content(connection, encoder, tenant, message)?;
        let mut edge =
            connection.prepare_cached("select seq from node where parent = ?1 and content = ?2")?;
        let node = match edge.query_row(params![parent, content], |row| row.get(0)).optional()? {
            Some(node) => node,
            None => {
                NodeRow { seq: None, parent, content }.insert(connection)?;
                connection.last_insert_rowid()
            }
        };
        self.nodes.put((tenant, id), node);
        Ok(node)
    }

    fn content(
        &mut self,
        connection: &Connection,
        encoder: &mut Encoder,
        tenant: i64,
        content: &Said,
    ) -> Result<i64> {
        let id = content.id;
        if let Some(seq) = self.contents.get(&(tenant, id)) {
            return Ok(seq);
        }
        let key = content_key(tenant, id);
        let mut find = connection
            .prepare_cached("select seq from content where key = ?1 and tenant = ?2 and id = ?3")?;
        let seq = match find.query_row(params![key, tenant, id.as_bytes()], |row| row.get(0)).optional()? {
            Some(seq) => seq,
            None => insert(connection, encoder, (tenant, key), content)?,
        };
        self.contents.put((tenant, id), seq);
        Ok(seq)
    }
}

fn insert(
    connection: &Connection,
    encoder: &mut Encoder,
    (tenant, key): (i64, i64),
    said: &Said,
) -> Result<i64> {
    let content = said.content();
    let bytes = content.canonical();
    let is_large = bytes.len() > limits::LARGE_CONTENT_BYTES;
    let (codec, body) =
        if is_large { encoder.encode_large(bytes)? } else { encoder.encode(Texts::Content, bytes)? };
    encoder.sample(Texts::Content, bytes);
    let (body, large) = if is_large { (None, Some(body)) } else { (Some(body), None) };
    ContentRow { seq: None, key, id: content.id().as_bytes().to_vec(), tenant, codec, body }
        .insert(connection)?;
    let seq = connection.last_insert_rowid();
    if let Some(body) = large {
        LargeRow { seq, body }.insert(connection)?;
    }
    Ok(seq)
}

/// Half of the id, different for each tenant so that one tenant's content is not looked through for another's.
fn content_key(tenant: i64, id: ContentId) -> i64 {
    let half: [u8; 8] = std::array::from_fn(|i| id.as_bytes()[i]);
    i64::from_le_bytes(half) ^ tenant.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)
}
