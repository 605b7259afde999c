//! Numbers out of Python: counters clamp to 64 bits, numbers in texts and floats are read, nonsense is zero.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::once::intern;

use super::text;

/// A whole number and whether it had to be changed to fit.
pub(super) struct Whole {
    pub(super) value: i64,
    pub(super) changed: bool,
}

/// Reads a whole number: an int, an integral float or text of one, anything with `__index__`. `None` for `None`.
pub(super) fn whole(object: &Bound<'_, PyAny>) -> Option<Whole> {
    let exact = |value| Some(Whole { value, changed: false });
    if object.is_none() {
        return None;
    }
    if object.is_instance_of::<PyInt>() {
        if let Ok(value) = object.extract::<i64>() {
            return exact(value);
        }
        let negative = object.lt(0).unwrap_or(false);
        return Some(Whole { value: if negative { i64::MIN } else { i64::MAX }, changed: true });
    }
    if let Ok(float) = object.cast::<PyFloat>() {
        return Some(whole_of_float(float.extract().unwrap_or(f64::NAN)));
    }
    if let Ok(string) = object.cast::<PyString>() {
        let string = text::of_str(string);
        return Some(match string.trim().parse::<i64>() {
            Ok(value) => Whole { value, changed: false },
            Err(_) => whole_of_float(string.trim().parse::<f64>().unwrap_or(f64::NAN)),
        });
    }
    match object.call_method0(intern!(object.py(), "__index__")) {
        Ok(index) => whole(&index),
        Err(_) => Some(whole_of_float(object.extract::<f64>().unwrap_or(f64::NAN))),
    }
}

/// Reads a number; `None` for `None` and for what is none.
pub(super) fn real(object: &Bound<'_, PyAny>) -> Option<f64> {
    if object.is_none() {
        return None;
    }
    if let Ok(value) = object.extract::<f64>() {
        return Some(value);
    }
    if let Ok(string) = object.cast::<PyString>() {
        return text::of_str(string).trim().parse().ok();
    }
    object.is_instance_of::<PyInt>().then(|| {
        // An int that no float can hold.
        if object.lt(0).unwrap_or(false) { f64::MIN } else { f64::MAX }
    })
}

/// Reads a flag: truth as Python has it, and the texts `false`, `no`, `off`, `0` as false. `None` for `None`.
pub(super) fn flag(object: &Bound<'_, PyAny>) -> Option<bool> {
    if object.is_none() {
        return None;
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Some(flag.is_true());
    }
    if let Ok(string) = object.cast::<PyString>() {
        let string = text::of_str(string).trim().to_ascii_lowercase();
        return Some(!matches!(string.as_str(), "" | "false" | "no" | "off" | "0"));
    }
    Some(object.is_truthy().unwrap_or(true))
}

fn whole_of_float(value: f64) -> Whole {
    if value.is_nan() {
        return Whole { value: 0, changed: true };
    }
    // The cast saturates and drops the fraction.
    let whole = value as i64;
    Whole { value: whole, changed: (whole as f64) != value }
}
