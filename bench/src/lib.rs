//! What the benchmark programs share: a seeded generator of numbers, measuring, realistic agents, and a real server to send
//! them to.
//!
//! Nothing here reads a clock to decide what to generate: the same seed gives the same data.

pub mod agents;
pub mod connection;
pub mod events;
pub mod expect;
pub mod ledger;
pub mod load;
pub mod measure;
pub mod random;
pub mod sigil;
pub mod target;
pub mod text;
