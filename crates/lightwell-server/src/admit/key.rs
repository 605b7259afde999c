//! The secret of an API key: made once, shown once, stored as its digest.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lightwell_store::KeyDigest;
use sha2::{Digest, Sha256};

/// Begins every secret, so that one that leaked is recognised.
const PREFIX: &str = "lw_";
/// 256 bits: nobody guesses that, so a fast digest protects it.
const RANDOM_BYTES: usize = 32;

/// The secret of an API key.
pub struct KeySecret(String);

impl KeySecret {
    /// A secret of random bytes, which the host draws.
    pub fn from_random(random: [u8; RANDOM_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// A secret as a client sent it.
    pub fn from_client(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// What is stored of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The secret itself, to be shown to its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Never the secret.
impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(..)")
    }
}
