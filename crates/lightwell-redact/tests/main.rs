//! What is found and what is not, case by case; the promises of the crate over random texts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod redact {
    pub mod support;

    mod cases;
    mod docs;
    mod guard;
    mod properties;
}
