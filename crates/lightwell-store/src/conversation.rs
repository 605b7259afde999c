//! A conversation: what records with one conversation id have in common.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lightwell_model::{Event, Generation, Record, Step};

use crate::{Cursor, Totals};

/// One line of the list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// The conversation's id.
    pub id: String,
    /// The title that the latest titled generation gave it (of several at the same moment, the greatest); empty when none did.
    pub title: String,
    /// The user of its latest record that names one (of several at the same moment, the greatest); empty when none does.
    pub user_id: String,
    /// Moment of its first record.
    pub first_at: Timestamp,
    /// Moment of its latest record. The list is ordered by this.
    pub last_at: Timestamp,
    /// Moment of its latest generation; none when it has none.
    pub last_generation_at: Option<Timestamp>,
    /// When its session ended last, if that was told.
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

impl ConversationSummary {
    /// Anything in it failed: a call, a step, or an event that tells of a failure.
    pub fn has_errors(&self) -> bool {
        self.totals.errors + self.other_errors > 0
    }

    /// What records have in common; none when there are no records.
    pub fn of<'a>(id: &str, records: impl IntoIterator<Item = &'a Record>) -> Option<Self> {
        let mut records = records.into_iter().peekable();
        let first_at = records.peek()?.at();
        let mut summary = Self::empty(id, first_at);
        let mut latest = Latest::default();
        for record in records {
            let at = record.at();
            summary.first_at = summary.first_at.min(at);
            summary.last_at = summary.last_at.max(at);
            match record {
                Record::Generation(generation) => summary.add_generation(generation, at, &mut latest),
                Record::Step(step) => {
                    summary.steps += 1;
                    summary.other_errors += u64::from(step.error.is_some());
                    named(&mut summary.agents, &step.agent.name);
                    keep_latest(&mut latest.user, at, &step.user_id);
                }
                Record::Event(event) => {
                    summary.events += 1;
                    summary.other_errors += u64::from(event.is_error());
                    if event.ends_conversation() {
                        summary.ended_at = summary.ended_at.max(Some(at));
                    }
                    keep_latest(&mut latest.user, at, &event.user_id);
                }
            }
        }
        summary.title = latest.title.map(|(_, title)| title).unwrap_or_default();
        summary.user_id = latest.user.map(|(_, user)| user).unwrap_or_default();
        Some(summary)
    }

    /// The summary of no records at all, at a moment that its first record gives.
    pub fn empty(id: &str, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            title: String::new(),
            user_id: String::new(),
            first_at: at,
            last_at: at,
            last_generation_at: None,
            ended_at: None,
            steps: 0,
            events: 0,
            other_errors: 0,
            agents: BTreeSet::new(),
            models: BTreeSet::new(),
            providers: BTreeSet::new(),
            totals: Totals::default(),
        }
    }

    /// Its place in the list of conversations.
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.last_at, id: self.id.clone() }
    }

    fn add_generation(&mut self, generation: &Generation, at: Timestamp, latest: &mut Latest) {
        self.last_generation_at = self.last_generation_at.max(Some(at));
        self.totals.add(generation);
        named(&mut self.agents, &generation.agent.name);
        named(&mut self.models, &generation.model.name);
        named(&mut self.providers, &generation.model.provider);
        keep_latest(&mut latest.title, at, &generation.conversation_title);
        keep_latest(&mut latest.user, at, &generation.user_id);
    }
}

#[derive(Default)]
struct Latest {
    title: Option<(Timestamp, String)>,
    user: Option<(Timestamp, String)>,
}

fn keep_latest(latest: &mut Option<(Timestamp, String)>, at: Timestamp, text: &str) {
    if !text.is_empty() && latest.as_ref().is_none_or(|(then, known)| (at, text) > (*then, known.as_str())) {
        *latest = Some((at, text.to_owned()));
    }
}

fn named(names: &mut BTreeSet<String>, name: &str) {
    if !name.is_empty() && !names.contains(name) {
        names.insert(name.to_owned());
    }
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

impl ConversationDetail {
    /// Puts the records of a conversation in order; none when there are none.
    pub fn of(id: &str, mut records: Vec<Record>) -> Option<Self> {
        records.sort_by(|a, b| (a.at(), a.id()).cmp(&(b.at(), b.id())));
        let mut detail = Self {
            summary: ConversationSummary::of(id, &records)?,
            generations: Vec::new(),
            steps: Vec::new(),
            events: Vec::new(),
        };
        for record in records {
            match record {
                Record::Generation(generation) => detail.generations.push(generation),
                Record::Step(step) => detail.steps.push(step),
                Record::Event(event) => detail.events.push(event),
            }
        }
        Some(detail)
    }
}
