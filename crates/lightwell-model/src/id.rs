//! Who owns the data.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits;

/// The owner of records. Every read and every write happens inside one tenant.
///
/// 1 to 150 characters of `a-z A-Z 0-9 ! - _ . * ' ( )`, and neither `.` nor `..` (the rule of the Sigil server, so
/// that an `X-Scope-OrgID` which works there works here).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The tenant of a server that runs without keys and of requests that name none.
    pub fn default_tenant() -> Self {
        Self("default".into())
    }

    /// The tenant's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenant;

    fn from_str(name: &str) -> Result<Self, InvalidTenant> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()".contains(c);
        if name.is_empty() {
            return Err(InvalidTenant::Empty);
        }
        if name.len() > limits::TENANT_BYTES {
            return Err(InvalidTenant::TooLong { bytes: name.len() });
        }
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(InvalidTenant::Character { character });
        }
        if name == "." || name == ".." {
            return Err(InvalidTenant::Reserved);
        }
        Ok(Self(name.into()))
    }
}

/// Why a text is not a tenant id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTenant {
    /// No name at all.
    #[error("tenant id is empty")]
    Empty,
    /// More than [`limits::TENANT_BYTES`].
    #[error("tenant id has {bytes} bytes, the limit is {}", limits::TENANT_BYTES)]
    TooLong {
        /// Length of the refused id.
        bytes: usize,
    },
    /// A character outside the allowed set.
    #[error("tenant id contains {character:?}; allowed are letters, digits and !-_.*'()")]
    Character {
        /// The first character that is not allowed.
        character: char,
    },
    /// `.` or `..`.
    #[error("tenant id must not be '.' or '..'")]
    Reserved,
}
