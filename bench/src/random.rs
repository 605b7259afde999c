//! Seeded pseudo-random numbers (SplitMix64): fast, small, the same everywhere.

/// A generator whose whole state is one number.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator that this seed stands for.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit` (which is at least 1).
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit.max(1))) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Sixteen random bytes.
    pub fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.bits().to_be_bytes());
        id[8..].copy_from_slice(&self.bits().to_be_bytes());
        id
    }

    /// A length with a long tail: mostly below `mean`, sometimes many times it (exponential).
    pub fn long_tailed(&mut self, mean: f64) -> u64 {
        let unit = (self.bits() >> 11) as f64 / (1u64 << 53) as f64;
        (-mean * (1.0 - unit).ln()) as u64
    }

    /// A number from the standard normal distribution (the sum of twelve uniform ones, which is close enough).
    pub fn normal(&mut self) -> f64 {
        let uniform = |random: &mut Self| (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
        (0..12).map(|_| uniform(self)).sum::<f64>() - 6.0
    }
}
