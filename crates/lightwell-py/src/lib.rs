//! The only crate that knows Python. No logic of delivery: it reads Python objects into wire messages, and it releases the
//! interpreter lock around every wait.
//!
//! Invariants: Python objects never reach the delivery thread; no Python code runs while a lock of the pipeline is held; a
//! value with a sane reading never loses its record.

mod content;
mod encode;
mod events;
mod notices;
mod once;
mod pipeline;
mod redact;
mod spool;
mod terminate;
mod traced;

use pyo3::prelude::*;

/// The compiled module; its types are declared in `_native.pyi`.
#[pymodule(name = "_native", gil_used = false)]
mod native {
    #[pymodule_export]
    use crate::content::{Content, encode_generation, encode_workflow_step, generation_problem};
    #[pymodule_export]
    use crate::events::{EventContext, EventLog, Run};
    #[pymodule_export]
    use crate::pipeline::{
        Closed, EncodeError, FlushReport, Invalid, Pipeline, QueueFull, TooLarge, mark_exiting,
    };
    #[pymodule_export]
    use crate::traced::{Around, Call, Traced};

    #[pymodule_export]
    use crate::redact::{RedactionError, Redactor};

    #[pymodule_export]
    use crate::encode::{EventSchema, new_event_id, utc_now};

    #[pymodule_export]
    use crate::terminate::{arm_sigterm, forked, rearm_sigterm};

    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::terminate::watch_forks();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
