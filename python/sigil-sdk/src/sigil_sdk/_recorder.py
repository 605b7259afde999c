"""`GenerationRecorder`: from the start of an LLM call to its record on the delivery queue.

`end()` never raises: what goes wrong on our side is told by `err()`. A record carries the ids of its span, which is one of the
program's OpenTelemetry, if it uses that, and else stands for the span that was current when the call began.

What `set_result` is given is read at once: messages, tools and artifacts by the native core, which checks and encodes them on
the way, everything else into a dict. Model objects are made of that only when somebody looks (`seed`, `last_generation`), or
for a sanitizer or exporter that is Python code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightwell import Content, EncodeError, RedactionError

from . import models
from ._capture import sanitise, strip_lists
from ._copies import copy_generation, copy_lists, make_generation, take_header
from ._error_category import error_category
from ._normalise import (
    apply_call_error,
    apply_first_token,
    complete_header,
    merge_header,
    of_nanoseconds,
    strip_header,
    to_utc,
)
from .cache_diagnostics import diagnostics_metadata
from ._trace import METRICS_MODULE, imported
from .context import Entry, push_capture_hold, release_capture_hold
from .errors import EnqueueError, SigilError, ValidationError
from .models import ContentCaptureMode, Generation, GenerationMode, GenerationStart
from .validation import CAPTURE_MODE_KEY, validate_generation

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from lightwell import Redactor

    from .client import Client

_GENERATION_FIELDS: tuple[str, ...] = Generation.__slots__
_GENERATION_FIELD_SET = frozenset(_GENERATION_FIELDS)
_METADATA_ONLY = ContentCaptureMode.METADATA_ONLY
_NO_CONTENT = Content({})
_NO_FIELDS: dict[str, Any] = {}


class GenerationRecorder:
    """One LLM call in progress. Use it as a context manager, or call `end()`."""

    #: None without a tracer.
    _span: Any = None
    _unrecorded_span: Any = None
    _trace_ids = ("", "")
    _late = False
    _seed: GenerationStart | None = None
    #: Encoded; as model objects where they are wanted or the encoded ones would lack what is withheld.
    _seed_tools: Content | list[Any] | None = None
    #: The fields of the result except its content.
    _result: dict[str, Any] = _NO_FIELDS
    #: Those of the record, once it is made.
    _header: dict[str, Any] | None = None
    _content: Content = _NO_CONTENT
    #: The content as model objects, where Python code will want them or the native core found a problem.
    _lists: dict[str, list[Any]] | None = None
    _read_error: EncodeError | None = None
    _mapping_error: Exception | None = None
    _call_error: BaseException | None = None
    _first_token_at: datetime | None = None
    _extra_metadata: dict[str, Any] | None = None
    _final_error: Exception | None = None
    _last_generation: Generation | None = None
    _ended = False
    #: What the stack of capture modes looks at, see `context`.
    _capture_open = True
    _sanitizer_failed = False

    def __init__(
        self,
        client: Client,
        start: GenerationStart,
        seed_fields: dict[str, Any],
        began: datetime | int,
        capture_mode: ContentCaptureMode,
        around: Entry | None,
    ) -> None:
        self.client = client
        self._began = began
        self._content_capture_mode = capture_mode
        self._seed_fields = seed_fields
        self._seed_capture = start.content_capture
        if start.tools:
            self._take_seed_tools(start.tools)
        push_capture_hold(self, capture_mode, around)

    @property
    def started_at(self) -> datetime:
        """When the call began, in UTC."""
        if isinstance(self._began, int):
            self._began = of_nanoseconds(self._began)
        return self._began

    @started_at.setter
    def started_at(self, moment: datetime) -> None:
        self._began = to_utc(moment)

    @property
    def seed(self) -> GenerationStart:
        """The recorder's own copy of what was known at the start; changes count until `end()`."""
        if self._seed is None:
            tools = self._seed_tools
            if isinstance(tools, Content):
                tools = tools.models(models)["tools"]
            self._seed = GenerationStart(
                **self._seed_fields, tools=tools or [], content_capture=self._seed_capture, started_at=self.started_at
            )
        return self._seed

    @property
    def span(self) -> Any:
        """The call's span: an OpenTelemetry span, which records nothing when the program has no tracer."""
        if self._span is not None:
            return self._span
        if self._unrecorded_span is None:
            from ._otel import readable_span

            self._unrecorded_span = readable_span()
        return self._unrecorded_span

    def set_result(
        self,
        generation: Generation | None = None,
        mapping_error: Exception | None = None,
        **kwargs: Any,
    ) -> None:
        """What the call returned: a `Generation`, or its fields as keywords. The last call wins.

        Later changes to what is passed do not change the record. `ValueError` for both forms at once, `TypeError` for
        an unknown field.
        """
        if generation is None:
            if not _GENERATION_FIELD_SET.issuperset(kwargs):
                unknown = sorted(kwargs.keys() - _GENERATION_FIELD_SET)
                raise TypeError(f"Generation.__init__() got an unexpected keyword argument {unknown[0]!r}")
            fields = kwargs
        elif kwargs:
            raise ValueError("set_result accepts either a generation object or keyword fields")
        else:
            fields = {name: getattr(generation, name) for name in _GENERATION_FIELDS}
        self._take_content(fields)
        self._result = take_header(fields)
        if mapping_error is not None:
            self._mapping_error = mapping_error

    def set_call_error(self, error: BaseException | None) -> None:
        """The call failed. None is ignored; the last error wins."""
        if error is not None:
            self._call_error = error

    def set_first_token_at(self, first_token_at: datetime | None) -> None:
        """When the first piece of a streamed reply arrived. None is ignored."""
        if first_token_at is not None:
            self._first_token_at = first_token_at

    def set_cache_diagnostics(
        self,
        miss_reason: str,
        *,
        missed_input_tokens: int | None = None,
        previous_message_id: str | None = None,
    ) -> None:
        """Why the prompt cache was missed. Nothing happens without a reason or after the end; each call replaces the last."""
        entries = diagnostics_metadata(miss_reason, missed_input_tokens, previous_message_id)
        if entries and not self._ended:
            self._extra_metadata = entries

    def end(self) -> None:
        """Makes the record and queues it. Only the first call does anything."""
        if self._ended:
            return
        self._ended = True
        try:
            self._finish()
        except SigilError as error:
            self._final_error = error
        except Exception as error:
            self._final_error = EnqueueError(f"sigil: generation enqueue failed: {error}")
        finally:
            release_capture_hold(self)
            client = self.client
            if self._span is not None or client._metering or (METRICS_MODULE in imported and client._finds_meter()):
                self._end_span()
        if self._final_error is not None:
            self.client._report_local_error(self._final_error)

    def err(self) -> Exception | None:
        """Why the record could not be made or queued; None when it was, also when the call itself failed."""
        return self._final_error

    @property
    def last_generation(self) -> Generation | None:
        """A copy of the record that `end()` made, None before."""
        if self._last_generation is None:
            if self._header is None:
                return None
            self._last_generation = make_generation(complete_header(self._header), self._content_models())
        return copy_generation(self._last_generation)

    def __enter__(self) -> GenerationRecorder:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None and self._call_error is None:
            self._call_error = exc
        self.end()

    def _begin_span(self) -> None:
        """In a program that uses OpenTelemetry."""
        from . import _generation_span, _otel

        client = self.client
        if _otel.find_tracer(client) is not None:
            self._span = _generation_span.begin(client, self._seed_fields, self._content_capture_mode, self.started_at)
        self._trace_ids = _otel.current_trace_ids() if self._span is None else _otel.trace_ids(self._span)

    def _end_span(self) -> None:
        from . import _generation_span, _otel

        try:
            _generation_span.finish(self, self._final_fields(), self._first_token_at)
        except Exception as error:  # Of values that no record can hold, which `err()` tells.
            _otel.report(error)
            _otel.end_span(self._span, self.client._now(), error_type="enqueue_error", category="sdk_error")

    def _final_fields(self) -> dict[str, Any]:
        """The fields of the record as it was made; of what was known at the start, if none could be."""
        made = self._last_generation
        if made is not None:
            return {name: getattr(made, name) for name in _GENERATION_FIELDS}
        return self._seed_fields if self._header is None else complete_header(self._header)

    def _tool_call_count(self) -> int:
        if self._lists is None:
            return self._content.tool_calls
        from ._generation_span import count_tool_calls

        return count_tool_calls(self._lists["output"])

    def _take_seed_tools(self, tools: list[Any]) -> None:
        lists = {"tools": tools}
        if not self.client._wants_models and self._content_capture_mode is not _METADATA_ONLY:
            try:
                self._seed_tools = self._read(lists)
                return
            except EncodeError:
                pass  # Told at the end, when the result has no tools of its own.
        self._seed_tools = copy_lists(lists)["tools"]

    def _take_content(self, fields: dict[str, Any]) -> None:
        """Reads the content of a result."""
        self._content, self._lists, self._read_error = _NO_CONTENT, None, None
        if self.client._wants_models:
            self._lists = copy_lists(fields)
        else:
            try:
                content = self._content = self._read(fields)
            except EncodeError as error:
                self._read_error = error
                self._lists = copy_lists(fields)
            else:
                if content.problem is not None:
                    self._lists = copy_lists(fields)

    def _read(self, lists: dict[str, Any]) -> Content:
        """Encodes lists of content: redacted, withheld where that fails."""
        redactor, withhold = self.client._redactor, self._content_capture_mode is _METADATA_ONLY
        if redactor is None:
            return Content(lists, withhold)
        try:
            return Content(lists, withhold, redactor)
        except RedactionError:
            self._withhold()
            return Content(lists, True)

    def _redact_header(self, redactor: Redactor, header: dict[str, Any]) -> None:
        try:
            redactor.header(header)
        except Exception:  # Of the program's own objects in metadata too: what was not looked at is not sent.
            self._withhold()
            self._content = Content(self._content.models(models), True)

    def _withhold(self) -> None:
        """Redaction failed: the record goes without its content."""
        self.client._logger.warning("sigil: generation sanitization failed, falling back to metadata_only", exc_info=True)
        self._sanitizer_failed = True
        self._content_capture_mode = _METADATA_ONLY

    def _finish(self) -> None:
        """Raises what `err()` tells."""
        client, mode = self.client, self._content_capture_mode
        if self._seed is not None:
            self._read_seed_again(self._seed)
        header = self._header = merge_header(
            self._seed_fields, self._result, self._began, client._read_clock(), self._extra_metadata
        )
        if self._call_error is not None:
            apply_call_error(header, self._call_error)
        if self._first_token_at is not None:
            apply_first_token(header, self._first_token_at)
        trace_id, span_id = self._trace_ids
        if trace_id:
            header["trace_id"], header["span_id"] = trace_id, span_id
        header["metadata"][CAPTURE_MODE_KEY] = mode._value_
        if client._wants_models:
            self._finish_models(header)
            return
        if client._redactor is not None and mode is not _METADATA_ONLY:
            self._redact_header(client._redactor, header)
        tools = None if self._seed_tools is None else self._encoded_seed_tools()
        if self._content_capture_mode is _METADATA_ONLY:
            strip_header(header, error_category(self._call_error))
        if self._read_error is not None:
            raise self._read_error
        client._enqueue_content(header, self._content, tools, self._late)

    def _finish_models(self, header: dict[str, Any]) -> None:
        """The same for a client with a sanitizer or exporter of its own: of model objects."""
        client = self.client
        lists = self._lists if self._lists is not None else copy_lists({})
        if not lists["tools"] and isinstance(self._seed_tools, list):
            lists["tools"] = self._seed_tools
        generation = self._last_generation = make_generation(complete_header(header), lists)
        strip = self._content_capture_mode is _METADATA_ONLY
        sanitizer = client._config.generation_sanitizer
        if not strip and sanitizer is not None:
            sanitised = sanitise(sanitizer, generation, client._logger)
            strip = self._sanitizer_failed = sanitised is None
            generation = self._last_generation = sanitised or generation
        # The caller's content is validated also when it is about to be withheld.
        try:
            validate_generation(generation)
        except ValueError as error:
            raise ValidationError(f"sigil: generation validation failed: {error}") from error
        finally:
            if strip:
                strip_header(header, error_category(self._call_error))
                strip_lists(lists)
                generation = self._last_generation = make_generation(header, lists)
        client._enqueue_generation(generation, self._late)

    def _read_seed_again(self, seed: GenerationStart) -> None:
        """A program has seen the seed and may have changed it."""
        self._seed_fields = self.client._seed_fields(seed, GenerationMode.SYNC)
        self._seed_tools = seed.tools

    def _encoded_seed_tools(self) -> Content | None:
        tools = self._seed_tools
        if isinstance(tools, list):
            return self._read({"tools": tools}) if tools else None
        return tools

    def _content_models(self) -> dict[str, list[Any]]:
        """New model objects of the record's content."""
        lists = self._lists
        withheld = self._content_capture_mode is _METADATA_ONLY
        if lists is None:
            lists = self._content.models(models)
        elif withheld:
            try:
                strip_lists(lists)
            except Exception:  # Objects of a wrong shape, which were refused: nothing of them is shown.
                lists = copy_lists({})
        if not lists["tools"]:
            tools = self._encoded_seed_tools()
            lists["tools"] = [] if tools is None else tools.models(models)["tools"]
        return lists
