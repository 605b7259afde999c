//! Sets of numbers that come mostly in order: the sequence numbers of a process' records.
//!
//! Invariant: the ranges are sorted, apart from each other by at least one number, and none is empty. So equal sets are
//! equal values, and "everything up to n" takes one range whatever n is.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of numbers from 1 on. Written as `1-50 53`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ranges(Vec<(u64, u64)>);

/// A text that is no set of numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} is no range of numbers from 1 on")]
pub struct InvalidRanges {
    /// What cannot be read.
    pub part: String,
}

impl Ranges {
    /// The numbers from `first` to `last`, both included; nothing when there are none.
    #[must_use]
    pub fn of(first: u64, last: u64) -> Self {
        let mut ranges = Self::default();
        ranges.insert_range(first, last);
        ranges
    }

    /// Adds one number; false when it was there.
    pub fn insert(&mut self, number: u64) -> bool {
        match self.0.last_mut() {
            // What comes in order only moves the end of the last range.
            Some((_, last)) if *last + 1 == number => {
                *last = number;
                return true;
            }
            Some((_, last)) if *last >= number => {}
            _ => {
                self.0.push((number, number));
                return true;
            }
        }
        if self.contains(number) {
            return false;
        }
        self.insert_range(number, number);
        true
    }

    /// Adds the numbers from `first` to `last`, both included.
    pub fn insert_range(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        // Everything that touches the new range becomes one with it.
        let begin = self.0.partition_point(|range| range.1.saturating_add(1) < first);
        let end = self.0.partition_point(|range| range.0 <= last.saturating_add(1));
        let first = self.0[begin..end].first().map_or(first, |range| range.0.min(first));
        let last = self.0[begin..end].last().map_or(last, |range| range.1.max(last));
        self.0.splice(begin..end, [(first, last)]);
    }

    /// Adds all numbers of another set.
    pub fn extend(&mut self, other: &Self) {
        other.iter().for_each(|(first, last)| self.insert_range(first, last));
    }

    /// Takes all numbers of another set out; gives how many were there.
    pub fn remove(&mut self, other: &Self) -> u64 {
        let before = self.count();
        for (first, last) in other.iter() {
            let begin = self.0.partition_point(|range| range.1 < first);
            let end = self.0.partition_point(|range| range.0 <= last);
            let Some([(low, _), ..]) = self.0.get(begin..end) else { continue };
            let high = self.0[end - 1].1;
            let left = (*low < first).then(|| (*low, first - 1));
            let right = (high > last).then(|| (last + 1, high));
            self.0.splice(begin..end, left.into_iter().chain(right));
        }
        before - self.count()
    }

    /// Whether a number is there.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 < number);
        self.0.get(at).is_some_and(|range| range.0 <= number)
    }

    /// The numbers from 1 to `last` that are not there.
    #[must_use]
    pub fn gaps(&self, last: u64) -> Self {
        let mut gaps = Self::of(1, last);
        gaps.remove(self);
        gaps
    }

    /// The first ranges of the set, at most so many.
    #[must_use]
    pub fn first_ranges(&self, ranges: usize) -> Self {
        Self(self.0.iter().take(ranges).copied().collect())
    }

    /// Fills the lowest gaps between ranges until there are at most so many ranges; gives how many numbers that added.
    pub fn fill_lowest_gaps(&mut self, ranges: usize) -> u64 {
        let excess = self.0.len().saturating_sub(ranges.max(1));
        if excess == 0 {
            return 0;
        }
        let before = self.count();
        let (first, last) = (self.0[0].0, self.0[excess].1);
        self.0.splice(..=excess, [(first, last)]);
        self.count() - before
    }

    /// Takes the lowest numbers out.
    pub fn skip_lowest(&mut self, numbers: u64) {
        let mut left = numbers;
        let mut whole = 0;
        for (first, last) in &mut self.0 {
            let length = *last - *first + 1;
            if left < length {
                *first += left;
                break;
            }
            left -= length;
            whole += 1;
        }
        self.0.drain(..whole);
    }

    /// Takes the highest numbers out.
    pub fn skip_highest(&mut self, numbers: u64) {
        let mut left = numbers;
        while let Some((first, last)) = self.0.last_mut() {
            let length = *last - *first + 1;
            if left < length {
                *last -= left;
                return;
            }
            left -= length;
            self.0.pop();
        }
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.iter().map(|(first, last)| last - first + 1).fold(0, u64::saturating_add)
    }

    /// How many ranges it takes to write them.
    #[must_use]
    pub fn range_count(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The highest number.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.last().map(|range| range.1)
    }

    /// First and last number of each range, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<u64> for Ranges {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut ranges = Self::default();
        for number in numbers {
            ranges.insert(number);
        }
        ranges
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

impl FromStr for Ranges {
    type Err = InvalidRanges;

    fn from_str(text: &str) -> Result<Self, InvalidRanges> {
        let mut ranges = Self::default();
        for part in text.split_ascii_whitespace() {
            let (first, last) = range(part)?;
            ranges.insert_range(first, last);
        }
        Ok(ranges)
    }
}

/// One range as it is written: `7` or `1-50`, from 1 on.
///
/// # Errors
/// When it is no such thing.
pub fn range(part: &str) -> Result<(u64, u64), InvalidRanges> {
    let invalid = || InvalidRanges { part: part.to_owned() };
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| digits && *number > 0 && *number < u64::MAX)
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(invalid()),
    }
}

impl Serialize for Ranges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ranges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
