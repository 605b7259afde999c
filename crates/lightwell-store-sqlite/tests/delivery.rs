//! The journals of deliveries: what a process that dies at any moment leaves in its files is the whole account.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::path::Path;

use jiff::SignedDuration;
use lightwell_model::{Counters, DeliveryReport, Process, Ranges};
use lightwell_store::conformance::make;
use lightwell_store::{ClientAccount, Deletion, Delivery, DeliveryQuery, Store};
use lightwell_store_sqlite::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

const DAY: i64 = 86_400;

/// Records number `first` to `last` of one process, each as an event of that id, on day number `day`.
async fn send(store: &SqliteStore, first: u64, last: u64, day: i64) {
    let report = DeliveryReport {
        client: "c".to_owned(),
        process: Process::default(),
        items: Vec::new(),
        lost: Ranges::default(),
        counters: Some(Counters { accepted: last, ..Counters::default() }),
    };
    let delivery =
        Delivery { numbers: (first..=last).collect(), ..Delivery::new(report, make::at(last as i64)) };
    let records = (first..=last).map(|n| make::event(&format!("e{n}"), "c", day * DAY + n as i64).into());
    store
        .append_delivery(&make::tenant("a"), records.collect(), delivery)
        .await
        .expect("the store takes records");
}

async fn account(store: &SqliteStore) -> ClientAccount {
    let found = store.deliveries(&DeliveryQuery::default()).await.expect("the accounts are told").items;
    assert_eq!(found.len(), 1);
    found.into_iter().next().expect("there is one")
}

fn missing(account: &ClientAccount) -> u64 {
    account.standing(make::at(10 * DAY), SignedDuration::from_secs(1)).missing
}

/// The files as a process leaves them that is killed now.
fn killed(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_below(folder, copy.path());
    copy
}

fn copy_below(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy_below(&entry.path(), &to);
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn journal_rows(folder: &Path, day: &str) -> i64 {
    let file = Connection::open(folder.join(day).join("records.db")).unwrap();
    file.query_row("select count(*) from delivery", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_kill_behind_an_acknowledgement_costs_the_account_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    for n in 1..=20 {
        send(&store, 3 * n - 2, 3 * n, n as i64 % 3).await;
        let left = killed(folder.path());
        if n % 4 == 0 {
            // What was asked for has been taken in before the kill.
            account(&store).await;
        }
        // And again killed right after the start, and started again.
        for _ in 0..2 {
            let again = SqliteStore::open(left.path()).unwrap();
            let account = account(&again).await;
            assert_eq!((account.received, account.duplicates, missing(&account)), (3 * n, 0, 0));
            std::mem::forget(again);
            std::fs::remove_file(left.path().join("lock")).unwrap();
        }
    }
}

#[tokio::test]
async fn a_journal_stays_short_and_empties() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    for n in 1..=50 {
        send(&store, n, n, 0).await;
        account(&store).await;
    }
    let left = killed(folder.path());
    assert!(journal_rows(left.path(), "2026-11-22") <= 1, "what is taken in is removed with the next commit");
    store.close().await;
    assert_eq!(journal_rows(folder.path(), "2026-11-22"), 0);
}

#[tokio::test]
async fn a_day_that_is_removed_and_made_anew_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    send(&store, 1, 5, 0).await;
    let deletion = Deletion::Conversation { tenant: make::tenant("a"), id: "c".to_owned() };
    store.delete(&deletion).await.unwrap();
    assert!(!folder.path().join("2026-11-22").exists(), "the day was empty");
    let mut other = make::event("e6", "other", 6);
    other.id = "e6".to_owned();
    let report = DeliveryReport {
        client: "c".to_owned(),
        process: Process::default(),
        items: Vec::new(),
        lost: Ranges::default(),
        counters: Some(Counters { accepted: 6, ..Counters::default() }),
    };
    let delivery = Delivery { numbers: vec![6], ..Delivery::new(report, make::at(6)) };
    store.append_delivery(&make::tenant("a"), vec![other.into()], delivery).await.unwrap();
    let left = killed(folder.path());
    let account = account(&SqliteStore::open(left.path()).unwrap()).await;
    assert_eq!((account.received, missing(&account)), (6, 0));
}
