//! What the model promises, checked from outside with generated records.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod model {
    mod address;
    pub mod any;
    mod merge;
    mod tenant;
    mod usage;
    mod validate;
}
