//! The health question, asked on the caller's thread: it makes progress only while the caller waits.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::{Target, http};

/// A health question under way.
#[derive(Debug)]
pub struct Probe {
    /// `None`: the answer is no without asking.
    asked: Option<(Runtime, JoinHandle<bool>)>,
}

impl Probe {
    /// Only HTTP targets have a health page.
    pub(crate) fn begin(target: &Target, timeout: Duration) -> Self {
        let Target::Http(target) = target else { return Self { asked: None } };
        let Ok(runtime) = Builder::new_current_thread().enable_io().enable_time().build() else {
            return Self { asked: None };
        };
        let question = runtime.spawn(http::is_healthy(target.clone(), timeout));
        Self { asked: Some((runtime, question)) }
    }

    /// Waits for the answer; `None` when the time is over first.
    pub fn wait(&mut self, timeout: Duration) -> Option<bool> {
        let Some((runtime, question)) = &mut self.asked else { return Some(false) };
        let answer = runtime.block_on(async { tokio::time::timeout(timeout, question).await });
        let healthy = answer.ok()?.unwrap_or(false);
        self.asked = None;
        Some(healthy)
    }
}
