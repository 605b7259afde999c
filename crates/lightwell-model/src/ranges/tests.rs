use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn set(text: &str) -> Ranges {
    text.parse().unwrap()
}

#[test]
fn is_written_as_it_is_read() {
    for text in ["", "1", "1-50", "1-50 53", "2 4 6-8"] {
        assert_eq!(set(text).to_string(), text);
    }
    assert_eq!(set("5-7 1-4 9 8").to_string(), "1-9");
    for bad in ["0", "-", "3-", "-3", "7-3", "a", "1,2", "+1", "18446744073709551615"] {
        assert_eq!(bad.parse::<Ranges>().unwrap_err().part, bad);
    }
}

#[test]
fn numbers_in_order_take_one_range() {
    let numbers: Ranges = (1..=1000).collect();
    assert_eq!((numbers.range_count(), numbers.count(), numbers.last()), (1, 1000, Some(1000)));
}

#[test]
fn both_ends_can_be_cut() {
    let mut numbers = set("1-3 7-9");
    numbers.skip_lowest(4);
    assert_eq!(numbers, set("8-9"));
    numbers.skip_highest(1);
    assert_eq!(numbers, set("8"));
    numbers.skip_highest(9);
    assert!(numbers.is_empty());
}

#[test]
fn the_lowest_gaps_can_be_filled() {
    let mut numbers = set("1 3 5-6 10 20");
    assert_eq!(numbers.fill_lowest_gaps(5), 0);
    assert_eq!((numbers.fill_lowest_gaps(3), numbers.to_string()), (2, "1-6 10 20".to_owned()));
    assert_eq!((numbers.fill_lowest_gaps(0), numbers.to_string()), (12, "1-20".to_owned()));
    assert_eq!(Ranges::default().fill_lowest_gaps(0), 0);
}

proptest! {
    #[test]
    fn is_a_set(operations in proptest::collection::vec((any::<bool>(), 1_u64..60, 0_u64..8), 0..40)) {
        let (mut ranges, mut model) = (Ranges::default(), BTreeSet::new());
        for (add, first, length) in operations {
            let last = first + length;
            if add && length == 0 {
                prop_assert_eq!(ranges.insert(first), model.insert(first));
            } else if add {
                ranges.insert_range(first, last);
                model.extend(first..=last);
            } else {
                let before = model.len();
                model.retain(|number| !(first..=last).contains(number));
                prop_assert_eq!(ranges.remove(&Ranges::of(first, last)), (before - model.len()) as u64);
            }
            prop_assert_eq!(&ranges, &model.iter().copied().collect::<Ranges>());
            prop_assert_eq!(ranges.count(), model.len() as u64);
            prop_assert!(ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.1 + 1 < b.0));
            let gaps: BTreeSet<u64> = (1..=70).filter(|number| !model.contains(number)).collect();
            prop_assert_eq!(ranges.gaps(70), gaps.into_iter().collect::<Ranges>());
            prop_assert_eq!(set(&ranges.to_string()), ranges.clone());
        }
    }
}
