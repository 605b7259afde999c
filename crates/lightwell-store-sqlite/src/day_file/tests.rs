use jiff::Timestamp;
use lightwell_model::{Generation, Message, RecordKind, Role, TenantId};
use lightwell_store::StoreError;

use super::*;
use crate::key_index;
use crate::selection::Selection;

fn at(n: usize) -> Timestamp {
    Timestamp::from_second(1_795_341_600 + n as i64).unwrap()
}

fn generation(n: usize) -> Generation {
    let text: String = blake3::hash(&n.to_le_bytes()).to_hex().repeat(40);
    Generation {
        id: format!("g{n}"),
        conversation_id: "c1".to_owned(),
        input: vec![Message::text(Role::User, text)],
        started_at: Some(at(n)),
        ..Generation::default()
    }
}

/// A file and what prepares records for it.
struct Day {
    file: DayFile,
    preparer: Preparer,
}

impl Day {
    fn open(path: &Path) -> Self {
        let preparer = Preparer { memo: Arc::new(Memo::new(16)), encoder: Encoder::new() };
        Self { file: DayFile::open(path).unwrap(), preparer }
    }

    fn apply(&mut self, numbers: std::ops::Range<usize>) -> Result<()> {
        let tenant = TenantId::default_tenant();
        self.file.begin()?;
        for n in numbers {
            let prepared = Box::new(self.preparer.prepare(&tenant, Record::Generation(generation(n))));
            self.file.apply(prepared, true)?;
        }
        self.file.commit().map(|_| ())
    }
}

fn count(file: &DayFile, table: &str) -> i64 {
    file.connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let mut day = Day::open(&path);
    day.apply(0..10).unwrap();
    let pages: i64 = day.file.connection.query_row("pragma page_count", [], |row| row.get(0)).unwrap();
    day.file.connection.execute_batch(&format!("pragma max_page_count = {}", pages + 8)).unwrap();

    let error = day.apply(5..500).unwrap_err().at(&path, "store records");
    let StoreError::Unavailable { reason, .. } = &error else { panic!("{error}") };
    assert!(reason.starts_with("the disk is full") && reason.contains("records.db"), "{reason}");
    day.file.roll_back();
    let tables = ["record", "body", "content", "node", "conversation"];
    assert_eq!(tables.map(|table| count(&day.file, table)), [10, 10, 10, 10, 1]);

    day.file.connection.execute_batch("pragma max_page_count = 1000000").unwrap();
    day.apply(5..500).unwrap();
    assert_eq!(tables.map(|table| count(&day.file, table)), [500, 500, 500, 500, 1]);
    let generations: i64 =
        day.file.connection.query_row("select generations from conversation", [], |row| row.get(0)).unwrap();
    assert_eq!(generations, 500);
}

#[test]
fn rows_are_found_before_and_after_they_are_indexed_and_not_once_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let mut day = Day::open(&path);
    day.apply(0..300).unwrap();
    day.file.settle().unwrap();
    day.apply(300..600).unwrap();
    assert_eq!([count(&day.file, "record_index"), count(&day.file, "content_index")], [300, 300]);

    let key =
        |n: usize| codes::record_key(&TenantId::default_tenant(), RecordKind::Generation, &format!("g{n}"));
    let by_readers = |file: &DayFile, n: usize| {
        key_index::find(&file.connection, Rows::Records, key(n), |seq| Ok(Some(seq))).unwrap()
    };
    let by_writer = |file: &DayFile, n: usize| file.records.find(&file.connection, key(n)).unwrap();
    for n in [0, 299, 300, 599] {
        assert_eq!(by_readers(&day.file, n), Some(n as i64 + 1));
        assert_eq!(by_writer(&day.file, n), [n as i64 + 1]);
    }
    assert_eq!(by_readers(&day.file, 600), None);

    // Whoever opens the file anew knows as much; what is stored again is stored once.
    drop(day);
    let mut day = Day::open(&path);
    day.apply(0..610).unwrap();
    assert_eq!(["record", "content", "node"].map(|table| count(&day.file, table)), [610, 610, 610]);

    let early = Selection::Before { tenant: None, moment: nanoseconds(at(600)) };
    let swept = day.file.sweep(&early).unwrap();
    assert_eq!((swept.deleted.records, swept.deleted.contents), (600, 600));
    assert_eq!([count(&day.file, "record_index"), count(&day.file, "content_index")], [10, 10]);
    assert_eq!((by_readers(&day.file, 599), by_readers(&day.file, 605)), (None, Some(606)));

    // The last rows are deleted, and their numbers used again: no index may take the new rows for the old ones.
    let later = Selection::Before { tenant: None, moment: nanoseconds(at(609)) };
    day.file.sweep(&later).unwrap();
    day.apply(700..705).unwrap();
    for n in 700..705 {
        assert_eq!(by_readers(&day.file, n), by_writer(&day.file, n).first().copied());
        assert!(by_readers(&day.file, n).is_some());
    }
}
