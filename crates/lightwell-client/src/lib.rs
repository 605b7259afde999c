//! The client half: admit, queue, batch, deliver, from inside somebody else's process.
//!
//! ```
//! use std::time::Duration;
//! use lightwell_client::sigil::{GenerationBuilder, Protocol, SigilBuilder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // `Protocol::Discard` forgets everything; `Protocol::Grpc` and `Protocol::Http` deliver to the endpoint.
//! let client = SigilBuilder::new(Protocol::Discard, "localhost:4317").header("X-Scope-OrgID", "team-a").build()?;
//! let call = GenerationBuilder::new("openai", "gpt-4o-mini").conversation("chat-17").user("Hello!");
//! // ... ask the model ...
//! client.record_generation(&call.answer("Hello.").usage(9, 2).build())?;
//!
//! let report = client.flush(Some(Duration::from_secs(5)));
//! assert!(report.all_delivered());
//! let stats = client.stats();
//! assert_eq!(stats.accepted, stats.delivered + stats.dropped() + stats.pending);
//! assert!(client.shutdown(Some(Duration::from_secs(5))));
//! # Ok(())
//! # }
//! ```
//!
//! A record takes this way:
//!
//! ```text
//! record ─► queue (bounded in items and bytes) ─► ticket ─► deliver ─► judge ─► decide ─► settled in the ledger
//!           └ refused at the door: an error to the caller     └◄── wait, halve ──┘
//! ```
//!
//! With [`Settings::spool`], each record is also in a file before `record` returns, until it is settled. What does not fit in
//! memory is only there; so is what earlier processes left for the same destination:
//!
//! ```text
//! record ─► spool ─► queue ─► ticket ─► … ─► settled ─► acknowledged in the spool
//!             └──── read back, when there is room ──┘
//! ```
//!
//! Invariants: `record` never waits for the network; one native thread a pipeline and process, started by the first
//! record, or at once when an earlier process left something in the spool; accepted = delivered + dropped(reason) + pending at every moment; the child of a fork starts empty.

mod account;
mod deliver;
mod encoding;
mod endpoint;
mod headers;
pub mod insidellm;
mod ledger;
mod notices;
mod pipeline;
mod process;
mod queue;
mod settings;
pub mod sigil;
mod spool;
mod state;
pub mod verdict;
mod worker;

pub use deliver::{Probe, take_inherited_connections};
pub use encoding::{Encoding, ItemResult};
pub use endpoint::BuildError;
pub use ledger::{DropReason, Stats};
pub use notices::{Level, Notice};
pub use pipeline::{Flush, Pipeline, RecordError, Shutdown};
pub use process::Process;
pub use queue::FlushReport;
pub use settings::{Compression, RetryPolicy, Settings};
pub use spool::{Fsync, SpoolSettings, WhenFull};
