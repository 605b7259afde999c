//! `cargo fuzz run sigil_json`
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| lightwell_fuzz::sigil_json(body));
