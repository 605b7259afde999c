//! SIGKILL in the middle of ingest: `cargo run --release -p lightwell-bench --bin kill -- dist/lightwell`.
//!
//! Each round: several connections send generations (gRPC and HTTP) and calls in halves (InsideLLM events), some requests
//! twice; the server is killed at a random moment and started again on its folder. Everything that was acknowledged must be
//! told by the API, once and as it was sent. Then all that was not acknowledged is sent again, and everything must be there.
//! The last line sums up; the exit code is not zero when anything was lost, doubled or altered.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use lightwell_bench::agents::Agents;
use lightwell_bench::connection::Connection;
use lightwell_bench::events::Runs;
use lightwell_bench::ledger::{self, Archive, Findings, Piece, Shape};
use lightwell_bench::measure::{self, Times, millis};
use lightwell_bench::random::Random;
use lightwell_bench::sigil::{self, Protocol};
use lightwell_bench::target::Target;
use lightwell_bench::{expect, load};
use serde_json::{Value, json};
use tokio::sync::Notify;

const SIGIL_REQUESTS: usize = 60;
const EVENT_REQUESTS: usize = 30;
const ITEMS: usize = 20;
const LANES: [Lane; 6] = [
    Lane::Sigil(Protocol::Grpc),
    Lane::Sigil(Protocol::Grpc),
    Lane::Sigil(Protocol::HttpJson),
    Lane::Sigil(Protocol::HttpProtobuf),
    Lane::Insidellm,
    Lane::Insidellm,
];

#[derive(Parser)]
#[command(about = "SIGKILL in the middle of ingest, again and again")]
struct Arguments {
    /// The server, such as dist/lightwell.
    binary: PathBuf,
    /// How often it is killed.
    #[arg(long, default_value_t = 50)]
    rounds: u64,
    /// The same seed sends the same content and aims at the same moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A file that gets the figures as one more line of JSON.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Sigil(Protocol),
    Insidellm,
}

/// A request, and where its items are in the round's list of pieces.
struct Request {
    lane: Lane,
    body: Bytes,
    pieces: Vec<usize>,
    acknowledged: bool,
}

#[derive(Default)]
struct Traffic {
    requests: Vec<Request>,
    pieces: Vec<Piece>,
}

#[derive(Default)]
struct Sums {
    requests: usize,
    acknowledged: usize,
    findings: Findings,
    restarts: Times,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let temporary = tempfile::Builder::new().prefix("lightwell-kill").tempdir()?;
    let data = temporary.path().join("data");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clean = runtime.block_on(run(&arguments, &data))?;
    if !clean {
        // The folder is the evidence.
        bail!("records were lost, doubled or altered; the data is in {}", temporary.keep().display());
    }
    Ok(())
}

async fn run(arguments: &Arguments, data: &Path) -> anyhow::Result<bool> {
    let mut random = Random::new(arguments.seed);
    let mut archive = Archive::default();
    let mut sums = Sums::default();
    let mut server = Target::start(&arguments.binary, Some(data))?;
    for round in 0..arguments.rounds {
        let mut traffic = Traffic::of_round(round, &mut random)?;
        server = kill_amid(&arguments.binary, data, server, &mut traffic, &mut random, &mut sums).await?;
        let mut api = Connection::http1(server.address()).await?;
        sums.acknowledged += traffic.pieces.iter().filter(|piece| piece.acknowledged).count();
        sums.requests += traffic.requests.iter().filter(|request| request.acknowledged).count();
        sums.findings
            .add(ledger::compare(&mut api, &traffic.pieces).await.context("compare after the kill")?);
        send_again(&server, &mut traffic, &mut random).await?;
        let again = ledger::compare(&mut api, &traffic.pieces).await;
        let mut again = again.context("compare after sending again")?;
        archive.keep(&mut again);
        sums.findings.add(again);
        check_totals(&mut api, &archive, &mut sums.findings).await?;
    }
    let mut api = Connection::http1(server.address()).await?;
    sums.findings.add(archive.compare(&mut api).await.context("compare everything at the end")?);
    let stopped = server.stop().await?;
    ensure!(stopped.success(), "the server stopped with {stopped}");
    report(arguments, &archive, &mut sums)?;
    Ok(sums.findings.are_clean())
}

impl Traffic {
    /// A round's requests, in the order in which they are sent. Each round has a day of its own out of four, and the halves of
    /// its InsideLLM calls fall on both sides of a midnight.
    fn of_round(round: u64, random: &mut Random) -> anyhow::Result<Self> {
        let mut traffic = Self::default();
        let midnight = load::days_ago(1 + round % 4);
        traffic.add_agents(midnight, random)?;
        traffic.add_runs(midnight, random)?;
        shuffle(&mut traffic.requests, random);
        Ok(traffic)
    }

    fn add_agents(&mut self, start: Timestamp, random: &mut Random) -> anyhow::Result<()> {
        let start = start.checked_sub(SignedDuration::from_hours(1))?;
        let mut agents = Agents::new(random.bits(), start, 20_000);
        for index in 0..SIGIL_REQUESTS {
            let Lane::Sigil(protocol) = LANES[index % 4] else { bail!("the first four lanes are Sigil's") };
            let generations: Vec<_> = agents.by_ref().take(ITEMS).map(sigil::message).collect();
            let mut pieces = Vec::new();
            for generation in &generations {
                pieces.push(self.pieces.len());
                let (id, conversation) = (&generation.id, &generation.conversation_id);
                let piece = Piece::new(Shape::SigilGeneration, id, conversation, expect::said(generation)?);
                self.pieces.push(piece);
            }
            let (lane, body) = (Lane::Sigil(protocol), protocol.encode(&generations)?);
            self.requests.push(Request { lane, body, pieces, acknowledged: false });
        }
        Ok(())
    }

    fn add_runs(&mut self, midnight: Timestamp, random: &mut Random) -> anyhow::Result<()> {
        let mut runs = Runs::new(random.bits(), midnight);
        let mut told = Vec::new();
        while told.len() < EVENT_REQUESTS * ITEMS {
            told.extend(runs.run());
        }
        // Halves arrive in any order, in any request.
        shuffle(&mut told, random);
        let mut told = told.into_iter().peekable();
        while told.peek().is_some() {
            let (mut events, mut pieces) = (Vec::new(), Vec::new());
            for one in told.by_ref().take(ITEMS) {
                events.push(one.event);
                pieces.push(self.pieces.len());
                self.pieces.push(one.piece);
            }
            let body = serde_json::to_vec(&events)?.into();
            self.requests.push(Request { lane: Lane::Insidellm, body, pieces, acknowledged: false });
        }
        Ok(())
    }

    fn acknowledge(&mut self, request: usize) {
        let request = &mut self.requests[request];
        request.acknowledged = true;
        for piece in &request.pieces {
            self.pieces[*piece].acknowledged = true;
        }
    }
}

/// What the senders of a round share.
struct Round {
    queues: Vec<(Lane, Mutex<VecDeque<usize>>)>,
    bodies: Vec<(Bytes, usize)>,
    acknowledged: Mutex<Vec<usize>>,
    count: AtomicUsize,
    /// Once it is set, a broken connection is what we wanted.
    killed: AtomicBool,
    progress: Notify,
}

/// Sends, kills, and starts the server again.
async fn kill_amid(
    binary: &Path,
    data: &Path,
    server: Target,
    traffic: &mut Traffic,
    random: &mut Random,
    sums: &mut Sums,
) -> anyhow::Result<Target> {
    let round = Arc::new(Round::new(traffic, random));
    let senders: Vec<_> = LANES
        .iter()
        .enumerate()
        .map(|(lane, _)| tokio::spawn(send_lane(round.clone(), lane, server.address())))
        .collect();
    let moment = random.between(1, (traffic.requests.len() * 9 / 10) as u64) as usize;
    let a_little_later = Duration::from_micros(random.below(20_000));
    let enough = async {
        while round.count.load(Ordering::SeqCst) < moment {
            round.progress.notified().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), enough).await.context("no acknowledgement for a minute")?;
    tokio::time::sleep(a_little_later).await;
    round.killed.store(true, Ordering::SeqCst);
    server.kill()?;
    for sender in senders {
        sender.await?.context("sending before the kill")?;
    }
    let acknowledged =
        std::mem::take(&mut *round.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
    acknowledged.into_iter().for_each(|request| traffic.acknowledge(request));
    let began = Instant::now();
    let server = Target::start(binary, Some(data)).context("start on the folder of the killed server")?;
    sums.restarts.push(began.elapsed());
    Ok(server)
}

impl Round {
    fn new(traffic: &Traffic, random: &mut Random) -> Self {
        let mut queues: Vec<_> = LANES.iter().map(|lane| (*lane, VecDeque::new())).collect();
        for (index, request) in traffic.requests.iter().enumerate() {
            let lanes: Vec<usize> = (0..LANES.len()).filter(|lane| LANES[*lane] == request.lane).collect();
            let lane = random.below(lanes.len() as u64) as usize;
            queues[lanes[lane]].1.push_back(index);
            // One in eight goes out a second time, over another connection where there is one, at about the same time.
            if random.one_in(8) {
                queues[lanes[(lane + 1) % lanes.len()]].1.push_back(index);
            }
        }
        Self {
            queues: queues.into_iter().map(|(lane, queue)| (lane, Mutex::new(queue))).collect(),
            bodies: traffic
                .requests
                .iter()
                .map(|request| (request.body.clone(), request.pieces.len()))
                .collect(),
            acknowledged: Mutex::default(),
            count: AtomicUsize::new(0),
            killed: AtomicBool::new(false),
            progress: Notify::new(),
        }
    }
}

async fn send_lane(round: Arc<Round>, lane: usize, server: std::net::SocketAddr) -> anyhow::Result<()> {
    let (kind, queue) = &round.queues[lane];
    let mut connection = connect(*kind, server).await?;
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(request) = next else { return Ok(()) };
        let (body, items) = &round.bodies[request];
        match send(*kind, &mut connection, body.clone(), *items).await {
            Ok(()) => {
                round.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                round.count.fetch_add(1, Ordering::SeqCst);
                round.progress.notify_one();
            }
            Err(_) if round.killed.load(Ordering::SeqCst) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

async fn connect(lane: Lane, server: std::net::SocketAddr) -> anyhow::Result<Connection> {
    match lane {
        Lane::Sigil(protocol) => protocol.connect(server).await,
        Lane::Insidellm => Connection::http1(server).await,
    }
}

/// Sends a request and insists that every item of it is accepted.
async fn send(lane: Lane, connection: &mut Connection, body: Bytes, items: usize) -> anyhow::Result<()> {
    let Lane::Sigil(protocol) = lane else { return send_events(connection, body, items).await };
    match protocol.send(connection, body).await? {
        Ok(verdicts) => {
            let refused = verdicts.iter().find(|verdict| !verdict.accepted);
            ensure!(refused.is_none(), "an item was refused: {refused:?}");
            ensure!(verdicts.len() == items, "{} verdicts for {items} items", verdicts.len());
            Ok(())
        }
        Err(refused) => bail!("refused: {}", refused.status),
    }
}

async fn send_events(connection: &mut Connection, body: Bytes, items: usize) -> anyhow::Result<()> {
    let headers = [("content-type", "application/json")];
    let answer = connection.post("/api/v1/ingest", &headers, body).await?;
    ensure!(answer.status == 202, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    let told: Value = serde_json::from_slice(&answer.body)?;
    ensure!(told["accepted"] == items && told["rejected"] == 0, "of {items} events: {told}");
    Ok(())
}

/// Sends all that was not acknowledged, and a few requests that were.
async fn send_again(server: &Target, traffic: &mut Traffic, random: &mut Random) -> anyhow::Result<()> {
    for index in 0..traffic.requests.len() {
        let request = &traffic.requests[index];
        if request.acknowledged && !random.one_in(20) {
            continue;
        }
        let mut connection = connect(request.lane, server.address()).await?;
        let sent = send(request.lane, &mut connection, request.body.clone(), request.pieces.len()).await;
        sent.with_context(|| format!("send again over {:?}", request.lane))?;
        traffic.acknowledge(index);
    }
    Ok(())
}

async fn check_totals(
    api: &mut Connection,
    archive: &Archive,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let told = api.get("/api/v1/totals").await?.context("the server has totals")?;
    let expected = archive.generations();
    if told["generations"] != expected {
        findings.altered.push(format!("totals: {} of {expected} generations", told["generations"]));
    }
    Ok(())
}

fn report(arguments: &Arguments, archive: &Archive, sums: &mut Sums) -> anyhow::Result<()> {
    let findings = &sums.findings;
    for (what, names) in
        [("lost", &findings.lost), ("doubled", &findings.doubled), ("altered", &findings.altered)]
    {
        names.iter().take(20).for_each(|name| eprintln!("{what}: {name}"));
    }
    let (median, longest) = (millis(sums.restarts.percentile(0.5)), millis(sums.restarts.percentile(1.0)));
    println!(
        "kill -9: {} rounds, {} requests with {} items acknowledged before it, {} records in the end; \
         {} lost, {} doubled, {} altered; {} items had been stored without an acknowledgement; \
         restart {median:.0} ms (median), {longest:.0} ms (longest)",
        arguments.rounds,
        sums.requests,
        sums.acknowledged,
        archive.records(),
        findings.lost.len(),
        findings.doubled.len(),
        findings.altered.len(),
        findings.unacknowledged_told,
    );
    let Some(path) = &arguments.record else { return Ok(()) };
    let line = json!({"kill": {
        "kills": arguments.rounds, "acknowledged": sums.acknowledged, "lost": findings.lost.len(),
        "doubled": findings.doubled.len(), "altered": findings.altered.len(),
        "restart_ms": median.round(), "longest_restart_ms": longest.round(),
    }});
    measure::record(path, &line)
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for index in (1..items.len()).rev() {
        items.swap(index, random.below(index as u64 + 1) as usize);
    }
}
