//! The account of what arrived: kept with the records, and as durable as they are.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lightwell_model::{Counters, DeliveryReport, Process, Ranges, Record, TenantId};

use super::{Subject, make};
use crate::{ClientAccount, Deletion, Delivery, DeliveryQuery, Outcome, RefusedFor, Store};

const DAY: i64 = 86_400;

/// A request of `client` whose records have these numbers.
fn delivery(client: &str, numbers: impl IntoIterator<Item = u64>, accepted: u64, second: i64) -> Delivery {
    let report = DeliveryReport {
        client: client.to_owned(),
        process: Process { product: "sigil".to_owned(), pid: 7, host: "box".to_owned(), started: 1 },
        items: Vec::new(),
        lost: Ranges::default(),
        counters: Some(Counters { accepted, ..Counters::default() }),
    };
    let mut delivery = Delivery::new(report, make::at(second));
    delivery.numbers.extend(numbers);
    delivery
}

fn events(ids: impl IntoIterator<Item = i64>, spread: i64) -> Vec<Record> {
    ids.into_iter().map(|n| make::event(&format!("e{n}"), "c", n * spread).into()).collect()
}

async fn send(
    store: &dyn Store,
    tenant: &TenantId,
    records: Vec<Record>,
    delivery: Delivery,
) -> Vec<Outcome> {
    store.append_delivery(tenant, records, delivery).await.expect("the store takes records")
}

async fn accounts(store: &dyn Store, query: &DeliveryQuery) -> Vec<ClientAccount> {
    store.deliveries(query).await.expect("the accounts are told").items
}

async fn only(store: &dyn Store) -> ClientAccount {
    let found = accounts(store, &DeliveryQuery::default()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().expect("there is one")
}

fn clients(accounts: &[ClientAccount]) -> Vec<&str> {
    accounts.iter().map(|account| account.client.as_str()).collect()
}

fn missing(account: &ClientAccount) -> (u64, String) {
    let standing = account.standing(make::at(100 * DAY), SignedDuration::from_secs(60));
    (standing.missing, standing.missing_numbers.to_string())
}

/// Stored, a copy, a conflict, an item that is no record, and what belongs to something deleted.
pub async fn outcomes_are_accounted_for(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    let deletion = Deletion::Conversation { tenant: tenant.clone(), id: "gone".to_owned() };
    store.delete(&deletion).await.expect("the store deletes");
    let mut other = make::event("e2", "c", 2);
    other.text = "something else".to_owned();
    let mut records = events([1, 2, 1], 1);
    records.extend([other.into(), make::event("e9", "gone", 9).into()]);
    let mut first = delivery("p", [1, 2, 3, 5, 6], 8, 0);
    first.invalid = Ranges::of(4, 4);
    let outcomes = send(&*store, &tenant, records, first).await;
    assert!(matches!(
        outcomes[..],
        [Outcome::Stored, Outcome::Stored, Outcome::Duplicate, Outcome::Conflict(_), Outcome::Deleted]
    ));
    let account = only(&*store).await;
    assert_eq!((account.received, account.duplicates), (3, 1));
    let refused = [(RefusedFor::Invalid, 1), (RefusedFor::Conflict, 1), (RefusedFor::Deleted, 1)];
    assert_eq!(account.refused, refused.into());
    assert_eq!((account.process.pid, account.last_heard), (7, make::at(0)));
    assert_eq!(missing(&account), (2, "7-8".to_owned()));
}

/// A closing report has no records, and a request may have none that can be stored.
pub async fn a_request_without_records_counts(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let mut refused = delivery("p", [], 3, 0);
    refused.invalid = Ranges::of(1, 2);
    assert_eq!(send(&*store, &tenant, Vec::new(), refused).await, []);
    let mut closing = delivery("p", [], 3, 1);
    closing.lost = Ranges::of(3, 3);
    assert_eq!(send(&*store, &tenant, Vec::new(), closing).await, []);
    store = subject.reopen(store).await;
    let account = only(&*store).await;
    assert_eq!((account.received, account.refused_count(), missing(&account).0), (0, 2, 0));
}

/// An account is as durable as the records of its request, and goes on where it was.
pub async fn survives_reopening(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    for n in 1..=6_i64 {
        send(&*store, &tenant, events([n], DAY / 2), delivery("p", [n as u64], n as u64, n)).await;
        if n % 2 == 0 {
            store = subject.reopen(store).await;
        }
    }
    let account = only(&*store).await;
    assert_eq!(
        (account.received, account.duplicates, account.accounted.to_string()),
        (6, 0, "1-6".to_owned())
    );
    assert_eq!((account.first_heard, account.last_heard), (make::at(1), make::at(6)));
    assert_eq!(missing(&account).0, 0);
}

/// Records of one request may go to several files.
pub async fn a_batch_over_days_is_one_request(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    let mut first = delivery("p", 1..=9, 12, 0);
    first.invalid = Ranges::of(10, 10);
    first.lost = Ranges::of(11, 11);
    send(&*store, &tenant, events(1..=9, DAY), first).await;
    for _ in 0..2 {
        let account = only(&*store).await;
        assert_eq!((account.received, account.refused_count()), (9, 1));
        assert_eq!(missing(&account), (1, "12".to_owned()));
        store = subject.reopen(store).await;
    }
}

/// A request that is sent again adds copies and nothing else, before and after the store was opened again.
pub async fn copies_are_told_apart(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    for round in 0..3 {
        send(&*store, &tenant, events(1..=5, 1), delivery("p", 1..=5, 5, round)).await;
        let account = only(&*store).await;
        assert_eq!((account.received, account.duplicates), (5, 5 * round as u64));
        store = subject.reopen(store).await;
    }
}

/// The same client id in two tenants is two clients, and one goes without the other.
pub async fn tenants_are_apart(subject: &dyn Subject) {
    let (mut store, a, b) = (subject.open().await, make::tenant("a"), make::tenant("b"));
    send(&*store, &a, events([1], 1), delivery("p", [1], 1, 0)).await;
    send(&*store, &b, events([1, 2], 1), delivery("p", [1, 2], 2, 0)).await;
    let of = |tenant: &TenantId| DeliveryQuery { tenant: Some(tenant.clone()), ..DeliveryQuery::default() };
    assert_eq!(accounts(&*store, &of(&a)).await[0].received, 1);
    assert_eq!(accounts(&*store, &of(&b)).await[0].received, 2);
    assert_eq!(accounts(&*store, &DeliveryQuery::default()).await.len(), 2);
    store.delete(&Deletion::Tenant { tenant: b.clone(), now: make::at(5) }).await.expect("the store deletes");
    for _ in 0..2 {
        assert_eq!(accounts(&*store, &of(&a)).await.len(), 1);
        assert_eq!(accounts(&*store, &of(&b)).await, []);
        store = subject.reopen(store).await;
    }
}

/// By when they were heard of, and by product; the latest first.
pub async fn selects(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    for (client, second) in [("p1", 1), ("p3", 3), ("p2", 2)] {
        let mut delivery = delivery(client, [1], 1, second);
        if client == "p2" {
            delivery.process.product = "insidellm".to_owned();
        }
        send(&*store, &tenant, events([second], 1), delivery).await;
    }
    let all = accounts(&*store, &DeliveryQuery::default()).await;
    assert_eq!(clients(&all), ["p3", "p2", "p1"]);
    let since = DeliveryQuery { since: Some(make::at(2)), ..DeliveryQuery::default() };
    assert_eq!(clients(&accounts(&*store, &since).await), ["p3", "p2"]);
    let product = DeliveryQuery { product: Some("sigil".to_owned()), ..since };
    assert_eq!(clients(&accounts(&*store, &product).await), ["p3"]);

    // Some at the same moment, of several tenants; in pages they are the same.
    for (tenant, client) in [("b", "p2"), ("a", "p4"), ("b", "p0"), ("b", "p3")] {
        send(&*store, &make::tenant(tenant), events([2], 1), delivery(client, [1], 1, 2)).await;
    }
    for (tenant, order) in
        [(None, &["p3", "p4", "p3", "p2", "p2", "p0", "p1"][..]), (Some("b"), &["p3", "p2", "p0"])]
    {
        for limit in [1, 2, 3, 100] {
            let tenant = tenant.map(make::tenant);
            let mut query = DeliveryQuery { tenant, limit, ..DeliveryQuery::default() };
            let mut found = Vec::new();
            loop {
                let page = store.deliveries(&query).await.expect("the accounts are told");
                assert!(page.items.len() <= limit && (page.next.is_none() || page.items.len() == limit));
                found.extend(page.items);
                query.after = page.next;
                if query.after.is_none() {
                    break;
                }
            }
            assert_eq!(clients(&found), order, "pages of {limit}");
        }
    }
}

/// Who was not heard of for long is forgotten, for good.
pub async fn forgets(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    for (client, second) in [("p1", 1), ("p2", 2)] {
        send(&*store, &tenant, events([second], 1), delivery(client, [1], 1, second)).await;
    }
    let forget = async |store: &Arc<dyn Store>, moment: Timestamp| {
        store.forget_deliveries(moment).await.expect("the store forgets")
    };
    assert_eq!(forget(&store, make::at(2)).await, 1);
    assert_eq!(forget(&store, make::at(2)).await, 0);
    store = subject.reopen(store).await;
    assert_eq!(clients(&accounts(&*store, &DeliveryQuery::default()).await), ["p2"]);
}
