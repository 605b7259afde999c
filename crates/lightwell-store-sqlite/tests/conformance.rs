//! The embedded engine keeps the promises of the trait.

use std::sync::{Arc, Mutex, PoisonError};

use lightwell_store::Store;
use lightwell_store::conformance::Subject;
use lightwell_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// Stores in folders of their own.
#[derive(Default)]
struct Sqlite {
    folders: Mutex<Vec<TempDir>>,
}

#[async_trait::async_trait]
impl Subject for Sqlite {
    async fn open(&self) -> Arc<dyn Store> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = SqliteStore::open(folder.path()).expect("a new folder can be opened");
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
        Arc::new(store)
    }

    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        drop(store);
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = folders.last().expect("a store was opened");
        Arc::new(SqliteStore::open(folder.path()).expect("the folder can be opened again"))
    }
}

lightwell_store::conformance_suite!(Sqlite::default());
