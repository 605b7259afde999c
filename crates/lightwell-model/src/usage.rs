//! Tokens and money.

use std::iter::Sum;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::record::is_default;

/// Token counters of one LLM call, as the provider reported them. Zero means "none, or not told".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// Prompt tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub input_tokens: i64,
    /// Completion tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub output_tokens: i64,
    /// The provider's total, or the sum of input and output where it gave none.
    #[serde(skip_serializing_if = "is_default")]
    pub total_tokens: i64,
    /// Prompt tokens read from the provider's cache.
    #[serde(skip_serializing_if = "is_default")]
    pub cache_read_input_tokens: i64,
    /// Prompt tokens written to the provider's cache.
    #[serde(skip_serializing_if = "is_default")]
    pub cache_write_input_tokens: i64,
    /// Completion tokens spent on reasoning.
    #[serde(skip_serializing_if = "is_default")]
    pub reasoning_tokens: i64,
    /// How the counters relate to each other.
    #[serde(skip_serializing_if = "is_default")]
    pub semantics: UsageSemantics,
}

/// How token counters relate to each other (agento11y `input_semantics`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSemantics {
    /// As the provider reports: whether input contains the cache counters depends on the provider.
    #[default]
    Unspecified,
    /// Input contains both cache counters, reasoning is inside output, total is input + output.
    Inclusive,
}

impl TokenUsage {
    /// No counter says anything.
    pub fn is_empty(&self) -> bool {
        *self == Self { semantics: self.semantics, ..Self::default() }
    }

    /// The same with `total_tokens` filled in where the provider gave none.
    #[must_use]
    pub fn with_total(mut self) -> Self {
        if self.total_tokens == 0 {
            self.total_tokens = self.input_tokens.saturating_add(self.output_tokens);
        }
        self
    }
}

/// Counters add up one by one; a sum of calls has no single semantics.
impl AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.total_tokens = self.total_tokens.saturating_add(other.total_tokens);
        self.cache_read_input_tokens =
            self.cache_read_input_tokens.saturating_add(other.cache_read_input_tokens);
        self.cache_write_input_tokens =
            self.cache_write_input_tokens.saturating_add(other.cache_write_input_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
    }
}

/// An amount of US dollars in billionths, so that sums are exact and the same in every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money {
    nanos: i64,
}

impl Money {
    const NANOS_PER_DOLLAR: f64 = 1e9;

    /// The amount closest to `dollars`; none when that is not finite or does not fit (over 9.2 billion).
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nanos = (dollars * Self::NANOS_PER_DOLLAR).round();
        // `i64::MAX as f64` rounds up to 2^63, which does not fit: hence the strict comparison.
        (nanos.abs() < i64::MAX as f64).then_some(Self { nanos: nanos as i64 })
    }

    /// The amount in dollars.
    pub fn dollars(self) -> f64 {
        self.nanos as f64 / Self::NANOS_PER_DOLLAR
    }

    /// An amount in billionths of a dollar.
    pub fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    /// The amount in billionths of a dollar.
    pub fn nanos(self) -> i64 {
        self.nanos
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.nanos = self.nanos.saturating_add(other.nanos);
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |mut total, amount| {
            total += amount;
            total
        })
    }
}
