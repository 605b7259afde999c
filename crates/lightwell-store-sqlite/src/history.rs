//! The writer's side of content and histories: each message once, each prefix once.
//!
//! A generation whose history is known costs as much as what is new in it: its longest known prefix is found in memory by
//! node, from the end; only what follows is looked up, compressed and inserted.

use lightwell_model::{ContentId, NodeId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::Encoder;
use crate::fault::Result;
use crate::key_index::KeyIndex;
use crate::memo::{PackedContent, Said};
use crate::recent::Recent;
use crate::schema::{ContentRow, LargeRow, NodeRow, Table};
use crate::shared::Shared;

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

/// Where content goes.
pub struct Target<'a> {
    /// The file.
    pub connection: &'a Connection,
    /// Compresses what no preparing thread did.
    pub encoder: &'a mut Encoder,
    /// Finds its content.
    pub index: &'a mut KeyIndex,
    /// Symbol.
    pub tenant: i64,
}

/// A row that is looked for.
#[derive(Clone, Copy)]
struct Found {
    seq: i64,
    /// It was not there before.
    is_new: bool,
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
    pub fn place(&mut self, target: &mut Target<'_>, shared: &Shared) -> Result<Places> {
        let mut content = |content: &Option<Said>| {
            content.as_ref().map(|content| self.content(target, content)).transpose()
        };
        let (system, tools) = (content(&shared.system_prompt)?, content(&shared.tools)?);
        let [system, tools] = [system, tools].map(|found| found.map(|found| found.seq));
        let (messages, nodes, inputs) = (&shared.messages, &shared.nodes, shared.inputs());
        let mut places = match self.longest(target.tenant, shared) {
            Some((from, node)) => {
                self.append(target, node, (&messages[from..], &nodes[from..]), inputs - from)?
            }
            None if shared.known_node.is_some() => {
                let (messages, nodes, inputs) = shared.spelled_out();
                self.append(target, 0, (&messages, &nodes), inputs)?
            }
            None => self.append(target, 0, (messages, nodes), inputs)?,
        };
        (places.system, places.tools) = (system, tools);
        Ok(places)
    }

    /// The longest history of the input that has a node here, and how many of the messages are in it. (The last node of the
    /// input is needed even if that of the output is known.)
    fn longest(&mut self, tenant: i64, shared: &Shared) -> Option<(usize, i64)> {
        (0..shared.inputs())
            .rev()
            .map(|place| (place + 1, shared.nodes[place]))
            .chain(shared.known_node.map(|id| (0, id)))
            .find_map(|(from, id)| Some((from, self.nodes.get(&(tenant, id))?)))
    }

    /// Continues a history with messages, the first of which are input.
    fn append(
        &mut self,
        target: &mut Target<'_>,
        node: i64,
        (messages, nodes): (&[Said], &[NodeId]),
        inputs: usize,
    ) -> Result<Places> {
        let mut node = Found { seq: node, is_new: false };
        let mut places = Places { input_head: node.seq, ..Places::default() };
        for (place, (message, id)) in messages.iter().zip(nodes).enumerate() {
            node = self.node(target, node, (message, *id))?;
            if place < inputs {
                places.input_head = node.seq;
            }
        }
        places.output_head = node.seq;
        Ok(places)
    }

    fn node(
        &mut self,
        target: &mut Target<'_>,
        parent: Found,
        (message, id): (&Said, NodeId),
    ) -> Result<Found> {
        let tenant = target.tenant;
        if let Some(seq) = self.nodes.get(&(tenant, id)) {
            return Ok(Found { seq, is_new: false });
        }
        let content = self.content(target, message)?;
        let edge = (parent.seq, content.seq);
        // No edge leads from or to what has just been stored.
        let stored =
            if parent.is_new || content.is_new { None } else { stored_edge(target.connection, edge)? };
        let node = match stored {
            Some(seq) => Found { seq, is_new: false },
            None => {
                NodeRow { seq: None, parent: edge.0, content: edge.1 }.insert(target.connection)?;
                Found { seq: target.connection.last_insert_rowid(), is_new: true }
            }
        };
        self.nodes.put((tenant, id), node.seq);
        Ok(node)
    }

    fn content(&mut self, target: &mut Target<'_>, content: &Said) -> Result<Found> {
        let name = (target.tenant, content.id);
        if let Some(seq) = self.contents.get(&name) {
            return Ok(Found { seq, is_new: false });
        }
        let key = content_key(name.0, name.1);
        let found = match stored_content(target, key, name)? {
            Some(seq) => Found { seq, is_new: false },
            None => Found { seq: insert(target, key, content)?, is_new: true },
        };
        self.contents.put(name, found.seq);
        Ok(found)
    }
}

fn stored_edge(connection: &Connection, (parent, content): (i64, i64)) -> Result<Option<i64>> {
    let mut edge = connection.prepare_cached("select seq from node where content = ?2 and parent = ?1")?;
    Ok(edge.query_row([parent, content], |row| row.get(0)).optional()?)
}

fn stored_content(target: &Target<'_>, key: i64, (tenant, id): (i64, ContentId)) -> Result<Option<i64>> {
    for seq in target.index.find(target.connection, key)? {
        let mut is_it = target
            .connection
            .prepare_cached("select 1 from content where seq = ?1 and tenant = ?2 and id = ?3")?;
        if is_it.exists(params![seq, tenant, id.as_bytes()])? {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

fn insert(target: &mut Target<'_>, key: i64, said: &Said) -> Result<i64> {
    let mut made;
    let content = match &said.packed {
        Some(packed) => packed,
        None => {
            made = PackedContent::of(said.source.address());
            made.compress(target.encoder);
            &made
        }
    };
    let (codec, bytes) = (content.packed.codec, &content.packed.bytes);
    let body = (!content.is_large).then(|| bytes.clone());
    ContentRow { seq: None, key, id: said.id.as_bytes().to_vec(), tenant: target.tenant, codec, body }
        .insert(target.connection)?;
    let seq = target.connection.last_insert_rowid();
    target.index.add(key, seq);
    if content.is_large {
        LargeRow { seq, body: bytes.clone() }.insert(target.connection)?;
    }
    Ok(seq)
}

/// Half of the id, different for each tenant so that one tenant's content is not looked through for another's.
fn content_key(tenant: i64, id: ContentId) -> i64 {
    let half: [u8; 8] = std::array::from_fn(|i| id.as_bytes()[i]);
    i64::from_le_bytes(half) ^ tenant.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)
}
