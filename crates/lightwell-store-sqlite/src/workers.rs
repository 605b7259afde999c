//! A few threads that do blocking work for asynchronous callers. The caller's runtime never waits on a disk or a lock.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use lightwell_store::StoreError;
use tokio::sync::oneshot;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads with a state of their own each.
pub struct Workers<S> {
    sender: Mutex<Option<Sender<Job<S>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<S: 'static> Workers<S> {
    /// Starts `count` threads; `state` makes the state of each, on the thread itself.
    pub fn start(
        name: &str,
        count: usize,
        state: impl Fn() -> S + Send + Clone + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = channel::<Job<S>>();
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = (0..count)
            .map(|_| {
                let (receiver, state) = (Arc::clone(&receiver), state.clone());
                std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&receiver, &mut state()))
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self { sender: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Hands work to the next free thread.
    pub fn submit(&self, work: impl FnOnce(&mut S) + Send + 'static) -> Result<(), StoreError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().and_then(|sender| sender.send(Box::new(work)).ok()).ok_or(StoreError::Closed)
    }

    /// Does work on one of the threads and gives its result.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        // A caller that went away does not want the answer any more.
        self.submit(move |state| drop(reply.send(work(state))))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes what was handed in and ends the threads.
    pub fn stop(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A worker that panicked has said so on standard error.
            let _ = thread.join();
        }
    }
}

fn run<S>(receiver: &Mutex<Receiver<Job<S>>>, state: &mut S) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(state),
            Err(_) => return,
        }
    }
}
