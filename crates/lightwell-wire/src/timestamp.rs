//! RFC 3339 text and protobuf timestamps.
//!
//! Invariant: nanoseconds survive in both directions.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;

/// The time that a protobuf timestamp means; `None` outside the years that can be written.
pub fn from_proto(time: &prost_types::Timestamp) -> Option<Timestamp> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return None;
    }
    // The smallest year that RFC 3339 can write is 0000; jiff's own limits are wider.
    let time = Timestamp::new(time.seconds, 0)
        .ok()?
        .checked_add(jiff::SignedDuration::from_nanos(time.nanos.into()))
        .ok()?;
    (0..=9999).contains(&Offset::UTC.to_datetime(time).year()).then_some(time)
}

/// Writes [`text`] in quotes.
pub fn put(out: &mut Vec<u8>, time: Timestamp) {
    out.push(b'"');
    out.extend_from_slice(text(time).as_bytes());
    out.push(b'"');
}

/// `2026-01-02T03:04:05.123Z`, with 0, 3, 6 or 9 digits of fraction.
pub fn text(time: Timestamp) -> String {
    let parts = Offset::UTC.to_datetime(time);
    let date = format!("{:04}-{:02}-{:02}", parts.year(), parts.month(), parts.day());
    let clock = format!("{:02}:{:02}:{:02}", parts.hour(), parts.minute(), parts.second());
    let nanos = parts.subsec_nanosecond();
    match nanos {
        0 => format!("{date}T{clock}Z"),
        _ if nanos % 1_000_000 == 0 => format!("{date}T{clock}.{:03}Z", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{date}T{clock}.{:06}Z", nanos / 1_000),
        _ => format!("{date}T{clock}.{nanos:09}Z"),
    }
}

/// Reads RFC 3339 text with `Z` or an offset; a time without either is taken as UTC, as Python programs write it.
pub fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.trim().parse::<Timestamp>() {
        return Some(time);
    }
    let naive = DateTimeParser::new().parse_datetime(text.trim()).ok()?;
    Offset::UTC.to_timestamp(naive).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_0_3_6_or_9_digits() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.120Z",
            "1969-12-31T23:59:59.000001Z",
            "0001-01-01T00:00:00.000000001Z",
        ] {
            let mut out = Vec::new();
            put(&mut out, parse(text).unwrap());
            assert_eq!(out, format!("\"{text}\"").into_bytes());
        }
    }

    #[test]
    fn protobuf_keeps_nanoseconds_before_1970_too() {
        let time = parse("1969-12-31T23:59:59.999999999Z");
        assert_eq!(from_proto(&prost_types::Timestamp { seconds: -1, nanos: 999_999_999 }), time);
    }

    #[test]
    fn times_that_cannot_be_written_are_none() {
        assert_eq!(from_proto(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(from_proto(&prost_types::Timestamp { seconds: 0, nanos: -1 }), None);
    }

    #[test]
    fn spellings_of_other_programs() {
        let expected = parse("2026-01-02T03:04:05Z");
        assert!(expected.is_some());
        for text in [
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05Z",
            "2026-01-02T04:04:05+01:00",
            " 2026-01-02t03:04:05z ",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("2026-01-02"), parse("2026-01-02T00:00:00Z"));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(""), None);
    }
}
