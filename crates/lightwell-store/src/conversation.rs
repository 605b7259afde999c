//! A conversation: what records with one conversation id have in common.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lightwell_model::{Event, Generation, Message, PartBody, Record, Role, Step};

use crate::{Cursor, Totals};

/// One line of the list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// The conversation's id.
    pub id: String,
    /// The title that the latest titled generation gave it (of several at the same moment, the greatest); empty when none did.
    pub title: String,
    /// The first words that a user said in its first generation (of several at the same moment, that of the smallest id). When there are
    /// none, [`words_of`] the first record that has any (of several at the same moment, a generation before a step before an event,
    /// then that of the smallest id). Empty when a title says more.
    pub preview: String,
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
        let mut first: Option<&Generation> = None;
        let mut any: Option<&Record> = None;
        for record in records {
            let at = record.at();
            summary.first_at = summary.first_at.min(at);
            summary.last_at = summary.last_at.max(at);
            let place = |record: &Record| (record.at(), record.kind(), record.id().to_owned());
            if any.is_none_or(|any| place(record) < place(any)) && words_of(record).is_some() {
                any = Some(record);
            }
            match record {
                Record::Generation(generation) => {
                    summary.add_generation(generation, at, &mut latest);
                    if first.is_none_or(|first| (at, &generation.id) < (first.at(), &first.id)) {
                        first = Some(generation);
                    }
                }
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
        if summary.title.is_empty() {
            let said = first.and_then(|first| first.input.iter().find_map(first_words));
            summary.preview = said.or_else(|| any.and_then(words_of)).unwrap_or_default();
        }
        summary.user_id = latest.user.map(|(_, user)| user).unwrap_or_default();
        Some(summary)
    }

    /// The summary of no records at all, at a moment that its first record gives.
    pub fn empty(id: &str, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            title: String::new(),
            preview: String::new(),
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

/// How long a preview may be, without the ellipsis that says that there is more.
const PREVIEW_CHARS: usize = 120;

/// The first words of a message, if a user says it and it has any text: on one line, at most about 120 characters.
pub fn first_words(message: &Message) -> Option<String> {
    if message.role == Role::User { beginning(texts(message)) } else { None }
}

/// The first words of a record, whoever says them: of a call what was asked or answered, of a step its name, of an event its text.
pub fn words_of(record: &Record) -> Option<String> {
    match record {
        Record::Generation(generation) => {
            generation.input.iter().chain(&generation.output).find_map(|message| beginning(texts(message)))
        }
        Record::Step(step) => beginning([step.name.as_str()]),
        Record::Event(event) => beginning([event.text.as_str()]),
    }
}

fn texts(message: &Message) -> impl Iterator<Item = &str> {
    message.parts.iter().filter_map(|part| match &part.body {
        PartBody::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn beginning<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut words = texts.into_iter().flat_map(str::split_whitespace);
    let mut preview: String = words.next()?.chars().take(PREVIEW_CHARS + 1).collect();
    let mut chars = preview.chars().count();
    for word in words {
        chars += 1 + word.chars().take(PREVIEW_CHARS).count();
        if chars > PREVIEW_CHARS {
            preview.push('…');
            return Some(preview);
        }
        preview.push(' ');
        preview.push_str(word);
    }
    if chars > PREVIEW_CHARS {
        preview.pop();
        preview.push('…');
    }
    Some(preview)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_the_first_words_on_one_line() {
        let words = |text: &str| first_words(&Message::text(Role::User, text));
        assert_eq!(words("  Where is\n\torder 1007? "), Some("Where is order 1007?".to_owned()));
        assert_eq!(words(" \n "), None);
        assert_eq!(first_words(&Message::text(Role::Assistant, "Here.")), None);
        let long = words(&"word ".repeat(100)).expect("it has words");
        assert_eq!((long.chars().count(), long.ends_with("word…")), (120, true));
        let unbroken = words(&"漢".repeat(500)).expect("it has a word");
        assert_eq!(unbroken.chars().count(), PREVIEW_CHARS + 1);
        assert!(unbroken.ends_with("漢…"));
        let exact = "x".repeat(PREVIEW_CHARS);
        assert_eq!(words(&exact), Some(exact));
    }
}
