//! What all records have in common: identity, the fragments they were made from, the day they live on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ContentId, Event, Generation, Step};

/// Fields that we were sent and do not know, by their path in what was sent.
pub type Unknown = BTreeMap<String, Value>;

/// Anything that can be received and stored.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every record is a generation; a box would be one more allocation each"
)]
pub enum Record {
    /// One LLM call.
    Generation(Generation),
    /// Anything else with a duration.
    Step(Step),
    /// A point in time.
    Event(Event),
}

/// Which kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// [`Record::Generation`]
    Generation,
    /// [`Record::Step`]
    Step,
    /// [`Record::Event`]
    Event,
}

impl Record {
    /// Which kind of record.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Generation(_) => RecordKind::Generation,
            Self::Step(_) => RecordKind::Step,
            Self::Event(_) => RecordKind::Event,
        }
    }

    /// The natural id: unique within the tenant and the kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Generation(generation) => &generation.id,
            Self::Step(step) => &step.id,
            Self::Event(event) => &event.id,
        }
    }

    /// The conversation that the record belongs to.
    pub fn conversation_id(&self) -> &str {
        match self {
            Self::Generation(generation) => &generation.conversation_id,
            Self::Step(step) => &step.conversation_id,
            Self::Event(event) => &event.conversation_id,
        }
    }

    /// The moment that places the record in time: its start, else its end, else when we received it.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Generation(generation) => generation.at(),
            Self::Step(step) => step.at(),
            Self::Event(event) => event.at,
        }
    }
}

impl From<Generation> for Record {
    fn from(generation: Generation) -> Self {
        Self::Generation(generation)
    }
}

impl From<Step> for Record {
    fn from(step: Step) -> Self {
        Self::Step(step)
    }
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// A piece that a record was made from. A record that came whole has one; a call told as request and response has two.
///
/// Fragments are what makes receiving idempotent: the same fragment again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// The id under which it was sent: the record's own, or the event's.
    pub id: String,
    /// Which part of the record it told.
    pub kind: FragmentKind,
    /// When it happened.
    pub at: Timestamp,
    /// What it said: the same id with another digest is a conflict.
    pub digest: ContentId,
}

/// Which part of a record a fragment told. The order is that of precedence: where two tell the same field, the smaller wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FragmentKind {
    /// All of it.
    Whole,
    /// The request: what went in, and when.
    Start,
    /// The response: what came out, and when.
    End,
    /// The failure that took the place of the response.
    Failure,
    /// A chunk of a streamed response.
    Chunk,
}

/// A UTC day: what the embedded store keeps in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// The UTC day of a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.to_zoned(TimeZone::UTC).date())
    }

    /// The day before; this day itself at the beginning of time.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0))
    }

    /// The day after; this day itself at the end of time.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The calendar date.
    pub fn date(self) -> Date {
        self.0
    }
}

/// `2026-11-22`
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Day {
    type Err = jiff::Error;

    fn from_str(date: &str) -> Result<Self, jiff::Error> {
        date.parse().map(Self)
    }
}

/// Leaves defaults out of what is written: most fields of most records are empty.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether any of the fragments is of one of these kinds.
pub(crate) fn tells_any(fragments: &[Fragment], kinds: &[FragmentKind]) -> bool {
    fragments.iter().any(|fragment| kinds.contains(&fragment.kind))
}
