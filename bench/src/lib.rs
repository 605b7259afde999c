//! What the benchmark programs share: a seeded generator of numbers, measuring, and realistic agents.
//!
//! Nothing here reads a clock to decide what to generate: the same seed gives the same data.

pub mod agents;
pub mod measure;
pub mod random;
pub mod text;
