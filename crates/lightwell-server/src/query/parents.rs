//! What caused what, in ids that a reader of the conversation finds in it.
//!
//! A call that was told in halves is one record, under the id of the half that opened it. Senders do not know that: what
//! followed a call names the event that closed it as its parent.

use std::collections::HashMap;

use lightwell_model::Fragment;
use lightwell_store::ConversationDetail;

/// Makes parents that are a part of a record the record itself.
pub(super) fn resolve(detail: &mut ConversationDetail) {
    let mut records = HashMap::new();
    for generation in &detail.generations {
        note(&mut records, &generation.id, &generation.fragments);
    }
    for step in &detail.steps {
        note(&mut records, &step.id, &step.fragments);
    }
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

fn note(records: &mut HashMap<String, String>, id: &str, fragments: &[Fragment]) {
    let others = fragments.iter().filter(|fragment| fragment.id != id);
    records.extend(others.map(|fragment| (fragment.id.clone(), id.to_owned())));
}
