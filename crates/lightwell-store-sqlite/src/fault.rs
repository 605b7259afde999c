//! What went wrong below the trait, and which error of the trait that is.

use std::path::Path;
use std::time::Duration;

use lightwell_store::StoreError;
use rusqlite::ErrorCode;

/// A failure inside one file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite said so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file system said so.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A reader has not finished for long.
    #[error("somebody reads the file")]
    InUse,
    /// What is stored is not what was written.
    #[error("{0}")]
    Damaged(String),
}

/// The result of work inside one file.
pub type Result<T> = std::result::Result<T, Fault>;

/// How long a sender should wait when the disk is full: long enough for someone, or retention, to make room.
const RETRY_FULL: Duration = Duration::from_secs(10);
/// How long a sender should wait when something else is in the way.
const RETRY_BUSY: Duration = Duration::from_secs(1);

impl Fault {
    /// The error of the trait: what was being done, and to which file.
    pub fn at(&self, path: &Path, action: &'static str) -> StoreError {
        let unavailable = |retry_after| StoreError::Unavailable {
            reason: format!("{} while trying to {action} in {}", self.plainly(), path.display()),
            retry_after,
        };
        match self {
            Self::Damaged(reason) => StoreError::Damaged { path: path.to_owned(), reason: reason.clone() },
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
                }
                Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => unavailable(RETRY_FULL),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen) => {
                    unavailable(RETRY_BUSY)
                }
                _ => StoreError::Engine { action, source: error.to_string().into() },
            },
            Self::File(_) => unavailable(RETRY_FULL),
            Self::InUse => unavailable(RETRY_BUSY),
        }
    }

    fn plainly(&self) -> String {
        match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                "the disk is full".to_owned()
            }
            Self::File(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                "the disk is full".to_owned()
            }
            other => other.to_string(),
        }
    }
}

/// The same error for another waiter: everyone in a group commit learns of its failure.
pub fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable { reason, retry_after } => {
            StoreError::Unavailable { reason: reason.clone(), retry_after: *retry_after }
        }
        StoreError::Closed => StoreError::Closed,
        StoreError::Cursor(cursor) => StoreError::Cursor(*cursor),
        StoreError::Damaged { path, reason } => {
            StoreError::Damaged { path: path.clone(), reason: reason.clone() }
        }
        StoreError::Engine { action, source } => {
            StoreError::Engine { action, source: source.to_string().into() }
        }
    }
}
