//! What must hold for any bytes that a server may be sent: entry functions of the fuzz targets.
//!
//! `cargo fuzz run sigil_json` (or `sigil_protobuf`, `insidellm`) looks for bytes for which it does not; the tests of
//! `lightwell-wire` include this file and try bytes of their own, so that it is tried everywhere.

mod entry;

pub use entry::{insidellm, sigil_json, sigil_protobuf};
