//! What only this engine can get wrong: its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lightwell_model::{Record, TenantId};
use lightwell_store::conformance::make;
use lightwell_store::{Deletion, Filter, Outcome, Store, StoreError};
use lightwell_store_sqlite::SqliteStore;
use rusqlite::Connection;

const DAY: i64 = 86_400;

fn tenant() -> TenantId {
    make::tenant("a")
}

fn day_file(root: &Path) -> PathBuf {
    root.join("2026-11-22").join("records.db")
}

async fn append(store: &dyn Store, records: Vec<Record>) -> Vec<Outcome> {
    store.append(&tenant(), records).await.expect("the store takes records")
}

/// All bytes below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        bytes.extend(if path.is_dir() {
            bytes_below(&path)
        } else {
            std::fs::read(path).expect("a file can be read")
        });
    }
    bytes
}

fn holds(folder: &Path, text: &str) -> bool {
    bytes_below(folder).windows(text.len()).any(|window| window == text.as_bytes())
}

fn refusal(root: &Path) -> String {
    match SqliteStore::open(root) {
        Ok(_) => panic!("{} was opened", root.display()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn deleted_text_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let (secret, user) = ("xyzzyplugh", "quuxfrobnicate");
    let mut generation = make::generation("g1", "c1", 0);
    generation.system_prompt = secret.to_owned();
    generation.user_id = user.to_owned();
    generation.tags = [("env".to_owned(), secret.to_owned())].into();
    append(&store, vec![generation.into(), make::generation("g2", "c2", 0).into()]).await;
    assert!(holds(folder.path(), secret) && holds(folder.path(), user));
    let deleted =
        store.delete(&Deletion::Conversation { tenant: tenant(), id: "c1".to_owned() }).await.unwrap();
    assert_eq!((deleted.records, deleted.contents), (1, 3));
    store.close().await;
    assert!(!holds(folder.path(), secret), "the content is still on the disk");
    assert!(!holds(folder.path(), user), "the user is still on the disk");
}

#[tokio::test]
async fn whole_days_go_with_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    append(&store, (0..5).map(|day| make::generation(&format!("g{day}"), "c1", day * DAY).into()).collect())
        .await;
    let deleted = store.delete(&Deletion::Before { tenant: None, moment: make::at(2 * DAY) }).await.unwrap();
    assert_eq!(deleted.records, 2);
    let days = || {
        let names = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut days: Vec<_> = names.filter(|name| name.starts_with("2026-")).collect();
        days.sort();
        days
    };
    assert_eq!(days(), ["2026-11-24", "2026-11-25", "2026-11-26"]);
    // The day can be written again, by what happened after the moment there.
    let late = make::generation("late", "c1", 2 * DAY + 1);
    assert_eq!(append(&store, vec![late.into()]).await, [Outcome::Stored]);
}

#[tokio::test]
async fn a_foreign_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = day_file(folder.path());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "this is not a database, but it is long enough to have been one ".repeat(200))
        .unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("2026-11-22/records.db") && said.contains("not a database"), "{said}");

    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("create table theirs(x); insert into theirs values(1);")
        .unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("2026-11-22/records.db") && said.contains("not a Lightwell day file"), "{said}");
    let kept: i64 =
        Connection::open(&path).unwrap().query_row("select x from theirs", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_newer_file_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    append(&store, vec![make::generation("g1", "c1", 0).into()]).await;
    drop(store);
    Connection::open(day_file(folder.path())).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("version 7") && said.contains("reads versions 2 to 4"), "{said}");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    append(&store, vec![make::generation("g1", "c1", 0).into(), make::generation("g2", "c2", DAY).into()])
        .await;
    store.close().await;
    drop(store);
    // The bodies are written over with something that cannot be decompressed.
    Connection::open(day_file(folder.path()))
        .unwrap()
        .execute("update body set body = x'00010203'", [])
        .unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let error = store.generation(&tenant(), "g1").await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged { path, .. } if *path == day_file(folder.path())),
        "{error}"
    );
    assert!(store.generation(&tenant(), "g2").await.unwrap().is_some());
}

#[tokio::test]
async fn a_folder_belongs_to_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(refusal(folder.path()).contains("another process uses"));
    drop(store);
    SqliteStore::open(folder.path()).unwrap();
}

/// What a kill at any moment leaves is what the files hold at that moment: here, copied while batches are being written.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_taken_at_any_moment_opens_with_everything_acknowledged() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let (said, mut acknowledged) = tokio::sync::watch::channel(0);
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for batch in 0..60 {
                let generations = (0..7).map(|n| {
                    make::generation(&format!("g{}", batch * 7 + n), &format!("c{batch}"), n * DAY / 3)
                });
                append(&*store, generations.map(Into::into).collect()).await;
                said.send_replace((batch + 1) * 7);
            }
        }
    });
    for copy in 0..5_i64 {
        acknowledged.wait_for(|count| *count > copy * 70).await.unwrap();
        let before = *acknowledged.borrow();
        let to = copies.path().join(copy.to_string());
        copy_as_a_crash_would(folder.path(), &to);
        let reopened = SqliteStore::open(&to).unwrap();
        let totals = reopened.totals(&tenant(), &Filter::default()).await.unwrap();
        for n in 0..before {
            let found = reopened.generation(&tenant(), &format!("g{n}")).await.unwrap();
            assert!(found.is_some(), "g{n} of {before} acknowledged is missing");
        }
        assert!(totals.generations >= before as u64);
        let again: Vec<Record> = (0..before)
            .map(|n| make::generation(&format!("g{n}"), &format!("c{}", n / 7), n % 7 * DAY / 3).into())
            .collect();
        let count = again.len();
        assert_eq!(append(&reopened, again).await, vec![Outcome::Duplicate; count]);
        assert_eq!(reopened.totals(&tenant(), &Filter::default()).await.unwrap(), totals);
    }
    writing.await.unwrap();
}

/// Main files first, then logs: a log that is newer than its file is what a crash leaves; the other way round never happens.
fn copy_as_a_crash_would(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    let entries = std::fs::read_dir(from).expect("the folder can be listed");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("the entry can be read")).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            copy_as_a_crash_would(&path, &to.join(name));
        } else if !name.ends_with("-shm") && name != "lock" {
            std::fs::copy(&path, to.join(name)).expect("a file can be copied");
        }
    }
}

#[tokio::test]
async fn what_is_in_the_way_is_told_and_may_go_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let obstacle = folder.path().join("2026-11-22");
    std::fs::write(&obstacle, "in the way").unwrap();
    let batch: Vec<Record> =
        vec![make::generation("g1", "c1", 0).into(), make::generation("g2", "c1", DAY).into()];
    let error = store.append(&tenant(), batch.clone()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable { .. }) && error.to_string().contains("2026-11-22"),
        "{error}"
    );
    std::fs::remove_file(&obstacle).unwrap();
    // The other day was stored: sending again is safe.
    assert_eq!(append(&store, batch).await, [Outcome::Stored, Outcome::Duplicate]);
    assert_eq!(store.totals(&tenant(), &Filter::default()).await.unwrap().generations, 2);
}
