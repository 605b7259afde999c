//! Python objects that are looked up once a process, in cells that a fork cannot leave half filled.
//!
//! `pyo3::intern!` and `PyOnceLock::get_or_init` let go of the interpreter lock inside the cell's initialisation. When another
//! thread forks just then, the cell is being filled for ever in the child, and the child waits for it for ever. Here the value is
//! made first and put into the cell in one step, while the interpreter lock is held: whoever forks holds it, so no fork comes
//! between. Two threads may both make the value; the first that puts it in wins.
//!
//! Invariant: nothing of this crate calls `get_or_init`, `get_or_try_init` or `import` of a `PyOnceLock`, or `pyo3::intern!`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

/// A cell of this module.
pub(crate) type Cell<T> = PyOnceLock<Py<T>>;

/// As `pyo3::intern!`: a Python string that is made once.
macro_rules! intern {
    ($py:expr, $text:expr $(,)?) => {{
        static CELL: $crate::once::Cell<pyo3::types::PyString> = $crate::once::Cell::new();
        $crate::once::interned(&CELL, $py, $text)
    }};
}
pub(crate) use intern;

/// The string of a cell.
pub(crate) fn interned<'a, 'py>(
    cell: &'a Cell<PyString>,
    py: Python<'py>,
    text: &str,
) -> &'a Bound<'py, PyString> {
    filled(cell, py, || PyString::intern(py, text).unbind())
}

/// The class `module.name`, imported when it is first asked for.
pub(crate) fn class<'a, 'py>(
    cell: &'a Cell<PyType>,
    py: Python<'py>,
    module: &str,
    name: &str,
) -> PyResult<&'a Bound<'py, PyType>> {
    if let Some(known) = cell.get(py) {
        return Ok(known.bind(py));
    }
    let class = py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind();
    Ok(filled(cell, py, || class))
}

fn filled<'a, 'py, T>(cell: &'a Cell<T>, py: Python<'py>, make: impl FnOnce() -> Py<T>) -> &'a Bound<'py, T> {
    if cell.get(py).is_none() {
        let made = make();
        // Another thread may have been quicker; then its value stays.
        let _quicker = cell.set(py, made);
    }
    cell.get(py).expect("it was just filled").bind(py)
}
