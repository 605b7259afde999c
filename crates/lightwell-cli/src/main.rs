//! The binary `lightwell`.
fn main() {}
