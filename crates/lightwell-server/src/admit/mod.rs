//! Admitting: who sends, for which tenant, and whether what is sent keeps the rules.

mod authorize;
mod key;
mod keyring;
mod record;

pub(crate) use authorize::{Caller, Peer, authorize};
pub use key::KeySecret;
pub(crate) use keyring::Keyring;
pub(crate) use record::{Admission, Admitted, admit};
