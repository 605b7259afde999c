//! What must hold for any bytes that a server may be sent: entry functions of the fuzz targets.
//!
//! `cargo fuzz run sigil_json` (or `sigil_protobuf`, `insidellm`, `redact`; see README.md) looks for bytes for which it does not; the tests of
//! `lightwell-wire` and `lightwell-redact` include these files and try bytes of their own, so that it is tried everywhere.

mod entry;
mod redact;

pub use entry::{insidellm, sigil_json, sigil_protobuf};
pub use redact::redact;
