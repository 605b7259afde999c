//! One answer out of what several files say: to a batch that spans days, to a deletion in all of them.

use std::sync::{Mutex, PoisonError};

use lightwell_store::StoreError;

use crate::fault::again;

type Answer<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// Gathers parts until all are there, then answers once.
pub struct Gather<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    gathered: Option<T>,
    remaining: usize,
    error: Option<StoreError>,
    answer: Option<Answer<T>>,
}

impl<T> Gather<T> {
    /// Waits for `parts` parts, then calls `answer`: with the first error if there was one.
    pub fn new(empty: T, parts: usize, answer: impl FnOnce(Result<T, StoreError>) + Send + 'static) -> Self {
        let answer: Answer<T> = Box::new(answer);
        let state = State { gathered: Some(empty), remaining: parts, error: None, answer: Some(answer) };
        Self { state: Mutex::new(state) }
    }

    /// One part is there.
    pub fn part(&self, add: Result<impl FnOnce(&mut T), &StoreError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match add {
            Ok(add) => {
                if let Some(gathered) = &mut state.gathered {
                    add(gathered);
                }
            }
            Err(error) => {
                state.error.get_or_insert_with(|| again(error));
            }
        }
        state.remaining = state.remaining.saturating_sub(1);
        if state.remaining > 0 {
            return;
        }
        let result = match (state.error.take(), state.gathered.take()) {
            (Some(error), _) => Err(error),
            (None, Some(gathered)) => Ok(gathered),
            (None, None) => return,
        };
        let answer = state.answer.take();
        drop(state);
        if let Some(answer) = answer {
            answer(result);
        }
    }
}
