//! Where records are kept: the [`Store`] trait, its typed queries, the in-memory engine and the conformance suite.
//!
//! Invariants that every engine keeps (and that the conformance suite checks):
//! - an append is acknowledged only when it is durable, all of it, and receiving a record again changes nothing;
//! - a tenant's predicate is applied inside the engine: no answer ever mixes tenants;
//! - no SQL text crosses the trait, and no answer depends on which engine gave it;
//! - deleting records deletes the content that only they referenced, and refuses their late copies.

pub mod arrival;
#[cfg(feature = "conformance")]
pub mod conformance;
mod conversation;
mod cursor;
mod delete;
mod delivery;
mod document;
mod error;
mod filter;
mod keys;
mod memory;
mod outcome;
mod totals;

pub use conversation::{ConversationDetail, ConversationSummary, first_words, words_of};
pub use cursor::{Cursor, InvalidCursor};
pub use delete::{Deleted, Deletion};
pub use delivery::{ClientAccount, Delivery, DeliveryQuery, Heard, RefusedFor, Standing};
pub use document::{Added, Document, DocumentKind, DocumentPage, DocumentQuery, DocumentsOf};
pub use error::StoreError;
pub use filter::{ConversationQuery, Filter, Page};
pub use keys::{ApiKey, KeyDigest, NewApiKey};
pub use memory::MemoryStore;
pub use outcome::Outcome;
pub use totals::Totals;

use jiff::Timestamp;
use lightwell_model::{Generation, Record, TenantId};

/// An engine that keeps records.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// Stores records and returns when they are durable: one outcome a record, in order.
    ///
    /// A record of a known id is a duplicate, a conflict, or the other half of the same call; the other records of
    /// the batch are stored whatever becomes of it. On an error nothing of the batch is acknowledged, and sending it
    /// again is safe.
    async fn append(&self, tenant: &TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, StoreError>;

    /// Stores records and what their sender tells of itself, both or neither. What becomes of the records is accounted to the
    /// sender, durably with the answer; see [`ClientAccount`].
    async fn append_delivery(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        delivery: Delivery,
    ) -> Result<Vec<Outcome>, StoreError>;

    /// The accounts of sending processes, in order of when they were last heard of, latest first.
    async fn deliveries(&self, query: &DeliveryQuery) -> Result<Page<ClientAccount>, StoreError>;

    /// Forgets clients that were not heard of since; gives how many those were.
    async fn forget_deliveries(&self, unheard_since: Timestamp) -> Result<u64, StoreError>;

    /// Conversations by their latest record, newest first.
    async fn conversations(
        &self,
        tenant: &TenantId,
        query: &ConversationQuery,
    ) -> Result<Page<ConversationSummary>, StoreError>;

    /// One conversation with its whole content, records in order of time.
    async fn conversation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ConversationDetail>, StoreError>;

    /// One generation with its whole content.
    async fn generation(&self, tenant: &TenantId, id: &str) -> Result<Option<Generation>, StoreError>;

    /// Sums over the generations that a filter selects.
    async fn totals(&self, tenant: &TenantId, filter: &Filter) -> Result<Totals, StoreError>;

    /// Adds documents, all or none, and returns when they are durable: what became of each, in order. Of several with one id
    /// the first counts.
    async fn add_documents(
        &self,
        tenant: &TenantId,
        documents: Vec<Document>,
    ) -> Result<Vec<Added>, StoreError>;

    /// Writes a document in the place of the one with its kind and id, which keeps its place in lists; false when there is none.
    async fn replace_document(&self, tenant: &TenantId, document: Document) -> Result<bool, StoreError>;

    /// The document of that kind and id.
    async fn document(
        &self,
        tenant: &TenantId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>, StoreError>;

    /// Documents that belong together, in the order in which they were added.
    async fn documents(&self, tenant: &TenantId, query: &DocumentQuery) -> Result<DocumentPage, StoreError>;

    /// Deletes records with the content that only they reference, and documents about them. A tenant's accounts go with the
    /// tenant.
    async fn delete(&self, deletion: &Deletion) -> Result<Deleted, StoreError>;

    /// Adds an API key. Only its digest is kept.
    async fn add_key(&self, key: NewApiKey) -> Result<ApiKey, StoreError>;

    /// The key with this digest, unless it was revoked.
    async fn find_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError>;

    /// All keys that were not revoked, oldest first.
    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key by its public id; false when there is none.
    async fn revoke_key(&self, id: &str) -> Result<bool, StoreError>;

    /// Whether the engine can store right now. The error says why not.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Commits what is under way and closes files. Appends that come later fail with [`StoreError::Closed`].
    async fn close(&self);
}
