//! The embedded engine: SQLite, one file a UTC day, and `meta.db`.
//!
//! ```text
//!   append ─► prepare (threads) ─► router ─► writer of the day ─► 2026-11-22/records.db
//!             take apart, hash      home       group commit           │ content, nodes, records, rollups
//!   queries ─► readers (threads) ──────────────────────────────────────┘
//!              └─► meta.db: keys, deletions, conversation-to-days index
//! ```
//!
//! Invariants:
//! - an append is answered after the commit of every file that it went to;
//! - each day's file stands by itself: its references never leave it, and it can be unlinked at any time;
//! - what a record contributes to its conversation is committed together with it, once;
//! - `meta.db`'s index is derived, everything else in it is not;
//! - `delivery.db` is behind the journals of the day files, never ahead of them;
//! - the caller's runtime never waits on a disk or a lock that is held across one.
//!
//! Column segments (`<day>/segments`) and the search index will lie beside `records.db`, derived from it.

mod cleaning;
mod codec;
mod codes;
mod day_file;
mod delivery;
mod dictionaries;
mod documents;
mod engine;
mod fault;
mod file;
mod gather;
mod history;
mod id_filter;
mod key_file;
mod key_index;
mod list;
mod load;
mod memo;
mod meta;
mod pages;
mod prepare;
mod preview;
mod query;
mod reader;
mod recent;
mod rollup;
mod schema;
mod selection;
mod shard;
mod shared;
mod sqlite_store;
mod sweep;
mod symbols;
mod workers;
mod writer;

pub use key_file::KeyFile;
pub use sqlite_store::SqliteStore;
