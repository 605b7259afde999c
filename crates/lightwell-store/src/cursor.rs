//! A place in a list that stays the same place while records arrive.
//!
//! Lists are ordered newest first by (moment, id). A cursor is the last pair that was seen, so a record that arrives
//! meanwhile neither repeats nor hides one that is still to come.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// The last item of the page before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Its moment.
    pub at: Timestamp,
    /// Its id, which orders items of the same moment.
    pub id: String,
}

/// `<nanoseconds since 1970>.<id>`; opaque to users of the API.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.as_nanosecond(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (nanoseconds, id) = text.split_once('.').ok_or(InvalidCursor)?;
        let nanoseconds = nanoseconds.parse().map_err(|_| InvalidCursor)?;
        let at = Timestamp::from_nanosecond(nanoseconds).map_err(|_| InvalidCursor)?;
        Ok(Self { at, id: id.to_owned() })
    }
}

/// The text is not a cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid cursor; use next_cursor of the page before, unchanged")]
pub struct InvalidCursor;
