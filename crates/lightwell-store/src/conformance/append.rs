//! Storing records: once, durably, each by itself.

use std::sync::Arc;

use lightwell_model::{CallError, Record};

use super::{Subject, append, ids, list, make};
use crate::{Filter, Outcome, StoreError};

/// A batch sent again is answered as accepted, and doubles nothing.
pub async fn sending_again_changes_nothing(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let batch: Vec<Record> = vec![
        make::generation("g1", "c1", 0).into(),
        make::step("s1", "c1", 1).into(),
        make::event("e1", "c1", 2).into(),
    ];
    assert_eq!(append(&*store, &tenant, batch.clone()).await, vec![Outcome::Stored; 3]);
    let before = (
        list(&*store, &tenant, &Filter::default(), 10).await,
        store.totals(&tenant, &Filter::default()).await,
    );
    for _ in 0..3 {
        // Received later, which is not part of what is said.
        let again = batch.iter().cloned().map(|record| match record {
            Record::Generation(mut generation) => {
                generation.received_at = make::at(500_000);
                generation.into()
            }
            other => other,
        });
        let outcomes = append(&*store, &tenant, again.collect()).await;
        assert_eq!(outcomes, vec![Outcome::Duplicate; 3]);
        assert!(outcomes.iter().all(Outcome::is_accepted));
    }
    let twice = [batch.clone(), batch].concat();
    assert_eq!(append(&*store, &tenant, twice).await, vec![Outcome::Duplicate; 6]);
    let after = (
        list(&*store, &tenant, &Filter::default(), 10).await,
        store.totals(&tenant, &Filter::default()).await,
    );
    assert_eq!(before.0, after.0);
    assert_eq!(before.1.expect("totals"), after.1.expect("totals"));
}

/// Outcomes come in the order of the records, whatever their days; a record without a moment of its own counts once too.
pub async fn batches_span_days(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let days = [3, 0, 40, 1, 2];
    let batch: Vec<Record> =
        days.iter().map(|day| make::generation(&format!("g{day}"), "c1", day * 86_400).into()).collect();
    let mut mixed = batch.clone();
    mixed.insert(2, batch[0].clone());
    let mut expected = vec![Outcome::Stored; 6];
    expected[2] = Outcome::Duplicate;
    assert_eq!(append(&*store, &tenant, mixed).await, expected);
    let detail = store.conversation(&tenant, "c1").await.expect("answered").expect("there");
    let order: Vec<_> = detail.generations.iter().map(|generation| generation.id.as_str()).collect();
    assert_eq!(order, ["g0", "g1", "g2", "g3", "g40"]);

    let mut timeless = make::generation("timeless", "c1", 0);
    (timeless.started_at, timeless.completed_at) = (None, None);
    assert_eq!(append(&*store, &tenant, vec![timeless.clone().into()]).await, [Outcome::Stored]);
    timeless.received_at = make::at(200_000);
    assert_eq!(append(&*store, &tenant, vec![timeless.into()]).await, [Outcome::Duplicate]);
}

/// What was stored stands, and the rest of the batch is stored.
pub async fn a_known_id_with_other_content_is_a_conflict(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let (generation, step, event) =
        (make::generation("x", "c1", 0), make::step("x", "c1", 1), make::event("x", "c1", 2));
    append(&*store, &tenant, vec![generation.clone().into(), step.clone().into(), event.clone().into()])
        .await;
    let mut other = generation.clone();
    other.output.clear();
    let mut moved = generation.clone();
    moved.started_at = Some(make::at(3 * 86_400));
    let mut other_step = step;
    other_step.name = "browse".to_owned();
    let mut other_event = event;
    other_event.text = "something else".to_owned();
    let batch = vec![
        other.into(),
        moved.into(),
        other_step.into(),
        other_event.into(),
        make::generation("new", "c1", 5).into(),
    ];
    let outcomes = append(&*store, &tenant, batch).await;
    for (outcome, kind) in outcomes.iter().zip(["generation", "generation", "step", "event"]) {
        let Outcome::Conflict(conflict) = outcome else { panic!("{kind}: {outcome:?}") };
        assert_eq!((conflict.record, conflict.id.as_str()), (kind, "x"));
        assert!(!outcome.is_accepted());
    }
    assert_eq!(outcomes[4], Outcome::Stored);
    let kept = store.generation(&tenant, "x").await.expect("answered").expect("there");
    assert_eq!(kept, make::stored(&generation));
}

/// Many senders at once: every record is there, once, and sums are right.
pub async fn appends_at_once_all_count(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let mut tasks = Vec::new();
    for sender in 0..20 {
        let (store, tenant) = (Arc::clone(&store), tenant.clone());
        tasks.push(tokio::spawn(async move {
            // Neighbours send half of each other's records too.
            let batch = (sender * 5..sender * 5 + 10)
                .map(|n| make::generation(&format!("g{n}"), &format!("c{}", n % 7), n * 3_600));
            append(&*store, &tenant, batch.map(Into::into).collect()).await
        }));
    }
    let mut stored = 0;
    for task in tasks {
        let outcomes = task.await.expect("the sender ends");
        assert!(outcomes.iter().all(Outcome::is_accepted));
        stored += outcomes.iter().filter(|outcome| **outcome == Outcome::Stored).count();
    }
    assert_eq!(stored, 105);
    let totals = store.totals(&tenant, &Filter::default()).await.expect("totals");
    assert_eq!((totals.generations, totals.usage.total_tokens), (105, 105 * 15));
    assert_eq!(ids(&*store, &tenant, &Filter::default()).await.len(), 7);
}

/// A fragment that contradicts a known one is refused by itself.
pub async fn a_bad_half_does_not_take_its_batch_along(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    append(&*store, &tenant, vec![make::start("g1", "c1", 0).into()]).await;
    let mut other = make::start("g1", "c1", 0);
    other.fragments[0].digest = lightwell_model::ContentId::of(b"another request");
    other.error = Some(CallError::default());
    let outcomes = append(&*store, &tenant, vec![other.into(), make::end("g1", "c1", 2).into()]).await;
    assert!(matches!(&outcomes[0], Outcome::Conflict(_)), "{:?}", outcomes[0]);
    assert!(matches!(&outcomes[1], Outcome::Merged(_)), "{:?}", outcomes[1]);
}

/// A closed store says so.
pub async fn closes(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    append(&*store, &tenant, make::records(&[make::generation("g1", "c1", 0)])).await;
    store.ready().await.expect("an open store is ready");
    store.close().await;
    let refused = store.append(&tenant, make::records(&[make::generation("g2", "c1", 0)])).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    assert!(matches!(store.ready().await, Err(StoreError::Closed)));
}
