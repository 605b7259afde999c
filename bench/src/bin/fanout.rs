//! What does it cost to answer a question from 1, 30 or 90 day files instead of one file?
//!
//! `cargo run --release -p lightwell-bench --bin fanout -- [generations per day] [days]...`
//!
//! Generates day files of rows as the embedded store keeps them (generations, conversations of about 18 turns with their
//! per-file partial rollup, facets to filter by) and measures the point reads, the list and the totals:
//! probing every file newest-first, through an id-to-day index, through a conversation-to-days index, and with
//! weekly files. Read connections are kept open ("warm") or opened for each query ("cold").

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use lightwell_bench::measure::{Times, millis, open_files, status_kib};
use lightwell_bench::random::Random;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

const DAY_MS: i64 = 86_400_000;
const TURNS: u64 = 18;
const ROUNDS: usize = 200;

fn main() -> Result<()> {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let per_day = arguments.first().copied().unwrap_or(30_000);
    let days = if arguments.len() > 1 { arguments[1..].to_vec() } else { vec![1, 30, 90] };
    println!("{per_day} generations a day; times in ms, p50 / p95 of {ROUNDS}");
    for days in days {
        let folder = tempfile::tempdir()?;
        measure(&Layout::generate(folder.path(), days, per_day, 1)?, "day files")?;
        if days >= 28 {
            let folder = tempfile::tempdir()?;
            measure(&Layout::generate(folder.path(), days, per_day, 7)?, "week files")?;
        }
    }
    Ok(())
}

/// The files of one data set, and some of what is in them to ask for.
struct Layout {
    folder: PathBuf,
    files: u32,
    days: u64,
    known: Vec<Known>,
    meta_bytes: [u64; 2],
}

struct Known {
    generation: [u8; 16],
    conversation: [u8; 16],
}

struct Conversation {
    id: [u8; 16],
    turns_left: u64,
    agent: i64,
    user: i64,
}

/// What one file's rollup holds for a conversation.
struct Partial {
    first: i64,
    last: i64,
    count: i64,
    tokens: i64,
    errors: i64,
    agent: i64,
    model: i64,
    user: i64,
}

impl Layout {
    fn generate(folder: &Path, days: u64, per_day: u64, days_per_file: u64) -> Result<Self> {
        let mut random = Random::new(7);
        let (mut known, mut open) = (Vec::new(), Vec::<Conversation>::new());
        let mut meta = [meta_file(folder, "by_id.db")?, meta_file(folder, "by_conversation.db")?];
        for day in 0..days {
            let file = (day / days_per_file) as u32;
            let connection = shard_file(folder, file)?;
            let batch = connection.unchecked_transaction()?;
            let (by_id, by_conversation) = meta.split_at_mut(1);
            let (by_id, by_conversation) = (by_id[0].transaction()?, by_conversation[0].transaction()?);
            let mut partials = HashMap::<[u8; 16], Partial>::new();
            for n in 0..per_day {
                let start = day as i64 * DAY_MS + (n * DAY_MS as u64 / per_day) as i64;
                // About 300 conversations are active at a time, so some live across midnight.
                if open.len() < 300 {
                    let turns_left = 1 + random.long_tailed(TURNS as f64 - 1.0);
                    open.push(Conversation {
                        id: random.id(),
                        turns_left,
                        agent: random.below(25) as i64,
                        user: random.below(5_000) as i64,
                    });
                }
                let which = random.below(open.len() as u64) as usize;
                let id = random.id();
                let conversation =
                    insert_generation(&batch, &mut random, &open[which], id, start, &mut partials)?;
                if random.one_in(days * per_day / 2_000 + 1) {
                    known.push(Known { generation: id, conversation });
                }
                by_id.prepare_cached("insert into at values(?1, ?2)")?.execute(params![id, file])?;
                open[which].turns_left -= 1;
                if open[which].turns_left == 0 {
                    open.swap_remove(which);
                }
            }
            insert_partials(&batch, &by_conversation, &partials, file)?;
            batch.commit()?;
            by_id.commit()?;
            by_conversation.commit()?;
        }
        let size = |name: &str| std::fs::metadata(folder.join(name)).map(|data| data.len());
        let meta_bytes = [size("by_id.db")?, size("by_conversation.db")?];
        Ok(Self {
            folder: folder.to_owned(),
            files: days.div_ceil(days_per_file) as u32,
            days,
            known,
            meta_bytes,
        })
    }

    fn open(&self, file: u32) -> Result<Connection> {
        open_reader(&self.folder.join(format!("{file}.db")))
    }

    /// All files, newest first.
    fn open_all(&self) -> Result<Vec<Connection>> {
        (0..self.files).rev().map(|file| self.open(file)).collect()
    }
}

fn insert_generation(
    batch: &Connection,
    random: &mut Random,
    conversation: &Conversation,
    id: [u8; 16],
    start: i64,
    partials: &mut HashMap<[u8; 16], Partial>,
) -> Result<[u8; 16]> {
    let (model, error) = (conversation.agent % 12, i64::from(random.one_in(33)));
    let (tokens, latency) = (random.between(2_000, 12_000) as i64, random.between(300, 20_000) as i64);
    // The body stands for reference lists, tags and metadata: about what a real row carries.
    let body: Vec<u8> = (0..12).flat_map(|_| random.bits().to_le_bytes()).collect();
    batch
        .prepare_cached("insert into gen values(null, ?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            id,
            conversation.id,
            conversation.agent,
            model,
            conversation.user,
            start,
            latency,
            tokens,
            error,
            body
        ])?;
    let partial = partials.entry(conversation.id).or_insert(Partial {
        first: start,
        last: start,
        count: 0,
        tokens: 0,
        errors: 0,
        agent: conversation.agent,
        model,
        user: conversation.user,
    });
    partial.last = start;
    partial.count += 1;
    partial.tokens += tokens;
    partial.errors += error;
    Ok(conversation.id)
}

fn insert_partials(
    batch: &Connection,
    index: &Connection,
    partials: &HashMap<[u8; 16], Partial>,
    file: u32,
) -> Result<()> {
    for (id, p) in partials {
        // A week file has one row a conversation too, so later days add to it.
        let seq: i64 = batch
            .prepare_cached(
                "insert into conv values(null, 1, ?1, ?2, ?3, ?4, ?5, ?6) on conflict(tenant, id) do update set
                 last = excluded.last, n = n + excluded.n, tokens = tokens + excluded.tokens, errors = errors + excluded.errors
                 returning seq",
            )?
            .query_row(params![id, p.first, p.last, p.count, p.tokens, p.errors], |row| row.get(0))?;
        let mut facet = batch.prepare_cached("insert or ignore into facet values(?1, ?2, ?3)")?;
        let error = (p.errors > 0).then_some((3, 1));
        let tag = seq % 1_000;
        for (kind, value) in [(0, p.agent), (1, p.model), (2, p.user), (4, tag)].into_iter().chain(error) {
            facet.execute(params![kind, value, seq])?;
        }
        index.prepare_cached("insert or ignore into at values(?1, ?2)")?.execute(params![id, file])?;
    }
    Ok(())
}

fn shard_file(folder: &Path, file: u32) -> Result<Connection> {
    let connection = Connection::open(folder.join(format!("{file}.db")))?;
    connection.execute_batch(
        "pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -65536;
         create table if not exists gen(seq integer primary key, id blob, tenant int, conv blob, agent int, model int, user int,
            start int, latency int, tokens int, error int, body blob);
         create unique index if not exists gen_id on gen(tenant, id);
         create index if not exists gen_conv on gen(tenant, conv, start);
         create table if not exists conv(seq integer primary key, tenant int, id blob, first int, last int, n int, tokens int, errors int,
            unique(tenant, id));
         create index if not exists conv_last on conv(tenant, last);
         create table if not exists facet(kind int, value int, conv int, primary key(kind, value, conv)) without rowid;",
    )?;
    Ok(connection)
}

fn meta_file(folder: &Path, name: &str) -> Result<Connection> {
    let connection = Connection::open(folder.join(name))?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -65536;
         create table at(id blob, file int, primary key(id, file)) without rowid;",
    )?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.execute_batch("pragma cache_size = -512; pragma mmap_size = 0; pragma query_only = 1;")?;
    Ok(connection)
}

fn measure(layout: &Layout, name: &str) -> Result<()> {
    println!("\n== {} days in {} {name}", layout.days, layout.files);
    let (files, memory, start) = (open_files(), status_kib("VmRSS"), std::time::Instant::now());
    let connections = layout.open_all()?;
    for connection in &connections {
        generation(connection, &[0; 16])?;
        partial(connection, &[0; 16])?;
    }
    let count = connections.len() as f64;
    println!(
        "open + first two statements: {:.3} ms, {:.1} descriptors, {:.0} KiB a connection",
        millis(start.elapsed()) / count,
        (open_files() - files) as f64 / count,
        (status_kib("VmRSS").saturating_sub(memory)) as f64 / count,
    );
    point_reads(layout, &connections)?;
    lists(layout, &connections)?;
    totals(&connections)?;
    let memory_now = status_kib("VmRSS").saturating_sub(memory) as f64 / count;
    println!("after all queries: {memory_now:.0} KiB a connection");
    Ok(())
}

fn point_reads(layout: &Layout, connections: &[Connection]) -> Result<()> {
    let by_id = open_reader(&layout.folder.join("by_id.db"))?;
    let by_conversation = open_reader(&layout.folder.join("by_conversation.db"))?;
    let known = |round: usize| &layout.known[round * 7919 % layout.known.len()];
    let newest_first = |file: u32| &connections[(layout.files - 1 - file) as usize];
    let [mut probe, mut absent, mut indexed, mut cold, mut cold_indexed]: [Times; 5] =
        std::array::from_fn(|_| Times::default());
    let [mut all, mut all_indexed, mut all_cold]: [Times; 3] = std::array::from_fn(|_| Times::default());
    for round in 0..ROUNDS {
        let (id, conversation) = (&known(round).generation, &known(round).conversation);
        let find = |connection: &Connection| generation(connection, id);
        anyhow::ensure!(probe.time(|| first(connections, find))?, "a known generation is missing");
        absent.time(|| first(connections, |connection| generation(connection, &[1; 16])))?;
        anyhow::ensure!(indexed.time(|| {
            files_of(&by_id, id)?
                .into_iter()
                .map(newest_first)
                .try_fold(false, |found, at| Ok::<_, anyhow::Error>(found | find(at)?))
        })?);
        let turns = all.time(|| sum(connections, |connection| turns_of(connection, conversation)))?;
        let again = all_indexed.time(|| {
            files_of(&by_conversation, conversation)?
                .into_iter()
                .map(newest_first)
                .try_fold(0, |n, at| Ok::<_, anyhow::Error>(n + turns_of(at, conversation)?))
        })?;
        anyhow::ensure!(turns == again, "the index of conversations disagrees");
        if round % 10 == 0 {
            cold.time(|| first(&layout.open_all()?, find))?;
            cold_indexed.time(|| {
                files_of(&by_id, id)?
                    .into_iter()
                    .try_fold(false, |found, file| Ok::<_, anyhow::Error>(found | find(&layout.open(file)?)?))
            })?;
            all_cold.time(|| sum(&layout.open_all()?, |connection| turns_of(connection, conversation)))?;
        }
    }
    println!("generation by id    probe newest-first    {}", probe.p50_p95());
    println!("                    absent id, all probed {}", absent.p50_p95());
    println!(
        "                    id-to-day index       {}   ({} MB)",
        indexed.p50_p95(),
        layout.meta_bytes[0] / 1_000_000
    );
    println!("                    cold, probe           {}", cold.p50_p95());
    println!("                    cold, id index        {}", cold_indexed.p50_p95());
    println!("conversation        probe all             {}", all.p50_p95());
    println!(
        "                    conversation index    {}   ({} MB)",
        all_indexed.p50_p95(),
        layout.meta_bytes[1] / 1_000_000
    );
    println!("                    cold, probe all       {}", all_cold.p50_p95());
    Ok(())
}

fn lists(layout: &Layout, connections: &[Connection]) -> Result<()> {
    let by_conversation = open_reader(&layout.folder.join("by_conversation.db"))?;
    let filters: [(&str, &[(i64, i64)]); 7] = [
        ("no filter", &[]),
        ("agent", &[(0, 3)]),
        ("agent + error", &[(0, 3), (3, 1)]),
        ("model", &[(1, 5)]),
        ("user (1 of 5000)", &[(2, 4_321)]),
        ("tag (1 of 1000)", &[(4, 77)]),
        ("agent + absent tag", &[(0, 3), (4, 5_000)]),
    ];
    for (name, filter) in filters {
        let [mut probed, mut indexed, mut cold]: [Times; 3] = std::array::from_fn(|_| Times::default());
        for round in 0..ROUNDS / 4 {
            let a = probed.time(|| newest(connections, filter, None))?;
            let b = indexed.time(|| newest(connections, filter, Some((&by_conversation, layout.files))))?;
            anyhow::ensure!(a == b, "the two ways to list disagree");
            if round % 10 == 0 {
                cold.time(|| newest(&layout.open_all()?, filter, None))?;
            }
        }
        println!(
            "newest 50, {name:19} probe {} | conversation index {} | cold {}",
            probed.p50_p95(),
            indexed.p50_p95(),
            cold.p50_p95()
        );
    }
    Ok(())
}

fn totals(connections: &[Connection]) -> Result<()> {
    for (name, sql) in [
        ("everything, from rollups", "select sum(n), sum(tokens), sum(errors) from conv where tenant = 1"),
        (
            "one agent, from rows",
            "select count(*), sum(tokens), sum(error) from gen where tenant = 1 and agent = 3",
        ),
    ] {
        let mut times = Times::default();
        for _ in 0..5 {
            times.time(|| {
                sum(connections, |connection| {
                    Ok(connection
                        .prepare_cached(sql)?
                        .query_row([], |row| row.get::<_, Option<i64>>(1))?
                        .unwrap_or(0))
                })
            })?;
        }
        println!("totals, {name:25}        {}", times.p50_p95());
    }
    Ok(())
}

fn first(connections: &[Connection], find: impl Fn(&Connection) -> Result<bool>) -> Result<bool> {
    for connection in connections {
        if find(connection)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn sum(connections: &[Connection], of: impl Fn(&Connection) -> Result<i64>) -> Result<i64> {
    connections.iter().try_fold(0, |total, connection| Ok(total + of(connection)?))
}

fn generation(connection: &Connection, id: &[u8; 16]) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "select seq, agent, model, start, tokens, body from gen where tenant = 1 and id = ?1",
    )?;
    Ok(statement.query_row([id], |row| row.get::<_, Vec<u8>>(5)).optional()?.is_some())
}

fn turns_of(connection: &Connection, id: &[u8; 16]) -> Result<i64> {
    let mut statement = connection.prepare_cached("select seq, agent, model, start, tokens, body from gen where tenant = 1 and conv = ?1 order by start")?;
    let mut rows = statement.query([id])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        row.get::<_, Vec<u8>>(5)?;
        count += 1;
    }
    Ok(count)
}

fn partial(connection: &Connection, id: &[u8; 16]) -> Result<Option<(i64, i64)>> {
    let mut statement =
        connection.prepare_cached("select n, tokens from conv where tenant = 1 and id = ?1")?;
    Ok(statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn files_of(index: &Connection, id: &[u8; 16]) -> Result<Vec<u32>> {
    let mut statement = index.prepare_cached("select file from at where id = ?1")?;
    Ok(statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The newest 50 conversations that match, with their totals over all files. Files are walked newest-first until there are
/// enough; older partials of those found are then fetched from the files that the index names, or from every file.
fn newest(
    connections: &[Connection],
    filter: &[(i64, i64)],
    index: Option<(&Connection, u32)>,
) -> Result<Vec<(i64, i64, i64)>> {
    let exists: String = filter
        .iter()
        .map(|(kind, value)| {
            format!(
                " and exists(select 1 from facet where kind = {kind} and value = {value} and conv = c.seq)"
            )
        })
        .collect();
    // A rare value is found from its facet, a common one while walking the newest first; the store knows which from counts.
    let rare = filter.iter().find(|(kind, _)| matches!(kind, 2 | 4));
    let sql = match rare {
        None => format!("select id, last, n, tokens from conv c where tenant = 1{exists} order by last desc limit 50"),
        Some((kind, value)) => format!(
            "select id, last, n, tokens from facet f cross join conv c on c.seq = f.conv where f.kind = {kind} and f.value = {value}
             and tenant = 1{exists} order by last desc limit 50"
        ),
    };
    let mut found: Vec<([u8; 16], i64, i64, i64)> = Vec::new();
    let mut places = HashMap::<[u8; 16], usize>::new();
    for connection in connections {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: [u8; 16] = row.get(0)?;
            if let Some(place) = places.get(&id) {
                found[*place].2 += row.get::<_, i64>(2)?;
                found[*place].3 += row.get::<_, i64>(3)?;
            } else if found.len() < 50 {
                places.insert(id, found.len());
                found.push((id, row.get(1)?, row.get(2)?, row.get(3)?));
            }
        }
        if found.len() >= 50 {
            break;
        }
    }
    // Partials that the walk did not see: those of other files (and, under a filter, of files whose part does not match).
    for entry in &mut found {
        (entry.2, entry.3) = (0, 0);
        match index {
            Some((index, files)) => {
                for file in files_of(index, &entry.0)? {
                    add(&connections[(files - 1 - file) as usize], entry)?;
                }
            }
            None => connections.iter().try_for_each(|connection| add(connection, entry))?,
        }
    }
    Ok(found.into_iter().map(|(_, last, n, tokens)| (last, n, tokens)).collect())
}

fn add(connection: &Connection, entry: &mut ([u8; 16], i64, i64, i64)) -> Result<()> {
    if let Some((n, tokens)) = partial(connection, &entry.0)? {
        entry.2 += n;
        entry.3 += tokens;
    }
    Ok(())
}
