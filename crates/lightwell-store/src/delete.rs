//! Deleting records, and refusing their late copies.

use jiff::Timestamp;
use lightwell_model::TenantId;

/// What to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// One conversation. Records that come for it later are refused.
    Conversation {
        /// Whose.
        tenant: TenantId,
        /// Which.
        id: String,
    },
    /// Everything of one tenant that is stored. Records that happened before this moment are refused from now on.
    Tenant {
        /// Whose.
        tenant: TenantId,
        /// Now.
        now: Timestamp,
    },
    /// What happened before a moment, of one tenant or of all. Older records that come later are refused.
    Before {
        /// Whose; everybody's when none.
        tenant: Option<TenantId>,
        /// The moment.
        moment: Timestamp,
    },
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Generations, steps and events.
    pub records: u64,
    /// Stored messages, system prompts and tool sets that nothing references any more. An engine may keep one for each
    /// day that needs it.
    pub contents: u64,
}

impl std::ops::AddAssign for Deleted {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.contents += other.contents;
    }
}
