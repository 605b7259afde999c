use super::*;

const QUIET: SignedDuration = SignedDuration::from_secs(60);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A request of the numbers, with this much accepted and delivered.
fn heard(second: i64, numbers: &str, accepted: u64, delivered: u64) -> Heard {
    let counters = Counters { accepted, delivered, pending: accepted - delivered, ..Counters::default() };
    Heard {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        process: Process::default(),
        heard_at: at(second),
        counters: Some(counters),
        lost: Ranges::default(),
        received: numbers.parse().unwrap(),
        duplicates: Ranges::default(),
        refused: BTreeMap::new(),
    }
}

fn told(heard: &mut Heard) -> &mut Counters {
    heard.counters.as_mut().unwrap()
}

fn account(all: &[Heard]) -> ClientAccount {
    let mut account = ClientAccount::of(&all[0]);
    all[1..].iter().for_each(|heard| account.apply(heard));
    account
}

fn missing(account: &ClientAccount, second: i64) -> (u64, u64, String) {
    let standing = account.standing(at(second), QUIET);
    (standing.pending, standing.missing, standing.missing_numbers.to_string())
}

#[test]
fn what_a_client_holds_is_pending_until_it_falls_silent() {
    let account = account(&[heard(0, "1-50", 120, 0)]);
    assert_eq!(missing(&account, 59), (70, 0, String::new()));
    assert_eq!(missing(&account, 60), (0, 70, "51-120".to_owned()));
}

#[test]
fn what_lies_on_its_disk_stays_pending() {
    let mut last = heard(0, "1-50", 120, 0);
    told(&mut last).spooled = 60;
    assert_eq!(missing(&account(&[last]), 3600), (60, 10, "51-60".to_owned()));
}

#[test]
fn a_gap_below_what_arrived_is_missing_at_once() {
    let mut last = heard(1, "61-100", 100, 50);
    told(&mut last).pending = 40;
    let account = account(&[heard(0, "1-50", 60, 0), last]);
    assert_eq!(account.received, 90);
    assert_eq!(missing(&account, 60), (10, 0, String::new()), "the client says that it has them");
    assert_eq!(missing(&account, 61), (0, 10, "51-60".to_owned()));
}

#[test]
fn what_was_dropped_is_not_missing() {
    let mut last = heard(0, "1-5", 10, 0);
    last.lost = Ranges::of(6, 7);
    told(&mut last).pending = 5;
    told(&mut last).dropped = [("queue_full".to_owned(), 5)].into();
    told(&mut last).unlisted = 3;
    let standing = account(&[last]).standing(at(100), QUIET);
    assert_eq!((standing.missing, standing.dropped["queue_full"]), (0, 5));
}

#[test]
fn what_the_server_refused_is_counted_once() {
    let mut first = heard(0, "1", 3, 0);
    first.refused = [(RefusedFor::Invalid, Ranges::of(2, 3))].into();
    let mut second = heard(1, "4", 4, 1);
    told(&mut second).pending = 1;
    told(&mut second).dropped = [("rejected".to_owned(), 2)].into();
    let account = account(&[first.clone(), first, second]);
    assert_eq!(account.refused[&RefusedFor::Invalid], 2);
    let standing = account.standing(at(100), QUIET);
    assert_eq!((standing.accepted, standing.missing, standing.dropped.len()), (4, 0, 0));
}

#[test]
fn copies_are_counted_and_change_nothing_else() {
    let mut again = heard(1, "", 3, 0);
    again.duplicates = Ranges::of(1, 3);
    let account = account(&[heard(0, "1-3", 3, 0), again.clone()]);
    assert_eq!((account.received, account.duplicates), (3, 3));
    // The first copy was stored, and the server died before it could note whose it was.
    let first = ClientAccount::of(&again);
    assert_eq!((first.received, first.duplicates, missing(&first, 100).1), (3, 3, 0));
}

#[test]
fn what_was_given_up_and_arrived_all_the_same_hides_nothing() {
    let mut last = heard(1, "", 10, 0);
    last.lost = Ranges::of(1, 5);
    told(&mut last).pending = 0;
    told(&mut last).dropped = [("gave_up".to_owned(), 5)].into();
    let before = account(&[heard(0, "1-5", 10, 0), last.clone()]);
    let after = account(&[last, heard(2, "1-5", 10, 0)]);
    assert_eq!(missing(&before, 2), (0, 5, "6-10".to_owned()));
    assert_eq!((after.received, missing(&after, 2)), (5, (0, 5, "6-10".to_owned())));
}

#[test]
fn ledgers_that_overtake_each_other_do_not_go_back() {
    let account = account(&[heard(1, "51-100", 120, 50), heard(0, "1-50", 100, 0)]);
    assert_eq!(account.counters.as_ref().unwrap().accepted, 120);
    assert_eq!((account.first_heard, account.last_heard), (at(0), at(1)));
}

#[test]
fn what_was_delivered_before_the_account_began_is_not_missing() {
    let account = account(&[heard(0, "101-110", 120, 100)]);
    assert_eq!(missing(&account, 100), (0, 10, "111-120".to_owned()));
}

#[test]
fn too_many_gaps_are_kept_as_a_count() {
    let mut account = account(&[heard(0, "1", 1, 0)]);
    let every_other: Vec<u64> = (1..=RANGES as u64 * 2).map(|n| 2 * n - 1).collect();
    for numbers in every_other.chunks(100) {
        let mut some = heard(1, "", *numbers.last().unwrap(), 0);
        some.received = numbers.iter().copied().collect();
        account.apply(&some);
        assert!(account.accounted.range_count() <= RANGES);
    }
    let standing = account.standing(at(100), QUIET);
    assert_eq!((standing.accepted, standing.missing), (RANGES as u64 * 4 - 1, RANGES as u64 * 2 - 1));
    assert!(
        account.unnumbered > 0 && standing.missing_numbers.count() == standing.missing - account.unnumbered
    );
}

#[test]
fn what_is_kept_reads_back() {
    let mut all = heard(0, "1-3 9", 20, 0);
    all.refused = [(RefusedFor::Conflict, Ranges::of(4, 4))].into();
    let account = account(std::slice::from_ref(&all));
    let json = serde_json::to_string(&account).unwrap();
    assert_eq!(serde_json::from_str::<ClientAccount>(&json).unwrap(), account);
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Heard>(&json).unwrap(), all);
}
