//! Reading back: everything, byte for byte, and only one's own.

use lightwell_model::{Generation, Message, Part, PartBody, Role};

use super::{Subject, append, ids, list, make};
use crate::{Filter, KeyDigest, NewApiKey};

/// Every kind of part, tags, metadata and unknown fields.
pub async fn content_comes_back_whole(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let mut generation = make::instructed(make::generation("g1", "c1", 0));
    generation.input.push(Message {
        role: Role::Tool,
        name: "search".to_owned(),
        parts: vec![
            Part::new(PartBody::ToolResult {
                tool_call_id: "call-1".to_owned(),
                name: "search".to_owned(),
                content: "found \u{1F50E} \0 nothing".to_owned(),
                content_json: br#"{ "spaces":  1.0 }"#.to_vec().into(),
                is_error: true,
            }),
            Part::new(PartBody::Opaque(serde_json::json!({"kind": "new", "depth": [1, 2.5, null]}))),
        ],
    });
    generation.output.push(Message {
        role: Role::Other("critic".to_owned()),
        name: String::new(),
        parts: vec![Part {
            body: PartBody::Thinking("hm".to_owned()),
            provider_type: "reasoning".to_owned(),
        }],
    });
    generation.tags = [("env".to_owned(), "prod".to_owned()), (String::new(), "odd".to_owned())].into();
    generation.metadata =
        [("nested".to_owned(), serde_json::json!({"a": [1, {"b": "c"}], "big": 1e300}))].into();
    generation.unknown = [("new.field".to_owned(), serde_json::json!(true))].into();
    append(
        &*store,
        &tenant,
        vec![generation.clone().into(), make::step("s1", "c1", 1).into(), make::event("e1", "c1", 2).into()],
    )
    .await;
    for _ in 0..2 {
        let stored = store.generation(&tenant, "g1").await.expect("answered").expect("there");
        assert_eq!(stored, make::stored(&generation));
        let detail = store.conversation(&tenant, "c1").await.expect("answered").expect("there");
        assert_eq!(detail.generations, [stored]);
        assert_eq!(detail.steps[0].input, make::step("s1", "c1", 1).input);
        assert_eq!(detail.events, [make::event("e1", "c1", 2)]);
        store = subject.reopen(store).await;
    }
}

/// Turns, a fork, a retry without output, and the same message twice in a row.
pub async fn histories_are_shared(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let mut sent = vec![make::instructed(make::generation("g0", "c1", 0))];
    for turn in 1..12_i64 {
        let before = sent[sent.len() - 1].clone();
        let mut next = make::next_turn(&before, &format!("g{turn}"), turn * 10_000);
        match turn {
            4 => next.output.clear(),
            6 => next.input.truncate(3),
            8 => next.input.extend([Message::text(Role::User, "go on"), Message::text(Role::User, "go on")]),
            10 => next.output.push(Message::text(Role::Assistant, "a second choice")),
            _ => {}
        }
        sent.push(next);
    }
    for generation in &sent {
        append(&*store, &tenant, vec![generation.clone().into()]).await;
    }
    let mut empty = make::generation("empty", "c1", 990_000);
    (empty.input, empty.output) = (Vec::new(), Vec::new());
    append(&*store, &tenant, vec![empty.clone().into()]).await;
    sent.push(empty);
    for _ in 0..2 {
        let detail = store.conversation(&tenant, "c1").await.expect("answered").expect("there");
        let expected: Vec<Generation> = sent.iter().map(make::stored).collect();
        assert_eq!(detail.generations, expected);
        store = subject.reopen(store).await;
    }
}

/// Megabytes that do not compress, and megabytes that do.
pub async fn large_content_comes_back(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let mut state = 1_u64;
    let noise: String = (0..1_500_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 58) as u8)
        })
        .collect();
    let mut generation = make::generation("g1", "c1", 0);
    generation.input =
        vec![Message::text(Role::User, noise), Message::text(Role::User, "x".repeat(3_000_000))];
    append(&*store, &tenant, vec![generation.clone().into()]).await;
    let stored = store.generation(&tenant, "g1").await.expect("answered").expect("there");
    assert!(stored == make::stored(&generation), "large content differs");
}

/// The same ids and the same content in two tenants have nothing to do with each other.
pub async fn tenants_are_apart(subject: &dyn Subject) {
    let store = subject.open().await;
    let (a, b) = (make::tenant("a"), make::tenant("b"));
    let mut of_b = make::generation("g1", "c1", 0);
    of_b.user_id = "someone else".to_owned();
    append(&*store, &a, vec![make::generation("g1", "c1", 0).into(), make::event("e1", "c1", 1).into()])
        .await;
    append(&*store, &b, vec![of_b.clone().into()]).await;
    let kept = store.generation(&b, "g1").await.expect("answered").expect("there");
    assert_eq!(kept, make::stored(&of_b));
    assert_eq!(list(&*store, &a, &Filter::default(), 10).await[0].events, 1);
    assert_eq!(list(&*store, &b, &Filter::default(), 10).await[0].events, 0);
    let user = Filter { user: Some("someone else".to_owned()), ..Filter::default() };
    assert_eq!(ids(&*store, &a, &user).await, [""; 0]);
    assert_eq!(store.totals(&a, &user).await.expect("totals").generations, 0);
    assert_eq!(store.totals(&b, &user).await.expect("totals").generations, 1);
    assert_eq!(store.conversation(&make::tenant("c"), "c1").await.expect("answered"), None);
}

/// What is not there is nothing, not an error.
pub async fn unknown_is_none(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    for _ in 0..2 {
        assert_eq!(store.generation(&tenant, "nothing").await.expect("answered"), None);
        assert_eq!(store.conversation(&tenant, "nothing").await.expect("answered"), None);
        append(&*store, &tenant, vec![make::event("e1", "c1", 0).into()]).await;
    }
    assert_eq!(store.generation(&tenant, "e1").await.expect("answered"), None);
    assert_eq!(append(&*store, &tenant, Vec::new()).await, []);
}

/// API keys are found by their digest until they are revoked.
pub async fn keys_are_kept(subject: &dyn Subject) {
    let mut store = subject.open().await;
    let key = |n: u8| NewApiKey {
        id: format!("key-{n}"),
        name: format!("key number {n}"),
        tenant: make::tenant("a"),
        digest: KeyDigest([n; 32]),
        created_at: make::at(i64::from(n)),
    };
    let second = store.add_key(key(2)).await.expect("added");
    let first = store.add_key(key(1)).await.expect("added");
    store = subject.reopen(store).await;
    assert_eq!(store.keys().await.expect("listed"), [first.clone(), second.clone()]);
    assert_eq!(store.find_key(&KeyDigest([2; 32])).await.expect("looked up"), Some(second));
    assert!(store.revoke_key("key-2").await.expect("revoked"));
    assert!(!store.revoke_key("key-2").await.expect("revoked"));
    assert_eq!(store.find_key(&KeyDigest([2; 32])).await.expect("looked up"), None);
    assert_eq!(store.keys().await.expect("listed"), [first]);
}
