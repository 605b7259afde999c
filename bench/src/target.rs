//! The server under test: a real process on a data folder, with what it costs.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, bail};

use crate::measure;

/// A running `lightwell serve`. Dropping it kills it.
pub struct Target {
    process: Child,
    address: SocketAddr,
    /// Kept open: a server that writes to a closed pipe fails.
    _stdout: BufReader<ChildStdout>,
}

impl Target {
    /// Starts the server on a free port and waits until it says where it listens. Without a folder it keeps its records in
    /// memory.
    ///
    /// # Errors
    /// When it cannot be started or ends before it listens; what it wrote to standard error is on ours.
    pub fn start(binary: &Path, data: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        match data {
            Some(folder) => command.arg("--data").arg(folder),
            None => command.arg("--memory"),
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let stdout = process.stdout.take().context("the server's output is a pipe")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let address = loop {
            line.clear();
            if stdout.read_line(&mut line)? == 0 {
                bail!("the server ended before it listened: {}", process.wait()?);
            }
            if let Some((_, address)) = line.split_once("http://") {
                let address = address.split(['/', ' ', '\n']).next().unwrap_or_default();
                break address.parse().with_context(|| format!("read the address out of {line:?}"))?;
            }
        };
        Ok(Self { process, address, _stdout: stdout })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU seconds that it has used so far, user and system.
    pub fn cpu_seconds(&self) -> f64 {
        measure::cpu_seconds_of(&self.process.id().to_string())
    }

    /// The most memory that was resident so far, mapped files included.
    pub fn peak_memory_kib(&self) -> u64 {
        measure::status_kib_of(&self.process.id().to_string(), "VmHWM")
    }

    /// Memory that is resident now and belongs to no file.
    pub fn own_memory_kib(&self) -> u64 {
        measure::status_kib_of(&self.process.id().to_string(), "RssAnon")
    }

    /// SIGKILL: nothing in the process runs after it.
    ///
    /// # Errors
    /// When the process cannot be killed or waited for.
    pub fn kill(mut self) -> anyhow::Result<ExitStatus> {
        self.process.kill().context("kill the server")?;
        self.process.wait().context("wait for the killed server")
    }

    /// SIGTERM, and how it ended. Our connections stay served meanwhile: a server that drains waits for them.
    ///
    /// # Errors
    /// When the process cannot be signalled or waited for.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().context("run kill")?;
        if !sent.success() {
            bail!("kill -TERM {id}: {sent}");
        }
        let wait = tokio::task::spawn_blocking(move || self.process.wait());
        wait.await?.context("wait for the server to stop")
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Both fail only for a process that has been waited for, and then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
