//! `Pipeline` and its exceptions as Python sees them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lightwell_client::insidellm::{EVENTS, InsideLlmBuilder};
use lightwell_client::sigil::{GENERATIONS, Protocol, SigilBuilder, WORKFLOW_STEPS};
use lightwell_client::{BuildError, Level, RecordError, RetryPolicy, Settings};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::content::Content;
use crate::encode::{self, Encoded};
use crate::notices::NoticeLog;
use crate::spool;
use crate::terminate::{self, Listed};

pyo3::create_exception!(lightwell, QueueFull, PyException, "The queue's bound is reached.");
pyo3::create_exception!(lightwell, TooLarge, PyException, "One record is over the limit.");
pyo3::create_exception!(lightwell, Closed, PyException, "Shutdown has begun.");
pyo3::create_exception!(lightwell, EncodeError, PyException, "A record has no sane reading.");
pyo3::create_exception!(lightwell, Invalid, PyException, "A record breaks a rule of its schema.");

/// Longest wait without a look at signals, so that Ctrl-C works.
const SLICE: Duration = Duration::from_millis(50);
/// A larger record is queued without the interpreter lock.
const LARGE_BYTES: usize = 1 << 20;
/// How long a record that comes after the exit handlers may hold up the end of the process.
const LATE_FLUSH_SECONDS: f64 = 1.0;
const USER_AGENT: &str = concat!("lightwell-python/", env!("CARGO_PKG_VERSION"));

/// The exit handler has run.
static EXITING: AtomicBool = AtomicBool::new(false);

/// The exit handler has run: what is recorded from now on is sent by who records it.
#[pyfunction]
pub(crate) fn mark_exiting() {
    EXITING.store(true, Ordering::Relaxed);
}

/// What became of the records that were pending when a flush began.
#[pyclass(frozen, get_all, module = "lightwell")]
pub(crate) struct FlushReport {
    complete: bool,
    delivered: u64,
    rejected: u64,
    gave_up: u64,
    error: Option<String>,
    refusals: Vec<(String, String)>,
}

#[pymethods]
impl FlushReport {
    fn __repr__(&self) -> String {
        let Self { complete, delivered, rejected, gave_up, error, .. } = self;
        let complete = if *complete { "True" } else { "False" };
        let error = error.as_ref().map_or("None".to_owned(), |text| format!("{text:?}"));
        format!(
            "FlushReport(complete={complete}, delivered={delivered}, rejected={rejected}, gave_up={gave_up}, error={error})"
        )
    }
}

/// Admit, queue, batch, deliver, on one native thread.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Pipeline {
    inner: Arc<lightwell_client::Pipeline>,
    listed: Listed,
    notice_log: NoticeLog,
    waits_for_disk: bool,
}

#[pymethods]
impl Pipeline {
    /// A pipeline for generations and workflow steps.
    #[staticmethod]
    #[pyo3(signature = (*, protocol, endpoint, insecure=None, headers=None, user_agent=USER_AGENT, batch_size=100,
        flush_interval=1.0, queue_size=2000, max_retries=5, initial_backoff=0.1, max_backoff=5.0,
        payload_max_bytes=4_194_304, request_timeout=10.0, spool_dir=None, spool_max_bytes=1_073_741_824,
        spool_when_full="drop_newest", spool_fsync="never", queue_max_bytes=67_108_864, compression="auto"))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn sigil(
        protocol: &str,
        endpoint: &str,
        insecure: Option<bool>,
        headers: Option<&Bound<'_, PyAny>>,
        user_agent: &str,
        batch_size: i64,
        flush_interval: f64,
        queue_size: i64,
        max_retries: i64,
        initial_backoff: f64,
        max_backoff: f64,
        payload_max_bytes: i64,
        request_timeout: f64,
        spool_dir: Option<PathBuf>,
        spool_max_bytes: i64,
        spool_when_full: &str,
        spool_fsync: &str,
        queue_max_bytes: i64,
        compression: &str,
    ) -> PyResult<Self> {
        let protocol: Protocol = protocol.parse().map_err(value_error)?;
        let settings = Settings {
            batch_items: count(batch_size),
            flush_interval: seconds("flush_interval", flush_interval)?,
            queue_items: count(queue_size),
            item_bytes: usize::try_from(payload_max_bytes).ok().filter(|bytes| *bytes > 0),
            request_timeout: seconds("request_timeout", request_timeout)?,
            retry: RetryPolicy {
                max_retries: retries(max_retries),
                initial_backoff: seconds("initial_backoff", initial_backoff)?,
                max_backoff: seconds("max_backoff", max_backoff)?,
                ..RetryPolicy::default()
            },
            spool: spool::settings(spool_dir, spool_max_bytes, spool_when_full, spool_fsync)?,
            queue_bytes: count(queue_max_bytes),
            compression: compression.parse().map_err(value_error)?,
            ..Settings::default()
        };
        let mut builder = SigilBuilder::new(protocol, endpoint)
            .insecure(insecure)
            .user_agent(user_agent)
            .settings(settings);
        for (name, value) in encode::string_pairs(headers)? {
            builder = builder.header(&name, &value);
        }
        let inner = builder.build().map_err(value_error)?.into_pipeline();
        Ok(Self::new(inner))
    }

    /// A pipeline for InsideLLM events.
    #[staticmethod]
    #[pyo3(signature = (*, base_url, api_key, user_agent=USER_AGENT, batch_size=50, flush_interval=30.0,
        queue_size=10_000, max_retries=3, backoff_factor=2.0, request_timeout=30.0, spool_dir=None,
        spool_max_bytes=1_073_741_824, spool_when_full="drop_newest", spool_fsync="never", queue_max_bytes=67_108_864, compression="auto"))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn insidellm(
        base_url: &str,
        api_key: &str,
        user_agent: &str,
        batch_size: i64,
        flush_interval: f64,
        queue_size: i64,
        max_retries: i64,
        backoff_factor: f64,
        request_timeout: f64,
        spool_dir: Option<PathBuf>,
        spool_max_bytes: i64,
        spool_when_full: &str,
        spool_fsync: &str,
        queue_max_bytes: i64,
        compression: &str,
    ) -> PyResult<Self> {
        let max_retries = retries(max_retries);
        let initial_backoff = seconds("backoff_factor", backoff_factor)?;
        let settings = Settings {
            batch_items: count(batch_size),
            flush_interval: seconds("flush_interval", flush_interval)?,
            queue_items: count(queue_size),
            item_bytes: None,
            request_timeout: seconds("request_timeout", request_timeout)?,
            retry: RetryPolicy {
                max_retries,
                initial_backoff,
                max_backoff: initial_backoff
                    .saturating_mul(1_u32.checked_shl(max_retries).unwrap_or(u32::MAX)),
                ..RetryPolicy::default()
            },
            spool: spool::settings(spool_dir, spool_max_bytes, spool_when_full, spool_fsync)?,
            queue_bytes: count(queue_max_bytes),
            compression: compression.parse().map_err(value_error)?,
            ..Settings::default()
        };
        let builder = InsideLlmBuilder::new(base_url, api_key).user_agent(user_agent).settings(settings);
        let inner = builder.build().map_err(value_error)?.into_pipeline();
        Ok(Self::new(inner))
    }

    /// Encodes and queues a generation.
    fn record_generation(&self, generation: &Bound<'_, PyAny>) -> PyResult<()> {
        self.record(GENERATIONS, encode::generation(generation)?)
    }

    /// Queues a generation whose content was read before; `seed_tools` count when the content has no tools.
    #[pyo3(signature = (header, content, seed_tools=None))]
    fn record_content(
        &self,
        header: &Bound<'_, PyDict>,
        content: &Bound<'_, Content>,
        seed_tools: Option<&Bound<'_, Content>>,
    ) -> PyResult<()> {
        let content = &content.get().encoded;
        let tools = seed_tools.map(|tools| &tools.get().encoded).filter(|_| content.tools == 0);
        let problem = match encode::dict_problem(header)? {
            Some(problem) => Some(problem),
            None => [Some(content), tools].into_iter().flatten().find_map(|piece| piece.problem.as_deref()),
        };
        if let Some(problem) = problem {
            return Err(Invalid::new_err(problem.to_owned()));
        }
        self.record(GENERATIONS, encode::with_header(header, content, tools)?)
    }

    /// Encodes and queues a workflow step.
    fn record_workflow_step(&self, step: &Bound<'_, PyAny>) -> PyResult<()> {
        self.record(WORKFLOW_STEPS, encode::workflow_step(step)?)
    }

    /// Encodes and queues an InsideLLM event.
    fn record_event(&self, event: &Bound<'_, PyAny>) -> PyResult<()> {
        self.record(EVENTS, encode::event(event)?)
    }

    /// Sends now and waits.
    #[pyo3(signature = (timeout=None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        Ok(self.flush_report(py, timeout)?.complete)
    }

    /// Sends now, waits, and says what became of the records.
    #[pyo3(signature = (timeout=None))]
    fn flush_report(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<FlushReport> {
        let until = deadline(timeout)?;
        let flush = py.detach(|| self.inner.begin_flush());
        // Without a deadline, nobody waits longer for what is safe on disk than for what is not.
        wait_in_slices(py, until, |slice| {
            flush.wait(Some(slice)) || (until.is_none() && flush.is_stalled())
        })?;
        let report = py.detach(|| flush.report());
        Ok(FlushReport {
            complete: report.complete,
            delivered: report.delivered,
            rejected: report.rejected,
            gave_up: report.gave_up,
            error: report.error,
            refusals: report.refusals,
        })
    }

    /// Delivers what is queued, drops the rest at the deadline, ends the thread.
    #[pyo3(signature = (timeout=None))]
    fn shutdown(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let until = deadline(timeout)?;
        let shutdown = py.detach(|| self.inner.begin_shutdown());
        let is_over = |slice| shutdown.wait(Some(slice)) || (until.is_none() && shutdown.is_stalled());
        wait_in_slices(py, until, is_over)?;
        Ok(py.detach(|| shutdown.finish()))
    }

    /// The counters.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.inner.stats().counters() {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    /// The counters in Prometheus' text format.
    fn prometheus(&self) -> String {
        self.inner.prometheus()
    }

    /// One line about what was dropped; None when nothing was.
    fn summary(&self) -> Option<String> {
        self.inner.summary()
    }

    /// Records queued and not yet taken for sending.
    fn queue_len(&self) -> usize {
        self.inner.queue_len()
    }

    /// Log lines that the delivery thread left.
    fn take_notices(&self) -> Vec<(&'static str, String)> {
        let notices = self.inner.take_notices();
        notices.into_iter().map(|notice| (notice.level.name(), notice.text)).collect()
    }

    /// Has `call(level, text)` log such lines from a thread that records, soon after they are there.
    fn log_notices_to(&self, call: Py<PyAny>) {
        self.notice_log.set(call);
    }

    /// Whether the health page answers exactly 200.
    #[pyo3(signature = (timeout=5.0))]
    fn probe(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let timeout = seconds("timeout", timeout)?;
        let mut probe = py.detach(|| self.inner.begin_probe(timeout));
        loop {
            let answer = py.detach(|| probe.wait(SLICE));
            py.check_signals()?;
            if let Some(healthy) = answer {
                return Ok(healthy);
            }
        }
    }
}

impl Pipeline {
    fn new(inner: lightwell_client::Pipeline) -> Self {
        let waits_for_disk = inner.waits_for_disk();
        Self {
            inner: Arc::new(inner),
            listed: Listed::default(),
            notice_log: NoticeLog::default(),
            waits_for_disk,
        }
    }

    /// Queues an encoded event; after the exit handler ran, nobody else would send it, so it is sent at once.
    pub(crate) fn record_bytes(&self, py: Python<'_>, event_id: &str, event: Vec<u8>) -> PyResult<()> {
        self.queue(EVENTS, event_id, event.into())?;
        if EXITING.load(Ordering::Relaxed) {
            self.flush(py, Some(LATE_FLUSH_SECONDS))?;
        }
        Ok(())
    }

    /// What the first record in a process brings with it: the end of the process by SIGTERM is seen to.
    #[cold]
    fn begin(&self) {
        terminate::list(&self.inner);
        let armed = Python::attach(|py| py.import("lightwell.sigterm")?.call_method0("arm").map(drop));
        if let Err(error) = armed {
            self.inner.note(Level::Warning, format!("lightwell does not handle SIGTERM: {error}"));
        }
    }

    fn record<B: Into<Bytes>>(&self, lane: usize, encoded: Encoded<B>) -> PyResult<()> {
        for note in encoded.notes {
            self.inner.note(Level::Warning, note);
        }
        self.queue(lane, &encoded.id, encoded.bytes.into())
    }

    fn queue(&self, lane: usize, id: &str, bytes: Bytes) -> PyResult<()> {
        let recorded = if self.waits_for_disk || bytes.len() > LARGE_BYTES {
            // Milliseconds (to write it, or to hash it when it is too large), in which other threads of the program should run.
            Python::attach(|py| py.detach(|| self.inner.record(lane, id, bytes)))
        } else {
            self.inner.record(lane, id, bytes)
        };
        if self.inner.has_notices() {
            self.notice_log.tell(&self.inner);
        }
        recorded.map_err(|error| match error {
            RecordError::QueueFull { .. } => QueueFull::new_err(error.to_string()),
            RecordError::TooLarge { .. } => TooLarge::new_err(error.to_string()),
            RecordError::Closed => Closed::new_err(error.to_string()),
        })?;
        if self.listed.is_first() {
            self.begin();
        }
        Ok(())
    }
}

/// Waits without the interpreter lock, looking at signals now and then. `wait` returns true when it is over.
fn wait_in_slices(
    py: Python<'_>,
    until: Option<Instant>,
    wait: impl Fn(Instant) -> bool + Sync,
) -> PyResult<()> {
    loop {
        let slice = Instant::now() + SLICE;
        let over = py.detach(|| wait(until.map_or(slice, |until| until.min(slice))));
        py.check_signals()?;
        if over || until.is_some_and(|until| Instant::now() >= until) {
            return Ok(());
        }
    }
}

fn deadline(timeout: Option<f64>) -> PyResult<Option<Instant>> {
    match timeout {
        Some(timeout) => Ok(Instant::now().checked_add(seconds("timeout", timeout)?)),
        None => Ok(None),
    }
}

/// Negative means none, infinite or huge means as long as can be said.
fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    if value.is_nan() {
        return Err(PyValueError::new_err(format!("{name} is not a number")));
    }
    Ok(Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(Duration::from_secs(u64::from(u32::MAX))))
}

fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0).max(1)
}

fn retries(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn value_error(error: BuildError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
