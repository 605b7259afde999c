//! A crash-safe, segmented log of byte records on disk, which the processes that share a folder leave to one another.
//!
//! ```text
//! dir/                            the quota counts everything in here
//!   group/                        records that may take over from one another: one destination
//!     life/                       one owner at a time: whoever holds the lock of `owner`
//!       owner                     locked while the owner lives; the header's copy
//!       0000000000000001.seg      header, then frames
//!       0000000000000001.ack      numbers of this segment that are acknowledged
//! ```
//!
//! One life writes one folder of its own. When its process is gone, the lock is free, and the next one that looks takes
//! the folder over, alone, and reads what was not acknowledged.
//!
//! ```
//! use std::sync::Arc;
//! use lightwell_spool::{DiskFiles, Held, Options, Place, ReadLimit, Spool};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let place = |life: &str| Place { dir: folder.path().into(), group: "to-a".into(), life: life.into(), meta: b"v1".to_vec() };
//! let crashed = Spool::new(Arc::new(DiskFiles), place("life-1"), Options::default());
//! crashed.append(1, b"tag", b"hello", Held::InMemory)?;
//! crashed.append(2, b"tag", b"world", Held::OnDiskOnly)?;
//! crashed.acknowledge(None, &[1])?;
//! drop(crashed); // As a crash would: nothing is closed.
//!
//! let next = Spool::new(Arc::new(DiskFiles), place("life-2"), Options::default());
//! assert_eq!(next.adopt().folders, 1);
//! let batch = next.read(ReadLimit { records: 100, bytes: 1 << 20 })?.expect("a record is left");
//! let owner = batch.owner.expect("it is another life's");
//! assert_eq!((owner.meta(), batch.records[0].number, &batch.records[0].payload[..]), (&b"v1"[..], 2, &b"world"[..]));
//! next.acknowledge(Some(&owner), &[2])?;
//! # Ok(())
//! # }
//! ```
//!
//! Invariants: payloads are never parsed; what is not acknowledged is never deleted, except by the policy for a full
//! quota, which says what it took; an append is one write of a whole frame, and a frame that is not whole is never read;
//! damage costs the records it touches and no others; a forked child never writes to its parent's files.

mod error;
mod files;
mod folder;
mod frame;
mod lock;
mod ranges;
mod reader;
mod segment;
mod settings;
mod spool;
mod takeover;

pub use error::{AppendError, DiskError, Failure};
pub use files::{DiskFiles, Entry, Files, LogFile, OwnerLock};
pub use frame::{FRAME_HEAD_BYTES, VERSION};
pub use ranges::Ranges;
pub use reader::Record;
pub use settings::{Held, Options, Place, ReadLimit, Sync, WhenFull};
pub use spool::{Batch, Evicted, Remaining, Spool};
pub use takeover::{Adoption, Owner};
