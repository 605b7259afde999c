//! Log lines that the delivery thread leaves for the host to log from a thread of its own.
//!
//! Invariants: bounded; a line that repeats the last one is counted, not stored again; nothing here calls the host.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const KEPT: usize = 64;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Records were lost or refused.
    Warning,
    /// The pipeline itself does not work.
    Error,
}

impl Level {
    /// Lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// The line.
    pub text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Notices {
    lines: VecDeque<(Notice, u64)>,
    lost: u64,
    waiting: Arc<AtomicBool>,
}

impl Notices {
    /// Whether there are any, for who does not have the queue.
    pub(crate) fn waiting(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.waiting)
    }

    pub(crate) fn push(&mut self, level: Level, text: String) {
        self.waiting.store(true, Ordering::Relaxed);
        if let Some((last, times)) = self.lines.back_mut()
            && last.text == text
        {
            *times += 1;
            return;
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.lost += 1;
        }
        self.lines.push_back((Notice { level, text }, 1));
    }

    /// Empties the ring, oldest first.
    pub(crate) fn take(&mut self) -> Vec<Notice> {
        self.waiting.store(false, Ordering::Relaxed);
        let lost = std::mem::take(&mut self.lost);
        let head = (lost > 0).then(|| Notice {
            level: Level::Warning,
            text: format!("{lost} earlier log lines were not kept"),
        });
        let lines = self.lines.drain(..).map(|(mut notice, times)| {
            if times > 1 {
                notice.text = format!("{} ({times} times)", notice.text);
            }
            notice
        });
        head.into_iter().chain(lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(notices: &mut Notices) -> Vec<String> {
        notices.take().into_iter().map(|notice| notice.text).collect()
    }

    #[test]
    fn repeats_are_counted_and_the_ring_is_bounded() {
        let mut notices = Notices::default();
        notices.push(Level::Warning, "a".to_owned());
        notices.push(Level::Warning, "a".to_owned());
        notices.push(Level::Warning, "b".to_owned());
        assert!(notices.waiting().load(Ordering::Relaxed));
        assert_eq!(texts(&mut notices), ["a (2 times)", "b"]);
        assert!(!notices.waiting().load(Ordering::Relaxed));
        assert!(texts(&mut notices).is_empty());
        for n in 0..70 {
            notices.push(Level::Error, n.to_string());
        }
        let lines = texts(&mut notices);
        assert_eq!(lines.len(), KEPT + 1);
        assert_eq!(lines[0], "6 earlier log lines were not kept");
        assert_eq!(lines[1], "6");
    }
}
