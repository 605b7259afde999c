//! What can go wrong with a disk, told apart as far as somebody would act differently.

use std::io;
use std::path::{Path, PathBuf};

/// Why a record is not on disk.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The folder holds as many bytes as it may, and nothing can make room.
    #[error("the spool's quota of {quota_bytes} bytes is reached")]
    QuotaReached {
        /// The quota.
        quota_bytes: u64,
    },
    /// No frame can hold it.
    #[error("a record of {size} bytes is over the spool's limit of {limit} bytes")]
    TooLarge {
        /// Bytes of the record.
        size: u64,
        /// Most bytes of one record.
        limit: u64,
    },
    /// The spool was closed.
    #[error("the spool is closed")]
    Closed,
    /// The file system did not do it.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// An operation that the file system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct DiskError {
    /// What was tried: `write`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Which kind of trouble it is.
    pub failure: Failure,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No room: the file system or a user's share of it is full.
    Full,
    /// Nothing may be written there.
    ReadOnly,
    /// Everything else: the device fails, or the folder is not there.
    Other,
}

impl Failure {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Other,
        }
    }
}

impl DiskError {
    /// What was there is not there any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    pub(crate) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_path_buf(), failure: Failure::of(&source), source }
    }
}
