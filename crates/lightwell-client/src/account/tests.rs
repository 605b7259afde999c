use super::*;

fn decoded(account: &Account, stats: &Stats, items: &[(u64, u64)]) -> (DeliveryReport, Told) {
    let life = Life::begin();
    let (text, told) = account.report(&life, "sigil", stats, items.to_vec());
    let report = delivery::decode(&text).unwrap();
    assert_eq!((report.client.as_str(), report.process.pid), (life.client.as_str(), std::process::id()));
    assert!(text.len() < delivery::MAX_BYTES);
    (report, told)
}

fn dropped(account: &mut Account, stats: &mut Stats) -> u64 {
    let number = account.next_number();
    stats.accepted += 1;
    stats.dropped_queue_full += 1;
    account.lose(number);
    number
}

#[test]
fn lives_differ() {
    assert_ne!(Life::begin().client, Life::begin().client);
    assert_eq!(Life::begin().client.len(), 32);
}

#[test]
fn runs_keep_the_order() {
    assert_eq!(runs([1, 2, 3, 7, 5, 6].into_iter()), [(1, 3), (7, 7), (5, 6)]);
}

#[test]
fn what_was_dropped_is_told_until_the_server_says_that_it_keeps_it() {
    let (mut account, mut stats) = (Account::default(), Stats::default());
    account.next_number();
    (stats.accepted, stats.pending) = (1, 1);
    dropped(&mut account, &mut stats);
    let (report, told) = decoded(&account, &stats, &[(1, 1)]);
    assert_eq!((report.items, report.lost), (vec![(1, 1)], Ranges::of(2, 2)));
    let counters = report.counters.unwrap();
    assert_eq!((counters.accepted, counters.dropped["queue_full"], counters.unlisted), (2, 1, 0));
    assert_eq!(decoded(&account, &stats, &[]).0.lost, Ranges::of(2, 2), "not acknowledged yet");
    assert!(!account.begin_closing(&stats), "nobody is known to keep it");
    account.acknowledged(&told);
    let (report, _) = decoded(&account, &stats, &[]);
    assert_eq!((report.lost, report.counters.unwrap().unlisted), (Ranges::default(), 0));
}

#[test]
fn closing_tells_what_is_untold_and_only_then() {
    let (mut account, mut stats) = (Account::default(), Stats::default());
    dropped(&mut account, &mut stats);
    let (_, told) = decoded(&account, &stats, &[]);
    account.acknowledged(&told);
    assert!(!account.begin_closing(&stats), "all is told");
    dropped(&mut account, &mut stats);
    assert!(account.begin_closing(&stats));
    assert!(!account.begin_closing(&stats), "once");
}

#[test]
fn what_the_server_refused_needs_no_telling() {
    let (mut account, mut stats) = (Account::default(), Stats::default());
    let number = account.next_number();
    (stats.accepted, stats.pending) = (1, 1);
    let (_, told) = decoded(&account, &stats, &[(1, 1)]);
    account.acknowledged(&told);
    (stats.pending, stats.dropped_rejected) = (0, 1);
    account.lose(number);
    account.refused_there(&Ranges::of(number, number));
    assert!(!account.begin_closing(&stats));
    let (report, _) = decoded(&account, &stats, &[]);
    assert_eq!((report.lost, report.counters.unwrap().unlisted), (Ranges::default(), 0));
}

#[test]
fn too_many_ranges_are_told_in_turn_and_at_worst_as_a_count() {
    let (mut account, mut stats) = (Account::default(), Stats::default());
    for _ in 0..KEPT_RANGES + 10 {
        dropped(&mut account, &mut stats);
        account.next_number();
        (stats.accepted, stats.delivered) = (stats.accepted + 1, stats.delivered + 1);
    }
    let total = stats.dropped();
    let (report, told) = decoded(&account, &stats, &[]);
    assert_eq!(report.lost.range_count(), LISTED_RANGES);
    assert_eq!(report.counters.unwrap().unlisted, total - LISTED_RANGES as u64);
    account.acknowledged(&told);
    let (report, _) = decoded(&account, &stats, &[]);
    assert_eq!(report.lost.iter().next(), Some((2 * LISTED_RANGES as u64 + 1, 2 * LISTED_RANGES as u64 + 1)));
    assert_eq!(report.counters.unwrap().unlisted, total - 2 * LISTED_RANGES as u64);
}
