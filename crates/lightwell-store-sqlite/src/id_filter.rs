//! Which ids may be in a file, so that the files where one is not need not be asked.

/// Bits kept for each key: with 6 probes about one key in 1800 is taken for another.
const BITS_PER_KEY: usize = 16;
const PROBES: u32 = 6;
const FIRST_KEYS: usize = 1024;
const LARGEST_KEYS: usize = 1 << 20;

/// A Bloom filter that grows by blocks, each four times as large as the one before.
#[derive(Debug, Default)]
pub struct IdFilter {
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    bits: Vec<u64>,
    keys: usize,
    capacity: usize,
}

impl IdFilter {
    /// An empty filter whose first block has room for this many keys.
    pub fn with_capacity(keys: usize) -> Self {
        Self { blocks: vec![Block::new(keys.max(FIRST_KEYS))] }
    }

    /// Adds a key, which is a hash already.
    pub fn insert(&mut self, key: i64) {
        if self.blocks.last().is_none_or(|block| block.keys >= block.capacity) {
            let capacity =
                self.blocks.last().map_or(FIRST_KEYS, |block| (block.capacity * 4).min(LARGEST_KEYS));
            self.blocks.push(Block::new(capacity));
        }
        if let Some(block) = self.blocks.last_mut() {
            block.keys += 1;
            for place in places(key, block.bits.len()) {
                block.bits[place / 64] |= 1 << (place % 64);
            }
        }
    }

    /// False when the key was never added; true when it was, and rarely otherwise.
    pub fn may_contain(&self, key: i64) -> bool {
        self.blocks.iter().any(|block| {
            places(key, block.bits.len()).all(|place| block.bits[place / 64] & (1 << (place % 64)) != 0)
        })
    }
}

impl Block {
    fn new(capacity: usize) -> Self {
        Self { bits: vec![0; (capacity * BITS_PER_KEY).div_ceil(64)], keys: 0, capacity }
    }
}

fn places(key: i64, words: usize) -> impl Iterator<Item = usize> {
    // Two independent halves of the key give all probes (Kirsch and Mitzenmacher).
    let (mut at, step) = (key as u64, (key as u64).rotate_left(32) | 1);
    (0..PROBES).map(move |_| {
        at = at.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        ((u128::from(at) * (words as u128 * 64)) >> 64) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> i64 {
        i64::from_le_bytes(std::array::from_fn(|i| blake3::hash(&n.to_le_bytes()).as_bytes()[i]))
    }

    #[test]
    fn knows_every_key_and_mistakes_few() {
        let mut filter = IdFilter::default();
        (0..20_000).for_each(|n| filter.insert(key(n)));
        assert!((0..20_000).all(|n| filter.may_contain(key(n))));
        let mistaken = (20_000..120_000).filter(|n| filter.may_contain(key(*n))).count();
        assert!(mistaken < 400, "{mistaken} of 100000 keys were mistaken");
    }
}
