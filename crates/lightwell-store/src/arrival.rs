//! What a record that arrives does to the one that is stored under its id. Engines differ in where they keep records, not in this.

use lightwell_model::{Conflict, Event, Fragment, FragmentKind, Generation, Merge, Record, Step};

use crate::Outcome;

/// The record with its fragment filled in when it was told whole, so that every generation and step has at least one.
pub fn told(record: Record) -> Record {
    match record {
        Record::Generation(generation) if generation.fragments.is_empty() => {
            let digest = generation.clone().address().digest();
            let whole = whole(&generation.id, generation.at(), digest);
            Record::Generation(Generation { fragments: vec![whole], ..generation })
        }
        Record::Step(step) if step.fragments.is_empty() => {
            let whole = whole(&step.id, step.at(), step_digest(&step));
            Record::Step(Step { fragments: vec![whole], ..step })
        }
        told => told,
    }
}

/// The fragment of a record that was told whole.
pub fn whole(id: &str, at: jiff::Timestamp, digest: lightwell_model::ContentId) -> Fragment {
    Fragment { id: id.to_owned(), kind: FragmentKind::Whole, at, digest }
}

/// What a step says, for telling a re-sent one from another one of the same id.
pub fn step_digest(step: &Step) -> lightwell_model::ContentId {
    let said = Step { fragments: Vec::new(), ..step.clone() };
    lightwell_model::ContentId::of(&serde_json::to_vec(&said).expect("a step has string keys only"))
}

/// Joins a stored record with one that arrives under its id. Both have been [`told`].
///
/// [`Outcome::Merged`] holds what is to be stored instead; with any other outcome what is stored stands.
pub fn join(stored: &Record, arrived: Record) -> Outcome {
    match (stored, arrived) {
        (Record::Generation(stored), Record::Generation(arrived)) => {
            outcome(Generation::merge(stored, arrived), Record::Generation)
        }
        (Record::Step(stored), Record::Step(arrived)) => outcome(Step::merge(stored, arrived), Record::Step),
        (Record::Event(stored), Record::Event(arrived)) => same_event(stored, &arrived),
        // Ids are unique within a kind, so an engine never offers records of two kinds.
        (_, arrived) => Outcome::Conflict(Conflict { record: "record", id: arrived.id().to_owned() }),
    }
}

fn same_event(stored: &Event, arrived: &Event) -> Outcome {
    if stored.digest() == arrived.digest() {
        Outcome::Duplicate
    } else {
        Outcome::Conflict(Conflict { record: "event", id: arrived.id.clone() })
    }
}

fn outcome<T>(merge: Merge<T>, record: fn(T) -> Record) -> Outcome {
    match merge {
        Merge::Duplicate => Outcome::Duplicate,
        Merge::Merged(merged) => Outcome::Merged(Box::new(record(*merged))),
        Merge::Conflict(conflict) => Outcome::Conflict(conflict),
    }
}
