//! What happens when the redaction itself breaks: the text does not get out.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The redaction broke; what it was given was not looked at and must be withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// What a redaction gives, or that it failed. Nothing of the text is in a failure, nor in the panic's message: the crate
/// indexes bytes, and a panic of a byte index tells numbers only.
pub fn guarded<T>(redact: impl FnOnce() -> T) -> Result<T, Failed> {
    // A redactor has nothing that a panic could leave half done.
    catch_unwind(AssertUnwindSafe(redact)).map_err(|_panic| Failed)
}
