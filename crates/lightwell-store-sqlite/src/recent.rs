//! A bounded map that forgets what was not used lately.

use std::borrow::Borrow;
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt};

/// Two generations of entries: when the young one is full it becomes the old one, and the old one is forgotten. An entry
/// that is used moves to the young one. So at least the `capacity` latest used entries are known, and at most twice as many.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// An empty map that remembers this many entries.
    pub fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity }
    }

    /// What is remembered of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Remembers an entry.
    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets one entry.
    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_only_what_was_not_used_lately() {
        let mut recent = Recent::new(2);
        for n in 0..3 {
            recent.put(n, n);
            assert_eq!(recent.get(&0), Some(0));
        }
        (3..20).for_each(|n| recent.put(n, n));
        assert_eq!(recent.get(&0), None);
        assert_eq!(recent.get(&19), Some(19));
        assert!(recent.young.len() + recent.old.len() <= 4);
    }
}
