//! The list of conversations and the sums.

use lightwell_model::{CallError, Event, Generation, Message, Money, Record, Role, TenantId};

use super::{Subject, append, ids, list, make};
use crate::{ConversationQuery, Deletion, Filter, Store, Totals};

const DAY: i64 = 86_400;

/// By the latest record in whatever file, newest first; of the same moment, the greater id first.
pub async fn newest_first_across_days(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let batch: Vec<Record> = vec![
        make::generation("g1", "long", 0).into(),
        make::generation("g2", "middle", DAY).into(),
        make::event("e1", "long", 5 * DAY).into(),
        make::step("s1", "tie-a", 3 * DAY).into(),
        make::step("s2", "tie-b", 3 * DAY).into(),
        make::generation("g3", "old", -40 * DAY).into(),
    ];
    append(&*store, &tenant, batch).await;
    // An older record that comes later does not move its conversation.
    append(&*store, &tenant, vec![make::generation("g4", "long", 2 * DAY).into()]).await;
    for _ in 0..2 {
        let order = ids(&*store, &tenant, &Filter::default()).await;
        assert_eq!(order, ["long", "tie-b", "tie-a", "middle", "old"]);
        let range = Filter { from: Some(make::at(DAY)), until: Some(make::at(5 * DAY)), ..Filter::default() };
        assert_eq!(ids(&*store, &tenant, &range).await, ["tie-b", "tie-a", "middle"]);
        let until = Filter { until: Some(make::at(3 * DAY)), ..Filter::default() };
        assert_eq!(ids(&*store, &tenant, &until).await, ["middle", "old"]);
        store = subject.reopen(store).await;
    }
}

/// Conversations that arrive or move while someone turns pages neither repeat nor hide others.
pub async fn a_cursor_stays_where_it_is(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let batch = (0..40).map(|n| make::generation(&format!("g{n}"), &format!("c{n:02}"), n * 10_000).into());
    append(&*store, &tenant, batch.collect()).await;
    let (mut seen, mut after, mut page_number) = (Vec::new(), None, 0);
    loop {
        let query = ConversationQuery { filter: Filter::default(), limit: 7, after };
        let page = store.conversations(&tenant, &query).await.expect("listed");
        seen.extend(page.items.iter().map(|summary| summary.id.clone()));
        // A new conversation, and one that was seen moves to the front.
        let (new, moved) = (format!("new{page_number}"), seen[0].clone());
        let arriving = [
            make::generation(&format!("n{page_number}"), &new, 900_000 + page_number),
            make::generation(&format!("m{page_number}"), &moved, 950_000 + page_number),
        ];
        append(&*store, &tenant, make::records(&arriving)).await;
        page_number += 1;
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("a cursor of ours")),
            None => break,
        }
    }
    let expected: Vec<String> = (0..40).rev().map(|n| format!("c{n:02}")).collect();
    assert_eq!(seen, expected);
}

/// Each member of the filter, alone and together, for conversations and for sums.
pub async fn every_filter(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    append(&*store, &tenant, make::records(&varied())).await;
    append(&*store, &tenant, vec![make::event("e1", "talk", 9 * DAY).into()]).await;
    let mut failure = make::event("e2", "c3", 150_001);
    failure.kind = "error".to_owned();
    failure.user_id = "barbara".to_owned();
    append(&*store, &tenant, vec![failure.into()]).await;
    for _ in 0..2 {
        check_filters(&*store, &tenant).await;
        store = subject.reopen(store).await;
    }
}

fn varied() -> Vec<Generation> {
    let mut all: Vec<Generation> =
        (0..4).map(|n| make::generation(&format!("g{n}"), &format!("c{n}"), n * 50_000)).collect();
    all[0].agent.name = "coder".to_owned();
    all[1].model.name = "claude".to_owned();
    all[1].model.provider = "anthropic".to_owned();
    all[1].error = Some(CallError { message: "overloaded".to_owned(), ..CallError::default() });
    all[2].user_id = "alan".to_owned();
    all[2].tags = [("env", "prod"), ("team", "search")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    all[3].tags = [("env".to_owned(), "dev".to_owned())].into();
    all[3].agent.name = String::new();
    // Two generations of one conversation, none of which has both.
    let mut split = make::generation("g4", "c0", 10_000);
    split.tags = [("env".to_owned(), "prod".to_owned())].into();
    all.push(split);
    all
}

async fn check_filters(store: &dyn Store, tenant: &TenantId) {
    let some = |text: &str| Some(text.to_owned());
    let tag = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let both_tags = [tag("env", "prod"), tag("team", "search")].concat();
    let cases = [
        (Filter { agent: some("coder"), ..Filter::default() }, vec!["c0"], 1),
        (Filter { agent: some(""), ..Filter::default() }, vec!["c3"], 1),
        (Filter { model: some("claude"), ..Filter::default() }, vec!["c1"], 1),
        (Filter { provider: some("openai"), ..Filter::default() }, vec!["c3", "c2", "c0"], 4),
        (Filter { user: some("alan"), ..Filter::default() }, vec!["c2"], 1),
        // A failure that no call had, and users whom no call names.
        (Filter { error: Some(true), ..Filter::default() }, vec!["c3", "c1"], 1),
        (Filter { error: Some(true), model: some("gpt-5"), ..Filter::default() }, vec![], 0),
        (Filter { error: Some(false), ..Filter::default() }, vec!["talk", "c2", "c0"], 4),
        (Filter { error: Some(false), model: some("gpt-5"), ..Filter::default() }, vec!["c2", "c0"], 4),
        (Filter { user: some("barbara"), ..Filter::default() }, vec!["c3"], 0),
        (Filter { user: some("barbara"), model: some("gpt-5"), ..Filter::default() }, vec![], 0),
        (Filter { error: Some(false), model: some("claude"), ..Filter::default() }, vec![], 0),
        (Filter { tags: tag("env", "prod"), ..Filter::default() }, vec!["c2", "c0"], 2),
        (Filter { tags: both_tags, ..Filter::default() }, vec!["c2"], 1),
        (Filter { tags: tag("env", "pro"), ..Filter::default() }, vec![], 0),
        (Filter { agent: some("coder"), tags: tag("env", "prod"), ..Filter::default() }, vec![], 0),
        (
            Filter { agent: some("planner"), tags: tag("env", "prod"), ..Filter::default() },
            vec!["c2", "c0"],
            2,
        ),
        (Filter { agent: some("nobody"), ..Filter::default() }, vec![], 0),
        (Filter { user: some("grace"), ..Filter::default() }, vec!["talk"], 0),
        (
            Filter { from: Some(make::at(100_000)), model: some("gpt-5"), ..Filter::default() },
            vec!["c3", "c2"],
            2,
        ),
    ];
    for (filter, expected, generations) in cases {
        assert_eq!(ids(store, tenant, &filter).await, expected, "{filter:?}");
        let totals = store.totals(tenant, &filter).await.expect("totals");
        assert_eq!(totals.generations, generations, "{filter:?}");
    }
}

/// What is asked for is in an older file than the conversation's latest record, which may itself have come first or last.
pub async fn a_filter_finds_older_days(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    for n in 0..30 {
        let mut old = make::generation(&format!("old{n}"), &format!("c{n:02}"), 0);
        old.agent.name = "rare".to_owned();
        let new = make::generation(&format!("new{n}"), &format!("c{n:02}"), 3 * DAY + n);
        let mut both = make::records(&[old, new]);
        if n % 2 == 0 {
            both.reverse();
        }
        for record in both {
            append(&*store, &tenant, vec![record]).await;
        }
        append(
            &*store,
            &tenant,
            vec![make::generation(&format!("x{n}"), &format!("x{n}"), 3 * DAY + n).into()],
        )
        .await;
    }
    let rare = Filter { agent: Some("rare".to_owned()), ..Filter::default() };
    let expected: Vec<String> = (0..30).rev().map(|n| format!("c{n:02}")).collect();
    for _ in 0..2 {
        assert_eq!(ids(&*store, &tenant, &rare).await, expected);
        let none = Filter { until: Some(make::at(2 * DAY)), ..rare.clone() };
        assert_eq!(ids(&*store, &tenant, &none).await, [""; 0]);
        let no_errors = Filter { error: Some(false), ..rare.clone() };
        assert_eq!(ids(&*store, &tenant, &no_errors).await, expected);
        store = subject.reopen(store).await;
    }
}

/// Token counters, costs and errors, over everything and over a time.
pub async fn totals_add_up(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let mut expected = Totals::default();
    for n in 0..10 {
        let mut generation = make::generation(&format!("g{n}"), &format!("c{}", n % 3), n * 40_000);
        if n % 4 == 0 {
            (generation.usage, generation.reported_cost) = (None, None);
            generation.error = Some(CallError::default());
        }
        if n < 6 {
            expected.add(&generation);
        }
        append(&*store, &tenant, vec![generation.into(), make::step(&format!("s{n}"), "c1", n).into()]).await;
    }
    let early = Filter { until: Some(make::at(6 * 40_000)), ..Filter::default() };
    assert_eq!(store.totals(&tenant, &early).await.expect("totals"), expected);
    let all = store.totals(&tenant, &Filter::default()).await.expect("totals");
    assert_eq!((all.generations, all.errors, all.unpriced), (10, 3, 3));
    assert_eq!(all.usage.total_tokens, 7 * 15);
    assert_eq!(all.reported_cost, Money::from_dollars(7.0 * 0.25));
    let first = Filter { until: Some(make::at(1)), ..Filter::default() };
    let unpriced = store.totals(&tenant, &first).await.expect("totals");
    assert_eq!((unpriced.generations, unpriced.unpriced, unpriced.reported_cost), (1, 1, None));
    assert_eq!(
        store.totals(&make::tenant("b"), &Filter::default()).await.expect("totals"),
        Totals::default()
    );
}

/// What the list says of a conversation is what its records say: titles, users, sets, ends.
pub async fn summaries_agree_with_content(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let titled = |id: &str, seconds, title: &str| Generation {
        conversation_title: title.to_owned(),
        ..make::generation(id, "c1", seconds)
    };
    let ended = |id: &str, seconds| Event { kind: "run.end".to_owned(), ..make::event(id, "c1", seconds) };
    let records: Vec<Record> = vec![
        titled("g1", 0, "first").into(),
        titled("g2", 2 * DAY, "second").into(),
        titled("g3", DAY, "between").into(),
        titled("g4", 3 * DAY, "").into(),
        make::step("s1", "c1", 4 * DAY).into(),
        ended("e1", 5 * DAY).into(),
        ended("e2", 4 * DAY).into(),
        Event { user_id: String::new(), ..make::event("e3", "c1", 6 * DAY) }.into(),
        Event { kind: "error".to_owned(), ..make::event("e4", "c1", 2) }.into(),
    ];
    for record in records {
        append(&*store, &tenant, vec![record]).await;
        let detail = store.conversation(&tenant, "c1").await.expect("answered").expect("there");
        assert_eq!(list(&*store, &tenant, &Filter::default(), 10).await, [detail.summary]);
    }
    store = subject.reopen(store).await;
    let summary = list(&*store, &tenant, &Filter::default(), 10).await.remove(0);
    assert_eq!((summary.title.as_str(), summary.user_id.as_str()), ("second", "grace"));
    assert_eq!((summary.ended_at, summary.last_at), (Some(make::at(5 * DAY)), make::at(6 * DAY)));
    assert_eq!((summary.steps, summary.events, summary.other_errors), (1, 4, 2));
    assert_eq!(summary.agents.into_iter().collect::<Vec<_>>(), ["planner", "worker"]);
}

/// A conversation without a title is known by what its user said in its first call, on whatever day and however it came.
pub async fn previews_are_what_was_said_first(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let first = make::generation("g1", "c1", DAY);
    let second = make::next_turn(&first, "g2", DAY + 10);
    append(&*store, &tenant, make::records(&[second, first])).await;
    append(&*store, &tenant, vec![make::event("e1", "c1", 0).into(), make::step("s1", "c2", 0).into()]).await;
    let preview = async |store: &dyn Store, id: &str| {
        let listed = list(store, &tenant, &Filter::default(), 10).await;
        let detail = store.conversation(&tenant, id).await.expect("answered").expect("there");
        assert!(listed.contains(&detail.summary), "{listed:?} {:?}", detail.summary);
        detail.summary.preview
    };
    assert_eq!(preview(&*store, "c1").await, "question of g1");
    assert_eq!(preview(&*store, "c2").await, "search", "the name of a tool says more than nothing");
    // Earlier, but without a word; on another day, with words; and at that moment a step, which counts before an event.
    let silent = Event { text: String::new(), ..make::event("e2", "c2", -3 * DAY) };
    append(&*store, &tenant, vec![silent.into(), make::event("e3", "c2", -DAY).into()]).await;
    assert_eq!(preview(&*store, "c2").await, "said in e3");
    append(&*store, &tenant, vec![make::step("s2", "c2", -DAY).into()]).await;
    assert_eq!(preview(&*store, "c2").await, "search");
    // A call whose request nobody told.
    let output = vec![Message::text(Role::Assistant, "it is done")];
    let answered = Generation { input: Vec::new(), output, ..make::generation("g0", "c3", 0) };
    append(&*store, &tenant, vec![answered.into()]).await;
    assert_eq!(preview(&*store, "c3").await, "it is done");
    // An earlier call, a day before; and another at the same moment, of which the one with the smaller id counts.
    for id in ["g5", "g4"] {
        append(&*store, &tenant, vec![make::generation(id, "c1", 5).into()]).await;
    }
    assert_eq!(preview(&*store, "c1").await, "question of g4");
    store = subject.reopen(store).await;
    let before = Deletion::Before { tenant: Some(tenant.clone()), moment: make::at(DAY) };
    store.delete(&before).await.expect("deleted");
    assert_eq!(preview(&*store, "c1").await, "question of g1");
    let titled = Generation { conversation_title: "t".to_owned(), ..make::generation("g6", "c1", 2 * DAY) };
    append(&*store, &tenant, vec![titled.into()]).await;
    assert_eq!(preview(&*store, "c1").await, "");
}
