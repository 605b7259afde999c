//! Why an engine could not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

/// Why an engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot store now and will be able to later: the disk is full, the engine is busy. Nothing was stored.
    #[error("storage is unavailable: {reason}")]
    Unavailable {
        /// What is in the way, and what would help.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// It was closed.
    #[error("storage is closed")]
    Closed,
    /// A cursor that this engine did not give for this query.
    #[error(transparent)]
    Cursor(#[from] crate::InvalidCursor),
    /// What is stored cannot be read.
    #[error("{} is damaged or was written by another version: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else, from the engine underneath.
    #[error("storage failed to {action}")]
    Engine {
        /// What it was doing.
        action: &'static str,
        /// What the engine underneath said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
