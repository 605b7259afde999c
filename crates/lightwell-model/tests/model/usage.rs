use lightwell_model::{Money, TokenUsage};
use proptest::prelude::*;

use super::any;

proptest! {
    #[test]
    fn money_sums_to_the_same_in_every_order(mut nanos in proptest::collection::vec(-1_000_000_000_000i64..1_000_000_000_000, 0..50)) {
        let sum = |nanos: &[i64]| nanos.iter().copied().map(Money::from_nanos).sum::<Money>();
        let forwards = sum(&nanos);
        nanos.reverse();
        prop_assert_eq!(sum(&nanos), forwards);
    }

    #[test]
    fn a_total_that_was_told_is_kept(usage in any::usage()) {
        let total = usage.with_total().total_tokens;
        let expected = match usage.total_tokens {
            0 => usage.input_tokens.saturating_add(usage.output_tokens),
            told => told,
        };
        prop_assert_eq!(total, expected);
    }
}

#[test]
fn dollars_are_exact_to_the_billionth() {
    assert_eq!(Money::from_dollars(0.1).unwrap().nanos(), 100_000_000);
    assert_eq!(Money::from_dollars(2.25e-7).unwrap().nanos(), 225);
    assert_eq!(Money::from_dollars(1.5).unwrap().dollars(), 1.5);
    for impossible in [f64::NAN, f64::INFINITY, 1e10, -1e10] {
        assert_eq!(Money::from_dollars(impossible), None);
    }
}

#[test]
fn usage_without_counters_is_empty() {
    assert!(TokenUsage::default().is_empty());
    assert!(!TokenUsage { reasoning_tokens: 1, ..TokenUsage::default() }.is_empty());
}
