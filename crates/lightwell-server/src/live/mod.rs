//! Telling listeners what was committed, while it happens.
//!
//! Invariants: a record is told after it is durable, never before; a slow listener misses records and is told how many,
//! and never holds up a commit.

mod stream;
mod summary;

pub(crate) use stream::{__path_live, live};
pub use summary::{LiveKind, LiveSummary};

use std::sync::Arc;

use lightwell_model::{Record, TenantId};
use tokio::sync::broadcast;

use crate::limits;

/// Those who listen.
pub(crate) struct Live {
    listeners: broadcast::Sender<Arc<LiveRecord>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { listeners: broadcast::Sender::new(limits::LIVE_BACKLOG) }
    }
}

impl Live {
    pub fn has_listeners(&self) -> bool {
        self.listeners.receiver_count() > 0
    }

    pub fn listeners(&self) -> usize {
        self.listeners.receiver_count()
    }

    pub fn tell(&self, record: LiveRecord) {
        // An error means that the last listener has just left.
        drop(self.listeners.send(Arc::new(record)));
    }

    fn listen(&self) -> broadcast::Receiver<Arc<LiveRecord>> {
        self.listeners.subscribe()
    }
}

/// A committed record, as listeners see it.
pub(crate) struct LiveRecord {
    tenant: TenantId,
    conversation_id: String,
    kind: LiveKind,
    summary: String,
}

impl LiveRecord {
    pub fn new(tenant: &TenantId, record: &Record) -> Self {
        let summary = LiveSummary::of(record);
        Self {
            tenant: tenant.clone(),
            conversation_id: record.conversation_id().to_owned(),
            kind: summary.kind,
            summary: serde_json::to_string(&summary).expect("a summary has string keys only"),
        }
    }
}
