//! What a decorated function logs, in one call before it and one after it, as far as nothing of it needs Python: a prompt and
//! a reply that are texts, arguments and results of any kind.
//!
//! Invariant: what is not as plain as that is done by Python's span, which is made when it is needed and goes on from there.

use std::time::Instant;

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::encode::{self, EventSchema, Frame, Members};
use crate::events::{EventContext, EventLog, Run};
use crate::once::intern;

/// What kind of work a function does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Llm,
    Tool,
    Step,
    Function,
}

/// A decorated function.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Traced {
    work: Work,
    context: Py<EventContext>,
    client: Option<Py<PyAny>>,
    metadata: Py<PyAny>,
    /// The schema of what is logged before the call; not used where nothing is.
    before: Py<EventSchema>,
    after: Py<EventSchema>,
    /// The members that each payload begins with, as JSON text.
    head: Vec<u8>,
    /// Positional arguments that are not told: `self`.
    skipped: usize,
    /// Where the prompt stands among the positional arguments.
    prompt_position: usize,
    /// Makes Python's span of a call: (client, run id, user id, parent, seconds since it
    /// began), and (args, kwargs) of a function whose arguments are told afterwards.
    resume: Py<PyAny>,
}

#[pymethods]
impl Traced {
    #[new]
    #[pyo3(signature = (work, context, *, client, metadata, before, after, head, skipped, prompt_position, resume))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        work: &str,
        context: Py<EventContext>,
        client: Option<Py<PyAny>>,
        metadata: Py<PyAny>,
        before: Py<EventSchema>,
        after: Py<EventSchema>,
        head: &Bound<'_, PyDict>,
        skipped: usize,
        prompt_position: usize,
        resume: Py<PyAny>,
    ) -> PyResult<Self> {
        let work = match work {
            "llm" => Work::Llm,
            "tool" => Work::Tool,
            "step" => Work::Step,
            "function" => Work::Function,
            _ => return Err(PyValueError::new_err(format!("no work is called {work:?}"))),
        };
        let head = encode::members_of(head);
        Ok(Self { work, context, client, metadata, before, after, head, skipped, prompt_position, resume })
    }

    /// A callable that is `function` with what is logged before and after it. `otherwise` is called in its place, with the same
    /// arguments, when this is for Python to do; `warn` gets what went wrong in logging, unless it is to end the program.
    #[pyo3(signature = (function, otherwise, warn, /))]
    fn around(slf: Py<Self>, function: Py<PyAny>, otherwise: Py<PyAny>, warn: Py<PyAny>) -> Around {
        Around { traced: slf, function, otherwise, warn }
    }

    /// Logs that the function is called. None, and nothing is done, when this is for Python to do.
    #[pyo3(signature = (args, kwargs, /))]
    fn begin(
        slf: &Bound<'_, Self>,
        args: &Bound<'_, PyTuple>,
        kwargs: &Bound<'_, PyDict>,
    ) -> PyResult<Option<Call>> {
        let (py, this) = (slf.py(), slf.get());
        let context = this.context.get();
        let client = match &this.client {
            Some(client) => Some(client.bind(py).clone()),
            None => context.default_client(py)?,
        };
        let Some(client) = client else { return Ok(None) };
        let Some(log) = context.log_of(&client)? else { return Ok(None) };
        let Some(run) = log.get().current_run(context, py)? else { return Ok(None) };
        let mut call = Call {
            parent: context.current_parent(run.get().run_id.bind(py))?.unbind(),
            traced: slf.clone().unbind(),
            client: client.unbind(),
            log: log.unbind(),
            run: run.unbind(),
            started: Instant::now(),
            arguments: Vec::new(),
            given: None,
        };
        let begun = match this.work {
            Work::Llm => this.asked(&call, args, kwargs)?,
            Work::Tool => this.used(&call, args, kwargs)?,
            Work::Step | Work::Function => {
                if !encode::is_plain_metadata(this.metadata.bind(py)) {
                    return Ok(None);
                }
                if this.work == Work::Function {
                    call.arguments = encode::call_arguments(args, this.skipped, kwargs);
                    call.given = Some((args.clone().unbind(), kwargs.clone().unbind()));
                }
                return Ok(Some(call));
            }
        };
        Ok(begun.map(|id| {
            call.parent = id.into_any().unbind();
            call
        }))
    }
}

impl Traced {
    /// An LLM is asked: its prompt is a text, in its usual place.
    fn asked<'py>(
        &self,
        call: &Call,
        args: &Bound<'py, PyTuple>,
        kwargs: &Bound<'py, PyDict>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let py = args.py();
        let (mut named, mut parameters) = (None, kwargs.clone());
        if !kwargs.is_empty() {
            if kwargs.contains(intern!(py, "messages"))? {
                return Ok(None);
            }
            named = kwargs.get_item(intern!(py, "prompt"))?;
            if named.is_some() {
                parameters = kwargs.copy()?;
                parameters.del_item(intern!(py, "prompt"))?;
            }
        }
        let prompt = match named {
            Some(prompt) => prompt,
            None if self.prompt_position < args.len() => args.get_item(self.prompt_position)?,
            None => return Ok(None),
        };
        let Ok(prompt) = prompt.cast_exact::<PyString>() else { return Ok(None) };
        if !prompt.is_truthy()? {
            return Ok(None);
        }
        let id = encode::uuid4()?;
        call.log(py, self, self.before.get(), &id, |members| {
            members.object(&self.head, |members| {
                members.text("prompt", prompt);
                members.any("parameters", parameters.as_any());
            });
        })
    }

    /// A tool is used. The event's id is the call's.
    fn used<'py>(
        &self,
        call: &Call,
        args: &Bound<'py, PyTuple>,
        kwargs: &Bound<'py, PyDict>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let id = encode::uuid4()?;
        call.log(args.py(), self, self.before.get(), &id, |members| {
            members.object(&self.head, |members| {
                members.ascii("call_id", &id);
                members.raw("parameters", &encode::call_arguments(args, self.skipped, kwargs));
            });
        })
    }
}

/// A decorated function that is not a coroutine function or generator: see [`Traced::around`].
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Around {
    traced: Py<Traced>,
    function: Py<PyAny>,
    otherwise: Py<PyAny>,
    warn: Py<PyAny>,
}

#[pymethods]
impl Around {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        let function = self.function.bind(py);
        let begun = match kwargs {
            Some(kwargs) => Traced::begin(self.traced.bind(py), args, kwargs),
            None => Traced::begin(self.traced.bind(py), args, &PyDict::new(py)),
        };
        let call = match begun {
            Ok(Some(call)) => call,
            Ok(None) => return self.otherwise.bind(py).call(args, kwargs),
            Err(error) => {
                self.warned(py, Err(error))?;
                return function.call(args, kwargs);
            }
        };
        let result = function.call(args, kwargs);
        self.warned(
            py,
            match &result {
                Ok(result) => call.succeed(result),
                Err(error) => call.fail(error.value(py)),
            },
        )?;
        result
    }
}

impl Around {
    /// Tells what went wrong in logging; gives it back when it is to end the program.
    fn warned(&self, py: Python<'_>, told: PyResult<()>) -> PyResult<()> {
        match told {
            Err(error) if error.is_instance_of::<PyException>(py) => {
                self.warn.bind(py).call1((error.value(py),)).map(drop)
            }
            told => told,
        }
    }
}

/// What came of a call, as far as it is told.
enum Outcome<'py> {
    Reply(Bound<'py, PyString>),
    Data(Bound<'py, PyAny>),
    Done,
    Returned(Bound<'py, PyString>),
}

/// One call of a decorated function.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Call {
    traced: Py<Traced>,
    client: Py<PyAny>,
    log: Py<EventLog>,
    run: Py<Run>,
    /// The event that the next one is a child of.
    parent: Py<PyAny>,
    started: Instant,
    /// The arguments as JSON text, where they are told afterwards.
    arguments: Vec<u8>,
    /// The same as they were given.
    given: Option<(Py<PyTuple>, Py<PyDict>)>,
}

#[pymethods]
impl Call {
    /// The function returned.
    #[pyo3(signature = (result, /))]
    fn succeed(&self, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        if self.told(result, elapsed)? {
            return Ok(());
        }
        let span = self.resumed(result.py())?;
        span.call_method1(intern!(result.py(), "succeed"), (result,)).map(drop)
    }

    /// The function raised.
    #[pyo3(signature = (error, /))]
    fn fail(&self, error: &Bound<'_, PyAny>) -> PyResult<()> {
        let span = self.resumed(error.py())?;
        span.call_method1(intern!(error.py(), "fail"), (error,)).map(drop)
    }
}

impl Call {
    /// Logs the result, if it is plain, where the call was logged: of a client that was shut down meanwhile, the pipeline refuses
    /// and counts it.
    fn told(&self, result: &Bound<'_, PyAny>, elapsed: i64) -> PyResult<bool> {
        let py = result.py();
        let traced = self.traced.get();
        let outcome = match traced.work {
            Work::Llm => match result.cast_exact::<PyString>() {
                Ok(text) => Outcome::Reply(text.clone()),
                Err(_) => return Ok(false),
            },
            Work::Function => Outcome::Returned(result.str()?),
            Work::Tool => Outcome::Data(result.clone()),
            Work::Step => Outcome::Done,
        };
        let id = encode::uuid4()?;
        let logged = self.log(py, traced, traced.after.get(), &id, |members| {
            members.object(&traced.head, |members| match outcome {
                Outcome::Reply(text) => {
                    members.text("response_text", &text);
                    members.whole("response_time_ms", elapsed);
                }
                Outcome::Returned(text) => {
                    members.raw("function_args", &self.arguments);
                    members.text("return_value", &text);
                    members.whole("execution_time_ms", elapsed);
                    members.flag("success", true);
                }
                Outcome::Data(data) => {
                    members.any("call_id", self.parent.bind(py));
                    members.any("response_data", &data);
                    members.whole("execution_time_ms", elapsed);
                    members.flag("success", true);
                }
                Outcome::Done => members.whole("reasoning_time_ms", elapsed),
            });
        })?;
        Ok(logged.is_some())
    }

    fn log<'py>(
        &self,
        py: Python<'py>,
        traced: &Traced,
        schema: &EventSchema,
        id: &[u8; 36],
        write: impl FnOnce(&mut Members),
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let run = self.run.get();
        let metadata = run.merged(traced.metadata.bind(py))?;
        let frame = Frame {
            run_id: run.run_id.bind(py),
            user_id: run.user_id.bind(py),
            parent_event_id: self.parent.bind(py),
            metadata: &metadata,
        };
        traced.context.get().log_as(self.log.bind(py), schema, &frame, id, write)
    }

    /// Python's span of this call.
    fn resumed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let run = self.run.get();
        let resume = self.traced.get().resume.bind(py);
        let seconds = self.started.elapsed().as_secs_f64();
        let (client, run_id, user_id, parent) = (&self.client, &run.run_id, &run.user_id, &self.parent);
        match &self.given {
            Some((args, kwargs)) => resume.call1((client, run_id, user_id, parent, seconds, args, kwargs)),
            None => resume.call1((client, run_id, user_id, parent, seconds)),
        }
    }
}
