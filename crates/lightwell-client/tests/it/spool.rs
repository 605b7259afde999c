//! The spool in the client: what outlives an outage, a bound, a shutdown, and what happens when the disk does not work.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lightwell_client::sigil::SigilClient;
use lightwell_client::{RetryPolicy, Settings, SpoolSettings, WhenFull};
use tempfile::TempDir;

use crate::http_server::{HttpServer, Request, ok, status};
use crate::support::{PATIENCE, account, big_generation, http_client, record, settings};

/// A server that refuses everything with 503 until it is told to work.
struct Outage {
    server: HttpServer,
    works: Arc<AtomicBool>,
}

impl Outage {
    fn begin() -> Self {
        let works = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&works);
        let server =
            HttpServer::start(move |_, _| if is_over.load(Ordering::SeqCst) { ok() } else { status(503) });
        Self { server, works }
    }

    fn end(&self) {
        self.works.store(true, Ordering::SeqCst);
    }

    /// The requests that were answered well, by what they carry.
    fn ids(&self, before: usize) -> Vec<String> {
        let mut ids: Vec<String> = self.server.requests()[before..].iter().flat_map(Request::ids).collect();
        ids.sort();
        ids
    }
}

fn spooling(dir: &Path, change: impl FnOnce(&mut SpoolSettings)) -> Settings {
    let mut spool = SpoolSettings::new(dir);
    change(&mut spool);
    Settings { spool: Some(spool), ..settings() }
}

fn ids(range: std::ops::Range<usize>) -> Vec<String> {
    let mut ids: Vec<String> = range.map(|id| format!("g{id}")).collect();
    ids.sort();
    ids
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn notices(client: &SigilClient) -> String {
    let lines = client.pipeline().take_notices();
    lines.into_iter().map(|notice| notice.text).collect::<Vec<_>>().join("\n")
}

/// Waits until no attempt is left that a client without spool would make.
fn wait_for_stall(client: &SigilClient) {
    let flush = client.pipeline().begin_flush();
    while !flush.is_stalled() {
        assert!(
            !flush.wait(Some(std::time::Instant::now() + Duration::from_millis(5))),
            "delivered in an outage"
        );
    }
}

#[test]
fn what_shutdown_leaves_the_next_start_delivers_by_itself() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let first = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    record(&first, 0..5);
    assert!(!first.shutdown(Some(Duration::from_millis(50))));
    assert_eq!(account(&first.stats()), (0, 0, 5), "what is on disk is pending");
    assert_eq!(first.stats().spooled, 5);
    let said = notices(&first);
    assert!(
        said.contains("5 records stay in the spool") && said.contains(folder.path().to_str().unwrap()),
        "{said}"
    );
    let client_of = |request: &Request| {
        let told = request.headers["lightwell-delivery"].clone();
        (told.split(',').next().unwrap().to_owned(), told)
    };
    let (first_life, _) = client_of(&outage.server.requests()[0]);

    outage.end();
    let before = outage.server.requests().len();
    let second = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    outage.server.wait_for(before + 1);
    assert_eq!(outage.ids(before), ids(0..5));
    let (life, told) = client_of(&outage.server.requests()[before]);
    assert_eq!(life, first_life, "numbers belong to the life that gave them");
    assert!(told.contains("\"1-5\""), "{told}");

    record(&second, 5..6);
    assert!(second.flush(Some(PATIENCE)).all_delivered());
    assert!(second.shutdown(Some(PATIENCE)));
    let stats = second.stats();
    assert_eq!((account(&stats), stats.accepted), ((1, 0, 0), 1));
    assert_eq!((stats.adopted, stats.adopted_delivered, stats.adopted_dropped), (5, 5, 0));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new(), "everything is delivered: nothing stays");
}

#[test]
fn shutdown_does_not_wait_out_its_time_for_what_is_safe_on_disk() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let client = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    record(&client, 0..5);
    // No test would wait that long: it returns when the attempts that memory would allow are used up.
    assert!(!client.shutdown(Some(Duration::from_secs(3600))));
    assert_eq!((client.stats().pending, client.stats().spooled), (5, 5));
}

#[test]
fn an_outage_longer_than_all_attempts_and_wider_than_the_queue_loses_nothing() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let bounded = Settings { queue_items: 3, batch_items: 7, ..spooling(folder.path(), |_| {}) };
    let client = http_client(&outage.server.url, bounded);
    record(&client, 0..40);
    wait_for_stall(&client);
    assert_eq!(account(&client.stats()), (0, 0, 40));
    outage.end();
    let before = outage.server.requests().len();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(account(&client.stats()), (40, 0, 0));
    assert_eq!(outage.ids(before), ids(0..40), "each once");
    assert!(client.shutdown(Some(PATIENCE)));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn memory_stays_within_its_bound() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let bounded = Settings { queue_bytes: 10_000, batch_bytes: 4000, ..spooling(folder.path(), |_| {}) };
    let client = http_client(&outage.server.url, bounded);
    for id in 0..30 {
        client.record_generation(&big_generation(&format!("g{id}"), 3000)).unwrap();
    }
    outage.end();
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    assert_eq!(account(&client.stats()), (30, 0, 0));
    assert!(outage.server.requests().iter().all(|request| request.body.len() < 8000));
}

#[test]
fn waiting_without_a_bound_ends_when_the_attempts_are_used_up() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let client = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    record(&client, 0..1);
    let report = client.flush(None);
    assert!(!report.complete && report.gave_up == 0, "{report:?}");
    assert!(report.error.unwrap().contains("503"));
    assert!(!client.shutdown(None));
    assert_eq!(account(&client.stats()), (0, 0, 1));
}

#[test]
fn a_client_that_is_dropped_in_an_outage_leaves_its_records_and_frees_its_folder() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let client = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    record(&client, 0..3);
    drop(client);
    // Its thread ends by itself, when its attempts are used up, and lets go of the lock.
    let owner = files(folder.path()).into_iter().find(|path| path.ends_with("owner")).unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while std::fs::File::open(&owner).unwrap().try_lock().is_err() {
        assert!(std::time::Instant::now() < deadline, "the thread does not end");
        std::thread::yield_now();
    }
    outage.end();
    let next = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    assert!(next.shutdown(Some(PATIENCE)));
    assert_eq!(next.stats().adopted_delivered, 3);
}

#[test]
fn a_full_quota_refuses_the_newest_and_says_so() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let tight = Settings { queue_items: 2, ..spooling(folder.path(), |spool| spool.quota_bytes = 60_000) };
    let client = http_client(&outage.server.url, tight);
    let offer = |id: usize| client.record_generation(&big_generation(&format!("g{id}"), 5000));
    let taken = (0..20).filter(|id| offer(*id).is_ok()).count();
    assert!((10..20).contains(&taken), "{taken}");
    let stats = client.stats();
    assert_eq!(account(&stats), (0, 20 - taken as u64, taken as u64));
    assert_eq!(stats.dropped_spool_full, stats.dropped());
    assert!(notices(&client).contains("the spool's quota of 60000 bytes is reached"));
    outage.end();
    assert!(client.flush(Some(PATIENCE)).complete);
    assert_eq!(client.stats().delivered, taken as u64);
}

#[test]
fn a_full_quota_may_drop_the_oldest_instead() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let tight = spooling(folder.path(), |spool| {
        spool.quota_bytes = 300_000;
        spool.when_full = WhenFull::DropOldest;
    });
    let client = http_client(&outage.server.url, Settings { queue_items: 1, batch_items: 1, ..tight });
    for id in 0..100 {
        client.record_generation(&big_generation(&format!("g{id}"), 5000)).unwrap();
    }
    let stats = client.stats();
    assert!(stats.balances() && stats.dropped_spool_full > 30, "{stats:?}");
    outage.end();
    let before = outage.server.requests().len();
    let report = client.flush(Some(PATIENCE));
    assert!(report.complete, "{report:?}");
    let stats = client.stats();
    assert_eq!((stats.delivered + stats.dropped_spool_full, stats.pending), (100, 0));
    assert!(outage.ids(before).contains(&"g99".to_owned()), "the newest are there");
}

#[test]
fn a_folder_that_cannot_be_used_costs_the_spool_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "not a folder").unwrap();
    let server = HttpServer::start(|_, _| ok());
    let client = http_client(&server.url, spooling(&in_the_way.join("spool"), |_| {}));
    record(&client, 0..3);
    assert!(client.flush(Some(PATIENCE)).all_delivered());
    let stats = client.stats();
    assert_eq!((account(&stats), stats.spooled, stats.unspooled), ((3, 0, 0), 0, 3));
    let said = notices(&client);
    assert!(said.contains("records are kept in memory only, because cannot create"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(client.shutdown(Some(PATIENCE)));
}

#[test]
fn another_destination_takes_nothing_over() {
    let (folder, outage) = (TempDir::new().unwrap(), Outage::begin());
    let first = http_client(&outage.server.url, spooling(folder.path(), |_| {}));
    record(&first, 0..1);
    assert!(!first.shutdown(Some(Duration::ZERO)));
    let other = HttpServer::start(|_, _| ok());
    let second = http_client(&other.url, spooling(folder.path(), |_| {}));
    assert!(second.shutdown(Some(PATIENCE)));
    assert_eq!((second.stats().adopted, other.requests().len()), (0, 0));
    assert!(!files(folder.path()).is_empty());
}

#[test]
fn what_the_server_refuses_for_good_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let server = HttpServer::start(|_, _| status(401));
    let retry = RetryPolicy { max_retries: 0, ..settings().retry };
    let client = http_client(&server.url, Settings { retry, ..spooling(folder.path(), |_| {}) });
    record(&client, 0..2);
    assert_eq!(client.flush(Some(PATIENCE)).gave_up, 2);
    assert!(client.shutdown(Some(PATIENCE)));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}
