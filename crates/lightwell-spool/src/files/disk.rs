//! The real file system.
//!
//! The lock is `flock` (see docs/adr/0007-spool.md): it excludes within a process too, and a file's other descriptors do
//! not end it. It is inherited over a fork, which is why the spool lets children drop their copies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, IoSlice, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Entry, Files, LogFile, OwnerLock};

/// The system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // What people say to their models is nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata()) else {
                // Not a name of ours, or removed by its owner meanwhile.
                continue;
            };
            let is_dir = metadata.is_dir();
            entries.push(Entry { name, bytes: if is_dir { 0 } else { metadata.len() }, is_dir });
        }
        Ok(entries)
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        Ok(Arc::new(DiskFile(private().append(true).read(true).create(true).open(path)?)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        Ok(Arc::new(DiskFile(File::open(path)?)))
    }

    fn lock(&self, path: &Path, create: bool) -> io::Result<Option<Box<dyn OwnerLock>>> {
        let file = private().append(true).read(true).create(create).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between our opening it and our locking it, its last owner may have removed it.
        Ok(is_still(path, &file)?.then(|| Box::new(DiskLock(file)) as Box<dyn OwnerLock>))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn is_still(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_still(_path: &Path, _file: &File) -> io::Result<bool> {
    // An open file cannot be removed there.
    Ok(true)
}

#[derive(Debug)]
struct DiskFile(File);

impl LogFile for DiskFile {
    fn append(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.0).write_vectored(parts)
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Closing the file frees the lock.
#[derive(Debug)]
struct DiskLock(#[expect(dead_code, reason = "held, not read")] File);

impl OwnerLock for DiskLock {}
