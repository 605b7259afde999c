//! A conversation: what records with one conversation id have in common.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lightwell_model::{Event, Generation, Step};

use crate::Totals;

/// One line of the list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// The conversation's id.
    pub id: String,
    /// The title that the latest titled generation gave it; empty when none did.
    pub title: String,
    /// The user of its latest record that names one; empty when none does.
    pub user_id: String,
    /// Moment of its first record.
    pub first_at: Timestamp,
    /// Moment of its latest record. The list is ordered by this.
    pub last_at: Timestamp,
    /// Moment of its latest generation; none when it has none.
    pub last_generation_at: Option<Timestamp>,
    /// When its session ended, if that was told.
    pub ended_at: Option<Timestamp>,
    /// Steps.
    pub steps: u64,
    /// Events.
    pub events: u64,
    /// Steps that failed and events that tell of a failure. Failed generations are in `totals.errors`.
    pub other_errors: u64,
    /// Agents that took part.
    pub agents: BTreeSet<String>,
    /// Models that were asked.
    pub models: BTreeSet<String>,
    /// Providers that were asked.
    pub providers: BTreeSet<String>,
    /// Sums over its generations.
    pub totals: Totals,
}

/// One conversation with its whole content.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationDetail {
    /// The summary.
    pub summary: ConversationSummary,
    /// Generations in order of time, then id.
    pub generations: Vec<Generation>,
    /// Steps in order of time, then id.
    pub steps: Vec<Step>,
    /// Events in order of time, then id.
    pub events: Vec<Event>,
}
