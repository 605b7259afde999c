//! `cargo fuzz run insidellm`
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| lightwell_fuzz::insidellm(body));
