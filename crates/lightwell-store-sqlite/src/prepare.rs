//! What can be done for a record before it reaches the one thread that writes its file: taking it apart, hashing, serialising and
//! compressing.

use std::sync::Arc;

use jiff::Timestamp;
use lightwell_model::{ContentId, Event, Fragment, Generation, Record, RecordKind, Step, TenantId};
use lightwell_store::arrival;

use crate::codec::{Encoder, Packed, RAW, Texts};
use crate::codes;
use crate::memo::Memo;
use crate::schema::RecordRow;
use crate::shared::Shared;

/// A record on its way into a file.
#[derive(Debug)]
pub struct Prepared {
    /// Its owner.
    pub tenant: TenantId,
    /// [`codes::record_key`]
    pub key: i64,
    /// Its natural id.
    pub id: String,
    /// [`codes::conversation_key`]
    pub conversation_key: i64,
    /// Its conversation.
    pub conversation_id: String,
    /// The moment that places it in time.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// What it says, when it was told whole.
    pub digest: Option<ContentId>,
    /// The record without what the row and the content hold; restored by [`restore`].
    pub head: Record,
    /// [`Self::head`] as compressed JSON.
    pub body: Packed,
    /// What it shares with others; only generations do.
    pub shared: Shared,
    /// Roughly what it takes of memory while it waits.
    pub bytes: usize,
}

/// What a thread needs to prepare records.
pub struct Preparer {
    /// Shared by all of them.
    pub memo: Arc<Memo>,
    /// Its own.
    pub encoder: Encoder,
}

impl Preparer {
    /// Prepares records. All are taken apart before any is compressed, so that the dictionaries stay in the processor's cache.
    pub fn prepare_all(
        &mut self,
        tenant: &TenantId,
        records: Vec<(usize, Record)>,
    ) -> Vec<(usize, Box<Prepared>)> {
        let take = |(place, record)| (place, Box::new(self.take_apart(tenant, record)));
        let mut all: Vec<(usize, Box<Prepared>)> = records.into_iter().map(take).collect();
        all.iter_mut().for_each(|(_, prepared)| prepared.shared.compress(&mut self.encoder));
        all.iter_mut().for_each(|(_, prepared)| {
            prepared.body = self.encoder.encode(Texts::Bodies, &prepared.body.bytes);
        });
        all
    }

    /// Prepares a record.
    pub fn prepare(&mut self, tenant: &TenantId, record: Record) -> Prepared {
        let mut prepared = self.take_apart(tenant, record);
        prepared.shared.compress(&mut self.encoder);
        prepared.body = self.encoder.encode(Texts::Bodies, &prepared.body.bytes);
        prepared
    }

    fn take_apart(&self, tenant: &TenantId, record: Record) -> Prepared {
        let (key, id, at) =
            (codes::record_key(tenant, record.kind(), record.id()), record.id().to_owned(), record.at());
        let (mut head, received_at, shared, fresh) = match record {
            Record::Generation(generation) => self.addressed(tenant, generation),
            Record::Step(step) => {
                let digest = step.fragments.is_empty().then(|| arrival::step_digest(&step));
                let received_at = step.received_at;
                (Record::Step(step), received_at, Shared::default(), digest)
            }
            Record::Event(event) => {
                let (digest, received_at) = (event.digest(), event.received_at);
                (Record::Event(event), received_at, Shared::default(), Some(digest))
            }
        };
        let mut digest = fresh;
        if let Some(fragments) = fragments(&mut head) {
            digest = digest.or_else(|| whole_digest(fragments, &id, at));
            if digest.is_some() {
                fragments.clear();
            }
        }
        let conversation_id = std::mem::take(conversation(&mut head));
        let body = match &mut head {
            Record::Generation(generation) => {
                let names = named(generation).map(std::mem::take);
                let body = serde_json::to_vec(generation);
                put_names(generation, names.map(Some));
                body
            }
            Record::Step(step) => serde_json::to_vec(step),
            Record::Event(event) => serde_json::to_vec(event),
        };
        let body = Packed { codec: RAW, bytes: body.expect("a record has string keys only") };
        let conversation_key = codes::conversation_key(tenant, &conversation_id);
        let tenant = tenant.clone();
        let bytes = 1024 + body.bytes.len() + shared.bytes();
        Prepared {
            bytes,
            tenant,
            key,
            id,
            conversation_key,
            conversation_id,
            at,
            received_at,
            digest,
            head,
            body,
            shared,
        }
    }

    /// Everything of a generation but its content, its content, and its digest when nobody gave it a fragment yet.
    fn addressed(
        &self,
        tenant: &TenantId,
        mut generation: Generation,
    ) -> (Record, Timestamp, Shared, Option<ContentId>) {
        let digest = generation.fragments.is_empty().then(|| generation.clone().address().digest());
        let shared = Shared::take(tenant, &mut generation, &self.memo);
        let received_at = generation.received_at;
        (generation.into(), received_at, shared, digest)
    }
}

impl Prepared {
    /// The record as it arrived.
    pub fn assemble(self) -> Record {
        let mut record = self.head;
        restore_told(&mut record, &self.conversation_id, self.received_at, self.digest);
        if let Record::Generation(generation) = &mut record {
            self.shared.put(generation);
        }
        record
    }
}

/// Puts back what [`Preparer::prepare`] took out, except for content.
pub fn restore(
    kind: RecordKind,
    body: &[u8],
    conversation_id: &str,
    received_at: Timestamp,
    digest: Option<ContentId>,
    names: Names,
) -> serde_json::Result<Record> {
    let mut record: Record = match kind {
        RecordKind::Generation => {
            let mut generation = serde_json::from_slice::<Generation>(body)?;
            put_names(&mut generation, names);
            generation.into()
        }
        RecordKind::Step => serde_json::from_slice::<Step>(body)?.into(),
        RecordKind::Event => serde_json::from_slice::<Event>(body)?.into(),
    };
    restore_told(&mut record, conversation_id, received_at, digest);
    Ok(record)
}

/// What a generation's row has as symbols: its body leaves these out. None for what the row does not have.
pub type Names = [Option<String>; 5];

/// The symbols of [`Names`], in their order.
pub fn names_of(row: &RecordRow) -> [Option<i64>; 5] {
    [row.agent, row.agent_version, row.provider, row.model, row.user]
}

fn named(generation: &mut Generation) -> [&mut String; 5] {
    let Generation { agent, model, user_id, .. } = generation;
    [&mut agent.name, &mut agent.effective_version, &mut model.provider, &mut model.name, user_id]
}

/// Bodies of earlier versions hold some or all of them themselves.
fn put_names(generation: &mut Generation, names: Names) {
    for (place, name) in named(generation).into_iter().zip(names) {
        if let Some(name) = name {
            *place = name;
        }
    }
}

fn restore_told(
    record: &mut Record,
    conversation_id: &str,
    received_at: Timestamp,
    digest: Option<ContentId>,
) {
    conversation_id.clone_into(conversation(record));
    match record {
        Record::Generation(generation) => generation.received_at = received_at,
        Record::Step(step) => step.received_at = received_at,
        Record::Event(event) => event.received_at = received_at,
    }
    if let Some(digest) = digest {
        let whole = arrival::whole(record.id(), record.at(), digest);
        if let Some(fragments) = fragments(record) {
            fragments.push(whole);
        }
    }
}

/// The digest of a record whose only fragment can be made again from it.
fn whole_digest(fragments: &[Fragment], id: &str, at: Timestamp) -> Option<ContentId> {
    match fragments {
        [fragment] if *fragment == arrival::whole(id, at, fragment.digest) => Some(fragment.digest),
        _ => None,
    }
}

fn fragments(record: &mut Record) -> Option<&mut Vec<Fragment>> {
    match record {
        Record::Generation(generation) => Some(&mut generation.fragments),
        Record::Step(step) => Some(&mut step.fragments),
        Record::Event(_) => None,
    }
}

fn conversation(record: &mut Record) -> &mut String {
    match record {
        Record::Generation(generation) => &mut generation.conversation_id,
        Record::Step(step) => &mut step.conversation_id,
        Record::Event(event) => &mut event.conversation_id,
    }
}
