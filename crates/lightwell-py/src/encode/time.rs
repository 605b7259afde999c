//! `datetime` to wire timestamps. A naive time is UTC; a number is seconds since 1970; a text is ISO 8601.

use lightwell_wire::sigil::well_known::Timestamp;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString, PyType};

use crate::once::{Cell, class, intern};

use super::text;

/// 0001-01-01T00:00:00Z, where `datetime` and protobuf begin, to 9999-12-30T22:00:00Z, the last second that has a local time
/// in every zone before the year 10000; `datetime.max` stands for "never" and is clamped to it.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_207_200;

/// Reads a time; `None` for `None` and for what is none.
pub(super) fn timestamp(object: &Bound<'_, PyAny>) -> Option<Timestamp> {
    if object.is_none() {
        return None;
    }
    if let Ok(string) = object.cast::<PyString>() {
        let text = text::of_str(string);
        let text = text.trim();
        let text = text.strip_suffix(['Z', 'z']).map_or(text.to_owned(), |head| format!("{head}+00:00"));
        let parsed = datetime_type(object.py()).ok()?.call_method1("fromisoformat", (text,)).ok()?;
        return of_datetime(&parsed);
    }
    if object.is_instance_of::<PyFloat>() || object.is_instance_of::<PyInt>() {
        return of_seconds(object.extract().ok()?);
    }
    of_datetime(object)
}

/// A time of the system's clock, to the microsecond, as Python's has it.
pub(super) fn of_nanoseconds(nanoseconds: i64) -> Timestamp {
    let micros = nanoseconds.div_euclid(1000);
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

fn of_datetime(object: &Bound<'_, PyAny>) -> Option<Timestamp> {
    let py = object.py();
    let zone = object.getattr(intern!(py, "tzinfo")).ok()?;
    if zone.is_none() {
        return of_naive(object);
    }
    // Exact to the microsecond for every year that is in use: a double holds 2^53 of them.
    of_seconds(object.call_method0(intern!(py, "timestamp")).ok()?.extract().ok()?)
}

fn of_naive(object: &Bound<'_, PyAny>) -> Option<Timestamp> {
    let py = object.py();
    let part = |name| object.getattr(name).ok()?.extract::<i64>().ok();
    let days =
        days_since_1970(part(intern!(py, "year"))?, part(intern!(py, "month"))?, part(intern!(py, "day"))?);
    let minutes = (days * 24 + part(intern!(py, "hour"))?) * 60 + part(intern!(py, "minute"))?;
    let seconds = minutes * 60 + part(intern!(py, "second"))?;
    let nanos = i32::try_from(part(intern!(py, "microsecond"))? * 1000).ok()?;
    Some(clamped(Timestamp { seconds, nanos }))
}

fn of_seconds(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() {
        return None;
    }
    let micros = (seconds * 1e6).round();
    // The casts saturate; what is out of range is clamped.
    let seconds = (micros / 1e6).floor() as i64;
    let micros = (micros - seconds as f64 * 1e6) as i32;
    Some(clamped(Timestamp { seconds, nanos: micros.clamp(0, 999_999) * 1000 }))
}

fn clamped(time: Timestamp) -> Timestamp {
    if RANGE.contains(&time.seconds) {
        return time;
    }
    Timestamp { seconds: time.seconds.clamp(*RANGE.start(), *RANGE.end()), nanos: 0 }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (years begin in March, eras have 400 years).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn datetime_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: Cell<PyType> = Cell::new();
    class(&TYPE, py, "datetime", "datetime")
}
