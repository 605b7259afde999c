//! What a deletion selects, in one file and among records that arrive later.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use lightwell_model::TenantId;
use lightwell_store::Deletion;

use crate::codes::{self, nanoseconds};
use crate::fault::{Fault, Result};
use crate::meta::DeletionRow;

/// The records that a deletion deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Of one conversation.
    Conversation {
        /// Its owner.
        tenant: TenantId,
        /// Its id.
        id: String,
    },
    /// Of one tenant.
    Tenant {
        /// The tenant.
        tenant: TenantId,
        /// What was received until then, in nanoseconds since 1970; all that is stored when none.
        received_until: Option<i64>,
    },
    /// What happened before a moment.
    Before {
        /// Whose; everybody's when none.
        tenant: Option<TenantId>,
        /// Nanoseconds since 1970.
        moment: i64,
    },
}

impl Selection {
    /// The selection of a deletion that was kept in `meta.db`.
    pub fn of_row(row: &DeletionRow) -> Result<Self> {
        let tenant = row.tenant.as_deref().map(str::parse::<TenantId>).transpose();
        let tenant =
            tenant.map_err(|error| Fault::Damaged(format!("a deletion names no tenant: {error}")))?;
        match (tenant, &row.conversation, row.before, row.everything) {
            (Some(tenant), Some(id), _, _) => Ok(Self::Conversation { tenant, id: id.clone() }),
            (Some(tenant), None, _, true) => Ok(Self::Tenant { tenant, received_until: None }),
            (tenant, None, Some(moment), false) => Ok(Self::Before { tenant, moment }),
            _ => Err(Fault::Damaged("a deletion says nothing of what it deletes".to_owned())),
        }
    }

    /// The same for a deletion that was interrupted and is taken up again: what came after it was asked for stays.
    pub fn taken_up(self, row: &DeletionRow) -> Self {
        match self {
            Self::Tenant { tenant, .. } => Self::Tenant { tenant, received_until: row.before },
            other => other,
        }
    }
}

/// A deletion as it is kept in `meta.db`.
pub fn deletion_row(deletion: &Deletion) -> DeletionRow {
    let name = |tenant: &TenantId| Some(tenant.as_str().to_owned());
    match deletion {
        Deletion::Conversation { tenant, id } => {
            DeletionRow { tenant: name(tenant), conversation: Some(id.clone()), ..DeletionRow::default() }
        }
        Deletion::Tenant { tenant, now } => DeletionRow {
            tenant: name(tenant),
            before: Some(nanoseconds(*now)),
            everything: true,
            ..DeletionRow::default()
        },
        Deletion::Before { tenant, moment } => DeletionRow {
            tenant: tenant.as_ref().and_then(name),
            before: Some(nanoseconds(*moment)),
            ..DeletionRow::default()
        },
    }
}

/// What is refused because it was deleted.
#[derive(Debug, Default)]
pub struct Tombstones {
    everybody_before: Option<i64>,
    before: HashMap<String, i64>,
    conversations: HashSet<i64>,
}

impl Tombstones {
    /// Takes a deletion into account.
    pub fn add(&mut self, row: &DeletionRow) {
        match (&row.tenant, &row.conversation, row.before) {
            (Some(tenant), Some(id), _) => {
                if let Ok(tenant) = tenant.parse() {
                    self.conversations.insert(codes::conversation_key(&tenant, id));
                }
            }
            (Some(tenant), None, Some(moment)) => {
                let before = self.before.entry(tenant.clone()).or_insert(moment);
                *before = moment.max(*before);
            }
            (None, None, moment) => self.everybody_before = self.everybody_before.max(moment),
            _ => {}
        }
    }

    /// A record of this tenant, moment and conversation was deleted, or would have been.
    pub fn cover(&self, tenant: &TenantId, at: Timestamp, conversation_key: i64) -> bool {
        let at = nanoseconds(at);
        self.everybody_before.is_some_and(|before| at < before)
            || self.before.get(tenant.as_str()).is_some_and(|before| at < *before)
            || self.conversations.contains(&conversation_key)
    }
}
