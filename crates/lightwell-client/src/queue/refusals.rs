//! Which records a flush saw refused, and why: for callers that must answer for each record by itself.

use super::{Item, Queue};

/// A flush keeps no more.
const KEPT: usize = 10_000;

impl Queue {
    /// Tells every flush that waits for the item.
    pub(crate) fn note_refusal(&mut self, item: &Item, why: &str) {
        for waiter in &mut self.waiters {
            let waited_for = item.life.is_none() && item.sequence < waiter.before;
            if waited_for && waiter.report.refusals.len() < KEPT {
                waiter.report.refusals.push((item.id.clone(), why.to_owned()));
            }
        }
    }
}
