//! `Pipeline` and its exceptions as Python sees them.

use std::time::{Duration, Instant};

use lightwell_client::insidellm::{EVENTS, InsideLlmBuilder};
use lightwell_client::sigil::{GENERATIONS, Protocol, SigilBuilder, WORKFLOW_STEPS};
use lightwell_client::{BuildError, Level, RecordError, RetryPolicy, Settings};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::encode::{self, Encoded};

pyo3::create_exception!(lightwell, QueueFull, PyException, "The queue's bound is reached.");
pyo3::create_exception!(lightwell, TooLarge, PyException, "One record is over the limit.");
pyo3::create_exception!(lightwell, Closed, PyException, "Shutdown has begun.");
pyo3::create_exception!(lightwell, EncodeError, PyException, "A record has no sane reading.");

/// Longest wait without a look at signals, so that Ctrl-C works.
const SLICE: Duration = Duration::from_millis(50);
const USER_AGENT: &str = concat!("lightwell-python/", env!("CARGO_PKG_VERSION"));

/// What became of the records that were pending when a flush began.
#[pyclass(frozen, get_all, module = "lightwell")]
pub(crate) struct FlushReport {
    complete: bool,
    delivered: u64,
    rejected: u64,
    gave_up: u64,
    error: Option<String>,
}

#[pymethods]
impl FlushReport {
    fn __repr__(&self) -> String {
        let Self { complete, delivered, rejected, gave_up, error } = self;
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
    inner: lightwell_client::Pipeline,
}

#[pymethods]
impl Pipeline {
    /// A pipeline for generations and workflow steps.
    #[staticmethod]
    #[pyo3(signature = (*, protocol, endpoint, insecure=None, headers=None, user_agent=USER_AGENT, batch_size=100,
        flush_interval=1.0, queue_size=2000, max_retries=5, initial_backoff=0.1, max_backoff=5.0,
        payload_max_bytes=4_194_304, request_timeout=10.0))]
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
        Ok(Self { inner })
    }

    /// A pipeline for InsideLLM events.
    #[staticmethod]
    #[pyo3(signature = (*, base_url, api_key, user_agent=USER_AGENT, batch_size=50, flush_interval=30.0,
        queue_size=10_000, max_retries=3, backoff_factor=2.0, request_timeout=30.0))]
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
            ..Settings::default()
        };
        let builder = InsideLlmBuilder::new(base_url, api_key).user_agent(user_agent).settings(settings);
        let inner = builder.build().map_err(value_error)?.into_pipeline();
        Ok(Self { inner })
    }

    /// Encodes and queues a generation.
    fn record_generation(&self, generation: &Bound<'_, PyAny>) -> PyResult<()> {
        self.record(GENERATIONS, encode::generation(generation)?)
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
        wait_in_slices(py, until, |slice| flush.wait(Some(slice)))?;
        let report = py.detach(|| flush.report());
        Ok(FlushReport {
            complete: report.complete,
            delivered: report.delivered,
            rejected: report.rejected,
            gave_up: report.gave_up,
            error: report.error,
        })
    }

    /// Delivers what is queued, drops the rest at the deadline, ends the thread.
    #[pyo3(signature = (timeout=None))]
    fn shutdown(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let until = deadline(timeout)?;
        let shutdown = py.detach(|| self.inner.begin_shutdown());
        wait_in_slices(py, until, |slice| shutdown.wait(Some(slice)))?;
        Ok(py.detach(|| shutdown.finish()))
    }

    /// The counters.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.inner.stats();
        let dict = PyDict::new(py);
        let counters = [
            ("accepted", stats.accepted),
            ("delivered", stats.delivered),
            ("dropped_queue_full", stats.dropped_queue_full),
            ("dropped_too_large", stats.dropped_too_large),
            ("dropped_rejected", stats.dropped_rejected),
            ("dropped_gave_up", stats.dropped_gave_up),
            ("dropped_shutdown", stats.dropped_shutdown),
            ("pending", stats.pending),
            ("pending_bytes", stats.pending_bytes),
            ("requests", stats.requests),
            ("retries", stats.retries),
        ];
        for (name, value) in counters {
            dict.set_item(name, value)?;
        }
        Ok(dict)
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
    fn record(&self, lane: usize, encoded: Encoded) -> PyResult<()> {
        for note in encoded.notes {
            self.inner.note(Level::Warning, note);
        }
        self.inner.record(lane, &encoded.id, encoded.bytes).map_err(|error| match error {
            RecordError::QueueFull { .. } => QueueFull::new_err(error.to_string()),
            RecordError::TooLarge { .. } => TooLarge::new_err(error.to_string()),
            RecordError::Closed => Closed::new_err(error.to_string()),
        })
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
