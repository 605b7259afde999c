//! What a server makes of a Sigil item once it is read, the same for JSON and protobuf: defaults, checks, the fragment.

use jiff::{SignedDuration, Timestamp};
use lightwell_model::{
    ContentId, Fragment, FragmentKind, Generation, Metadata, Mode, Money, Step, TokenUsage, UsageSemantics,
};
use serde_json::Value;

use crate::digest::digest;
use crate::item::{ItemError, Receipt};
use crate::json_value::not_finite_name;

/// Metadata keys under which SDKs send the title of the conversation, best first.
const CONVERSATION_TITLES: [&str; 2] = ["sigil.conversation.title", "agento11y.conversation.title"];
/// Metadata keys under which SDKs send the user, best first.
const USER_IDS: [&str; 3] = ["sigil.user.id", "agento11y.user.id", "user.id"];
/// Metadata key under which our SDK tells how many seconds passed before the first piece of a streamed response: the wire message
/// has no field for it (OTel GenAI semconv 1.41).
const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// Metadata key under which agents and gateways report what a call cost, in US dollars.
const COST: &str = "cost_usd";

/// A generation as it was read, with what the record has no place for.
#[derive(Default)]
pub(super) struct Draft {
    pub generation: Generation,
    /// The item named a model, even an empty one.
    pub has_model: bool,
    /// Counter of sigil-sdk 0.2.0, later folded into cache writes.
    pub cache_creation_input_tokens: i64,
}

impl Draft {
    /// The record.
    pub fn finish(mut self, receipt: &Receipt<'_>) -> Result<Generation, ItemError> {
        self.check_model()?;
        self.settle_usage();
        let mut generation = self.generation;
        keep_unwritable_controls(&mut generation);
        keep_unusual_version(&mut generation);
        if generation.mode == Mode::Unspecified {
            generation.mode = Mode::Sync;
        }
        if generation.operation_name.is_empty() {
            let operation = if generation.mode == Mode::Stream { "streamText" } else { "generateText" };
            operation.clone_into(&mut generation.operation_name);
        }
        generation.conversation_title = metadata_text(&generation.metadata, &CONVERSATION_TITLES);
        generation.user_id = metadata_text(&generation.metadata, &USER_IDS);
        generation.reported_cost =
            generation.metadata.get(COST).and_then(Value::as_f64).and_then(Money::from_dollars);
        generation.first_token_at = first_token_at(&generation);
        if generation.id.is_empty() {
            generation.id = (receipt.new_id)();
        }
        settle_conversation(&mut generation.conversation_id, &generation.trace_id, &generation.id);
        generation.received_at = receipt.received_at;
        let digest = digest(&generation);
        generation.fragments = vec![whole(&generation.id, generation.at(), digest)];
        Ok(generation)
    }

    fn check_model(&self) -> Result<(), ItemError> {
        let model = &self.generation.model;
        let missing = if !self.has_model {
            "generation.model"
        } else if model.provider.trim().is_empty() {
            "generation.model.provider"
        } else if model.name.trim().is_empty() {
            "generation.model.name"
        } else {
            return Ok(());
        };
        Err(ItemError::Required { field: missing.to_owned() })
    }

    /// Folds the old counter in, fills in the total, and forgets counters that say nothing.
    fn settle_usage(&mut self) {
        let created = self.cache_creation_input_tokens;
        let mut usage = self.generation.usage.unwrap_or_default();
        if usage.cache_write_input_tokens == 0 {
            usage.cache_write_input_tokens = created;
        } else if created != 0 && created != usage.cache_write_input_tokens {
            self.generation.unknown.insert("usage.cache_creation_input_tokens".to_owned(), created.into());
        }
        let says_nothing = usage.is_empty() && usage.semantics == UsageSemantics::Unspecified;
        self.generation.usage = (!says_nothing).then(|| TokenUsage::with_total(usage));
    }
}

/// The record of a workflow step.
pub(super) fn finish_step(mut step: Step, receipt: &Receipt<'_>) -> Step {
    step.user_id = metadata_text(&step.metadata, &USER_IDS);
    if step.id.is_empty() {
        step.id = (receipt.new_id)();
    }
    settle_conversation(&mut step.conversation_id, &step.trace_id, &step.id);
    step.received_at = receipt.received_at;
    let digest = digest(&step);
    step.fragments = vec![whole(&step.id, step.at(), digest)];
    step
}

fn first_token_at(generation: &Generation) -> Option<Timestamp> {
    let seconds = generation.metadata.get(TIME_TO_FIRST_CHUNK)?.as_f64()?;
    let passed = SignedDuration::try_from_secs_f64(seconds).ok()?;
    generation.started_at?.checked_add(passed).ok()
}

/// A record that names no conversation belongs to that of its trace; without a trace it is one of its own.
fn settle_conversation(conversation_id: &mut String, trace_id: &str, id: &str) {
    if conversation_id.trim().is_empty() {
        let of = if trace_id.is_empty() { id } else { trace_id };
        of.clone_into(conversation_id);
    }
}

fn whole(id: &str, at: Timestamp, digest: ContentId) -> Fragment {
    Fragment { id: id.to_owned(), kind: FragmentKind::Whole, at, digest }
}

fn metadata_text(metadata: &Metadata, keys: &[&str]) -> String {
    keys.iter()
        .filter_map(|key| metadata.get(*key).and_then(Value::as_str))
        .map(str::trim)
        .find(|text| !text.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// A record cannot hold a control that is not a number; what was sent is kept by name.
fn keep_unwritable_controls(generation: &mut Generation) {
    let request = &mut generation.request;
    for (field, control) in [("temperature", &mut request.temperature), ("top_p", &mut request.top_p)] {
        if let Some(number) = control.filter(|number| !number.is_finite()) {
            *control = None;
            generation.unknown.insert(field.to_owned(), not_finite_name(number).into());
        }
    }
}

/// The effective version is a hash by contract; anything else is kept, but not as one.
fn keep_unusual_version(generation: &mut Generation) {
    let version = &mut generation.agent.effective_version;
    let is_hash = version
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    if !version.is_empty() && !is_hash {
        generation.unknown.insert("effective_version".to_owned(), std::mem::take(version).into());
    }
}
