//! The API keys of a data folder, for tools: also while a server uses the folder, which takes notice by itself.

use std::path::Path;

use lightwell_store::{ApiKey, NewApiKey, StoreError};

use crate::fault::Fault;
use crate::meta::Meta;
use crate::sqlite_store::make_private;

/// The API keys of a data folder. Takes no lock on the folder: SQLite's own locks order what is written.
pub struct KeyFile {
    meta: Meta,
}

impl KeyFile {
    /// Opens the keys of a folder, which is made when it is not there.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        make_private(root).map_err(|error| Fault::from(error).at(root, "open the data folder"))?;
        let path = root.join("meta.db");
        let meta = Meta::open(&path).map_err(|fault| fault.at(&path, "open"))?;
        Ok(Self { meta })
    }

    /// Adds a key.
    pub fn add(&self, key: &NewApiKey) -> Result<ApiKey, StoreError> {
        self.meta.add_key(key)
    }

    /// All keys that were not revoked, oldest first.
    pub fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.meta.keys()
    }

    /// Revokes a key by its public id; false when there is none.
    pub fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        self.meta.revoke_key(id)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::SqliteStore;

    #[test]
    fn a_folder_that_is_made_is_its_owners_and_one_that_was_there_stays_as_it_was() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |folder: &Path| metadata(folder).unwrap().permissions().mode() & 0o777;
        let (by_keys, by_store, given) =
            (parent.path().join("keys"), parent.path().join("store"), parent.path().join("given"));
        KeyFile::open(&by_keys).unwrap();
        SqliteStore::open(&by_store).unwrap();
        assert_eq!((mode(&by_keys), mode(&by_store)), (0o700, 0o700));
        std::fs::create_dir(&given).unwrap();
        set_permissions(&given, Permissions::from_mode(0o750)).unwrap();
        SqliteStore::open(&given).unwrap();
        assert_eq!(mode(&given), 0o750);
    }
}
