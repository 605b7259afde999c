//! `Redactor` as Python sees it, and what of a record is redacted at which level.
//!
//! Whatever goes wrong on the way is an error, never a text that was not looked at: a panic of the redaction too.

use std::borrow::Cow;

use lightwell_redact::Level;
use lightwell_wire::sigil::messages::MessageRole;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PyMapping, PySet, PyString, PyTuple};

use crate::encode;
use crate::once::intern;

pyo3::create_exception!(
    lightwell,
    RedactionError,
    pyo3::exceptions::PyException,
    "Redaction failed; the content must be withheld."
);

/// A longer text is searched without the interpreter lock.
const LONG_BYTES: usize = 64 << 10;
/// Containers within containers; what is deeper is redacted as JSON text.
const DEPTH: usize = 64;
/// Who the user is: an address there is an identity, not a leak.
const IDENTITIES: [&str; 2] = ["sigil.user.id", "user.id"];
const TITLE: &str = "sigil.conversation.title";

/// Takes secrets out of records.
#[pyclass(frozen, module = "lightwell")]
pub(crate) struct Redactor {
    pub(crate) rules: Redaction,
}

/// What is redacted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redaction {
    redactor: lightwell_redact::Redactor,
    /// The messages that were sent to the model too.
    inputs: bool,
}

impl Redaction {
    /// The level of a message's texts; `None`: the message is left alone.
    pub(crate) fn of_message(&self, is_input: bool, role: MessageRole) -> Option<Level> {
        match role {
            _ if is_input && !self.inputs => None,
            MessageRole::User => is_input.then_some(Level::Full),
            MessageRole::Assistant => Some(Level::Light),
            MessageRole::Tool | MessageRole::Unspecified => Some(Level::Full),
        }
    }

    /// A text without its secrets.
    pub(crate) fn text<'a>(&self, py: Python<'_>, text: &'a str, level: Level) -> PyResult<Cow<'a, str>> {
        guarded(py, text.len(), || self.redactor.text(text, level))
    }

    /// Bytes that may be text, without their secrets.
    pub(crate) fn bytes<'a>(&self, py: Python<'_>, bytes: &'a [u8], level: Level) -> PyResult<Cow<'a, [u8]>> {
        guarded(py, bytes.len(), || self.redactor.bytes(bytes, level))
    }

    /// Any value that stands under `name`; `None` when it stays as it is.
    fn value<'py>(
        &self,
        name: &str,
        value: &Bound<'py, PyAny>,
        level: Level,
        depth: usize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = value.py();
        if let Ok(text) = value.cast::<PyString>() {
            let text = encode::borrowed(text);
            let redacted = guarded(py, text.len(), || self.redactor.value(name, &text, level))?;
            return Ok(changed(redacted).map(|text| PyString::new(py, &text).into_any()));
        }
        if encode::is_scalar(value) {
            return Ok(None);
        }
        if let Some(bytes) = encode::bytes_like(value) {
            let redacted = self.bytes(py, &bytes, level)?;
            return Ok(changed(redacted).map(|bytes| PyBytes::new(py, &bytes).into_any()));
        }
        if depth < DEPTH {
            if let Ok(mapping) = value.cast::<PyMapping>() {
                return self.mapping(mapping, level, depth + 1);
            }
            let is_set = value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>();
            if is_set || value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
                return self.items(name, value, level, depth + 1);
            }
        }
        // As it would be written.
        let written = encode::json_text(value);
        let redacted = self.bytes(py, &written, level)?;
        Ok(changed(redacted).map(|json| PyString::new(py, &String::from_utf8_lossy(&json)).into_any()))
    }

    fn items<'py>(
        &self,
        name: &str,
        items: &Bound<'py, PyAny>,
        level: Level,
        depth: usize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut any = false;
        let mut redacted = Vec::new();
        for item in items.try_iter()? {
            let item = item?;
            let new = self.value(name, &item, level, depth)?;
            any |= new.is_some();
            redacted.push(new.unwrap_or(item));
        }
        if !any {
            return Ok(None);
        }
        if items.is_instance_of::<PyTuple>() {
            return Ok(Some(PyTuple::new(items.py(), redacted)?.into_any()));
        }
        Ok(Some(PyList::new(items.py(), redacted)?.into_any()))
    }

    /// Keys are looked at as well.
    fn mapping<'py>(
        &self,
        mapping: &Bound<'py, PyMapping>,
        level: Level,
        depth: usize,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = mapping.py();
        let mut any = false;
        let redacted = PyDict::new(py);
        for item in mapping.items()? {
            let (key, value) = item.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            let name = encode::with_text(&key, str::to_owned);
            let new_key = self.value("", &key, Level::Light, depth)?;
            let new_value = match name.as_str() {
                name if IDENTITIES.contains(&name) => None,
                TITLE => self.value("", &value, Level::Light, depth)?,
                name => self.value(name, &value, level, depth)?,
            };
            any |= new_key.is_some() || new_value.is_some();
            redacted.set_item(new_key.unwrap_or(key), new_value.unwrap_or(value))?;
        }
        Ok(any.then(|| redacted.into_any()))
    }
}

#[pymethods]
impl Redactor {
    #[new]
    #[pyo3(signature = (*, inputs=false, emails=true))]
    fn new(inputs: bool, emails: bool) -> PyResult<Self> {
        let redactor =
            lightwell_redact::guarded(|| lightwell_redact::Redactor::new(emails)).map_err(failed)?;
        Ok(Self { rules: Redaction { redactor, inputs } })
    }

    /// The text without its secrets; the same object when there are none.
    #[pyo3(signature = (text, *, named=true))]
    fn text<'py>(&self, text: &Bound<'py, PyString>, named: bool) -> PyResult<Bound<'py, PyString>> {
        let borrowed = encode::borrowed(text);
        let redacted = self.rules.text(text.py(), &borrowed, level(named))?;
        Ok(changed(redacted).map_or_else(|| text.clone(), |new| PyString::new(text.py(), &new)))
    }

    /// Bytes that may be text, without their secrets; the same object when there are none.
    #[pyo3(signature = (data, *, named=true))]
    fn data<'py>(&self, data: &Bound<'py, PyBytes>, named: bool) -> PyResult<Bound<'py, PyBytes>> {
        let redacted = self.rules.bytes(data.py(), data.as_bytes(), level(named))?;
        Ok(changed(redacted).map_or_else(|| data.clone(), |new| PyBytes::new(data.py(), &new)))
    }

    /// Redacts, in a dict of a generation's fields, those that are no messages, tools or artifacts.
    fn header(&self, fields: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = fields.py();
        let levels = [
            (intern!(py, "system_prompt"), Level::Full),
            (intern!(py, "call_error"), Level::Full),
            (intern!(py, "conversation_title"), Level::Light),
            (intern!(py, "tags"), Level::Full),
            (intern!(py, "metadata"), Level::Full),
        ];
        for (name, level) in levels {
            let Some(value) = fields.get_item(name)? else { continue };
            if let Some(redacted) = self.rules.value("", &value, level, 0)? {
                fields.set_item(name, redacted)?;
            }
        }
        Ok(())
    }
}

fn level(named: bool) -> Level {
    if named { Level::Full } else { Level::Light }
}

fn changed<T: ToOwned + ?Sized>(redacted: Cow<'_, T>) -> Option<T::Owned> {
    match redacted {
        Cow::Borrowed(_) => None,
        Cow::Owned(redacted) => Some(redacted),
    }
}

/// Redacts; a long text without the interpreter lock.
fn guarded<T: Send>(py: Python<'_>, length: usize, redact: impl FnOnce() -> T + Send) -> PyResult<T> {
    let redact = || lightwell_redact::guarded(redact);
    let redacted = if length > LONG_BYTES { py.detach(redact) } else { redact() };
    redacted.map_err(failed)
}

fn failed(_: lightwell_redact::Failed) -> PyErr {
    RedactionError::new_err("redaction failed")
}
