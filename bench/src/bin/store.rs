//! What does it cost the embedded store to keep what realistic agents send?
//!
//! `cargo run --release -p lightwell-bench --bin store -- [generations] [batch] [generations per day] [senders] [folder or ""] [told]`
//!
//! Sends batches one after the other (or from several senders at once), each acknowledged before the sender's next one.
//! With `told` every batch comes with what its sender tells of itself, for the account of deliveries. It
//! prints for every 100 000 generations: CPU seconds of the store (the generator's own thread is left out), rows a second of the
//! time spent in appends, acknowledgement times, bytes on disk and memory. Then it asks each question a few times.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use lightwell_bench::agents::Agents;
use lightwell_bench::measure::{Times, cpu_seconds, cpu_seconds_of, folder_bytes, millis, status_kib};
use lightwell_model::{ContentId, Counters, DeliveryReport, Generation, Process, Ranges, Record, TenantId};
use lightwell_store::{ConversationQuery, Delivery, Filter, Store, arrival};
use lightwell_store_sqlite::SqliteStore;

/// The allocator of the server's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WINDOW: usize = 100_000;

struct Settings {
    generations: usize,
    batch: usize,
    per_day: u64,
    senders: usize,
    folder: Option<PathBuf>,
    told: bool,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |place: usize, default: u64| arguments.get(place).map_or(Ok(default), |text| text.parse::<u64>());
    let settings = Settings {
        generations: number(0, 100_000)? as usize,
        batch: number(1, 500)? as usize,
        per_day: number(2, 100_000)?,
        senders: number(3, 1)?.max(1) as usize,
        folder: arguments.get(4).filter(|folder| !folder.is_empty()).map(PathBuf::from),
        told: arguments.get(5).is_some_and(|told| told == "told"),
    };
    let temporary = tempfile::tempdir()?;
    let folder = settings.folder.clone().unwrap_or_else(|| temporary.path().join("data"));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder)?);
        let tenant = TenantId::default_tenant();
        let sample = ingest(&store, &tenant, &settings, &folder).await?;
        questions(&*store, &tenant, &sample).await?;
        println!("memory: {} MB now, {} MB at most", status_kib("VmRSS") / 1024, status_kib("VmHWM") / 1024);
        store.close().await;
        let bytes = folder_bytes(&folder) as f64 / settings.generations as f64;
        println!("on disk after closing: {bytes:.0} bytes a generation");
        Ok(())
    })
}

/// Sends everything; gives some of what was sent, to ask for.
async fn ingest(
    store: &Arc<dyn Store>,
    tenant: &TenantId,
    settings: &Settings,
    folder: &std::path::Path,
) -> Result<Vec<Generation>> {
    let start: Timestamp = "2026-11-01T00:00:00Z".parse()?;
    let mut agents = Agents::new(1, start, settings.per_day);
    let (mut sample, mut raw_bytes) = (Vec::new(), 0_usize);
    let mut window = Window::begin(None);
    let mut numbered = settings.told.then_some(0);
    let mut sent = 0;
    while sent < settings.generations {
        let mut batches = Vec::new();
        for _ in 0..settings.senders {
            let batch: Vec<Record> = agents.by_ref().take(settings.batch).map(told).collect();
            if let (true, Some(Record::Generation(generation))) =
                (sent % 5_000 < settings.batch, batch.first())
            {
                raw_bytes += serde_json::to_vec(generation)?.len();
                sample.push(generation.clone());
            }
            sent += batch.len();
            batches.push(batch);
        }
        window.numbered = numbered;
        window.append(store, tenant, batches).await?;
        numbered = window.numbered;
        if sent % WINDOW < settings.batch * settings.senders || sent >= settings.generations {
            let disk = folder_bytes(folder) as f64 / sent as f64;
            window.print(sent, disk);
            window = Window::begin(numbered);
        }
    }
    println!("raw: {} bytes a generation", raw_bytes / sample.len().max(1));
    Ok(sample)
}

/// As the wire hands it over: with the digest of what it says. (Here of its id only: computing it is not the store's work.)
fn told(mut generation: Generation) -> Record {
    let digest = ContentId::of(generation.id.as_bytes());
    generation.fragments = vec![arrival::whole(&generation.id, generation.at(), digest)];
    Record::Generation(generation)
}

/// What the one process of this bench tells with its next batch.
fn delivery(numbered: &mut u64, records: u64) -> Delivery {
    let first = *numbered + 1;
    *numbered += records;
    let report = DeliveryReport {
        client: "01939a0b1c2d7e3f8a9b0c1d2e3f4a5b".to_owned(),
        process: Process { product: "sigil".to_owned(), pid: 1, host: "bench".to_owned(), started: 1 },
        items: Vec::new(),
        lost: Ranges::default(),
        counters: Some(Counters {
            accepted: *numbered,
            delivered: first - 1,
            pending: records,
            ..Counters::default()
        }),
    };
    Delivery { numbers: (first..=*numbered).collect(), ..Delivery::new(report, Timestamp::UNIX_EPOCH) }
}

struct Window {
    acknowledged: Times,
    in_appends: Duration,
    rows: usize,
    cpu: f64,
    own_cpu: f64,
    /// How many records were numbered, when they are.
    numbered: Option<u64>,
}

impl Window {
    fn begin(numbered: Option<u64>) -> Self {
        Self {
            numbered,
            acknowledged: Times::default(),
            in_appends: Duration::ZERO,
            rows: 0,
            cpu: cpu_seconds(),
            own_cpu: cpu_seconds_of("thread-self"),
        }
    }

    async fn append(
        &mut self,
        store: &Arc<dyn Store>,
        tenant: &TenantId,
        batches: Vec<Vec<Record>>,
    ) -> Result<()> {
        let begun = Instant::now();
        let mut waiting = Vec::new();
        for batch in batches {
            self.rows += batch.len();
            let delivery = self.numbered.as_mut().map(|numbered| delivery(numbered, batch.len() as u64));
            let (store, tenant) = (Arc::clone(store), tenant.clone());
            waiting.push(tokio::spawn(async move {
                let outcomes = match delivery {
                    Some(delivery) => store.append_delivery(&tenant, batch, delivery).await?,
                    None => store.append(&tenant, batch).await?,
                };
                ensure!(
                    outcomes.iter().all(|outcome| *outcome == lightwell_store::Outcome::Stored),
                    "a record was not stored"
                );
                Ok(begun.elapsed())
            }));
        }
        for sender in waiting {
            self.acknowledged.push(sender.await??);
        }
        self.in_appends += begun.elapsed();
        Ok(())
    }

    fn print(&mut self, sent: usize, disk: f64) {
        let cpu = (cpu_seconds() - self.cpu - (cpu_seconds_of("thread-self") - self.own_cpu))
            / self.rows as f64
            * 1e5;
        let at = |times: &mut Times, rank| millis(times.percentile(rank));
        println!(
            "{sent:8} | {cpu:5.1} CPU-s/100k | {:6.0} rows/s | ack p50 {:6.1} p95 {:6.1} p99 {:6.1} max {:6.1} ms | {disk:5.0} B/gen | {} MB",
            self.rows as f64 / self.in_appends.as_secs_f64(),
            at(&mut self.acknowledged, 0.5),
            at(&mut self.acknowledged, 0.95),
            at(&mut self.acknowledged, 0.99),
            at(&mut self.acknowledged, 1.0),
            status_kib("VmRSS") / 1024,
        );
    }
}

async fn questions(store: &dyn Store, tenant: &TenantId, sample: &[Generation]) -> Result<()> {
    let (mut one, mut conversation, mut newest, mut filtered, mut totals) =
        (Times::default(), Times::default(), Times::default(), Times::default(), Times::default());
    let page = |filter: Filter| ConversationQuery { filter, limit: 50, after: None };
    for generation in sample.iter().cycle().take(200) {
        let begun = Instant::now();
        let read = store.generation(tenant, &generation.id).await?.context("a generation is missing")?;
        one.push(begun.elapsed());
        ensure!(read.input == generation.input && read.output == generation.output, "content differs");
        let begun = Instant::now();
        store
            .conversation(tenant, &generation.conversation_id)
            .await?
            .context("a conversation is missing")?;
        conversation.push(begun.elapsed());
        let begun = Instant::now();
        store.conversations(tenant, &page(Filter::default())).await?;
        newest.push(begun.elapsed());
        let filter =
            Filter { agent: Some(generation.agent.name.clone()), error: Some(true), ..Filter::default() };
        let begun = Instant::now();
        store.conversations(tenant, &page(filter)).await?;
        filtered.push(begun.elapsed());
    }
    for generation in sample.iter().take(5) {
        let filter = Filter { agent: Some(generation.agent.name.clone()), ..Filter::default() };
        let begun = Instant::now();
        store.totals(tenant, &filter).await?;
        totals.push(begun.elapsed());
    }
    println!("one generation            {} ms (p50 / p95)", one.p50_p95());
    println!("one conversation          {}", conversation.p50_p95());
    println!("newest 50                 {}", newest.p50_p95());
    println!("newest 50, agent + error  {}", filtered.p50_p95());
    println!("totals of one agent       {}", totals.p50_p95());
    Ok(())
}
