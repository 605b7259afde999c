//! Calls told as request and response: whenever, wherever and however often the halves arrive, they are one record.

use lightwell_model::{FragmentKind, Generation, Merge, Record};

use super::{Subject, append, ids, make};
use crate::{Filter, Outcome, Store};

fn whole(start: &Generation, end: &Generation) -> Generation {
    match Generation::merge(start, end.clone()) {
        Merge::Merged(whole) => *whole,
        other => panic!("the halves do not merge: {other:?}"),
    }
}

async fn check(store: &dyn Store, expected: &Generation) {
    let tenant = make::tenant("a");
    let stored = store.generation(&tenant, &expected.id).await.expect("answered").expect("there");
    assert_eq!(stored, *expected);
    let totals = store.totals(&tenant, &Filter::default()).await.expect("totals");
    assert_eq!((totals.generations, totals.usage.total_tokens, totals.unpriced), (1, 15, 0));
    let detail =
        store.conversation(&tenant, &expected.conversation_id).await.expect("answered").expect("there");
    assert_eq!(detail.generations, std::slice::from_ref(expected));
    let listed = super::list(store, &tenant, &Filter::default(), 10).await;
    assert_eq!(listed, [detail.summary]);
    assert_eq!(listed[0].last_at, expected.at());
}

async fn send(store: &dyn Store, half: &Generation) -> Outcome {
    append(store, &make::tenant("a"), vec![half.clone().into()]).await.remove(0)
}

async fn meet(subject: &dyn Subject, first: &Generation, second: &Generation, reopen: bool) {
    let mut store = subject.open().await;
    assert_eq!(send(&*store, first).await, Outcome::Stored);
    if reopen {
        store = subject.reopen(store).await;
    }
    let expected = whole(first, second);
    match send(&*store, second).await {
        Outcome::Merged(record) => assert_eq!(*record, Record::Generation(expected.clone())),
        other => panic!("{other:?}"),
    }
    check(&*store, &expected).await;
    assert_eq!(send(&*store, first).await, Outcome::Duplicate);
    assert_eq!(send(&*store, second).await, Outcome::Duplicate);
    check(&*store, &expected).await;
}

/// Request first and response first.
pub async fn meet_in_every_order(subject: &dyn Subject) {
    let (start, end) = (make::start("g1", "c1", 0), make::end("g1", "c1", 5));
    meet(subject, &start, &end, false).await;
    meet(subject, &end, &start, false).await;
}

/// The response comes a day, and a month, after the request.
pub async fn meet_across_midnight(subject: &dyn Subject) {
    for seconds in [86_400, 30 * 86_400, -86_400] {
        let (start, end) = (make::start("g1", "c1", 0), make::end("g1", "c1", seconds));
        meet(subject, &start, &end, false).await;
        meet(subject, &end, &start, false).await;
    }
}

/// Both halves in one batch, a day apart.
pub async fn meet_in_one_batch(subject: &dyn Subject) {
    let store = subject.open().await;
    let (start, end) = (make::start("g1", "c1", 0), make::end("g1", "c1", 86_400));
    let outcomes = append(&*store, &make::tenant("a"), make::records(&[end.clone(), start.clone()])).await;
    assert_eq!(outcomes[0], Outcome::Stored);
    assert!(matches!(&outcomes[1], Outcome::Merged(_)), "{:?}", outcomes[1]);
    check(&*store, &whole(&start, &end)).await;
}

/// Chunks, then the halves, each several times and in a strange order.
pub async fn arrive_again(subject: &dyn Subject) {
    let store = subject.open().await;
    let (start, end) = (make::start("g1", "c1", 0), make::end("g1", "c1", 5));
    let chunk = Generation {
        output: Vec::new(),
        usage: None,
        reported_cost: None,
        completed_at: None,
        first_token_at: Some(make::at(1)),
        fragments: vec![make::fragment("chunk-1", FragmentKind::Chunk, 1)],
        ..make::end("g1", "c1", 1)
    };
    for half in [&chunk, &chunk, &end, &chunk, &start, &end, &start, &chunk] {
        assert!(send(&*store, half).await.is_accepted());
    }
    let expected = whole(&whole(&chunk, &end), &start);
    assert_eq!(expected.first_token_at, Some(make::at(1)));
    check(&*store, &expected).await;
}

/// The process ended between the halves.
pub async fn meet_after_reopening(subject: &dyn Subject) {
    let (start, end) = (make::start("g1", "c1", 0), make::end("g1", "c1", 2 * 86_400));
    meet(subject, &start, &end, true).await;
    meet(subject, &end, &start, true).await;
}

/// A half that does not know the conversation is found in it when the other half does.
pub async fn move_their_conversation(subject: &dyn Subject) {
    let (start, mut end) = (make::start("g1", "c1", 0), make::end("g1", "c1", 5));
    end.conversation_id = String::new();
    let store = subject.open().await;
    let tenant = make::tenant("a");
    assert_eq!(send(&*store, &end).await, Outcome::Stored);
    assert_eq!(ids(&*store, &tenant, &Filter::default()).await, [""]);
    assert!(matches!(send(&*store, &start).await, Outcome::Merged(_)));
    assert_eq!(ids(&*store, &tenant, &Filter::default()).await, ["c1"]);
    check(&*store, &whole(&start, &end)).await;
}
