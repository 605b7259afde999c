//! Content addresses: the id of a piece of content, and the id of a history.
//!
//! ```text
//!   root ──► node 1 ──► node 2 ──► node 3        a generation's input head
//!            system?     user       assistant
//!                          └──────► node 3'      another generation diverged after "user"
//! ```
//!
//! Ids are the first 16 bytes of BLAKE3 (docs/adr/0002-content-ids.md). They do not contain the tenant: an engine
//! keys content by (tenant, id), so nothing is ever shared between tenants.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The address of one message, system prompt or tool set: a hash of its canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContentId([u8; 16]);

impl ContentId {
    /// The address of these canonical bytes.
    pub fn of(canonical: &[u8]) -> Self {
        Self(truncate(blake3::hash(canonical)))
    }

    /// The raw address.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// An address read back from where [`Self::as_bytes`] was written.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// The address of canonical bytes that come in pieces. BLAKE3 is fastest when the pieces are long.
#[derive(Debug, Default)]
pub struct ContentHash(blake3::Hasher);

impl ContentHash {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The address of all pieces together.
    pub fn finish(&self) -> ContentId {
        ContentId(truncate(self.0.finalize()))
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

/// The address of a history: a list of messages from the first to this one.
///
/// Equal lists have equal nodes, and two lists share exactly the nodes of their common prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// The empty history.
    pub const ROOT: Self = Self([0; 16]);

    /// The history that continues this one with `message`.
    #[must_use]
    pub fn then(self, message: ContentId) -> Self {
        let mut edge = [0; 32];
        edge[..16].copy_from_slice(&self.0);
        edge[16..].copy_from_slice(&message.0);
        Self(truncate(blake3::hash(&edge)))
    }

    /// The raw address.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// An address read back from where [`Self::as_bytes`] was written.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

/// Canonical bytes with their address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    id: ContentId,
    canonical: Vec<u8>,
}

impl Content {
    /// Addresses canonical bytes.
    pub fn new(canonical: Vec<u8>) -> Self {
        Self { id: ContentId::of(&canonical), canonical }
    }

    /// The address.
    pub fn id(&self) -> ContentId {
        self.id
    }

    /// The canonical bytes.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The canonical bytes, to keep.
    pub fn into_canonical(self) -> Vec<u8> {
        self.canonical
    }
}

fn truncate(hash: blake3::Hash) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_bytes()[..16]);
    id
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
