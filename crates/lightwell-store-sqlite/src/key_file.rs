//! The API keys of a data folder, for tools: also while a server uses the folder, which takes notice by itself.

use std::path::Path;

use lightwell_store::{ApiKey, NewApiKey, StoreError};

use crate::fault::Fault;
use crate::meta::Meta;

/// The API keys of a data folder. Takes no lock on the folder: SQLite's own locks order what is written.
pub struct KeyFile {
    meta: Meta,
}

impl KeyFile {
    /// Opens the keys of a folder, which is made when it is not there.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(root).map_err(|error| Fault::from(error).at(root, "open the data folder"))?;
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
