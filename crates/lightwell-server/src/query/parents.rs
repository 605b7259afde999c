//! What caused what, in ids that a reader of the conversation finds in it.
//!
//! A call that was told in halves is one record, under the id of the half that opened it. Senders do not know that: what
//! followed a call names the event that closed it as its parent.

use std::collections::HashMap;

use lightwell_model::Fragment;
use lightwell_store::ConversationDetail;

/// Makes parents that are a part of a record the record itself.
pub(super) fn resolve(detail: &mut ConversationDetail) {
    let records = parts(detail);
    if records.is_empty() {
        return;
    }
    let generations = detail.generations.iter_mut().map(|generation| &mut generation.parent_id);
    let steps = detail.steps.iter_mut().map(|step| &mut step.parent_id);
    let events = detail.events.iter_mut().map(|event| &mut event.parent_id);
    for parent in generations.chain(steps).chain(events) {
        if let Some(record) = records.get(parent) {
            parent.clone_from(record);
        }
    }
}

/// The record of this conversation that a parent is a part of, if it is a part of one.
pub(super) fn resolve_one(detail: &ConversationDetail, parent: &str) -> Option<String> {
    parts(detail).remove(parent)
}

/// Records by the ids of their parts that are not their own.
fn parts(detail: &ConversationDetail) -> HashMap<String, String> {
    let mut records = HashMap::new();
    for generation in &detail.generations {
        note(&mut records, &generation.id, &generation.fragments);
    }
    for step in &detail.steps {
        note(&mut records, &step.id, &step.fragments);
    }
    records
}

fn note(records: &mut HashMap<String, String>, id: &str, fragments: &[Fragment]) {
    let others = fragments.iter().filter(|fragment| fragment.id != id);
    records.extend(others.map(|fragment| (fragment.id.clone(), id.to_owned())));
}
