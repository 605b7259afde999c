//! Every foreign shape to and from the canonical model.
//!
//! One folder a dialect, and the same file names in each:
//!
//! | file | job |
//! |---|---|
//! | `mod.rs` | what the dialect is, its types, where things are |
//! | `json` | its JSON: encode, join into a batch, split, decode |
//! | `protobuf` | its protobuf, if it has one: the same four |
//! | `paths` | HTTP and gRPC paths |
//! | `results` | the answer to a batch, both directions |
//! | `render` | canonical records in the dialect's API shape |
//!
//! Invariants: nothing here reads a clock, a file, the environment or a random number. A field that we do not know is never
//! an error and never dropped: it is kept with the record. One bad item never takes its neighbours along.

pub mod delivery;
pub mod insidellm;
pub mod shrink;
pub mod sigil;

#[rustfmt::skip]
#[expect(missing_docs, reason = "prost writes no comment on the oneof modules")]
mod r#gen;
mod digest;
mod item;
mod json_text;
mod json_value;
mod members;
mod path;
mod provider;
mod timestamp;

pub use item::{Batch, BodyError, Item, ItemError, Receipt};
