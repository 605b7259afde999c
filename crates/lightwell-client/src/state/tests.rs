use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::encoding::Encoding;

#[derive(Debug)]
struct Lines;

impl Encoding for Lines {
    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn join(&self, items: &[Bytes]) -> Bytes {
        items.concat().into()
    }

    fn read_results(&self, _body: &[u8]) -> Option<Vec<ItemResult>> {
        None
    }
}

/// A state with one record taken for sending.
fn with_ticket() -> (Arc<State>, Ticket) {
    let lane = Lane { product: "test", noun: "line", encoding: Box::new(Lines) };
    let settings = Settings::default();
    let config = Config::new(vec![lane], Target::Discard, settings.clone());
    let state = State::new(Arc::new(config), Phase::Open);
    state.queue().offer(0, "a", "a".into(), &settings, Instant::now()).unwrap();
    let (lane, items) = state.queue().take_any(&settings).unwrap();
    let ticket = Ticket::new(Arc::clone(&state), lane, items);
    (state, ticket)
}

#[test]
fn a_forgotten_record_is_a_panic_in_debug_builds_and_accounted_for_in_all() {
    let (state, ticket) = with_ticket();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(ticket)));
    if cfg!(debug_assertions) {
        let told = *dropped.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(told, "1 records left without an entry in the ledger");
    }
    let stats = state.queue().ledger.stats().clone();
    assert_eq!((stats.accepted, stats.pending, stats.dropped_gave_up), (1, 0, 1));
}

#[test]
fn an_abort_and_a_panic_have_accounted_for_theirs() {
    let (state, ticket) = with_ticket();
    state.queue().abort();
    drop(ticket);
    assert_eq!(state.queue().ledger.stats().dropped_shutdown, 1);

    let (state, ticket) = with_ticket();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _held = ticket;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(state.queue().ledger.stats().dropped_gave_up, 1);
}
