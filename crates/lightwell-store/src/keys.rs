//! API keys, as they are stored: never the secret, only its digest.

use jiff::Timestamp;
use lightwell_model::TenantId;

/// SHA-256 of a key's secret. Secrets are long and random, so a fast digest is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

/// A key about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Public id: names the key without revealing it.
    pub id: String,
    /// What it is for, in its owner's words.
    pub name: String,
    /// The tenant that its bearer acts as.
    pub tenant: TenantId,
    /// Digest of the secret.
    pub digest: KeyDigest,
    /// Now.
    pub created_at: Timestamp,
}

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Public id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The tenant that its bearer acts as.
    pub tenant: TenantId,
    /// When it was made.
    pub created_at: Timestamp,
}
