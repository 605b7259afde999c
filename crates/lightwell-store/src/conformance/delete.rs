//! Deleting: records, and the content that only they referred to; and refusing late copies.

use lightwell_model::{Generation, Record, TenantId};

use super::{Subject, append, ids, make};
use crate::{Deleted, Deletion, Filter, Outcome, Store};

const DAY: i64 = 86_400;

async fn delete(store: &dyn Store, deletion: Deletion) -> Deleted {
    store.delete(&deletion).await.expect("the store deletes")
}

fn conversation(tenant: &TenantId, id: &str) -> Deletion {
    Deletion::Conversation { tenant: tenant.clone(), id: id.to_owned() }
}

/// Content that others share stays until the last of them goes; numbers count what is really gone.
pub async fn a_conversation_with_its_content(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let first = make::instructed(make::generation("g1", "c1", 0));
    let second = make::next_turn(&first, "g2", 10);
    // Another conversation went on from the first answer, with the same instructions.
    let mut fork = make::next_turn(&first, "g3", 20);
    fork.conversation_id = "c2".to_owned();
    let other = make::instructed(make::generation("g4", "c3", 30));
    append(&*store, &tenant, make::records(&[first, second, fork.clone(), other.clone()])).await;
    append(&*store, &tenant, vec![make::step("s1", "c1", 40).into(), make::event("e1", "c1", 50).into()])
        .await;
    // Of the first conversation only question and answer of the second turn are its own.
    assert_eq!(delete(&*store, conversation(&tenant, "c1")).await, Deleted { records: 4, contents: 2 });
    assert_eq!(ids(&*store, &tenant, &Filter::default()).await, ["c3", "c2"]);
    assert_eq!(store.generation(&tenant, "g1").await.expect("answered"), None);
    let kept = store.generation(&tenant, "g3").await.expect("answered").expect("there");
    assert_eq!(kept, make::stored(&fork));
    assert_eq!(store.totals(&tenant, &Filter::default()).await.expect("totals").generations, 2);
    // Now the shared history goes too: four messages; the instructions and the tool stay for c3.
    assert_eq!(delete(&*store, conversation(&tenant, "c2")).await, Deleted { records: 1, contents: 4 });
    let kept = store.generation(&tenant, "g4").await.expect("answered").expect("there");
    assert_eq!(kept, make::stored(&other));
    assert_eq!(delete(&*store, conversation(&tenant, "c2")).await, Deleted::default());
    assert_eq!(delete(&*store, conversation(&tenant, "c3")).await, Deleted { records: 1, contents: 4 });
    assert_eq!(ids(&*store, &tenant, &Filter::default()).await, [""; 0]);
}

/// One tenant goes, the other stays, though it has the same ids and content.
pub async fn a_tenant(subject: &dyn Subject) {
    let (mut store, a, b) = (subject.open().await, make::tenant("a"), make::tenant("b"));
    let batch: Vec<Record> = (0..6)
        .flat_map(|n| {
            let generation =
                make::instructed(make::generation(&format!("g{n}"), &format!("c{}", n % 2), n * DAY));
            [generation.into(), make::event(&format!("e{n}"), "c0", n * DAY).into()]
        })
        .collect();
    append(&*store, &a, batch.clone()).await;
    append(&*store, &b, batch.clone()).await;
    let deletion = Deletion::Tenant { tenant: a.clone(), now: make::at(30 * DAY) };
    let deleted = delete(&*store, deletion.clone()).await;
    assert_eq!(deleted.records, 12);
    assert!(deleted.contents > 0);
    for _ in 0..2 {
        assert_eq!(ids(&*store, &a, &Filter::default()).await, [""; 0]);
        assert_eq!(ids(&*store, &b, &Filter::default()).await, ["c1", "c0"]);
        let kept = store.generation(&b, "g3").await.expect("answered").expect("there");
        assert_eq!(Record::Generation(kept).at(), batch[6].at());
        store = subject.reopen(store).await;
    }
    // The tenant may begin anew; what it had does not come back.
    assert_eq!(append(&*store, &a, batch).await, vec![Outcome::Deleted; 12]);
    let new = make::generation("g9", "c0", 31 * DAY);
    assert_eq!(append(&*store, &a, vec![new.into()]).await, [Outcome::Stored]);
    assert_eq!(delete(&*store, deletion).await.records, 1);
}

/// Before a moment within a day: of one tenant, then of all.
pub async fn what_is_older(subject: &dyn Subject) {
    let (mut store, a, b) = (subject.open().await, make::tenant("a"), make::tenant("b"));
    let mut batch: Vec<Generation> = vec![make::generation("g0", "long", 0)];
    for n in 1..8 {
        batch.push(make::next_turn(&batch[batch.len() - 1].clone(), &format!("g{n}"), n * DAY / 2));
    }
    append(&*store, &a, make::records(&batch)).await;
    append(&*store, &b, make::records(&batch)).await;
    let moment = make::at(DAY * 3 / 2);
    let deleted = delete(&*store, Deletion::Before { tenant: Some(a.clone()), moment }).await;
    assert_eq!(deleted.records, 3);
    let mut left = [5, 8];
    for round in 0..3 {
        for (tenant, left) in [(&a, left[0]), (&b, left[1])] {
            let detail = store.conversation(tenant, "long").await.expect("answered").expect("there");
            let expected: Vec<Generation> = batch[8 - left..].iter().map(make::stored).collect();
            assert_eq!(detail.generations, expected);
            assert_eq!(super::list(&*store, tenant, &Filter::default(), 5).await, [detail.summary]);
            let totals = store.totals(tenant, &Filter::default()).await.expect("totals");
            assert_eq!(totals.generations, left as u64);
        }
        if round == 0 {
            let moment = make::at(DAY * 5 / 2);
            assert_eq!(delete(&*store, Deletion::Before { tenant: None, moment }).await.records, 2 + 5);
            left = [3, 3];
        } else {
            store = subject.reopen(store).await;
        }
    }
    assert_eq!(
        append(&*store, &b, make::records(&batch[4..6])).await,
        [Outcome::Deleted, Outcome::Duplicate]
    );
    let deleted = delete(&*store, Deletion::Before { tenant: None, moment: make::at(90 * DAY) }).await;
    assert_eq!(deleted.records, 6);
    assert_eq!(ids(&*store, &b, &Filter::default()).await, [""; 0]);
    let late = make::generation("g9", "long", 89 * DAY);
    assert_eq!(append(&*store, &make::tenant("c"), vec![late.into()]).await, [Outcome::Deleted]);
}

/// Copies, halves and new records of a deleted conversation are answered as deleted; other tenants are not concerned.
pub async fn late_copies_are_refused(subject: &dyn Subject) {
    let (mut store, a, b) = (subject.open().await, make::tenant("a"), make::tenant("b"));
    let start = make::start("g1", "c1", 0);
    append(&*store, &a, vec![start.clone().into()]).await;
    assert_eq!(delete(&*store, conversation(&a, "c1")).await.records, 1);
    // Also what was never stored.
    delete(&*store, conversation(&a, "c2")).await;
    for _ in 0..2 {
        let late: Vec<Record> = vec![
            start.clone().into(),
            make::end("g1", "c1", 2 * DAY).into(),
            make::event("e1", "c2", DAY).into(),
            make::generation("g5", "c5", 0).into(),
        ];
        let outcomes = append(&*store, &a, late).await;
        assert_eq!(outcomes[..3], [Outcome::Deleted, Outcome::Deleted, Outcome::Deleted]);
        assert!(outcomes[3].is_accepted());
        store = subject.reopen(store).await;
    }
    assert_eq!(ids(&*store, &a, &Filter::default()).await, ["c5"]);
    assert!(append(&*store, &b, vec![start.into()]).await[0].is_accepted());
}

/// What was deleted does not come back with the process, and days can be filled again.
pub async fn survives_reopening(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    for round in 0..3 {
        let name = format!("c{round}");
        let batch: Vec<Record> =
            (0..4).map(|n| make::generation(&format!("{name}-{n}"), &name, n * DAY).into()).collect();
        assert_eq!(append(&*store, &tenant, batch.clone()).await, vec![Outcome::Stored; 4]);
        assert_eq!(delete(&*store, conversation(&tenant, &name)).await.records, 4);
        assert_eq!(append(&*store, &tenant, batch).await, vec![Outcome::Deleted; 4]);
        assert_eq!(ids(&*store, &tenant, &Filter::default()).await, [""; 0]);
        store = subject.reopen(store).await;
        assert_eq!(ids(&*store, &tenant, &Filter::default()).await, [""; 0]);
    }
}
