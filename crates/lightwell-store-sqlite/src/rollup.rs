//! What a file's records of one conversation have in common, kept up to date record by record.

use lightwell_model::{Money, Record, TokenUsage};
use lightwell_store::{ConversationSummary, Totals};
use rusqlite::Connection;

use crate::codes::{self, moment, nanoseconds, put_varint, varints};
use crate::fault::Result;
use crate::schema::ConversationRow;
use crate::symbols;

/// What one record contributes to its conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// See [`codes::kind`].
    pub kind: i64,
    /// Its moment.
    pub at: i64,
    /// Symbol.
    pub agent: Option<i64>,
    /// Symbol.
    pub agent_version: Option<i64>,
    /// Symbol.
    pub model: Option<i64>,
    /// Symbol.
    pub provider: Option<i64>,
    /// Symbols of its tags.
    pub tags: Vec<i64>,
    /// Symbol.
    pub user: Option<i64>,
    /// The user itself.
    pub user_id: String,
    /// Title.
    pub title: String,
    /// It failed, or tells of a failure.
    pub error: bool,
    /// It ends the session.
    pub ends: bool,
    /// Token counters.
    pub usage: TokenUsage,
    /// Reported cost in billionths of a dollar.
    pub cost: Option<i64>,
}

impl Facts {
    /// What a record contributes; symbols come from `symbol`.
    pub fn of(record: &Record, mut symbol: impl FnMut(&str) -> Result<i64>) -> Result<Self> {
        let mut name = |text: &str| if text.is_empty() { Ok(None) } else { symbol(text).map(Some) };
        let mut facts =
            Self { kind: codes::kind(record.kind()), at: nanoseconds(record.at()), ..Self::default() };
        match record {
            Record::Generation(generation) => {
                facts.agent = name(&generation.agent.name)?;
                facts.agent_version = name(&generation.agent.effective_version)?;
                facts.model = name(&generation.model.name)?;
                facts.provider = name(&generation.model.provider)?;
                facts.user_id.clone_from(&generation.user_id);
                facts.title.clone_from(&generation.conversation_title);
                facts.error = generation.error.is_some();
                facts.usage = generation.usage.unwrap_or_default();
                facts.cost = generation.reported_cost.map(Money::nanos);
                let tags = generation.tags.iter().map(|(key, value)| codes::tag(key, value));
                facts.tags = tags.filter_map(|tag| name(&tag).transpose()).collect::<Result<_>>()?;
            }
            Record::Step(step) => {
                facts.agent = name(&step.agent.name)?;
                facts.user_id.clone_from(&step.user_id);
                facts.error = step.error.is_some();
            }
            Record::Event(event) => {
                facts.user_id.clone_from(&event.user_id);
                facts.error = event.is_error();
                facts.ends = event.ends_conversation();
            }
        }
        facts.user = name(&facts.user_id)?;
        Ok(facts)
    }

    /// What a merged record contributes can be had by adding to what it contributed before.
    pub fn only_adds_to(&self, before: &Self) -> bool {
        fn grows<T: PartialEq + Default>(before: &T, now: &T) -> bool {
            *before == T::default() || before == now
        }
        self.kind == before.kind
            && self.at == before.at
            && grows(&before.agent, &self.agent)
            && grows(&before.model, &self.model)
            && grows(&before.provider, &self.provider)
            && grows(&before.user_id, &self.user_id)
            && grows(&before.title, &self.title)
            && grows(&before.cost, &self.cost)
            && self.error >= before.error
            && self.ends == before.ends
            && (before.usage.is_empty() || before.usage == self.usage)
            && before.tags.iter().all(|tag| self.tags.contains(tag))
    }
}

impl ConversationRow {
    /// Counts a record that is new.
    pub fn add(&mut self, facts: &Facts) {
        if self.generations + self.steps + self.events == 0 {
            (self.first_at, self.last_at) = (facts.at, facts.at);
        }
        self.first_at = self.first_at.min(facts.at);
        self.last_at = self.last_at.max(facts.at);
        match facts.kind {
            codes::GENERATION => {
                self.generations += 1;
                self.last_generation_at = self.last_generation_at.max(Some(facts.at));
                self.unpriced += 1;
            }
            1 => self.steps += 1,
            _ => self.events += 1,
        }
        if facts.ends {
            self.ended_at = self.ended_at.max(Some(facts.at));
        }
        self.change(&Facts { kind: facts.kind, ..Facts::default() }, facts);
    }

    /// Counts what a record says more than before; see [`Facts::only_adds_to`].
    pub fn change(&mut self, before: &Facts, now: &Facts) {
        let errors = if now.kind == codes::GENERATION { &mut self.errors } else { &mut self.other_errors };
        *errors += i64::from(now.error && !before.error);
        insert(&mut self.agents, now.agent);
        insert(&mut self.models, now.model);
        insert(&mut self.providers, now.provider);
        latest((&mut self.title, &mut self.title_at), &now.title, now.at);
        latest((&mut self.user, &mut self.user_at), &now.user_id, now.at);
        if before.usage.is_empty() {
            self.set_usage({
                let mut sum = self.usage();
                sum += now.usage;
                sum
            });
        }
        if let (None, Some(cost)) = (before.cost, now.cost) {
            self.cost = self.cost.saturating_add(cost);
            self.unpriced -= 1;
        }
    }

    /// The row as a summary of its own; summaries of several files are put together by [`join`].
    pub fn summary(&self, connection: &Connection) -> Result<Partial> {
        let names = |list: &[u8]| {
            varints(list).map(|number| symbols::text(connection, number)).collect::<Result<_>>()
        };
        let summary = ConversationSummary {
            id: self.id.clone(),
            title: self.title.clone(),
            // Read from the content where it is needed; see `preview`.
            preview: String::new(),
            user_id: self.user.clone(),
            first_at: moment(self.first_at),
            last_at: moment(self.last_at),
            last_generation_at: self.last_generation_at.map(moment),
            ended_at: self.ended_at.map(moment),
            steps: self.steps as u64,
            events: self.events as u64,
            other_errors: self.other_errors as u64,
            agents: names(&self.agents)?,
            models: names(&self.models)?,
            providers: names(&self.providers)?,
            totals: self.totals(),
        };
        Ok(Partial { summary, title_at: self.title_at, user_at: self.user_at })
    }

    /// The sums over its generations.
    pub fn totals(&self) -> Totals {
        Totals {
            generations: self.generations as u64,
            errors: self.errors as u64,
            usage: self.usage(),
            reported_cost: (self.generations > self.unpriced).then(|| Money::from_nanos(self.cost)),
            unpriced: self.unpriced as u64,
        }
    }

    fn usage(&self) -> TokenUsage {
        TokenUsage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            total_tokens: self.total_tokens,
            cache_read_input_tokens: self.cache_read_input_tokens,
            cache_write_input_tokens: self.cache_write_input_tokens,
            reasoning_tokens: self.reasoning_tokens,
            ..TokenUsage::default()
        }
    }

    fn set_usage(&mut self, usage: TokenUsage) {
        self.input_tokens = usage.input_tokens;
        self.output_tokens = usage.output_tokens;
        self.total_tokens = usage.total_tokens;
        self.cache_read_input_tokens = usage.cache_read_input_tokens;
        self.cache_write_input_tokens = usage.cache_write_input_tokens;
        self.reasoning_tokens = usage.reasoning_tokens;
    }
}

/// A summary of one file's records, with what decides between files.
#[derive(Clone, Debug)]
pub struct Partial {
    /// Of this file's records alone.
    pub summary: ConversationSummary,
    title_at: i64,
    user_at: i64,
}

/// Adds another file's part to a summary.
pub fn join(into: &mut Partial, other: Partial) {
    let (a, b) = (&mut into.summary, other.summary);
    latest((&mut a.title, &mut into.title_at), &b.title, other.title_at);
    latest((&mut a.user_id, &mut into.user_at), &b.user_id, other.user_at);
    a.first_at = a.first_at.min(b.first_at);
    a.last_at = a.last_at.max(b.last_at);
    a.last_generation_at = a.last_generation_at.max(b.last_generation_at);
    a.ended_at = a.ended_at.max(b.ended_at);
    a.steps += b.steps;
    a.events += b.events;
    a.other_errors += b.other_errors;
    a.agents.extend(b.agents);
    a.models.extend(b.models);
    a.providers.extend(b.providers);
    a.totals += b.totals;
}

/// Of two texts the later one, of two at the same moment the greater one; the empty one never.
fn latest((known, known_at): (&mut String, &mut i64), text: &str, at: i64) {
    if !text.is_empty() && (known.is_empty() || (at, text) > (*known_at, known.as_str())) {
        text.clone_into(known);
        *known_at = at;
    }
}

fn insert(list: &mut Vec<u8>, number: Option<i64>) {
    if let Some(number) = number
        && !varints(list).any(|known| known == number)
    {
        put_varint(number, list);
    }
}
