//! Which keys there are, asked from the store and remembered for a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lightwell_store::{ApiKey, KeyDigest, Store, StoreError};
use tokio::time::Instant;

use crate::limits;

/// Which keys there are. A key that is made or revoked, by this process or another, counts within
/// [`limits::KEY_CACHE`].
pub(crate) struct Keyring {
    store: Arc<dyn Store>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    any: Option<Remembered<bool>>,
    keys: HashMap<KeyDigest, Remembered<Option<ApiKey>>>,
}

#[derive(Clone)]
struct Remembered<T> {
    value: T,
    until: Instant,
}

impl<T: Clone> Remembered<T> {
    fn new(value: T) -> Self {
        Self { value, until: Instant::now() + limits::KEY_CACHE }
    }

    fn get(&self) -> Option<T> {
        (Instant::now() < self.until).then(|| self.value.clone())
    }
}

impl Keyring {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Whether any key is configured.
    pub async fn any(&self) -> Result<bool, StoreError> {
        if let Some(any) = self.known().any.as_ref().and_then(Remembered::get) {
            return Ok(any);
        }
        let any = !self.store.keys().await?.is_empty();
        self.known().any = Some(Remembered::new(any));
        Ok(any)
    }

    /// The key with this digest.
    pub async fn find(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        if let Some(key) = self.known().keys.get(digest).and_then(Remembered::get) {
            return Ok(key);
        }
        let key = self.store.find_key(digest).await?;
        let mut known = self.known();
        if known.keys.len() >= limits::KEY_CACHE_ENTRIES {
            known.keys.clear();
        }
        known.keys.insert(*digest, Remembered::new(key.clone()));
        Ok(key)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
