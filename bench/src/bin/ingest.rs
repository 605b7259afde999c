//! Ingest of realistic agents into a real server process: `cargo run --release -p lightwell-bench --bin ingest -- dist/lightwell`.
//!
//! Batches as the SDKs send them, several connections at once, over gRPC or HTTP. Told: how long an acknowledgement takes, how
//! fast it goes at the beginning and at the end, what it costs the server in CPU, memory and disk. At the end the server's own
//! totals must be what was sent, sending a sample again must change nothing, and the sample must come back as it went in.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use lightwell_bench::connection::Connection;
use lightwell_bench::expect;
use lightwell_bench::load::{self, Batch, Plan, Sent};
use lightwell_bench::measure::{self, Times, millis};
use lightwell_bench::sigil::Protocol;
use lightwell_bench::target::Target;
use serde_json::{Value, json};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

#[derive(Parser)]
#[command(about = "Ingest of realistic agents into a real server process")]
struct Arguments {
    /// The server, such as dist/lightwell.
    binary: PathBuf,
    /// Generations to send.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Over how many days their starts are spread.
    #[arg(long, default_value_t = 1)]
    days: u64,
    /// How they are sent.
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    protocol: Protocol,
    /// Generations a request.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// The same seed sends the same content.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the data goes and stays; without it, a temporary folder.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Let the server keep everything in memory: what is left is the cost of receiving.
    #[arg(long, conflicts_with = "data")]
    memory: bool,
    /// A file that gets the figures as one more line of JSON.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// What the senders saw.
#[derive(Default)]
struct Progress {
    acknowledged: usize,
    /// Generations, seconds since the start, and the server's CPU seconds at each step of the way.
    marks: Vec<(usize, f64, f64)>,
    acknowledgements: Times,
    turned_away: u64,
}

/// The figures of a run.
struct Figures {
    count: usize,
    seconds: f64,
    server_cpu_seconds: f64,
    marks: Vec<(usize, f64, f64)>,
    peak_memory_kib: u64,
    own_memory_kib: u64,
    disk_bytes: u64,
    sent: Sent,
    acknowledgements: Times,
    turned_away: u64,
    load_cpu_seconds: f64,
    close: Duration,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let temporary = tempfile::Builder::new().prefix("lightwell-ingest").tempdir()?;
    let data = arguments.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut figures = runtime.block_on(run(&arguments, &data))?;
    let line = summary(&arguments, &mut figures);
    print_table(&arguments, &line);
    if let Some(path) = &arguments.record {
        measure::record(path, &line)?;
    }
    Ok(())
}

async fn run(arguments: &Arguments, data: &Path) -> anyhow::Result<Figures> {
    let server = Arc::new(Target::start(&arguments.binary, (!arguments.memory).then_some(data))?);
    let before = measure::cpu_seconds();
    let (batches, producer) = load::start(Plan {
        protocol: arguments.protocol,
        count: arguments.count,
        days: arguments.days,
        batch: arguments.batch,
        seed: arguments.seed,
        samples: 10,
    });
    let began = Instant::now();
    let progress = send_all(arguments, &server, batches, began).await?;
    let seconds = began.elapsed().as_secs_f64();
    let server_cpu_seconds = server.cpu_seconds();
    let load_cpu_seconds = measure::cpu_seconds() - before;
    let sent = producer.join().map_err(|_| anyhow::anyhow!("the generator of load panicked"))??;
    let (peak_memory_kib, own_memory_kib) = (server.peak_memory_kib(), server.own_memory_kib());
    verify(&server, arguments.protocol, &sent).await?;
    let closing = Instant::now();
    let server = Arc::into_inner(server).context("no sender holds the server any more")?;
    let status = server.stop().await?;
    ensure!(status.success(), "the server stopped with {status}");
    Ok(Figures {
        count: arguments.count,
        seconds,
        server_cpu_seconds,
        marks: progress.marks,
        peak_memory_kib,
        own_memory_kib,
        disk_bytes: measure::folder_bytes(data),
        sent,
        acknowledgements: progress.acknowledgements,
        turned_away: progress.turned_away,
        load_cpu_seconds,
        close: closing.elapsed(),
    })
}

async fn send_all(
    arguments: &Arguments,
    server: &Arc<Target>,
    batches: mpsc::Receiver<Batch>,
    began: Instant,
) -> anyhow::Result<Progress> {
    let batches = Arc::new(AsyncMutex::new(batches));
    let progress = Arc::new(Mutex::new(Progress::default()));
    let step = (arguments.count / 10).clamp(1, 100_000);
    let senders: Vec<_> = (0..arguments.connections.max(1))
        .map(|_| {
            let (batches, progress, server) = (batches.clone(), progress.clone(), server.clone());
            let protocol = arguments.protocol;
            tokio::spawn(async move {
                let mut connection = protocol.connect(server.address()).await?;
                loop {
                    let Some(batch) = batches.lock().await.recv().await else { return Ok(()) };
                    send_one(protocol, &mut connection, &batch, &progress).await?;
                    let mut progress = locked(&progress);
                    let steps = progress.acknowledged / step;
                    progress.acknowledged += batch.generations;
                    if progress.acknowledged / step > steps {
                        let mark =
                            (progress.acknowledged, began.elapsed().as_secs_f64(), server.cpu_seconds());
                        progress.marks.push(mark);
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        let sent: anyhow::Result<()> = sender.await?;
        sent?;
    }
    let progress = Arc::into_inner(progress).context("no sender holds the progress any more")?;
    Ok(progress.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Sends a batch until it is acknowledged; a server that is full is asked again when it said.
async fn send_one(
    protocol: Protocol,
    connection: &mut Connection,
    batch: &Batch,
    progress: &Mutex<Progress>,
) -> anyhow::Result<()> {
    loop {
        let began = Instant::now();
        let answer = protocol.send(connection, batch.body.clone()).await?;
        let took = began.elapsed();
        match answer {
            Ok(verdicts) => {
                let refused = verdicts.iter().find(|verdict| !verdict.accepted);
                ensure!(refused.is_none(), "an item was refused: {refused:?}");
                ensure!(verdicts.len() == batch.generations, "{} verdicts", verdicts.len());
                locked(progress).acknowledgements.push(took);
                return Ok(());
            }
            Err(refused) => {
                locked(progress).turned_away += 1;
                let Some(seconds) = refused.retry_after else { bail!("refused: {}", refused.status) };
                let wait = seconds.parse().with_context(|| format!("read Retry-After {seconds:?}"))?;
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        }
    }
}

fn locked(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn verify(server: &Target, protocol: Protocol, sent: &Sent) -> anyhow::Result<()> {
    let mut api = Connection::http1(server.address()).await?;
    check_totals(&mut api, sent, "after sending").await?;
    let mut again = protocol.connect(server.address()).await?;
    for sample in &sent.samples {
        let answer = protocol.send(&mut again, sample.batch.body.clone()).await?;
        let verdicts = answer.map_err(|refused| anyhow::anyhow!("sent again: {}", refused.status))?;
        ensure!(verdicts.iter().all(|verdict| verdict.accepted), "an item that was sent again was refused");
        let path = format!("/api/v1/generations/{}", sample.first.id);
        let told = api.get(&path).await?.with_context(|| format!("{path} is not there"))?;
        let difference = expect::difference(&expect::said(&sample.first)?, &expect::told(&told));
        ensure!(difference.is_none(), "{}{}", sample.first.id, difference.unwrap_or_default());
    }
    check_totals(&mut api, sent, "after sending a sample again").await
}

async fn check_totals(api: &mut Connection, sent: &Sent, when: &str) -> anyhow::Result<()> {
    let told = api.get("/api/v1/totals").await?.context("the server has totals")?;
    let expected = sent.totals();
    for (key, value) in expected.as_object().into_iter().flatten() {
        ensure!(told.get(key) == Some(value), "totals {when}: {key} is {}, sent {value}", told[key]);
    }
    Ok(())
}

fn summary(arguments: &Arguments, figures: &mut Figures) -> Value {
    let hundred_thousands = figures.count as f64 / 1e5;
    let count = figures.count as f64;
    let rate = count / figures.seconds;
    let (first, last) = first_and_last(&figures.marks);
    let disk = figures.disk_bytes as f64 / count;
    let raw = figures.sent.raw_bytes as f64 / count;
    let generator = figures.sent.cpu_seconds;
    json!({
        "protocol": format!("{:?}", arguments.protocol),
        "generations": figures.count,
        "days": arguments.days,
        "batch": arguments.batch,
        "connections": arguments.connections,
        "seconds": round(figures.seconds),
        "generations_per_second": rate.round(),
        "ack_p50_ms": round(millis(figures.acknowledgements.percentile(0.5))),
        "ack_p99_ms": round(millis(figures.acknowledgements.percentile(0.99))),
        "ack_max_ms": round(millis(figures.acknowledgements.percentile(1.0))),
        "server_cpu_s_per_100k": round(figures.server_cpu_seconds / hundred_thousands),
        "first_step": {"generations": first.0, "per_second": first.1.round(), "server_cpu_s_per_100k": round(first.2)},
        "last_step": {"generations": last.0, "per_second": last.1.round(), "server_cpu_s_per_100k": round(last.2)},
        "rate_whole_to_first": round(rate / first.1),
        "rate_last_to_first": round(last.1 / first.1),
        // What is left of the rate when nothing else uses the machine's cores: CPU of the first step over that of the whole.
        "cpu_first_to_whole": round(first.2 / (figures.server_cpu_seconds / hundred_thousands)),
        "server_peak_rss_mb": figures.peak_memory_kib / 1024,
        "server_own_rss_mb": figures.own_memory_kib / 1024,
        "disk_bytes_per_generation": disk.round(),
        "raw_bytes_per_generation": raw.round(),
        "raw_to_disk": round(raw / disk),
        "body_bytes_per_generation": (figures.sent.body_bytes as f64 / count).round(),
        "turned_away": figures.turned_away,
        "close_seconds": round(figures.close.as_secs_f64()),
        "load_cpu_s_per_100k": round(figures.load_cpu_seconds / hundred_thousands),
        "of_it_generator": round(generator / hundred_thousands),
    })
}

/// Generations, rate and CPU seconds per 100,000 of the first step and of the last one.
fn first_and_last(marks: &[(usize, f64, f64)]) -> ((usize, f64, f64), (usize, f64, f64)) {
    let step = |from: (usize, f64, f64), to: (usize, f64, f64)| {
        let count = (to.0 - from.0) as f64;
        (to.0 - from.0, count / (to.1 - from.1), (to.2 - from.2) / (count / 1e5))
    };
    let start = (0, 0.0, 0.0);
    let end = marks.last().copied().unwrap_or(start);
    let before_end = marks.len().checked_sub(2).map_or(start, |index| marks[index]);
    (step(start, marks.first().copied().unwrap_or(start)), step(before_end, end))
}

fn print_table(arguments: &Arguments, line: &Value) {
    println!("ingest of {} generations over {:?}", arguments.count, arguments.protocol);
    println!("  totals, a sample and its re-sending agree with what was sent");
    for (key, value) in line.as_object().into_iter().flatten() {
        println!("  {key:28} {value}");
    }
    println!("  (the generator of load and the server share this machine's {} cores)", cores());
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
