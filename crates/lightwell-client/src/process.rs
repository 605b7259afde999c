//! Which process this is, known without asking the system at each record.
//!
//! Invariants: what another process has made is never taken for this one's; a host that counts forks counts all of them,
//! from before it builds its first pipeline.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static COUNTED: AtomicBool = AtomicBool::new(false);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A process, as it knows itself.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    id: u32,
    forks: u32,
}

impl Process {
    /// No process that runs.
    pub const NONE: Self = Self { id: 0, forks: u32::MAX };

    /// This one.
    #[must_use]
    pub fn current() -> Self {
        Self { id: std::process::id(), forks: FORKS.load(Ordering::Relaxed) }
    }

    /// Whether it is this one. A system call, unless the host counts forks.
    #[must_use]
    pub fn is_current(self) -> bool {
        if COUNTED.load(Ordering::Relaxed) {
            self.forks == FORKS.load(Ordering::Relaxed)
        } else {
            self.id == std::process::id()
        }
    }

    /// The host promises to call [`Process::forked`] first thing in every child of a fork.
    pub fn count_forks() {
        COUNTED.store(true, Ordering::Relaxed);
    }

    /// This process is the child of a fork. May be called from a fork handler: adds to an atomic and does nothing else.
    pub fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
}
