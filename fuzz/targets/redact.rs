//! `cargo fuzz run redact`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lightwell_fuzz::redact(bytes));
