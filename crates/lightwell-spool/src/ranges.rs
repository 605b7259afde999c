//! A set of numbers, kept as ranges: acknowledgements come mostly in order, so a few ranges hold many numbers.

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// First and last of each, ascending, neither overlapping nor touching.
    ranges: Vec<(u64, u64)>,
}

impl Ranges {
    /// Adds `first..=last`; says how many of them are new.
    pub fn insert(&mut self, first: u64, last: u64) -> u64 {
        if first > last {
            return 0;
        }
        let before = self.ranges.partition_point(|&(_, end)| end < first.saturating_sub(1));
        let after = self.ranges.partition_point(|&(start, _)| start <= last.saturating_add(1));
        let known: u64 = self.ranges[before..after]
            .iter()
            .map(|&(start, end)| (end.min(last) + 1).saturating_sub(start.max(first)))
            .sum();
        let mut merged = (first, last);
        if before < after {
            merged.0 = merged.0.min(self.ranges[before].0);
            merged.1 = merged.1.max(self.ranges[after - 1].1);
        }
        self.ranges.splice(before..after, [merged]);
        last - first + 1 - known
    }

    /// Whether the number is in the set.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let at = self.ranges.partition_point(|&(_, end)| end < number);
        self.ranges.get(at).is_some_and(|&(start, _)| start <= number)
    }

    /// How many numbers the set has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|&(first, last)| last - first + 1).sum()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// First and last of each range, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().copied()
    }

    /// Those above `low` and up to `high`.
    #[must_use]
    pub fn between(&self, low: u64, high: u64) -> Self {
        let cut = self.iter().filter(|&(first, last)| last > low && first <= high);
        Self { ranges: cut.map(|(first, last)| (first.max(low.saturating_add(1)), last.min(high))).collect() }
    }

    /// Those that `other` has not.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut holes = other.ranges.iter().peekable();
        for (mut first, last) in self.iter() {
            while let Some(&&(start, end)) = holes.peek() {
                if end < first {
                    holes.next();
                    continue;
                }
                if start > last {
                    break;
                }
                if start > first {
                    left.push((first, start - 1));
                }
                first = end.saturating_add(1);
                if end >= last {
                    break;
                }
                holes.next();
            }
            if first <= last {
                left.push((first, last));
            }
        }
        Self { ranges: left }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        for (first, last) in other.iter() {
            self.insert(first, last);
        }
    }
}

impl FromIterator<u64> for Ranges {
    fn from_iter<T: IntoIterator<Item = u64>>(numbers: T) -> Self {
        let mut set = Self::default();
        for number in numbers {
            set.insert(number, number);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn members(set: &Ranges) -> BTreeSet<u64> {
        set.iter().flat_map(|(first, last)| first..=last).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_set(
            inserts in proptest::collection::vec((0_u64..60, 0_u64..8), 0..40),
            others in proptest::collection::vec((0_u64..60, 0_u64..8), 0..20),
            low in 0_u64..60,
            high in 0_u64..70,
        ) {
            let build = |inserts: &[(u64, u64)]| {
                let (mut set, mut model) = (Ranges::default(), BTreeSet::new());
                for &(first, more) in inserts {
                    let new = (first..=first + more).filter(|n| model.insert(*n)).count() as u64;
                    assert_eq!(set.insert(first, first + more), new);
                }
                (set, model)
            };
            let (set, model) = build(&inserts);
            let (other, other_model) = build(&others);
            prop_assert_eq!(members(&set), model.clone());
            prop_assert_eq!(set.count(), model.len() as u64);
            for number in 0..70 {
                prop_assert_eq!(set.contains(number), model.contains(&number));
            }
            prop_assert!(set.ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", set);
            prop_assert_eq!(members(&set.minus(&other)), &model - &other_model);
            let between: BTreeSet<u64> = model.iter().copied().filter(|n| *n > low && *n <= high).collect();
            prop_assert_eq!(members(&set.between(low, high)), between);
        }
    }
}
