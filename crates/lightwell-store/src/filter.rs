//! What a query selects.

use jiff::Timestamp;
use lightwell_model::{Generation, Record};

use crate::Cursor;

/// Which generations. Empty selects all; members are combined with "and".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Agent name, exactly.
    pub agent: Option<String>,
    /// Model name as it was asked for, exactly.
    pub model: Option<String>,
    /// Provider, exactly.
    pub provider: Option<String>,
    /// User id, exactly.
    pub user: Option<String>,
    /// Whether the call failed.
    pub error: Option<bool>,
    /// Tags, key and value, all of them.
    pub tags: Vec<(String, String)>,
}

/// Which conversations, and how many at a time.
///
/// A conversation is listed when its latest record is within the time range, and, if anything else is asked for, when one of
/// its generations has all of it; where only user and error are asked for, any of its records will do. `error: Some(false)`
/// selects conversations in which nothing failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationQuery {
    /// What its records must be.
    pub filter: Filter,
    /// Page size, at least 1.
    pub limit: usize,
    /// Where the previous page ended.
    pub after: Option<Cursor>,
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<Cursor>,
}

impl Filter {
    /// The moment is within the time range.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| moment >= from) && self.until.is_none_or(|until| moment < until)
    }

    /// The generation has everything that is asked for, leaving its time aside.
    pub fn describes(&self, generation: &Generation) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        is(&self.agent, &generation.agent.name)
            && is(&self.model, &generation.model.name)
            && is(&self.provider, &generation.model.provider)
            && is(&self.user, &generation.user_id)
            && self.error.is_none_or(|error| error == generation.error.is_some())
            && self.tags.iter().all(|(key, value)| generation.tags.get(key) == Some(value))
    }

    /// The record has everything that is asked for, leaving its time aside.
    pub fn describes_record(&self, record: &Record) -> bool {
        let tells = |user: &str, failed: bool| {
            !self.asks_of_generations()
                && self.user.as_deref().is_none_or(|wanted| wanted == user)
                && self.error.is_none_or(|error| error == failed)
        };
        match record {
            Record::Generation(generation) => self.describes(generation),
            Record::Step(step) => tells(&step.user_id, step.error.is_some()),
            Record::Event(event) => tells(&event.user_id, event.is_error()),
        }
    }

    /// Something is asked for that only generations have.
    pub fn asks_of_generations(&self) -> bool {
        let Self { from: _, until: _, agent, model, provider, user: _, error: _, tags } = self;
        [agent, model, provider].iter().any(|wanted| wanted.is_some()) || !tags.is_empty()
    }

    /// A conversation needs a certain record to be listed, not only a time.
    pub fn asks_of_records(&self) -> bool {
        self.asks_of_generations() || self.user.is_some() || self.error == Some(true)
    }
}
