//! Locks that a forked child can let go of without touching anything else of its parent's.
//!
//! A child inherits the descriptors of its parent's locks: until it closes them, the parent's folders stay locked even
//! when the parent is gone. It cannot take the parent's mutexes (nobody may be left to free them), so the locks stand in
//! cells that are emptied without one. Closing a copy does not free the lock of the other process.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::files::OwnerLock;

/// One lock.
#[derive(Debug)]
pub(crate) struct Slot(ArcSwapOption<Box<dyn OwnerLock>>);

impl Slot {
    pub(crate) fn release(&self) {
        self.0.store(None);
    }
}

/// Every lock that one spool holds.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    slots: ArcSwap<Vec<Arc<Slot>>>,
}

impl Locks {
    pub(crate) fn hold(&self, lock: Box<dyn OwnerLock>) -> Arc<Slot> {
        let slot = Arc::new(Slot(ArcSwapOption::from_pointee(lock)));
        self.slots.rcu(|slots| {
            let held = slots.iter().filter(|slot| slot.0.load().is_some());
            held.cloned().chain([Arc::clone(&slot)]).collect::<Vec<_>>()
        });
        slot
    }

    pub(crate) fn release_all(&self) {
        for slot in self.slots.load().iter() {
            slot.release();
        }
    }
}
