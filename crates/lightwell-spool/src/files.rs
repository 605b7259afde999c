//! The few file operations that the spool needs, so that a faulty file system can be put under it.

mod disk;
#[cfg(test)]
pub(crate) mod faulty;

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use self::disk::DiskFiles;

/// A file system.
pub trait Files: Send + Sync + Debug {
    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// The system's.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// What a folder holds.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Opens a file to append to; makes it if it is not there.
    ///
    /// # Errors
    /// The system's.
    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn LogFile>>;

    /// Opens a file to read.
    ///
    /// # Errors
    /// The system's.
    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn LogFile>>;

    /// Opens a file and locks it, exclusively and for as long as the result lives, against other processes and this one.
    /// `None`: somebody else has it, or it is not the file of that name any more. Makes it when told to.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self, path: &Path, create: bool) -> io::Result<Option<Box<dyn OwnerLock>>>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// The system's.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Bytes of a file; 0 for a folder.
    pub bytes: u64,
    /// Whether it is a folder.
    pub is_dir: bool,
}

/// An open file.
pub trait LogFile: Send + Sync + Debug {
    /// One write at the end; says how many bytes it took.
    ///
    /// # Errors
    /// The system's.
    fn append(&self, parts: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Reads from a place; 0 at the end.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Cuts the file.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// Makes the file's content durable.
    ///
    /// # Errors
    /// The system's.
    fn sync(&self) -> io::Result<()>;
}

/// A lock that is held while this lives.
pub trait OwnerLock: Send + Sync + Debug {}

/// Writes everything, in as few writes as the system takes.
pub(crate) fn append_all(file: &dyn LogFile, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    let mut left = parts;
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.append(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; says how much that is.
pub(crate) fn read_full(file: &dyn LogFile, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
