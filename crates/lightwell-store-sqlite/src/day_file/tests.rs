use lightwell_model::{Generation, Message, Role, TenantId};
use lightwell_store::StoreError;

use super::*;

fn generation(n: usize) -> Generation {
    let text: String = blake3::hash(&n.to_le_bytes()).to_hex().repeat(40);
    Generation {
        id: format!("g{n}"),
        conversation_id: "c1".to_owned(),
        input: vec![Message::text(Role::User, text)],
        started_at: "2026-11-22T10:00:00Z".parse().ok(),
        ..Generation::default()
    }
}

fn apply(file: &mut DayFile, numbers: std::ops::Range<usize>) -> Result<()> {
    let tenant = TenantId::default_tenant();
    file.begin()?;
    for n in numbers {
        let prepared = Prepared::new(&tenant, Record::Generation(generation(n)), &mut Memo::new(1));
        file.apply(prepared, true)?;
    }
    file.commit().map(|_| ())
}

fn count(file: &DayFile, table: &str) -> i64 {
    file.connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let mut file = DayFile::open(&path, &[]).unwrap();
    apply(&mut file, 0..10).unwrap();
    let pages: i64 = file.connection.query_row("pragma page_count", [], |row| row.get(0)).unwrap();
    file.connection.execute_batch(&format!("pragma max_page_count = {}", pages + 20)).unwrap();

    let error = apply(&mut file, 5..500).unwrap_err().at(&path, "store records");
    let StoreError::Unavailable { reason, .. } = &error else { panic!("{error}") };
    assert!(reason.starts_with("the disk is full") && reason.contains("records.db"), "{reason}");
    file.roll_back();
    let tables = ["record", "body", "content", "node", "conversation"];
    assert_eq!(tables.map(|table| count(&file, table)), [10, 10, 10, 10, 1]);

    file.connection.execute_batch("pragma max_page_count = 1000000").unwrap();
    apply(&mut file, 5..500).unwrap();
    assert_eq!(tables.map(|table| count(&file, table)), [500, 500, 500, 500, 1]);
    let generations: i64 =
        file.connection.query_row("select generations from conversation", [], |row| row.get(0)).unwrap();
    assert_eq!(generations, 500);
}

#[test]
fn a_new_day_begins_with_the_dictionaries_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = DayFile::open(&folder.path().join("first.db"), &[]).unwrap();
    for round in 0.. {
        apply(&mut first, round * 500..round * 500 + 500).unwrap();
        if codec::dictionaries(&first.connection).unwrap().len() == 2 {
            break;
        }
        assert!(round < 100, "no dictionary was trained");
    }
    let dictionaries = codec::dictionaries(&first.connection).unwrap();
    let mut second = DayFile::open(&folder.path().join("second.db"), &dictionaries).unwrap();
    apply(&mut second, 0..1).unwrap();
    let codec: i64 = second.connection.query_row("select codec from content", [], |row| row.get(0)).unwrap();
    assert!(codec >= 2, "the content was written with codec {codec}");
    let rows = load::rows_of_conversation(&second.connection, 1).unwrap();
    let read = Loader::new(&second.connection, &mut second.decoder).record(&rows[0]).unwrap();
    let Record::Generation(read) = read else { panic!("{read:?}") };
    assert_eq!(read.input, generation(0).input);
}
