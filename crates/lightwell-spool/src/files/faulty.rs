//! A file system in memory that fails as it is told: no room, short writes, nothing writable, failing syncs and reads,
//! power cuts that lose what was not synced, flipped bits.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Entry, Files, LogFile, OwnerLock};

/// What fails now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// Bytes that can still be written.
    pub(crate) room: Option<u64>,
    /// Most bytes that one write takes.
    pub(crate) short: Option<usize>,
    pub(crate) read_only: bool,
    pub(crate) no_sync: bool,
    pub(crate) no_read: bool,
    pub(crate) no_truncate: bool,
}

#[derive(Debug, Default)]
struct World {
    lists: u64,
    faults: Faults,
    dirs: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    nodes: BTreeMap<u64, Node>,
    locked: BTreeSet<u64>,
}

#[derive(Debug, Default)]
struct Node {
    content: Vec<u8>,
    synced: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyFiles(Arc<Mutex<World>>);

impl FaultyFiles {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.world().faults = faults;
    }

    /// How many folders were listed.
    pub(crate) fn lists(&self) -> u64 {
        self.world().lists
    }

    pub(crate) fn faults(&self) -> Faults {
        self.world().faults
    }

    /// Every file keeps what was synced, and this share (of 255) of the rest.
    pub(crate) fn cut_power(&self, kept: u8) {
        for node in self.world().nodes.values_mut() {
            let unsynced = node.content.len() - node.synced;
            node.content.truncate(node.synced + unsynced * usize::from(kept) / 255);
            node.synced = node.content.len();
        }
    }

    /// Flips one bit of a file of frames or acknowledgements; false when there is none.
    pub(crate) fn flip(&self, at: u64) -> bool {
        let mut world = self.world();
        let data = world.names.iter().filter(|(path, _)| !path.ends_with(crate::folder::OWNER));
        let ids: Vec<u64> = data.map(|(_, id)| *id).collect();
        let bits: u64 = ids.iter().map(|id| world.nodes[id].content.len() as u64 * 8).sum();
        if bits == 0 {
            return false;
        }
        let mut bit = at % bits;
        for id in ids {
            let content = &mut world.nodes.get_mut(&id).unwrap().content;
            if bit < content.len() as u64 * 8 {
                content[bit as usize / 8] ^= 1 << (bit % 8);
                return true;
            }
            bit -= content.len() as u64 * 8;
        }
        false
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.world().names.keys().cloned().collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.world().nodes.values().map(|node| node.content.len() as u64).sum()
    }

    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn LogFile>> {
        let mut world = self.world();
        let id = match world.names.get(path) {
            Some(id) => *id,
            None if !create => return Err(io::ErrorKind::NotFound.into()),
            None => {
                world.writable()?;
                if !path.parent().is_some_and(|parent| world.dirs.contains(parent)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                let id = world.nodes.last_key_value().map_or(1, |(id, _)| id + 1);
                world.nodes.insert(id, Node::default());
                world.names.insert(path.to_path_buf(), id);
                id
            }
        };
        Ok(Arc::new(FaultyFile { files: self.clone(), id }))
    }
}

impl World {
    fn writable(&self) -> io::Result<()> {
        if self.faults.read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }
}

impl Files for FaultyFiles {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if world.dirs.contains(path) {
            return Ok(());
        }
        world.writable()?;
        world.dirs.extend(path.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut world = self.world();
        world.lists += 1;
        if !world.dirs.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let child = |other: &&PathBuf| other.parent() == Some(path);
        let dirs =
            world.dirs.iter().filter(child).map(|dir| Entry { name: name(dir), bytes: 0, is_dir: true });
        let files = world.names.iter().filter(|(other, _)| child(other));
        let files = files.map(|(file, id)| Entry {
            name: name(file),
            bytes: world.nodes[id].content.len() as u64,
            is_dir: false,
        });
        Ok(dirs.chain(files).collect())
    }

    fn open_append(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.open(path, true)
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.open(path, false)
    }

    fn lock(&self, path: &Path, create: bool) -> io::Result<Option<Box<dyn OwnerLock>>> {
        self.open(path, create)?;
        let mut world = self.world();
        let id = world.names[path];
        Ok(world.locked.insert(id).then(|| Box::new(Held { files: self.clone(), id }) as Box<dyn OwnerLock>))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.writable()?;
        let id = world.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        let size = world.nodes.remove(&id).map_or(0, |node| node.content.len() as u64);
        if let Some(room) = &mut world.faults.room {
            *room += size;
        }
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.writable()?;
        let is_child = |other: &PathBuf| other.parent() == Some(path);
        if world.dirs.iter().any(is_child) || world.names.keys().any(is_child) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        world.dirs.remove(path);
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        if self.world().faults.no_sync { Err(io::Error::other("EIO")) } else { Ok(()) }
    }
}

#[derive(Debug)]
struct FaultyFile {
    files: FaultyFiles,
    id: u64,
}

impl LogFile for FaultyFile {
    fn append(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut world = self.files.world();
        world.writable()?;
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let most = world.faults.short.unwrap_or(usize::MAX).max(1);
        bytes.truncate(most.min(world.faults.room.map_or(usize::MAX, |room| room as usize)));
        if bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if let Some(room) = &mut world.faults.room {
            *room -= bytes.len() as u64;
        }
        let node = world.nodes.get_mut(&self.id).ok_or(io::ErrorKind::NotFound)?;
        node.content.extend_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let world = self.files.world();
        if world.faults.no_read {
            return Err(io::Error::other("EIO"));
        }
        let content = world.nodes.get(&self.id).map(|node| &node.content[..]).unwrap_or_default();
        let rest = content.get(offset as usize..).unwrap_or_default();
        let most = world.faults.short.unwrap_or(usize::MAX).max(1);
        let read = rest.len().min(buffer.len()).min(most);
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        let mut world = self.files.world();
        if world.faults.no_truncate {
            return Err(io::Error::other("EIO"));
        }
        let node = world.nodes.get_mut(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let cut = node.content.len().saturating_sub(bytes as usize);
        node.content.truncate(bytes as usize);
        node.synced = node.synced.min(bytes as usize);
        if let Some(room) = &mut world.faults.room {
            *room += cut as u64;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.files.world();
        if world.faults.no_sync {
            return Err(io::Error::other("EIO"));
        }
        if let Some(node) = world.nodes.get_mut(&self.id) {
            node.synced = node.content.len();
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Held {
    files: FaultyFiles,
    id: u64,
}

impl OwnerLock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.files.world().locked.remove(&self.id);
    }
}
