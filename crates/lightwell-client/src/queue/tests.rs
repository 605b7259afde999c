use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn settings() -> Settings {
    Settings {
        batch_items: 3,
        batch_bytes: 100,
        flush_interval: Duration::from_secs(10),
        queue_items: 5,
        queue_bytes: 400,
        item_bytes: Some(150),
        max_in_flight: 2,
        ..Settings::default()
    }
}

struct Bench {
    queue: Queue,
    settings: Settings,
    start: Instant,
}

impl Bench {
    fn new(lanes: usize) -> Self {
        Self { queue: Queue::new(lanes, Phase::Open), settings: settings(), start: Instant::now() }
    }

    fn offer(&mut self, lane: usize, size: usize) -> Result<bool, DropReason> {
        let id = format!("r{}", self.queue.next_sequence);
        self.queue.offer(lane, &id, vec![0; size].into(), &self.settings, self.start)
    }

    fn step(&mut self, seconds: u64, in_flight: usize) -> Step {
        self.queue.next_step(&self.settings, self.start + Duration::from_secs(seconds), in_flight)
    }

    /// The batch that is due now.
    fn take(&mut self, seconds: u64) -> Vec<Item> {
        match self.step(seconds, 0) {
            Step::Send(_, items) => items,
            step => panic!("nothing is due: {step:?}"),
        }
    }
}

#[test]
fn a_batch_leaves_when_full_or_old_or_flushed() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.offer(0, 10), Ok(true), "the first record sets the clock");
    assert_eq!(bench.offer(0, 10), Ok(false));
    let due = bench.start + Duration::from_secs(10);
    assert!(matches!(bench.step(0, 0), Step::Wait(Some(at)) if at == due));
    assert_eq!(bench.offer(0, 10), Ok(true), "a full batch wakes the thread");
    assert_eq!(bench.take(0).len(), 3);
    assert!(matches!(bench.step(0, 0), Step::Wait(Some(at)) if at == due), "the thread wakes by itself");
    assert_eq!(bench.offer(0, 10), Ok(false), "in time for this one, which need not wake it");
    assert_eq!(bench.take(10).len(), 1, "its time has come");
    assert!(matches!(bench.step(10, 0), Step::Wait(Some(_))));
    assert!(matches!(bench.step(15, 0), Step::Wait(Some(_))), "something else woke it");
    assert!(matches!(bench.step(20, 0), Step::Wait(None)), "an idle thread needs no timer");
    assert_eq!(bench.offer(0, 10), Ok(true));
    assert_eq!(bench.take(20).len(), 1);

    bench.offer(0, 10).unwrap();
    bench.queue.begin_flush();
    assert_eq!(bench.take(0).len(), 1);
}

#[test]
fn batches_are_bounded_in_bytes() {
    let mut bench = Bench::new(1);
    for size in [60, 60, 120, 30] {
        bench.offer(0, size).unwrap();
    }
    let sizes: Vec<usize> = std::iter::repeat_with(|| bench.take(10).len()).take(4).collect();
    assert_eq!(sizes, [1, 1, 1, 1], "60 + 60 and 120 + 30 pass the bound, 120 alone is let through");
}

#[test]
fn bounds_refuse_the_new_record() {
    let mut bench = Bench::new(2);
    assert_eq!(bench.offer(0, 151), Err(DropReason::TooLarge));
    for _ in 0..5 {
        bench.offer(0, 1).unwrap();
    }
    assert_eq!(bench.offer(0, 1), Err(DropReason::QueueFull));
    assert!(bench.offer(1, 150).is_ok(), "each lane has its own count");
    assert!(bench.offer(1, 150).is_ok());
    assert_eq!(bench.offer(1, 150), Err(DropReason::QueueFull), "bytes are counted over all lanes");
    bench.queue.phase = Phase::Closing;
    assert_eq!(bench.offer(1, 1), Err(DropReason::Shutdown));
    let stats = bench.queue.ledger.stats();
    assert_eq!((stats.accepted, stats.pending, stats.pending_bytes), (11, 7, 305));
    assert!(stats.balances());
}

#[test]
fn bytes_in_flight_count_until_they_are_settled() {
    let mut bench = Bench::new(1);
    bench.offer(0, 150).unwrap();
    bench.offer(0, 150).unwrap();
    let items = bench.take(0);
    assert_eq!(bench.offer(0, 150), Err(DropReason::QueueFull));
    bench.queue.settle(&items, None, "");
    assert!(bench.offer(0, 150).is_ok());
}

#[test]
fn one_request_at_a_time_until_the_server_answers_well() {
    let mut bench = Bench::new(1);
    for _ in 0..4 {
        bench.offer(0, 1).unwrap();
    }
    assert!(matches!(bench.step(10, 1), Step::Wait(None)));
    bench.queue.healthy = true;
    assert!(matches!(bench.step(10, 1), Step::Send(..)));
    assert!(matches!(bench.step(10, 2), Step::Wait(None)));
}

#[test]
fn a_pause_that_the_server_asked_for_holds_everything() {
    let mut bench = Bench::new(1);
    bench.offer(0, 1).unwrap();
    let until = bench.start + Duration::from_secs(30);
    bench.queue.paused_until = Some(until);
    assert!(matches!(bench.step(20, 0), Step::Wait(Some(at)) if at == until));
    assert!(matches!(bench.step(30, 0), Step::Send(..)));
}

#[test]
fn a_busy_lane_does_not_starve_the_other() {
    let mut bench = Bench::new(2);
    for lane in [0, 0, 0, 0, 1] {
        bench.offer(lane, 1).unwrap();
    }
    let lanes: Vec<usize> = (0..3)
        .map(|_| match bench.step(10, 0) {
            Step::Send(lane, _) => lane,
            step => panic!("{step:?}"),
        })
        .collect();
    assert_eq!(lanes, [0, 1, 0]);
}

#[test]
fn a_flush_waits_for_what_was_recorded_before_it_only() {
    let mut bench = Bench::new(1);
    bench.offer(0, 1).unwrap();
    bench.offer(0, 1).unwrap();
    let flush = bench.queue.begin_flush();
    bench.offer(0, 1).unwrap();
    let mut items = bench.take(0);
    assert_eq!(items.len(), 3);
    let late = items.pop().unwrap();
    let bad = items.pop().unwrap();
    assert!(!bench.queue.settle(&items, None, ""));
    assert!(bench.queue.settle(&[bad], Some(DropReason::Rejected), "bad"));
    let expected = FlushReport { complete: true, delivered: 1, rejected: 1, ..FlushReport::default() };
    assert_eq!(bench.queue.flush_report(flush), expected);
    bench.queue.settle(&[late], Some(DropReason::GaveUp), "down");
    assert_eq!(bench.queue.flush_report(flush), expected);
    assert!(bench.queue.ledger.stats().balances());
}

#[test]
fn an_abort_accounts_for_everything_once() {
    let mut bench = Bench::new(1);
    for _ in 0..5 {
        bench.offer(0, 1).unwrap();
    }
    let flush = bench.queue.begin_flush();
    let in_flight = bench.take(0);
    assert_eq!(bench.queue.abort(), 5);
    bench.queue.settle(&in_flight, None, "");
    let stats = bench.queue.ledger.stats();
    assert_eq!((stats.dropped_shutdown, stats.delivered, stats.pending), (5, 0, 0));
    assert_eq!(bench.queue.flush_report(flush).gave_up, 5);
    assert!(matches!(bench.step(0, 1), Step::Stop));
}

#[test]
fn a_closed_queue_sends_the_rest_and_stops() {
    let mut bench = Bench::new(1);
    bench.offer(0, 1).unwrap();
    bench.queue.phase = Phase::Closing;
    let items = bench.take(0);
    assert!(matches!(bench.step(0, 1), Step::Wait(None)));
    bench.queue.settle(&items, None, "");
    assert!(matches!(bench.step(0, 0), Step::Stop));
}

/// One thing that may happen to a queue.
#[derive(Clone, Debug)]
enum Happening {
    Offer {
        lane: usize,
        size: usize,
    },
    Step {
        seconds: u64,
    },
    /// Settles the oldest batch in flight: acknowledged, or dropped.
    Settle {
        acknowledged: bool,
    },
    Flush,
    Pause {
        seconds: u64,
    },
    Healthy(bool),
    Close,
    Abort,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0..2_usize, 0..200_usize).prop_map(|(lane, size)| Happening::Offer { lane, size }),
        6 => (0..60_u64).prop_map(|seconds| Happening::Step { seconds }),
        5 => any::<bool>().prop_map(|acknowledged| Happening::Settle { acknowledged }),
        1 => Just(Happening::Flush),
        1 => (0..60_u64).prop_map(|seconds| Happening::Pause { seconds }),
        2 => any::<bool>().prop_map(Happening::Healthy),
        1 => Just(Happening::Close),
        1 => Just(Happening::Abort),
    ]
}

proptest! {
    /// Whatever happens in whatever order: the ledger balances, pending is what is really there, the bounds hold, and once all
    /// is settled every flush is complete.
    #[test]
    fn the_account_is_right_at_every_moment(happenings in proptest::collection::vec(happening(), 1..200)) {
        let mut bench = Bench::new(2);
        let mut in_flight: VecDeque<Vec<Item>> = VecDeque::new();
        let mut flushes = Vec::new();
        for happening in happenings {
            match happening {
                Happening::Offer { lane, size } => drop(bench.offer(lane, size)),
                Happening::Step { seconds } => {
                    if let Step::Send(_, items) = bench.step(seconds, in_flight.len()) {
                        let bytes: usize = items.iter().map(|item| item.bytes.len()).sum();
                        prop_assert!(items.len() <= 3 && (bytes <= 100 || items.len() == 1));
                        in_flight.push_back(items);
                    }
                }
                Happening::Settle { acknowledged } => {
                    if let Some(items) = in_flight.pop_front() {
                        bench.queue.settle(&items, (!acknowledged).then_some(DropReason::GaveUp), "");
                    }
                }
                Happening::Flush => flushes.push(bench.queue.begin_flush()),
                Happening::Pause { seconds } => {
                    bench.queue.paused_until = Some(bench.start + Duration::from_secs(seconds));
                }
                Happening::Healthy(healthy) => bench.queue.healthy = healthy,
                Happening::Close if bench.queue.phase == Phase::Open => bench.queue.phase = Phase::Closing,
                Happening::Abort if bench.queue.phase == Phase::Closing => {
                    bench.queue.abort();
                }
                Happening::Close | Happening::Abort => {}
            }
            check(&bench, &in_flight)?;
        }
        while let Some(items) = in_flight.pop_front() {
            bench.queue.settle(&items, None, "");
        }
        while let Some((_, items)) = bench.queue.take_any(&bench.settings) {
            bench.queue.settle(&items, None, "");
        }
        prop_assert_eq!(bench.queue.ledger.stats().pending, 0);
        for flush in flushes {
            prop_assert!(bench.queue.flush_report(flush).complete);
        }
    }
}

fn check(bench: &Bench, in_flight: &VecDeque<Vec<Item>>) -> Result<(), TestCaseError> {
    let stats = bench.queue.ledger.stats();
    prop_assert!(stats.balances());
    prop_assert!(stats.pending_bytes <= bench.settings.queue_bytes as u64);
    prop_assert!(bench.queue.lanes.iter().all(|lane| lane.len() <= bench.settings.queue_items));
    let flying = if bench.queue.phase == Phase::Aborted { 0 } else { in_flight.iter().map(Vec::len).sum() };
    prop_assert_eq!(stats.pending, (bench.queue.queued() + flying) as u64);
    Ok(())
}
