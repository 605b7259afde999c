//! The spool's keyword arguments.

use std::path::PathBuf;
use std::time::Duration;

use lightwell_client::{Fsync, SpoolSettings, WhenFull};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What `spool_dir` and its companions say together. No folder: no spool.
pub(crate) fn settings(
    dir: Option<PathBuf>,
    max_bytes: i64,
    when_full: &str,
    fsync: &str,
) -> PyResult<Option<SpoolSettings>> {
    let settings = SpoolSettings {
        quota_bytes: u64::try_from(max_bytes).ok().filter(|bytes| *bytes > 0).ok_or_else(|| {
            PyValueError::new_err(format!("spool_max_bytes is {max_bytes}, and must be greater than 0"))
        })?,
        when_full: match when_full {
            "drop_newest" => WhenFull::DropNewest,
            "drop_oldest" => WhenFull::DropOldest,
            _ => {
                let text =
                    format!("spool_when_full is {when_full:?}, and must be drop_newest or drop_oldest");
                return Err(PyValueError::new_err(text));
            }
        },
        fsync: match (fsync, fsync.parse::<u32>()) {
            ("never", _) => Fsync::Never,
            ("always", _) => Fsync::Always,
            (_, Ok(milliseconds @ 1..)) => Fsync::Every(Duration::from_millis(milliseconds.into())),
            _ => {
                let text = format!(
                    "spool_fsync is {fsync:?}, and must be never, always or a number of milliseconds"
                );
                return Err(PyValueError::new_err(text));
            }
        },
        ..SpoolSettings::new(dir.clone().unwrap_or_default())
    };
    Ok(dir.filter(|dir| !dir.as_os_str().is_empty()).map(|_| settings))
}
