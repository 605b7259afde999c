//! What was sent, what of it was acknowledged, and whether the server tells it: all of it, once, and as it was.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use serde_json::{Map, Value};

use crate::connection::Connection;
use crate::expect;

/// Which record a piece is of, and which of its members it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A Sigil generation: it comes whole.
    SigilGeneration,
    /// An InsideLLM call: its request is one piece, its response another.
    InsidellmGeneration,
    /// An InsideLLM tool call: likewise.
    InsidellmStep,
    /// A point in time.
    InsidellmEvent,
}

impl Shape {
    /// A generation of one kind or the other.
    pub fn is_generation(self) -> bool {
        matches!(self, Self::SigilGeneration | Self::InsidellmGeneration)
    }

    /// The member of a conversation that lists such records, and the member of a record that holds its id.
    fn list(self) -> (&'static str, &'static str) {
        match self {
            Self::SigilGeneration | Self::InsidellmGeneration => ("generations", "generation_id"),
            Self::InsidellmStep => ("steps", "step_id"),
            Self::InsidellmEvent => ("events", "event_id"),
        }
    }

    /// What pieces can say, out of all that the API tells of a record.
    fn view(self, told: &Value) -> Value {
        let keys = match self {
            Self::SigilGeneration => return expect::told(told),
            Self::InsidellmGeneration | Self::InsidellmStep => ["input", "output"],
            Self::InsidellmEvent => ["kind", "payload"],
        };
        let members = keys.iter().filter_map(|key| Some(((*key).to_owned(), told.get(*key)?.clone())));
        Value::Object(members.filter(|(_, value)| !is_empty(value)).collect())
    }
}

/// A part of a record that travels by itself.
#[derive(Debug)]
pub struct Piece {
    shape: Shape,
    id: String,
    conversation: String,
    /// Members of the record as the API must tell them.
    said: Map<String, Value>,
    /// The server said that it has it.
    pub acknowledged: bool,
}

impl Piece {
    /// A piece that nobody has acknowledged; `said` is an object.
    pub fn new(shape: Shape, id: &str, conversation: &str, said: Value) -> Self {
        let (id, conversation) = (id.to_owned(), conversation.to_owned());
        let Value::Object(said) = said else { unreachable!("a piece says members of a record") };
        Self { shape, id, conversation, said, acknowledged: false }
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Acknowledged and not told, by name.
    pub lost: Vec<String>,
    /// Told more than once.
    pub doubled: Vec<String>,
    /// Told otherwise than it was sent, or never sent.
    pub altered: Vec<String>,
    /// Records that are told.
    pub records: usize,
    /// Pieces that nobody acknowledged and that are told all the same: committed, and the answer did not get out.
    pub unacknowledged_told: usize,
    /// Each record as it is told, as a number.
    told: Vec<(Key, u64)>,
}

/// Conversation, shape and id.
type Key = (String, Shape, String);

impl Findings {
    /// Everything is as it must be.
    pub fn are_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.altered.is_empty()
    }

    /// Adds another comparison's findings.
    pub fn add(&mut self, other: Self) {
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.altered.extend(other.altered);
        self.records += other.records;
        self.unacknowledged_told += other.unacknowledged_told;
    }
}

/// Compares pieces with what the server tells of their conversations.
///
/// # Errors
/// When the server cannot be asked.
pub async fn compare(api: &mut Connection, pieces: &[Piece]) -> anyhow::Result<Findings> {
    let mut conversations: BTreeMap<&str, Records<'_>> = BTreeMap::new();
    for piece in pieces {
        let records = conversations.entry(&piece.conversation).or_default();
        records.entry((piece.shape, &piece.id)).or_default().push(piece);
    }
    let mut findings = Findings::default();
    for (id, records) in &conversations {
        let told = Conversation::read(api, id, &mut findings).await?;
        for (record, pieces) in records {
            told.compare(*record, pieces, &mut findings);
            if let Some(told) = told.record(record.0, record.1) {
                let key = ((*id).to_owned(), record.0, record.1.to_owned());
                findings.told.push((key, expect::fingerprint(told)));
            }
        }
        for id in told.ids() {
            if !records.keys().any(|(_, known)| *known == id) {
                findings.altered.push(format!("{id} was never sent"));
            }
        }
    }
    Ok(findings)
}

type Records<'a> = BTreeMap<(Shape, &'a str), Vec<&'a Piece>>;

/// What the server tells of a conversation, by list and id.
#[derive(Default)]
struct Conversation(HashMap<(&'static str, String), Value>);

impl Conversation {
    async fn read(api: &mut Connection, id: &str, findings: &mut Findings) -> anyhow::Result<Self> {
        let Some(mut told) = api.get(&format!("/api/v1/conversations/{id}")).await? else {
            return Ok(Self::default());
        };
        let mut records = HashMap::new();
        for shape in [Shape::SigilGeneration, Shape::InsidellmStep, Shape::InsidellmEvent] {
            let (list, id_key) = shape.list();
            let Some(Value::Array(members)) = told.get_mut(list).map(Value::take) else { continue };
            for member in members {
                let id = member.get(id_key).and_then(Value::as_str);
                let id = id.with_context(|| format!("{list} of {id:?} have no {id_key}"))?.to_owned();
                if records.insert((list, id.clone()), member).is_some() {
                    findings.doubled.push(id);
                }
            }
        }
        Ok(Self(records))
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|(_, id)| id.as_str())
    }

    fn record(&self, shape: Shape, id: &str) -> Option<&Value> {
        self.0.get(&(shape.list().0, id.to_owned()))
    }

    fn compare(&self, (shape, id): (Shape, &str), pieces: &[&Piece], findings: &mut Findings) {
        let Some(told) = self.record(shape, id) else {
            if pieces.iter().any(|piece| piece.acknowledged) {
                findings.lost.push(format!("{shape:?} {id}"));
            }
            return;
        };
        findings.records += 1;
        let told = shape.view(told);
        for piece in pieces {
            let missing = piece.said.keys().all(|key| told.get(key).is_none());
            if missing && pieces.len() > 1 {
                if piece.acknowledged {
                    findings.lost.push(format!("{shape:?} {id}: a half of it"));
                }
                continue;
            }
            findings.unacknowledged_told += usize::from(!piece.acknowledged);
            let said = Value::Object(piece.said.clone());
            if let Some(difference) = expect::difference(&said, &told) {
                findings.altered.push(format!("{shape:?} {id}{difference}"));
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Records that are settled, as numbers that stand for their content: enough to see that they stay as they are.
#[derive(Default)]
pub struct Archive {
    conversations: BTreeMap<String, BTreeMap<(Shape, String), u64>>,
}

impl Archive {
    /// Keeps what a comparison saw, when all pieces were acknowledged.
    pub fn keep(&mut self, seen: &mut Findings) {
        for ((conversation, shape, id), fingerprint) in std::mem::take(&mut seen.told) {
            self.conversations.entry(conversation).or_default().insert((shape, id), fingerprint);
        }
    }

    /// Generations that are kept.
    pub fn generations(&self) -> usize {
        let records = self.conversations.values().flat_map(BTreeMap::keys);
        records.filter(|(shape, _)| shape.is_generation()).count()
    }

    /// Records that are kept.
    pub fn records(&self) -> usize {
        self.conversations.values().map(BTreeMap::len).sum()
    }

    /// Reads the whole list of conversations and every conversation of it, and compares.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn compare(&self, api: &mut Connection) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        let mut listed = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("/api/v1/conversations?limit=200{cursor}")).await?;
            let page = page.context("the server lists conversations")?;
            for item in page["items"].as_array().into_iter().flatten() {
                let id = item["id"].as_str().context("a conversation has an id")?.to_owned();
                if listed.insert(id.clone(), item["generation_count"].as_u64()).is_some() {
                    findings.doubled.push(format!("conversation {id} in the list"));
                }
            }
            match page["next_cursor"].as_str() {
                Some(next) if !next.is_empty() => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        for (id, records) in &self.conversations {
            self.compare_one(api, id, records, &mut findings).await?;
            let generations = records.keys().filter(|(shape, _)| shape.is_generation()).count() as u64;
            match listed.remove(id) {
                None => findings.lost.push(format!("conversation {id} in the list")),
                Some(count) if count != Some(generations) => {
                    findings
                        .altered
                        .push(format!("conversation {id}: {count:?} of {generations} generations"));
                }
                Some(_) => {}
            }
        }
        findings.altered.extend(listed.into_keys().map(|id| format!("conversation {id} was never sent")));
        Ok(findings)
    }

    async fn compare_one(
        &self,
        api: &mut Connection,
        conversation: &str,
        records: &BTreeMap<(Shape, String), u64>,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let mut told = Conversation::read(api, conversation, findings).await?;
        for ((shape, id), fingerprint) in records {
            let Some(record) = told.0.remove(&(shape.list().0, id.clone())) else {
                findings.lost.push(format!("{shape:?} {id}"));
                continue;
            };
            findings.records += 1;
            if expect::fingerprint(&record) != *fingerprint {
                findings.altered.push(format!("{shape:?} {id} is not what it was"));
            }
        }
        findings.altered.extend(told.ids().map(|id| format!("{id} was never sent")));
        Ok(())
    }
}
