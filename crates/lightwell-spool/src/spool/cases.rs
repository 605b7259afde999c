//! The spool's promises by name, on the real file system where that can be had, on the faulty one otherwise.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::DiskFiles;
use crate::error::Failure;
use crate::files::faulty::{Faults, FaultyFiles};
use crate::frame::VERSION;

const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: u64::MAX };

fn place(dir: &Path, life: &str) -> Place {
    Place {
        dir: dir.into(),
        group: "there".to_owned(),
        life: life.to_owned(),
        meta: life.as_bytes().to_vec(),
    }
}

fn on_disk(dir: &Path, life: &str) -> Spool {
    Spool::new(Arc::new(DiskFiles), place(dir, life), Options::default())
}

fn fill(spool: &Spool, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        spool.append(number, b"", number.to_string().as_bytes(), Held::InMemory).unwrap();
    }
}

/// Everything that can be read, by whose it is, and the damaged places.
fn drain(spool: &Spool) -> (Vec<(String, u64)>, u64) {
    let (mut found, mut damaged) = (Vec::new(), 0);
    while let Some(batch) = spool.read(ALL).unwrap() {
        let whose =
            batch.owner.map_or("own".to_owned(), |owner| String::from_utf8(owner.meta().to_vec()).unwrap());
        found.extend(batch.records.iter().map(|record| (whose.clone(), record.number)));
        damaged += batch.damaged;
    }
    (found, damaged)
}

fn segment(dir: &Path, life: &str) -> PathBuf {
    dir.join("there").join(life).join("0000000000000001.seg")
}

#[test]
fn a_folder_has_one_owner_at_a_time_also_within_a_process() {
    let dir = TempDir::new().unwrap();
    let first = on_disk(dir.path(), "a");
    fill(&first, 1..=3);
    let (second, third) = (on_disk(dir.path(), "b"), on_disk(dir.path(), "c"));
    assert_eq!(second.adopt(), Adoption::default(), "its owner lives");
    drop(first);
    assert_eq!(second.adopt().folders, 1);
    assert_eq!(third.adopt(), Adoption::default(), "somebody was quicker");
    assert_eq!(drain(&second).0.len(), 3);
    drop(second);
    assert_eq!(third.adopt().folders, 1, "what was read and not acknowledged is there again");
    assert_eq!(drain(&third).0, [("a".to_owned(), 1), ("a".to_owned(), 2), ("a".to_owned(), 3)]);
}

#[test]
fn a_child_that_lets_go_frees_nothing_of_its_parents() {
    let dir = TempDir::new().unwrap();
    let first = on_disk(dir.path(), "a");
    fill(&first, 1..=1);
    // As in a forked child, but that there the lock's other descriptor stays open in the parent.
    first.let_go_in_child();
    let second = on_disk(dir.path(), "b");
    assert_eq!(second.adopt().folders, 1);
}

#[test]
fn closing_removes_what_is_done_and_keeps_the_rest() {
    let dir = TempDir::new().unwrap();
    let spool = on_disk(dir.path(), "a");
    fill(&spool, 1..=2);
    spool.acknowledge(None, &[1, 2]).unwrap();
    assert_eq!(spool.close().records, 0);
    assert_eq!(fs::read_dir(dir.path().join("there")).unwrap().count(), 0);
    assert!(matches!(spool.append(3, b"", b"", Held::InMemory), Err(AppendError::Closed)));

    let spool = on_disk(dir.path(), "b");
    fill(&spool, 1..=2);
    spool.acknowledge(None, &[1]).unwrap();
    assert_eq!(spool.close().records, 1);
    let next = on_disk(dir.path(), "c");
    next.adopt();
    assert_eq!(drain(&next).0, [("b".to_owned(), 2)]);
}

#[test]
fn a_damaged_header_is_told_from_its_copies() {
    let dir = TempDir::new().unwrap();
    fill(&on_disk(dir.path(), "a"), 1..=3);
    let path = segment(dir.path(), "a");
    let mut bytes = fs::read(&path).unwrap();
    bytes[3] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    let next = on_disk(dir.path(), "b");
    assert_eq!(next.adopt(), Adoption { folders: 1, bytes: next.remaining().bytes, set_aside: 0 });
    assert_eq!(drain(&next), ((1..=3).map(|number| ("a".to_owned(), number)).collect(), 0));
}

#[test]
fn a_later_version_is_left_alone() {
    let dir = TempDir::new().unwrap();
    fill(&on_disk(dir.path(), "a"), 1..=1);
    let path = segment(dir.path(), "a");
    let bytes = fs::read(&path).unwrap();
    let header_end = 20 + 1;
    let mut newer = bytes[..header_end].to_vec();
    newer[7] = VERSION + 1;
    newer.extend_from_slice(&crc32fast::hash(&newer).to_le_bytes());
    newer.extend_from_slice(&bytes[header_end + 4..]);
    fs::write(&path, &newer).unwrap();
    let next = on_disk(dir.path(), "b");
    assert_eq!(next.adopt().set_aside, 1);
    assert_eq!((drain(&next), next.adopt()), ((Vec::new(), 0), Adoption::default()), "told once");
    next.close();
    assert_eq!(fs::read(&path).unwrap(), newer);
}

#[test]
fn the_quota_counts_everybody() {
    let dir = TempDir::new().unwrap();
    let options = Options { quota_bytes: 300_000, ..Options::default() };
    let other = Spool::new(
        Arc::new(DiskFiles),
        Place { group: "elsewhere".to_owned(), ..place(dir.path(), "a") },
        options,
    );
    other.append(1, b"", &[0; 200_000], Held::InMemory).unwrap();
    let spool = Spool::new(Arc::new(DiskFiles), place(dir.path(), "b"), options);
    spool.count_others();
    let refused = spool.append(1, b"", &[0; 200_000], Held::InMemory).unwrap_err();
    assert_eq!(refused.to_string(), "the spool's quota of 300000 bytes is reached");
    other.acknowledge(None, &[1]).unwrap();
    other.close();
    // Others are counted again now and then, not at every refusal.
    let taken = (2..100).find(|number| spool.append(*number, b"", &[0; 200_000], Held::InMemory).is_ok());
    assert!(taken.is_some());
}

#[test]
fn who_records_does_not_wait_for_a_look_at_the_others() {
    let files = FaultyFiles::default();
    let options = Options { quota_bytes: 4 << 20, ..Options::default() };
    for life in 0..50 {
        fill(
            &Spool::new(Arc::new(files.clone()), place(Path::new("/s"), &format!("life-{life}")), options),
            1..=1,
        );
    }
    let spool = Spool::new(Arc::new(files.clone()), place(Path::new("/s"), "own"), options);
    // Many segments.
    for number in 1..=30 {
        spool.append(number, b"", &[0; 100_000], Held::OnDiskOnly).unwrap();
    }
    assert_eq!(files.lists(), 0);
    spool.count_others();
    let lists = files.lists();
    assert!(lists > 50);
    spool.count_others();
    assert_eq!(files.lists(), lists, "nothing has changed");
}

#[test]
fn what_a_disk_refuses_is_told_apart() {
    let files = FaultyFiles::default();
    let spool = Spool::new(Arc::new(files.clone()), place(Path::new("/s"), "a"), Options::default());
    let failure = |faults| {
        files.set(faults);
        match spool.append(1, b"", &[0; 100], Held::InMemory) {
            Err(AppendError::Disk(error)) => error.failure,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(failure(Faults { read_only: true, ..Faults::default() }), Failure::ReadOnly);
    assert_eq!(failure(Faults { room: Some(60), ..Faults::default() }), Failure::Full);
    files.set(Faults::default());
    fill(&spool, 2..=2);
    drop(spool);
    let next = Spool::new(Arc::new(files.clone()), place(Path::new("/s"), "b"), Options::default());
    next.adopt();
    files.set(Faults { no_read: true, ..Faults::default() });
    assert_eq!(next.read(ALL).unwrap_err().failure, Failure::Other);
    assert!(next.read(ALL).unwrap().is_none(), "it is set aside");
    files.set(Faults::default());
    drop(next);
    let last = Spool::new(Arc::new(files), place(Path::new("/s"), "c"), Options::default());
    last.adopt();
    assert_eq!(drain(&last).0, [("a".to_owned(), 2)], "and there for another day");
}

#[test]
fn a_folder_that_somebody_removes_is_begun_anew_and_its_loss_is_told() {
    let dir = TempDir::new().unwrap();
    let spool = on_disk(dir.path(), "a");
    let append = |number| spool.append(number, b"", &vec![0; 1 << 20], Held::OnDiskOnly);
    append(1).unwrap();
    fs::remove_dir_all(dir.path().join("there")).unwrap();
    // Until the segment is full, nobody notices.
    let refused = (2..10).find(|number| append(*number).is_err()).expect("a new segment is begun");
    let evicted = spool.take_evicted().unwrap();
    assert_eq!((evicted.lost.count(), evicted.lost_bytes), (refused - 1, (refused - 1) << 20));
    append(10).unwrap();
    assert_eq!(drain(&spool), (vec![("own".to_owned(), 10)], 0));

    append(11).unwrap();
    fs::remove_dir_all(dir.path().join("there")).unwrap();
    let batch = spool.read(ALL).unwrap().unwrap();
    assert_eq!(
        (batch.records.len(), batch.damaged, batch.lost, batch.lost_bytes),
        (0, 1, [11].into_iter().collect(), 1 << 20)
    );
}
