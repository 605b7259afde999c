//! An engine that fails when the test says so, or waits until it may go on.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use lightwell_model::{Generation, Record, TenantId};
use lightwell_store::{
    Added, ApiKey, ClientAccount, ConversationDetail, ConversationQuery, ConversationSummary, Deleted,
    Deletion, Delivery, DeliveryQuery, Document, DocumentKind, DocumentPage, DocumentQuery, Filter,
    KeyDigest, MemoryStore, NewApiKey, Outcome, Page, Store, StoreError, Totals,
};
use tokio::sync::Semaphore;

/// An in-memory engine with moods.
pub struct MoodyStore {
    inner: MemoryStore,
    full: Mutex<bool>,
    /// An append takes one permit.
    pub appends: Semaphore,
    /// Gets a permit when an append has begun.
    pub begun: Semaphore,
    pub closed: Mutex<bool>,
}

impl MoodyStore {
    pub fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            full: Mutex::new(false),
            appends: Semaphore::new(Semaphore::MAX_PERMITS),
            begun: Semaphore::new(0),
            closed: Mutex::new(false),
        }
    }

    /// As when the disk is full.
    pub fn set_full(&self, full: bool) {
        *self.full.lock().unwrap() = full;
    }

    fn check(&self) -> Result<(), StoreError> {
        if *self.full.lock().unwrap() {
            return Err(StoreError::Unavailable {
                reason: "the disk is full; make room".to_owned(),
                retry_after: Duration::from_millis(2500),
            });
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Store for MoodyStore {
    async fn append(&self, tenant: &TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, StoreError> {
        self.begun.add_permits(1);
        self.appends.acquire().await.unwrap().forget();
        self.check()?;
        self.inner.append(tenant, records).await
    }

    async fn append_delivery(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        delivery: Delivery,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.begun.add_permits(1);
        self.appends.acquire().await.unwrap().forget();
        self.check()?;
        self.inner.append_delivery(tenant, records, delivery).await
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<Page<ClientAccount>, StoreError> {
        self.inner.deliveries(query).await
    }

    async fn forget_deliveries(&self, unheard_since: Timestamp) -> Result<u64, StoreError> {
        self.inner.forget_deliveries(unheard_since).await
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        query: &ConversationQuery,
    ) -> Result<Page<ConversationSummary>, StoreError> {
        self.inner.conversations(tenant, query).await
    }

    async fn conversation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ConversationDetail>, StoreError> {
        self.inner.conversation(tenant, id).await
    }

    async fn generation(&self, tenant: &TenantId, id: &str) -> Result<Option<Generation>, StoreError> {
        self.inner.generation(tenant, id).await
    }

    async fn totals(&self, _: &TenantId, _: &Filter) -> Result<Totals, StoreError> {
        Err(StoreError::Engine { action: "sum up", source: "secret path /data/x".into() })
    }

    async fn add_documents(
        &self,
        tenant: &TenantId,
        documents: Vec<Document>,
    ) -> Result<Vec<Added>, StoreError> {
        self.check()?;
        self.inner.add_documents(tenant, documents).await
    }

    async fn replace_document(&self, tenant: &TenantId, document: Document) -> Result<bool, StoreError> {
        self.check()?;
        self.inner.replace_document(tenant, document).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.inner.document(tenant, kind, id).await
    }

    async fn documents(&self, tenant: &TenantId, query: &DocumentQuery) -> Result<DocumentPage, StoreError> {
        self.inner.documents(tenant, query).await
    }

    async fn delete(&self, deletion: &Deletion) -> Result<Deleted, StoreError> {
        self.inner.delete(deletion).await
    }

    async fn add_key(&self, key: NewApiKey) -> Result<ApiKey, StoreError> {
        self.inner.add_key(key).await
    }

    async fn find_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        self.inner.find_key(digest).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.inner.keys().await
    }

    async fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        self.inner.revoke_key(id).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.check()
    }

    async fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }
}
