//! `lightwell serve`: the server.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use lightwell_server::{Clock, Limits, Server, Settings};
use lightwell_store::{MemoryStore, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::data::{DataArgument, open_store};
use crate::env;
use crate::exit::Failure;

const DEFAULT_LISTEN: [&str; 3] = ["127.0.0.1:8080", "127.0.0.1:4317", "127.0.0.1:4318"];

/// Receive, keep and answer.
///
/// Every listener speaks everything: HTTP/1.1, HTTP/2 and gRPC. One line for each is printed once it accepts connections.
/// SIGTERM or Ctrl-C ends the server: it finishes what is under way, and at the second time ends at once. What it acknowledged
/// is durable in any case.
#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    data: DataArgument,
    /// Address to listen on; may be repeated. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = env::LISTEN, hide_env_values = true, value_delimiter = ',', default_values = DEFAULT_LISTEN, value_parser = parse_address)]
    listen: Vec<SocketAddr>,
    /// Let everybody in who can reach the server, while no API key is configured.
    #[arg(long)]
    open: bool,
    /// Size of one request body, at most, before and after decompression: bytes, or with KiB, MiB or GiB.
    #[arg(long, value_name = "SIZE", env = env::BODY_LIMIT, hide_env_values = true, default_value = "64MiB", value_parser = parse_size)]
    body_limit: usize,
    /// How many seconds requests under way may take to finish when the server stops.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    drain: u64,
    /// Keep everything in memory only, whatever --data says: it is gone when the server stops.
    #[arg(long)]
    memory: bool,
    /// What to log to stderr: error, warn, info, debug, or a level for each part.
    #[arg(long, value_name = "LEVEL", env = env::LOG, hide_env_values = true, default_value = "info")]
    log: EnvFilter,
}

impl Serve {
    pub fn run(self) -> Result<(), Failure> {
        tracing_subscriber::fmt()
            .with_env_filter(self.log.clone())
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .init();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(runtime.block_on(self.serve())?)
    }

    async fn serve(self) -> anyhow::Result<()> {
        // Heard from now on, so that a signal at any moment ends the server in order.
        let (mut first, mut second) = (Signals::new()?, Signals::new()?);
        let folder = if self.memory { None } else { Some(self.data.folder()?) };
        let store: Arc<dyn Store> = match &folder {
            Some(folder) => open_store(folder.clone()).await?,
            None => Arc::new(MemoryStore::new()),
        };
        let listeners = bind(&self.listen).await?;
        let addresses: Vec<_> = listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        let server = Server::new(store, Clock::new(Timestamp::now), self.settings(), listeners).await?;
        let place =
            folder.as_ref().map_or_else(|| "memory".to_owned(), |folder| folder.display().to_string());
        tracing::info!(version = env!("CARGO_PKG_VERSION"), data = place, "lightwell serves");
        tell(&addresses)?;
        let stop = async move {
            let signal = first.next().await;
            tracing::info!(signal, "stopping");
        };
        let twice = async move {
            second.next().await;
            second.next().await
        };
        tokio::select! {
            served = server.serve(stop) => served?,
            signal = twice => {
                tracing::warn!(signal, "asked again: requests under way are cut; nothing acknowledged is lost");
            }
        }
        tracing::info!("stopped");
        Ok(())
    }

    fn settings(&self) -> Settings {
        let limits = Limits { body_bytes: self.body_limit, ..Limits::default() };
        let limits = Limits {
            in_flight_bytes: limits.in_flight_bytes.max(2 * self.body_limit),
            drain: Duration::from_secs(self.drain),
            ..limits
        };
        Settings { limits, open: self.open, ..Settings::default() }
    }
}

/// Signals that end the server. Each of these hears all of them.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

async fn bind(addresses: &[SocketAddr]) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; is another server running there? Choose others with --listen ADDR")
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
}

/// One line for each listener, for people and for programs that chose port 0.
fn tell(addresses: &[SocketAddr]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for address in addresses {
        writeln!(out, "listening on http://{address}")?;
    }
    out.flush()
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    address.parse().map_err(|_| "use an address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: usize = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        unit => return Err(format!("{unit:?} is no unit; use KiB, MiB or GiB")),
    };
    let count: usize = digits.trim().parse().map_err(|_| format!("{digits:?} is no number of bytes"))?;
    count
        .checked_mul(unit)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "the size must be at least 1 byte and fit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1", 1), ("64MiB", 64 << 20), ("2 kib", 2048), ("1G", 1 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "0", "1TB", "99999999999999999999"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
