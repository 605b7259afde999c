//! `cargo fuzz run sigil_protobuf`
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| lightwell_fuzz::sigil_protobuf(body));
