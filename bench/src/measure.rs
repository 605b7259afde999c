//! Time, CPU and memory of a process, and percentiles of what was timed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The times that one operation took, over many runs of it.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Runs `operation` and keeps how long it took.
    pub fn time<T>(&mut self, operation: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = operation();
        self.0.push(start.elapsed());
        result
    }

    /// Keeps a time that was taken elsewhere.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time below which the fraction `rank` (0.5 = median) of the runs stayed; zero without runs.
    pub fn percentile(&mut self, rank: f64) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * rank).round() as usize).copied().unwrap_or_default()
    }

    /// `p50 / p95` in milliseconds.
    pub fn p50_p95(&mut self) -> String {
        format!("{:8.3} / {:8.3}", millis(self.percentile(0.5)), millis(self.percentile(0.95)))
    }
}

/// A duration as milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// CPU seconds (user and system) that this process has used, from `/proc/self/stat`; 0 where there is none.
pub fn cpu_seconds() -> f64 {
    cpu_seconds_of("self")
}

/// The same of another process, by its id.
pub fn cpu_seconds_of(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the program's name in parentheses and may hold blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// A line of `/proc/self/status` in kibibytes (`VmRSS`, `VmHWM`); 0 where there is none.
pub fn status_kib(name: &str) -> u64 {
    status_kib_of("self", name)
}

/// The same of another process, by its id.
pub fn status_kib_of(process: &str, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// How many file descriptors this process has open.
pub fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0)
}

/// Bytes of all files below a folder.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => folder_bytes(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Appends figures to a file as one more line of JSON.
///
/// # Errors
/// When the file cannot be written.
pub fn record(file: &Path, figures: &serde_json::Value) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(file)?;
    writeln!(file, "{figures}")?;
    Ok(())
}
