//! The only crate that knows Python. No logic of delivery: it reads Python objects into wire messages, and it releases the
//! interpreter lock around every wait.
//!
//! Invariants: Python objects never reach the delivery thread; no Python code runs while a lock of the pipeline is held; a
//! value with a sane reading never loses its record.

mod encode;
mod pipeline;

use pyo3::prelude::*;

/// The compiled module; its types are declared in `_native.pyi`.
#[pymodule(name = "_native", gil_used = false)]
mod native {
    #[pymodule_export]
    use crate::pipeline::{Closed, EncodeError, FlushReport, Pipeline, QueueFull, TooLarge};

    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
