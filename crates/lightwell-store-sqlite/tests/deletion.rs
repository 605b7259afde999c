//! What a deletion leaves on the disk: nothing that only the deleted records said, whoever looks and however.
#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use lightwell_model::{Generation, Message, Part, PartBody, Record, Role};
use lightwell_store::conformance::make;
use lightwell_store::{Deletion, Filter, Store};
use lightwell_store_sqlite::SqliteStore;
use rusqlite::Connection;

const DAY: i64 = 86_400;
/// No piece of this length is found that only deleted text had.
const PIECE: usize = 12;
/// What makes a file of the present version, with bodies as they were, one of version 2.
const OLD: &str = "
    pragma secure_delete = on;
    delete from symbol where seq in (select agent_version from record);
    alter table record drop column agent_version;
    pragma user_version = 2;
";
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

type Piece = [u8; PIECE];

/// Everything that can be read out of a folder's files: their bytes, and what can be decompressed from anywhere in them.
struct Residue {
    bytes: Vec<Vec<u8>>,
}

impl Residue {
    fn of(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    /// What can be read with these dictionaries too.
    fn with(folder: &Path, trained: &[Vec<u8>]) -> Self {
        let mut files = Vec::new();
        read_all(folder, &mut files);
        let dictionaries: [&[u8]; 3] = [
            &[],
            include_bytes!("../src/dictionaries/content-1.zdict"),
            include_bytes!("../src/dictionaries/bodies-1.zdict"),
        ];
        let mut bytes = Vec::new();
        for file in &files {
            for at in (0..file.len().saturating_sub(4)).filter(|at| file[*at..*at + 4] == MAGIC) {
                let frame = &file[at..file.len().min(at + (32 << 10))];
                for dictionary in dictionaries.into_iter().chain(trained.iter().map(Vec::as_slice)) {
                    let mut text = Vec::new();
                    let mut decoder = zstd::stream::read::Decoder::with_dictionary(frame, dictionary)
                        .expect("zstd has memory")
                        .single_frame();
                    // A frame that is damaged or cut off gives what comes before that.
                    let _ = decoder.read_to_end(&mut text);
                    bytes.push(text);
                }
            }
        }
        bytes.extend(files);
        Self { bytes }
    }

    /// How many of the pieces are there.
    fn count(&self, pieces: &HashSet<Piece>) -> usize {
        let mut found = HashSet::new();
        for bytes in &self.bytes {
            // Secrets are of these characters only, which few other bytes are: not every window need be looked up.
            let mut run = 0;
            for (at, byte) in bytes.iter().enumerate() {
                run = if matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b' ') { run + 1 } else { 0 };
                if run >= PIECE && pieces.contains(&bytes[at + 1 - PIECE..=at]) {
                    found.insert(&bytes[at + 1 - PIECE..=at]);
                }
            }
        }
        found.len()
    }
}

fn read_all(folder: &Path, files: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            read_all(&path, files);
        } else {
            files.push(std::fs::read(path).expect("a file can be read"));
        }
    }
}

/// A text that nobody else says.
fn secret(tenant: &str, n: usize, what: &str) -> String {
    let hash = blake3::hash(format!("{tenant} {n} {what}").as_bytes()).to_hex();
    hash.as_bytes()
        .chunks(13)
        .map(|word| std::str::from_utf8(word).expect("digits are text"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A record that says secrets everywhere where text can be.
fn told(tenant: &str, n: usize) -> (Generation, HashSet<Piece>) {
    let said = |what: &str| secret(tenant, n, what);
    // Some are long, so that they lie on pages of their own; some repeat what all others say.
    let parts = if n % 50 == 7 { 200 } else { 1 + n % 3 };
    let long = (0..parts).map(|part| said(&format!("part {part}"))).collect::<Vec<_>>();
    let mut call = Message::text(Role::Assistant, format!("I shall look for it: {}", said("answer")));
    call.parts.push(Part::new(PartBody::ToolCall {
        id: format!("call-{n}"),
        name: "look".to_owned(),
        arguments: format!("{{\"query\":\"{}\"}}", said("query")).into(),
    }));
    let texts = [
        long.join(" "),
        said("answer"),
        said("query"),
        said("prompt"),
        said("title"),
        said("user"),
        said("version"),
    ];
    let pieces = texts.iter().flat_map(|text| text.as_bytes().windows(PIECE));
    let pieces = pieces.map(|window| window.try_into().expect("a window is that long")).collect();
    let mut generation = Generation {
        system_prompt: format!("You are {}", said("prompt")),
        input: vec![Message::text(Role::User, texts[0].clone())],
        output: vec![call],
        conversation_title: said("title"),
        user_id: said("user"),
        metadata: [("note".to_owned(), said("answer").into())].into(),
        tags: [("env".to_owned(), said("user"))].into(),
        ..make::generation(&format!("g{n}"), &format!("c{}", n / 10), n as i64 * 20)
    };
    generation.agent.effective_version = said("version");
    (generation, pieces)
}

async fn fill(store: &dyn Store, tenant: &str, numbers: std::ops::Range<usize>) -> Vec<HashSet<Piece>> {
    let (records, pieces): (Vec<Generation>, Vec<_>) = numbers.map(|n| told(tenant, n)).unzip();
    for batch in records.chunks(300) {
        let batch: Vec<Record> = batch.iter().cloned().map(Into::into).collect();
        store.append(&make::tenant(tenant), batch).await.expect("the store takes records");
    }
    pieces
}

fn union<'a>(pieces: impl IntoIterator<Item = &'a HashSet<Piece>>) -> HashSet<Piece> {
    pieces.into_iter().flatten().copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_was_deleted_can_be_read_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let (count, start) = (2_100, 100);
    let mine = fill(&store, "a", 0..count).await;
    let theirs = fill(&store, "b", 0..start).await;
    let before = Residue::of(folder.path());
    assert!(before.count(&union(&mine)) > count * 20, "this test finds what is there");
    assert!(before.count(&union(&theirs)) > start * 20);

    // By conversation: one here and there, so that the pages around stay in use; then others, of which those pages may have copies.
    let mut deleted = HashSet::new();
    for step in [11, 6] {
        for conversation in (0..count / 10).step_by(step) {
            let id = format!("c{conversation}");
            let tenant = make::tenant("a");
            store.delete(&Deletion::Conversation { tenant, id }).await.unwrap();
            deleted.insert(conversation);
        }
        let gone = union(deleted.iter().flat_map(|conversation| &mine[conversation * 10..][..10]));
        assert_eq!(Residue::of(folder.path()).count(&gone), 0, "every {step}th conversation was deleted");
        fill(&store, "c", step * 1000..step * 1000 + 100).await;
    }

    store.delete(&Deletion::Tenant { tenant: make::tenant("b"), now: make::at(DAY) }).await.unwrap();
    assert_eq!(Residue::of(folder.path()).count(&union(&theirs)), 0, "a tenant was deleted");

    let moment = make::at(count as i64 / 2 * 20);
    store.delete(&Deletion::Before { tenant: None, moment }).await.unwrap();
    assert_eq!(Residue::of(folder.path()).count(&union(&mine[..count / 2])), 0, "the first half was deleted");

    let left = store.totals(&make::tenant("a"), &Filter::default()).await.unwrap().generations as usize;
    let kept = (count / 20..count / 10).filter(|conversation| !deleted.contains(conversation));
    let kept: Vec<usize> = kept.collect();
    assert_eq!(left, kept.len() * 10);
    for n in kept.iter().map(|conversation| conversation * 10 + 3) {
        let read = store.generation(&make::tenant("a"), &format!("g{n}")).await.unwrap().unwrap();
        let (expected, _) = told("a", n);
        assert_eq!(
            (read.input, read.output, read.system_prompt),
            (expected.input, expected.output, expected.system_prompt)
        );
    }
}

fn day_file(folder: &Path, day: &str) -> PathBuf {
    folder.join(day).join("records.db")
}

/// Makes a file one of version 2: with dictionaries that were trained from its texts, and its texts compressed with them.
fn make_old(path: &Path) -> Vec<Vec<u8>> {
    let connection = Connection::open(path).unwrap();
    let ddl =
        "create table dictionary(codec integer primary key, for_bodies int not null, bytes blob not null)";
    connection.execute_batch(ddl).unwrap();
    let built_in: [&[u8]; 2] = [
        include_bytes!("../src/dictionaries/content-1.zdict"),
        include_bytes!("../src/dictionaries/bodies-1.zdict"),
    ];
    let tables = ["content", "body"].into_iter().zip(built_in).zip([2, 3]);
    let dictionaries = tables.map(|((table, built_in), codec)| {
        let mut select =
            connection.prepare(&format!("select seq, body from {table} where codec < 0")).unwrap();
        let rows =
            select.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
        let texts: Vec<(i64, Vec<u8>)> = rows
            .map(|row| row.unwrap())
            .map(|(seq, bytes)| {
                let mut decompressor = zstd::bulk::Decompressor::with_dictionary(built_in).unwrap();
                (seq, decompressor.decompress(&bytes, 1 << 20).unwrap())
            })
            .map(|(seq, text)| {
                (seq, if table == "body" { with_names(&connection, seq, &text) } else { text })
            })
            .collect();
        let samples: Vec<&[u8]> = texts.iter().map(|(_, text)| text.as_slice()).collect();
        let trained = zstd::dict::from_samples(&samples, 32 << 10).unwrap();
        let mut compressor = zstd::bulk::Compressor::with_dictionary(1, &trained).unwrap();
        for (seq, text) in &texts {
            let bytes = compressor.compress(text).unwrap();
            let sql = format!("update {table} set codec = ?2, body = ?3 where seq = ?1");
            connection.execute(&sql, (seq, codec, bytes)).unwrap();
        }
        let row = (codec, table == "body", &trained);
        connection.execute("insert into dictionary values(?1, ?2, ?3)", row).unwrap();
        trained
    });
    let dictionaries = dictionaries.collect();
    connection.execute_batch(OLD).unwrap();
    dictionaries
}

/// A body of a version that did not leave names to the row.
fn with_names(connection: &Connection, seq: i64, body: &[u8]) -> Vec<u8> {
    let name = |column: &str| {
        let sql = format!("select text from symbol where seq = (select {column} from record where seq = ?1)");
        connection.query_row(&sql, [seq], |row| row.get::<_, String>(0)).unwrap_or_default()
    };
    let mut body: Generation = serde_json::from_slice(body).unwrap();
    assert_eq!((body.user_id.as_str(), body.agent.effective_version.as_str()), ("", ""));
    body.agent.name = name("agent");
    body.agent.effective_version = name("agent_version");
    body.model.provider = name("provider");
    body.model.name = name("model");
    body.user_id = name("user");
    serde_json::to_vec(&body).unwrap()
}

fn has_dictionary(path: &Path) -> bool {
    let sql = "select count(*) from sqlite_schema where name = 'dictionary'";
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A store of version 2 with what two tenants said on one day, and copies of its dictionaries in the file of another day.
async fn old_store(folder: &Path) -> (Vec<HashSet<Piece>>, Vec<HashSet<Piece>>, Vec<Vec<u8>>) {
    let store = SqliteStore::open(folder).unwrap();
    let mine = fill(&store, "a", 0..1_200).await;
    let theirs = fill(&store, "b", 0..1_200).await;
    let later = make::generation("later", "c-later", 2 * DAY);
    store.append(&make::tenant("a"), vec![later.into()]).await.unwrap();
    store.close().await;
    drop(store);
    let dictionaries = make_old(&day_file(folder, "2026-11-22"));
    let other = Connection::open(day_file(folder, "2026-11-24")).unwrap();
    let path = day_file(folder, "2026-11-22").to_str().unwrap().to_owned();
    other.execute("attach ?1 as first", [path]).unwrap();
    other
        .execute_batch(&format!("create table dictionary as select * from first.dictionary; {OLD}"))
        .unwrap();
    (mine, theirs, dictionaries)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_along_the_dictionaries_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, theirs, dictionaries) = old_store(folder.path()).await;
    let store = SqliteStore::open(folder.path()).unwrap();
    let (expected, _) = told("a", 7);
    let read = store.generation(&make::tenant("a"), "g7").await.unwrap().unwrap();
    assert_eq!((read.input, read.output), (expected.input.clone(), expected.output.clone()));
    assert_eq!((read.agent, read.model), (expected.agent, expected.model));
    assert_eq!(read.user_id, expected.user_id);
    let residue = Residue::with(folder.path(), &dictionaries);
    assert!(residue.count(&union(&theirs)) > 20_000, "this test finds what is there");

    let deletion = Deletion::Tenant { tenant: make::tenant("b"), now: make::at(DAY) };
    let (deleted, _) = tokio::join!(store.delete(&deletion), fill(&store, "c", 0..300));
    assert_eq!(deleted.unwrap().records, 1_200);
    for day in ["2026-11-22", "2026-11-24"] {
        assert!(!has_dictionary(&day_file(folder.path(), day)), "{day}");
    }
    let residue = Residue::with(folder.path(), &dictionaries);
    assert_eq!(residue.count(&union(&theirs)), 0);
    assert!(residue.count(&union(&mine)) > 20_000, "the others stay");
    let read = store.generation(&make::tenant("a"), "g7").await.unwrap().unwrap();
    assert_eq!((read.input, read.output), (expected.input, expected.output));
    assert_eq!(store.totals(&make::tenant("c"), &Filter::default()).await.unwrap().generations, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn dictionaries_go_that_outlived_a_deletion_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.delete(&Deletion::Conversation { tenant: make::tenant("a"), id: "gone".to_owned() }).await.unwrap();
    drop(store);
    old_store(folder.path()).await;
    let store = SqliteStore::open(folder.path()).unwrap();
    for day in ["2026-11-22", "2026-11-24"] {
        while has_dictionary(&day_file(folder.path(), day)) {
            tokio::task::yield_now().await;
        }
    }
    let (expected, _) = told("b", 9);
    let read = store.generation(&make::tenant("b"), "g9").await.unwrap().unwrap();
    assert_eq!((read.input, read.output), (expected.input, expected.output));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_deletion_of_a_tenant_spares_what_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let received = |id: &str, seconds| {
        // Both happened on one day, before the deletion was asked for.
        let generation = make::generation(id, "c", 10);
        Generation { received_at: make::at(seconds), ..generation }
    };
    let records = vec![received("before", 100).into(), received("after", 300).into()];
    store.append(&make::tenant("a"), records).await.unwrap();
    store.close().await;
    drop(store);
    let meta = Connection::open(folder.path().join("meta.db")).unwrap();
    let asked_at = i64::try_from(make::at(200).as_nanosecond()).unwrap();
    meta.execute("insert into deletion(tenant, before, everything, done) values('a', ?1, 1, 0)", [asked_at])
        .unwrap();
    drop(meta);

    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(store.generation(&make::tenant("a"), "before").await.unwrap().is_none());
    assert!(store.generation(&make::tenant("a"), "after").await.unwrap().is_some());
}
