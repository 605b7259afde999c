//! Sums over generations.

use lightwell_model::{Generation, Money, TokenUsage};

/// Sums over generations. Each generation counts once, however often it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Generations.
    pub generations: u64,
    /// Generations that failed.
    pub errors: u64,
    /// Token counters, one by one.
    pub usage: TokenUsage,
    /// Cost as it was reported, of the generations that are not `unpriced`; none when all are: then it is unknown, not zero.
    pub reported_cost: Option<Money>,
    /// Generations for which nobody reported a cost.
    pub unpriced: u64,
}

impl Totals {
    /// Counts one more generation.
    pub fn add(&mut self, generation: &Generation) {
        self.generations += 1;
        self.errors += u64::from(generation.error.is_some());
        if let Some(usage) = generation.usage {
            self.usage += usage;
        }
        match generation.reported_cost {
            Some(cost) => self.add_cost(cost),
            None => self.unpriced += 1,
        }
    }

    fn add_cost(&mut self, cost: Money) {
        *self.reported_cost.get_or_insert_default() += cost;
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.generations += other.generations;
        self.errors += other.errors;
        self.usage += other.usage;
        if let Some(cost) = other.reported_cost {
            self.add_cost(cost);
        }
        self.unpriced += other.unpriced;
    }
}
