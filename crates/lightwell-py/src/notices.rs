//! The delivery thread's log lines, given to the program's logger by a thread that records: a service that never flushes is
//! told too.
//!
//! Invariants: nothing is called while no line waits, nor more often than once in [`PAUSE`]; what the logger raises does not
//! reach who records.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

const PAUSE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct NoticeLog(Mutex<Option<Logger>>);

struct Logger {
    call: Py<PyAny>,
    next: Option<Instant>,
}

impl NoticeLog {
    /// `call(level, text)` logs a line from now on.
    pub(crate) fn set(&self, call: Py<PyAny>) {
        *self.logger() = Some(Logger { call, next: None });
    }

    /// Logs what waits in `pipeline`, unless that was done a moment ago.
    #[cold]
    pub(crate) fn tell(&self, pipeline: &lightwell_client::Pipeline) {
        let now = Instant::now();
        Python::attach(|py| {
            let call = {
                let mut logger = self.logger();
                let Some(logger) = logger.as_mut() else { return };
                if logger.next.is_some_and(|next| now < next) {
                    return;
                }
                logger.next = Some(now + PAUSE);
                logger.call.clone_ref(py)
            };
            for notice in pipeline.take_notices() {
                if let Err(error) = call.call1(py, (notice.level.name(), notice.text)) {
                    error.write_unraisable(py, None);
                }
            }
        });
    }

    fn logger(&self) -> std::sync::MutexGuard<'_, Option<Logger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
