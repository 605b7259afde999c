//! What the wire promises, checked from outside: round trips, odd spellings, garbage, recorded traffic.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod wire {
    pub mod support;

    mod conformance;
    mod fuzz;
    mod garbage;
    mod insidellm;
    mod shrink;
    mod sigil_json;
    mod sigil_round_trip;
    mod sigil_spellings;
    mod sigil_write;
    mod speed;
}
