//! One call told in halves: request and response, call and result, in whatever order and however late they arrive.
//!
//! Merging is a function of the two records only, and gives the same record in either order. Where both tell a field,
//! the side whose fragments come first in ([`FragmentKind`], time, id) wins, except that moments take the earliest
//! first token and the latest end. Two answers to one request are both kept.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::record::{Fragment, FragmentKind, is_default};
use crate::{Generation, Step};

/// What became of a record that met a stored one of the same id.
#[derive(Clone, Debug, PartialEq)]
pub enum Merge<T> {
    /// It says nothing new: the same fragments with the same digests.
    Duplicate,
    /// It is another part of the same call; this is the whole.
    Merged(Box<T>),
    /// It has a known id and another content.
    Conflict(Conflict),
}

/// A known id came with another content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{record} already exists with another content (id {id:?})")]
pub struct Conflict {
    /// "generation" or "step" or "event".
    pub record: &'static str,
    /// The id under which it was sent.
    pub id: String,
}

impl Generation {
    /// Joins what is stored with what has arrived under the same id.
    pub fn merge(stored: &Self, arrived: Self) -> Merge<Self> {
        join("generation", stored, arrived)
    }
}

impl Step {
    /// Joins what is stored with what has arrived under the same id.
    pub fn merge(stored: &Self, arrived: Self) -> Merge<Self> {
        join("step", stored, arrived)
    }
}

/// A record that can be told in fragments.
trait Fragmented: Clone {
    fn fragments(&mut self) -> &mut Vec<Fragment>;
    fn told(&self) -> &[Fragment];
    /// Takes from `other` what `self` does not tell. `self` has precedence.
    fn fill_from(&mut self, other: Self);
}

fn join<T: Fragmented>(record: &'static str, stored: &T, arrived: T) -> Merge<T> {
    let mut news = false;
    for fragment in arrived.told() {
        match stored.told().iter().find(|known| known.id == fragment.id) {
            Some(known) if known.digest == fragment.digest => {}
            Some(_) => return Merge::Conflict(Conflict { record, id: fragment.id.clone() }),
            None => news = true,
        }
    }
    if !news {
        return Merge::Duplicate;
    }
    let whole =
        |record: &T| record.told().iter().find(|f| f.kind == FragmentKind::Whole).map(|f| f.id.clone());
    if let Some(id) = whole(&arrived).or_else(|| whole(stored)) {
        return Merge::Conflict(Conflict { record, id });
    }
    let stored = stored.clone();
    let (mut first, mut second) =
        if lead(arrived.told()) < lead(stored.told()) { (arrived, stored) } else { (stored, arrived) };
    let mut fragments = std::mem::take(first.fragments());
    fragments.append(second.fragments());
    fragments.sort_by(|a, b| precedence(a).cmp(&precedence(b)));
    fragments.dedup();
    first.fill_from(second);
    *first.fragments() = fragments;
    Merge::Merged(Box::new(first))
}

fn lead(fragments: &[Fragment]) -> Option<(FragmentKind, Timestamp, &str)> {
    fragments.iter().map(precedence).min()
}

fn precedence(fragment: &Fragment) -> (FragmentKind, Timestamp, &str) {
    (fragment.kind, fragment.at, &fragment.id)
}

/// Takes each named field from `$other` where `$self` has the default.
macro_rules! fill {
    ($self:ident, $other:ident, $($($field:ident).+),+ $(,)?) => {
        $(if is_default(&$self.$($field).+) { $self.$($field).+ = $other.$($field).+; })+
    };
}

impl Fragmented for Generation {
    fn fragments(&mut self) -> &mut Vec<Fragment> {
        &mut self.fragments
    }

    fn told(&self) -> &[Fragment] {
        &self.fragments
    }

    fn fill_from(&mut self, other: Self) {
        fill!(
            self,
            other,
            conversation_id,
            operation_name,
            mode,
            trace_id,
            span_id,
            parent_generation_ids,
            parent_id,
            agent.name,
            agent.version,
            agent.effective_version,
            user_id,
            conversation_title,
            model.provider,
            model.name,
            response.id,
            response.model,
            response.stop_reason,
            system_prompt,
            tools,
            input,
            request.max_tokens,
            request.temperature,
            request.top_p,
            request.tool_choice,
            request.thinking_enabled,
            usage,
            reported_cost,
            started_at,
            error,
        );
        // A response told twice is two answers to one request.
        self.output.extend(other.output);
        self.artifacts.extend(other.artifacts);
        self.first_token_at = earliest(self.first_token_at, other.first_token_at);
        self.completed_at = self.completed_at.max(other.completed_at);
        self.received_at = self.received_at.min(other.received_at);
        keep_known(&mut self.tags, other.tags);
        keep_known(&mut self.metadata, other.metadata);
        keep_known(&mut self.unknown, other.unknown);
    }
}

impl Fragmented for Step {
    fn fragments(&mut self) -> &mut Vec<Fragment> {
        &mut self.fragments
    }

    fn told(&self) -> &[Fragment] {
        &self.fragments
    }

    fn fill_from(&mut self, other: Self) {
        fill!(
            self,
            other,
            conversation_id,
            kind,
            name,
            subtype,
            call_id,
            trace_id,
            span_id,
            parent_id,
            parent_step_ids,
            linked_generation_ids,
            agent.name,
            agent.version,
            agent.effective_version,
            user_id,
            input,
            output,
            started_at,
            duration_ms,
            error,
        );
        self.completed_at = self.completed_at.max(other.completed_at);
        self.received_at = self.received_at.min(other.received_at);
        keep_known(&mut self.tags, other.tags);
        keep_known(&mut self.metadata, other.metadata);
        keep_known(&mut self.unknown, other.unknown);
    }
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn keep_known<V>(into: &mut BTreeMap<String, V>, from: BTreeMap<String, V>) {
    for (key, value) in from {
        into.entry(key).or_insert(value);
    }
}
