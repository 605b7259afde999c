//! Logging of InsideLLM events without Python in between: which run the caller is in, what the event is a child of, and the
//! event itself.
//!
//! Invariants: what a program has put in the place of a client's methods is never passed by: then, and when a part needs
//! coercion, nothing is done here and the answer is None. The context is Python's (context variables), so threads and tasks
//! never mix.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyEllipsis, PyString, PyTuple, PyType};

use crate::encode::{self, EventParts, EventSchema, Frame, Members};
use crate::once::intern;
use crate::pipeline::Pipeline;

/// An open or ended run.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Run {
    #[pyo3(get)]
    pub(crate) run_id: Py<PyAny>,
    #[pyo3(get)]
    pub(crate) user_id: Py<PyAny>,
    #[pyo3(get)]
    metadata: Py<PyDict>,
    /// The run of the same context that it interrupted.
    #[pyo3(get)]
    before: Option<Py<Run>>,
    ended: AtomicBool,
}

#[pymethods]
impl Run {
    #[new]
    fn new(run_id: Py<PyAny>, user_id: Py<PyAny>, metadata: Py<PyDict>, before: Option<Py<Self>>) -> Self {
        Self { run_id, user_id, metadata, before, ended: AtomicBool::new(false) }
    }

    #[getter]
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Run {
    /// The metadata of an event of this run: the run's, and over it the event's own.
    pub(crate) fn merged<'py>(&self, own: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let of_run = self.metadata.bind(own.py());
        if of_run.is_empty() {
            return Ok(own.clone());
        }
        match own.cast::<PyDict>() {
            Ok(own) if !own.is_empty() => {
                let merged = of_run.copy()?;
                merged.update(own.as_mapping())?;
                Ok(merged.into_any())
            }
            _ => Ok(of_run.clone().into_any()),
        }
    }
}

/// Where a client's events go, and the runs that it knows.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct EventLog {
    pipeline: Py<Pipeline>,
    queue_manager: Py<PyAny>,
    /// The attributes that the queue manager has of its own.
    queue_attributes: Py<PyDict>,
    /// What the variable of the runs knows the client by.
    key: Py<PyAny>,
    open_runs: Py<PyDict>,
    /// Says which run a context is in.
    current: Py<PyAny>,
}

#[pymethods]
impl EventLog {
    #[new]
    fn new(
        pipeline: Py<Pipeline>,
        queue_manager: &Bound<'_, PyAny>,
        key: Py<PyAny>,
        open_runs: Py<PyDict>,
        current: Py<PyAny>,
    ) -> PyResult<Self> {
        let queue_attributes = queue_manager.getattr(intern!(queue_manager.py(), "__dict__"))?;
        Ok(Self {
            pipeline,
            queue_manager: queue_manager.clone().unbind(),
            queue_attributes: queue_attributes.cast_into::<PyDict>()?.unbind(),
            key,
            open_runs,
            current,
        })
    }

    /// Logs an event that is made already; the metadata of its run is merged into its own. False, and nothing is done, when
    /// this is for Python to do.
    #[pyo3(signature = (queue_manager, event, schema, event_id, timestamp, run_id, user_id, parent_event_id, metadata, payload, /))]
    #[expect(clippy::too_many_arguments, reason = "the parts of an event")]
    fn add<'py>(
        &self,
        queue_manager: &Bound<'py, PyAny>,
        event: &Bound<'py, PyAny>,
        schema: &Bound<'py, EventSchema>,
        event_id: &Bound<'py, PyAny>,
        timestamp: &Bound<'py, PyAny>,
        run_id: &Bound<'py, PyAny>,
        user_id: &Bound<'py, PyAny>,
        parent_event_id: &Bound<'py, PyAny>,
        metadata: &Bound<'py, PyAny>,
        payload: &Bound<'py, PyAny>,
    ) -> PyResult<bool> {
        let py = event.py();
        if !self.takes(queue_manager)? || !run_id.is_exact_instance_of::<PyString>() {
            return Ok(false);
        }
        let merged = self.merged(run_id, metadata)?;
        let frame = Frame { run_id, user_id, parent_event_id, metadata: &merged };
        let parts = EventParts { frame, payload };
        let Some((id, bytes)) = parts.with(schema.get(), event_id, timestamp) else { return Ok(false) };
        if !merged.is(metadata) {
            event.setattr(intern!(py, "metadata"), &merged)?;
        }
        self.record(py, &id, bytes)?;
        Ok(true)
    }
}

impl EventLog {
    /// Whether this is the queue manager that the client was made with, and nobody listens to what it is given.
    fn takes(&self, queue_manager: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = queue_manager.py();
        let is_patched = self.queue_attributes.bind(py).contains(intern!(py, "add_event"))?;
        Ok(queue_manager.is(&self.queue_manager) && !is_patched)
    }

    /// The metadata of an event of a run, open or not.
    fn merged<'py>(
        &self,
        run_id: &Bound<'py, PyAny>,
        own: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let run = self.open_runs.bind(run_id.py()).get_item(run_id)?;
        match run.as_ref().and_then(|run| run.cast_exact::<Run>().ok()) {
            Some(run) => run.get().merged(own),
            None => Ok(own.clone()),
        }
    }

    /// Queues an encoded event. What is refused is told as the queue manager tells it.
    fn record(&self, py: Python<'_>, event_id: &str, event: Vec<u8>) -> PyResult<()> {
        let Err(refusal) = self.pipeline.get().record_bytes(py, event_id, event) else { return Ok(()) };
        let arguments = (event_id, refusal.value(py));
        self.queue_manager.bind(py).call_method1(intern!(py, "after_refusal"), arguments).map(drop)
    }

    /// The run that this thread or task is in.
    pub(crate) fn current_run<'py>(
        &self,
        context: &EventContext,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, Run>>> {
        let runs = context.runs.bind(py).call0()?;
        if let Ok(runs) = runs.cast_exact::<PyDict>()
            && let Some(own) = runs.get_item(self.key.bind(py))?
            && let Ok(own) = own.cast_into_exact::<Run>()
            && !own.get().ended()
        {
            return Ok(Some(own));
        }
        Ok(self.current.bind(py).call0()?.cast_into_exact::<Run>().ok())
    }
}

/// What all clients of a process share.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct EventContext {
    /// The attributes of the package, `_default_client` among them.
    package: Py<PyDict>,
    client_class: Py<PyType>,
    /// Its method `log_event` as it was made.
    log_event: Py<PyAny>,
    /// Reads the runs that this context has started.
    runs: Py<PyAny>,
    /// Reads and changes the parent of the next event.
    parent: (Py<PyAny>, Py<PyAny>),
    /// The same of the run which that parent belongs to.
    parent_run: (Py<PyAny>, Py<PyAny>),
}

#[pymethods]
impl EventContext {
    /// `runs`, `parent` and `parent_run` are context variables.
    #[new]
    fn new(
        package: Py<PyDict>,
        client_class: &Bound<'_, PyType>,
        runs: &Bound<'_, PyAny>,
        parent: &Bound<'_, PyAny>,
        parent_run: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let methods = |variable: &Bound<'_, PyAny>| -> PyResult<(Py<PyAny>, Py<PyAny>)> {
            Ok((variable.getattr("get")?.unbind(), variable.getattr("set")?.unbind()))
        };
        Ok(Self {
            package,
            client_class: client_class.clone().unbind(),
            log_event: client_class.getattr("log_event")?.unbind(),
            runs: runs.getattr("get")?.unbind(),
            parent: methods(parent)?,
            parent_run: methods(parent_run)?,
        })
    }

    /// Makes and logs an event, with the fields of its schema only and all of them when `whole`. `parent_event_id` `...` is
    /// that of the context. Returns the id; None, and nothing is done, when this is for Python to do.
    #[pyo3(signature = (client, schema, run_id, user_id, parent_event_id, metadata, payload, whole, /))]
    #[expect(clippy::too_many_arguments, reason = "the parts of an event")]
    fn log<'py>(
        &self,
        client: &Bound<'py, PyAny>,
        schema: &Bound<'py, EventSchema>,
        run_id: &Bound<'py, PyAny>,
        user_id: &Bound<'py, PyAny>,
        parent_event_id: &Bound<'py, PyAny>,
        metadata: &Bound<'py, PyAny>,
        payload: &Bound<'py, PyDict>,
        whole: bool,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let Some(log) = self.log_of(client)? else { return Ok(None) };
        let schema = schema.get();
        if !run_id.is_exact_instance_of::<PyString>() || !schema.fits(payload) {
            return Ok(None);
        }
        let metadata = log.get().merged(run_id, metadata)?;
        let parent = match parent_event_id.is_exact_instance_of::<PyEllipsis>() {
            true => &self.current_parent(run_id)?,
            false => parent_event_id,
        };
        let frame = Frame { run_id, user_id, parent_event_id: parent, metadata: &metadata };
        self.log_in(&log, schema, &frame, |members| match whole {
            true => members.fields(schema, payload),
            false => members.value(payload.as_any()),
        })
    }
}

impl EventContext {
    /// The client that a decorator without one logs to.
    pub(crate) fn default_client<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.package.bind(py).get_item(intern!(py, "_default_client"))
    }

    /// Where a client's events go; None when Python has a say in it.
    pub(crate) fn log_of<'py>(&self, client: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, EventLog>>> {
        let py = client.py();
        let class = self.client_class.bind(py);
        if !client.get_type().is(class) || !class.getattr(intern!(py, "log_event"))?.is(&self.log_event) {
            return Ok(None);
        }
        let attributes = client.getattr(intern!(py, "__dict__"))?;
        let Ok(attributes) = attributes.cast_exact::<PyDict>() else { return Ok(None) };
        let closed = attributes
            .get_item(intern!(py, "_closed"))?
            .is_none_or(|closed| closed.is_truthy().unwrap_or(true));
        if closed || attributes.contains(intern!(py, "log_event"))? {
            return Ok(None);
        }
        let log = attributes.get_item(intern!(py, "_events"))?;
        let Some(log) = log.and_then(|log| log.cast_into_exact::<EventLog>().ok()) else { return Ok(None) };
        let queue_manager = attributes.get_item(intern!(py, "queue_manager"))?;
        Ok(match queue_manager {
            Some(queue_manager) if log.get().takes(&queue_manager)? => Some(log),
            _ => None,
        })
    }

    /// The parent for the next event of that run: never an event of another run, unless the program itself has set it.
    pub(crate) fn current_parent<'py>(&self, run_id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = run_id.py();
        let parent = self.parent.0.bind(py).call0()?;
        if parent.is_none() {
            return Ok(parent);
        }
        let last = self.parent_run.0.bind(py).call0()?;
        let last = last.cast::<PyTuple>()?;
        let (of_run, own) = (last.get_item(0)?, last.get_item(1)?);
        let is_of_another = parent.is(&own) && !of_run.is(run_id) && !of_run.eq(run_id)?;
        Ok(if is_of_another { py.None().into_bound(py) } else { parent })
    }

    /// Logs the event whose payload `write` writes, and makes it the parent of the next one.
    pub(crate) fn log_in<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        schema: &EventSchema,
        frame: &Frame<'_, 'py>,
        write: impl FnOnce(&mut Members),
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let id = encode::uuid4()?;
        self.log_as(log, schema, frame, &id, write)
    }

    /// The same with an id of its own.
    pub(crate) fn log_as<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        schema: &EventSchema,
        frame: &Frame<'_, 'py>,
        id: &[u8; 36],
        write: impl FnOnce(&mut Members),
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let py = log.py();
        let Some(event) = frame.stamped(schema, id, write) else { return Ok(None) };
        let id = encode::ascii(id);
        log.get().record(py, id, event)?;
        let id = PyString::new(py, id);
        self.parent_run.1.bind(py).call1(((frame.run_id, &id),))?;
        self.parent.1.bind(py).call1((&id,))?;
        Ok(Some(id))
    }
}
