//! The engine that keeps everything in memory: for tests, for trying things out, and as the measure of what other engines answer.
//!
//! It does every thing the plain way: a map of records, and a walk over all of them for every question.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lightwell_model::{ContentId, Generation, Record, RecordKind, TenantId};

use crate::{
    Added, ApiKey, ClientAccount, ConversationDetail, ConversationQuery, ConversationSummary, Deleted,
    Deletion, Delivery, DeliveryQuery, Document, DocumentKind, DocumentPage, DocumentQuery, DocumentsOf,
    Filter, KeyDigest, NewApiKey, Outcome, Page, Store, StoreError, Totals, arrival,
};

/// Records in memory. Nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        // A panic under the lock is a bug of a single question; what is stored stays as it was.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed { Err(StoreError::Closed) } else { Ok(state) }
    }
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<TenantId, Tenant>,
    deleted_before: Option<Timestamp>,
    keys: Vec<(KeyDigest, ApiKey)>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Tenant {
    records: BTreeMap<(RecordKind, String), Record>,
    accounts: BTreeMap<String, ClientAccount>,
    /// With the number under which each was added.
    documents: BTreeMap<(DocumentKind, String), (u64, Document)>,
    added_documents: u64,
    deleted_conversations: BTreeSet<String>,
    deleted_before: Option<Timestamp>,
}

impl Tenant {
    fn append(&mut self, record: Record, deleted_before: Option<Timestamp>) -> Outcome {
        let before = self.deleted_before.max(deleted_before);
        if before.is_some_and(|before| record.at() < before)
            || self.deleted_conversations.contains(record.conversation_id())
        {
            return Outcome::Deleted;
        }
        let record = arrival::told(record);
        let key = (record.kind(), record.id().to_owned());
        let Some(stored) = self.records.get(&key) else {
            self.records.insert(key, record);
            return Outcome::Stored;
        };
        let outcome = arrival::join(stored, record);
        if let Outcome::Merged(whole) = &outcome {
            self.records.insert(key, (**whole).clone());
        }
        outcome
    }

    fn generations(&self) -> impl Iterator<Item = &Generation> {
        self.records.values().filter_map(|record| match record {
            Record::Generation(generation) => Some(generation),
            _ => None,
        })
    }

    fn summaries(&self) -> Vec<ConversationSummary> {
        let mut conversations = BTreeMap::<&str, Vec<&Record>>::new();
        for record in self.records.values() {
            conversations.entry(record.conversation_id()).or_default().push(record);
        }
        conversations.into_iter().filter_map(|(id, records)| ConversationSummary::of(id, records)).collect()
    }

    fn is_listed(&self, summary: &ConversationSummary, filter: &Filter) -> bool {
        let mut records = self.records.values().filter(|record| record.conversation_id() == summary.id);
        filter.contains(summary.last_at)
            && (filter.error != Some(false) || !summary.has_errors())
            && (!filter.asks_of_records() || records.any(|record| filter.describes_record(record)))
    }

    fn contents(&self) -> HashSet<ContentId> {
        let mut contents = HashSet::new();
        for generation in self.generations() {
            let addressed = generation.clone().address();
            contents
                .extend(addressed.input.iter().chain(&addressed.output).map(lightwell_model::Content::id));
            contents.extend(addressed.system_prompt.map(|content| content.id()));
            contents.extend(addressed.tools.map(|content| content.id()));
        }
        contents
    }

    fn add(&mut self, document: Document) -> Added {
        if self.deleted_conversations.contains(&document.conversation_id) {
            return Added::Deleted;
        }
        let key = (document.kind, document.id.clone());
        if let Some((_, known)) = self.documents.get(&key) {
            return Added::Known(Box::new(known.clone()));
        }
        self.added_documents += 1;
        self.documents.insert(key, (self.added_documents, document));
        Added::Stored
    }

    fn delete(&mut self, is_deleted: impl Fn(&Record) -> bool) -> Deleted {
        let (records, contents) = (self.records.len(), self.contents().len());
        self.records.retain(|_, record| !is_deleted(record));
        Deleted {
            records: (records - self.records.len()) as u64,
            contents: (contents - self.contents().len()) as u64,
        }
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn append(&self, tenant: &TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, StoreError> {
        let mut state = self.open()?;
        let deleted_before = state.deleted_before;
        let tenant = state.tenants.entry(tenant.clone()).or_default();
        Ok(records.into_iter().map(|record| tenant.append(record, deleted_before)).collect())
    }

    async fn append_delivery(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        delivery: Delivery,
    ) -> Result<Vec<Outcome>, StoreError> {
        let (mut heard, numbers) = delivery.begin(tenant);
        let mut state = self.open()?;
        let deleted_before = state.deleted_before;
        let tenant = state.tenants.entry(tenant.clone()).or_default();
        let outcomes: Vec<_> =
            records.into_iter().map(|record| tenant.append(record, deleted_before)).collect();
        numbers.into_iter().zip(&outcomes).for_each(|(number, outcome)| heard.add(number, outcome));
        match tenant.accounts.get_mut(&heard.client) {
            Some(account) => account.apply(&heard),
            None => drop(tenant.accounts.insert(heard.client.clone(), ClientAccount::of(&heard))),
        }
        Ok(outcomes)
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<Page<ClientAccount>, StoreError> {
        let state = self.open()?;
        let tenants = state.tenants.iter().filter(|(id, _)| query.tenant.as_ref().is_none_or(|of| of == *id));
        let accounts = tenants.flat_map(|(id, tenant)| tenant.accounts.values().map(move |of| (id, of)));
        let places = accounts
            .filter(|(_, account)| query.selects(account))
            .map(|(tenant, account)| (DeliveryQuery::place(account, tenant.as_str()), account))
            .filter(|(place, _)| query.after.as_ref().is_none_or(|after| place < after));
        let mut found: Vec<_> = places.collect();
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok(Page { items: found.into_iter().map(|(_, account)| account.clone()).collect(), next })
    }

    async fn forget_deliveries(&self, unheard_since: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        for tenant in self.open()?.tenants.values_mut() {
            let before = tenant.accounts.len();
            tenant.accounts.retain(|_, account| account.last_heard >= unheard_since);
            forgotten += (before - tenant.accounts.len()) as u64;
        }
        Ok(forgotten)
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        query: &ConversationQuery,
    ) -> Result<Page<ConversationSummary>, StoreError> {
        let state = self.open()?;
        let Some(tenant) = state.tenants.get(tenant) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut found = tenant.summaries();
        found.retain(|summary| {
            query.after.as_ref().is_none_or(|after| summary.cursor() < *after)
                && tenant.is_listed(summary, &query.filter)
        });
        found.sort_by_key(|summary| std::cmp::Reverse(summary.cursor()));
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(ConversationSummary::cursor);
        Ok(Page { items: found, next })
    }

    async fn conversation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ConversationDetail>, StoreError> {
        let state = self.open()?;
        let Some(tenant) = state.tenants.get(tenant) else { return Ok(None) };
        let records =
            tenant.records.values().filter(|record| record.conversation_id() == id).cloned().collect();
        Ok(ConversationDetail::of(id, records))
    }

    async fn generation(&self, tenant: &TenantId, id: &str) -> Result<Option<Generation>, StoreError> {
        let state = self.open()?;
        let Some(tenant) = state.tenants.get(tenant) else { return Ok(None) };
        Ok(tenant.generations().find(|generation| generation.id == id).cloned())
    }

    async fn totals(&self, tenant: &TenantId, filter: &Filter) -> Result<Totals, StoreError> {
        let state = self.open()?;
        let mut totals = Totals::default();
        if let Some(tenant) = state.tenants.get(tenant) {
            tenant
                .generations()
                .filter(|generation| filter.contains(generation.at()) && filter.describes(generation))
                .for_each(|generation| totals.add(generation));
        }
        Ok(totals)
    }

    async fn add_documents(
        &self,
        tenant: &TenantId,
        documents: Vec<Document>,
    ) -> Result<Vec<Added>, StoreError> {
        let mut state = self.open()?;
        let tenant = state.tenants.entry(tenant.clone()).or_default();
        Ok(documents.into_iter().map(|document| tenant.add(document)).collect())
    }

    async fn replace_document(&self, tenant: &TenantId, document: Document) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        let tenant = state.tenants.entry(tenant.clone()).or_default();
        let Some((_, known)) = tenant.documents.get_mut(&(document.kind, document.id.clone())) else {
            return Ok(false);
        };
        *known = document;
        Ok(true)
    }

    async fn document(
        &self,
        tenant: &TenantId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let state = self.open()?;
        let Some(tenant) = state.tenants.get(tenant) else { return Ok(None) };
        Ok(tenant.documents.get(&(kind, id.to_owned())).map(|(_, document)| document.clone()))
    }

    async fn documents(&self, tenant: &TenantId, query: &DocumentQuery) -> Result<DocumentPage, StoreError> {
        let state = self.open()?;
        let Some(tenant) = state.tenants.get(tenant) else { return Ok(DocumentPage::default()) };
        let belongs = |document: &Document| match &query.of {
            DocumentsOf::Parent(id) => document.parent == *id,
            DocumentsOf::About(id) => document.about == *id,
            DocumentsOf::Conversation(id) => document.conversation_id == *id,
        };
        let comes = |number: u64| match query.after {
            Some(after) if query.newest_first => number < after,
            Some(after) => number > after,
            None => true,
        };
        let documents = tenant.documents.values();
        let mut found: Vec<_> = documents
            .filter(|(number, document)| document.kind == query.kind && belongs(document) && comes(*number))
            .cloned()
            .collect();
        found.sort_by_key(|(number, _)| *number);
        if query.newest_first {
            found.reverse();
        }
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|(number, _)| *number);
        Ok(DocumentPage { items: found.into_iter().map(|(_, document)| document).collect(), next })
    }

    async fn delete(&self, deletion: &Deletion) -> Result<Deleted, StoreError> {
        let mut state = self.open()?;
        let state = &mut *state;
        Ok(match deletion {
            Deletion::Conversation { tenant, id } => {
                let tenant = state.tenants.entry(tenant.clone()).or_default();
                tenant.deleted_conversations.insert(id.clone());
                tenant.documents.retain(|_, (_, document)| document.conversation_id != *id);
                tenant.delete(|record| record.conversation_id() == id)
            }
            Deletion::Tenant { tenant, now } => {
                let tenant = state.tenants.entry(tenant.clone()).or_default();
                tenant.deleted_before = tenant.deleted_before.max(Some(*now));
                tenant.accounts.clear();
                tenant.documents.clear();
                tenant.delete(|_| true)
            }
            Deletion::Before { tenant: Some(tenant), moment } => {
                let tenant = state.tenants.entry(tenant.clone()).or_default();
                tenant.deleted_before = tenant.deleted_before.max(Some(*moment));
                tenant.documents.retain(|_, (_, document)| document.at >= *moment);
                tenant.delete(|record| record.at() < *moment)
            }
            Deletion::Before { tenant: None, moment } => {
                state.deleted_before = state.deleted_before.max(Some(*moment));
                let mut deleted = Deleted::default();
                for tenant in state.tenants.values_mut() {
                    tenant.documents.retain(|_, (_, document)| document.at >= *moment);
                    deleted += tenant.delete(|record| record.at() < *moment);
                }
                deleted
            }
        })
    }

    async fn add_key(&self, key: NewApiKey) -> Result<ApiKey, StoreError> {
        let NewApiKey { id, name, tenant, digest, created_at } = key;
        let key = ApiKey { id, name, tenant, created_at };
        self.open()?.keys.push((digest, key.clone()));
        Ok(key)
    }

    async fn find_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let state = self.open()?;
        Ok(state.keys.iter().find(|(known, _)| known == digest).map(|(_, key)| key.clone()))
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let mut keys: Vec<_> = self.open()?.keys.iter().map(|(_, key)| key.clone()).collect();
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    async fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        let before = state.keys.len();
        state.keys.retain(|(_, key)| key.id != id);
        Ok(state.keys.len() < before)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.open().map(|_| ())
    }

    async fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }
}
