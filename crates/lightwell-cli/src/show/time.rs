//! Moments and durations for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Shows moments in one time zone.
#[derive(Clone, Debug)]
pub struct Times {
    zone: TimeZone,
}

impl Times {
    /// In the user's own time zone.
    pub fn local() -> Self {
        Self { zone: TimeZone::system() }
    }

    /// In UTC.
    #[cfg(test)]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// A moment of the API, to the minute; as it came when it is none.
    pub fn minute(&self, moment: &str) -> String {
        self.format(moment, "%Y-%m-%d %H:%M")
    }

    /// A moment of the API, to the second, without its date.
    pub fn second(&self, moment: &str) -> String {
        self.format(moment, "%H:%M:%S")
    }

    fn format(&self, moment: &str, format: &str) -> String {
        match moment.parse::<Timestamp>() {
            Ok(timestamp) => timestamp.to_zoned(self.zone.clone()).strftime(format).to_string(),
            Err(_) => moment.to_owned(),
        }
    }
}

/// A duration, as exactly as a person cares.
pub fn milliseconds(took: i64) -> String {
    match took {
        ..1000 => format!("{took} ms"),
        1000..60_000 => format!("{:.1} s", took as f64 / 1000.0),
        _ => format!("{} min {} s", took / 60_000, took % 60_000 / 1000),
    }
}
