//! The canonical records of an LLM program and their rules.
//!
//! Everything that Lightwell receives, in whatever shape, becomes one of three records inside a tenant: a
//! [`Generation`] (one LLM call), a [`Step`] (anything else with a duration) or an [`Event`] (a point in time).
//! A conversation is what records with the same conversation id have in common; it is never sent by itself.
//!
//! ```text
//!   foreign shape ──wire──► Record ──address()──► AddressedGeneration ──► store
//!                             ▲                    head + content ids
//!                             └──── assemble() ◄──────────┘
//! ```
//!
//! Invariants:
//! - nothing here reads a clock, a file or the environment, and nothing is asynchronous;
//! - equal content has equal ids, in every process and on every day ([`ContentId`], [`NodeId`]);
//! - taking a record apart and putting it together again changes nothing, byte for byte;
//! - merging the halves of one call gives the same record in whatever order they arrive.

mod address;
mod content;
mod delivery;
mod event;
mod generation;
mod id;
pub mod limits;
mod merge;
mod message;
mod ranges;
mod record;
mod step;
mod usage;
mod validate;

pub use address::{AddressedGeneration, NotCanonical};
pub use content::{Content, ContentHash, ContentId, NodeId};
pub use delivery::{Counters, DeliveryReport, Process};
pub use event::Event;
pub use generation::{
    Agent, Artifact, CallError, Generation, Mode, Model, Origin, RequestControls, Response, ToolDefinition,
};
pub use id::{InvalidTenant, TenantId};
pub use merge::{Conflict, Merge};
pub use message::{ExactBytes, Message, Part, PartBody, Role};
pub use ranges::{InvalidRanges, Ranges, range};
pub use record::{Day, Fragment, FragmentKind, Record, RecordKind, Unknown};
pub use step::{Step, StepKind};
pub use usage::{Money, TokenUsage, UsageSemantics};
pub use validate::{Invalid, validate};

/// Free-form attributes of a record, sorted by key.
pub type Metadata = std::collections::BTreeMap<String, serde_json::Value>;
/// Short labels of a record, sorted by key; these are what queries filter by.
pub type Tags = std::collections::BTreeMap<String, String>;
