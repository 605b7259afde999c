//! What an event is stamped with: a random id and the time.
//!
//! Invariant: a forked child never repeats the ids of its parent.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use lightwell_client::Process;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Which bytes are hexadecimal digits.
const HEX_DIGIT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_hexdigit();
        byte += 1;
    }
    table
};

/// Random bytes fetched at once.
const POOL: usize = 64 * SIZE;
const SIZE: usize = 16;

struct Pool {
    process: Process,
    used: usize,
    bytes: [u8; POOL],
}

thread_local! {
    // Of each thread, so that a fork never finds it locked.
    static RANDOM: RefCell<Pool> = const { RefCell::new(Pool { process: Process::NONE, used: POOL, bytes: [0; POOL] }) };
}

/// A random (version 4) UUID in its usual spelling.
#[pyfunction]
pub(crate) fn new_event_id(py: Python<'_>) -> PyResult<Bound<'_, PyString>> {
    Ok(PyString::new(py, ascii(&uuid4()?)))
}

/// Now in UTC, ISO 8601 with `Z`, microseconds unless they are 0.
#[pyfunction]
pub(crate) fn utc_now(py: Python<'_>) -> Bound<'_, PyString> {
    PyString::new(py, now().text())
}

/// The bytes of a random (version 4) UUID in its usual spelling, all of them ASCII.
pub(crate) fn uuid4() -> PyResult<[u8; 36]> {
    let mut id = random()?;
    id[6] = (id[6] & 0x0F) | 0x40;
    id[8] = (id[8] & 0x3F) | 0x80;
    Ok(spelt(id))
}

/// Such bytes as text.
pub(crate) fn ascii(id: &[u8; 36]) -> &str {
    std::str::from_utf8(id).unwrap_or_default()
}

/// Whether a text is a UUID in its usual spelling, 36 characters.
pub(super) fn is_uuid(text: &str) -> bool {
    let text = text.as_bytes();
    let is_hex = |range: std::ops::Range<usize>| text[range].iter().all(|byte| HEX_DIGIT[usize::from(*byte)]);
    text.len() == 36
        && [8, 13, 18, 23].into_iter().all(|at| text[at] == b'-')
        && is_hex(0..8)
        && is_hex(9..13)
        && is_hex(14..18)
        && is_hex(19..23)
        && is_hex(24..36)
}

/// Now in UTC, ISO 8601 with `Z`, microseconds unless they are 0.
pub(super) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), since.subsec_micros());
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    let mut text = Moment { bytes: [0; 27], length: 0 };
    text.push(year, 4);
    for (mark, value) in
        [(b'-', month), (b'-', day), (b'T', of_day / 3600), (b':', of_day / 60 % 60), (b':', of_day % 60)]
    {
        text.mark(mark);
        text.push(value, 2);
    }
    if micros > 0 {
        text.mark(b'.');
        text.push(u64::from(micros), 6);
    }
    text.mark(b'Z');
    text
}

fn random() -> PyResult<[u8; SIZE]> {
    RANDOM.with_borrow_mut(|pool| {
        if pool.used == POOL || !pool.process.is_current() {
            getrandom::fill(&mut pool.bytes)
                .map_err(|error| PyOSError::new_err(format!("no random numbers: {error}")))?;
            pool.used = 0;
            pool.process = Process::current();
        }
        let mut id = [0; SIZE];
        id.copy_from_slice(&pool.bytes[pool.used..pool.used + SIZE]);
        pool.used += SIZE;
        Ok(id)
    })
}

fn spelt(id: [u8; SIZE]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in id.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 0x0F)];
        at += 2;
    }
    text
}

/// Year, month and day of a number of days since 1970 (years begin in March, eras have 400 years).
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// A time as text.
pub(super) struct Moment {
    bytes: [u8; 27],
    length: usize,
}

impl Moment {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn mark(&mut self, mark: u8) {
        self.bytes[self.length] = mark;
        self.length += 1;
    }

    /// A number in so many digits.
    fn push(&mut self, mut value: u64, digits: usize) {
        for place in self.bytes[self.length..self.length + digits].iter_mut().rev() {
            *place = b'0' + u8::try_from(value % 10).unwrap_or_default();
            value /= 10;
        }
        self.length += digits;
    }
}
