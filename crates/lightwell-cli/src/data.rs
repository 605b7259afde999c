//! The data folder: where it is, and how it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use lightwell_store::Store;
use lightwell_store_sqlite::{KeyFile, SqliteStore};

use crate::env;

const FOLDER: &str = "lightwell";

/// `--data`, for every command that opens the folder itself.
#[derive(clap::Args)]
pub struct DataArgument {
    /// Folder of the data; made when it does not exist.
    ///
    /// Default: $XDG_DATA_HOME/lightwell, which is normally ~/.local/share/lightwell.
    #[arg(long = "data", value_name = "DIR", env = env::DATA, hide_env_values = true)]
    folder: Option<PathBuf>,
}

impl DataArgument {
    /// The folder.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        if let Some(data_home) = env::get(env::XDG_DATA_HOME) {
            return Ok(PathBuf::from(data_home).join(FOLDER));
        }
        match env::get(env::HOME) {
            Some(home) => Ok(PathBuf::from(home).join(".local/share").join(FOLDER)),
            None => bail!("there is no home folder to keep data in; say where with --data DIR"),
        }
    }
}

/// Opens the engine on a data folder, which must not be in use by another server.
pub async fn open_store(folder: PathBuf) -> anyhow::Result<Arc<dyn Store>> {
    let path = folder.clone();
    // Reading what is stored takes a while; it is not done where connections are served.
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(path)).await?;
    let store = opened.with_context(|| cannot_open(&folder))?;
    Ok(Arc::new(store))
}

/// Opens the keys of a data folder, which may be in use.
pub fn open_keys(folder: &Path) -> anyhow::Result<KeyFile> {
    KeyFile::open(folder).with_context(|| cannot_open(folder))
}

fn cannot_open(folder: &Path) -> String {
    format!("cannot open the data folder {} (choose another with --data DIR)", folder.display())
}
