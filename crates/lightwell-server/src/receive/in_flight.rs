//! Bounds on what is being received at a time: bytes of bodies, and threads that decode.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Refusal;
use crate::limits;

/// Bytes of request bodies that may be under way at a time. Who finds no room is told to come again.
pub(crate) struct InFlight {
    room: Arc<Semaphore>,
    limit: usize,
}

impl InFlight {
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(limit)), limit }
    }

    pub fn bytes(&self) -> usize {
        self.limit - self.room.available_permits()
    }

    /// Room for nothing yet.
    pub fn reservation(&self) -> Reservation {
        Reservation { room: self.room.clone(), held: None, limit: self.limit }
    }
}

/// The room that one request holds until it is dropped.
pub(crate) struct Reservation {
    room: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    limit: usize,
}

impl Reservation {
    /// Takes room for more bytes.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let busy = Refusal::Busy { in_flight_limit: self.limit };
        let Ok(count) = u32::try_from(bytes) else { return Err(busy) };
        match (self.room.clone().try_acquire_many_owned(count), &mut self.held) {
            (Ok(more), Some(held)) => held.merge(more),
            (Ok(more), held @ None) => *held = Some(more),
            (Err(_), _) => return Err(busy),
        }
        Ok(())
    }
}

/// Runs decoding where it does not hold up other requests, on as many threads as there are cores.
pub(crate) struct CpuThreads {
    free: Arc<Semaphore>,
}

impl Default for CpuThreads {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { free: Arc::new(Semaphore::new(cores)) }
    }
}

impl CpuThreads {
    /// Runs `work` on `bytes` of input: at once when that is quick, else on a thread of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if bytes < limits::DECODE_INLINE_BYTES {
            return work();
        }
        let turn = self.free.clone().acquire_owned().await.map_err(|_| Refusal::Internal)?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        worked.await.unwrap_or_else(|defect| {
            tracing::error!(reason = %defect, "decoding a request failed");
            Err(Refusal::Internal)
        })
    }
}
