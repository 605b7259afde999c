//! The UTF-8 that the interpreter keeps of a `str`, read in place.
//!
//! `PyUnicode_AsUTF8AndSize` has been in every interpreter since 3.3 but in the stable ABI only since 3.10, and this module
//! is built for 3.8: so it is looked up once, at run time. Where it cannot be found, texts are copied.

#![expect(unsafe_code, reason = "calls a function of the interpreter that PyO3 does not offer for this ABI")]

use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyErr, ffi};

type AsUtf8AndSize = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::Py_ssize_t) -> *const c_char;

const NAME: &CStr = c"PyUnicode_AsUTF8AndSize";

/// The text, as long as the object is referenced; `None` when it has no UTF-8 (lone surrogates) or it must be copied.
pub(super) fn of<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a str> {
    static FUNCTION: OnceLock<Option<AsUtf8AndSize>> = OnceLock::new();
    // The interpreter lock is held all the while, so no fork finds this half done.
    let function = (*FUNCTION.get_or_init(look_up))?;
    let mut size: ffi::Py_ssize_t = 0;
    // SAFETY: `text` is a `str`, the thread is attached to the interpreter, and `size` is a place for the length.
    let start = unsafe { function(text.as_ptr(), &raw mut size) };
    if start.is_null() {
        drop(PyErr::take(text.py()));
        return None;
    }
    let size = usize::try_from(size).ok()?;
    // SAFETY: the interpreter keeps `size` bytes of valid UTF-8 there, unchanged, as long as the `str` lives, and `text` holds
    // a reference to it.
    Some(unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(start.cast(), size)) })
}

#[cfg(unix)]
fn look_up() -> Option<AsUtf8AndSize> {
    // SAFETY: the name is a C string; a symbol of that name is the function of the interpreter that runs this.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, NAME.as_ptr()) };
    // SAFETY: its signature has been this since 3.7; before that the text was not `const`.
    (!found.is_null()).then(|| unsafe { std::mem::transmute::<*mut libc::c_void, AsUtf8AndSize>(found) })
}

#[cfg(not(unix))]
fn look_up() -> Option<AsUtf8AndSize> {
    let _ = NAME;
    None
}
