"""`GenerationRecorder`: from the start of an LLM call to its record on the delivery queue.

`end()` never raises: what goes wrong on our side is told by `err()`. The span of the call comes with OpenTelemetry support;
until then `span` is None and a record carries the ids of the span that was current when it started.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._capture import sanitise, strip_content
from ._copies import copy_field, copy_generation
from ._normalise import apply_call_error, apply_first_token, merge_result
from .cache_diagnostics import diagnostics_metadata
from .context import CaptureHold, push_capture_hold, release_capture_hold
from .errors import EnqueueError, SigilError, ValidationError
from .models import ContentCaptureMode, Generation, GenerationStart
from .validation import CAPTURE_MODE_KEY, validate_generation

if TYPE_CHECKING:
    from .client import Client

_GENERATION_FIELDS = frozenset(field.name for field in fields(Generation))


class GenerationRecorder:
    """One LLM call in progress. Use it as a context manager, or call `end()`."""

    __slots__ = (
        "__weakref__",
        "_call_error",
        "_capture_hold",
        "_content_capture_mode",
        "_ended",
        "_extra_metadata",
        "_final_error",
        "_first_token_at",
        "_last_generation",
        "_late",
        "_mapping_error",
        "_result",
        "_trace_ids",
        "client",
        "seed",
        "span",
        "started_at",
    )

    def __init__(
        self,
        client: Client,
        seed: GenerationStart,
        started_at: datetime,
        capture_mode: ContentCaptureMode,
        trace_ids: tuple[str, str],
        late: bool = False,
    ) -> None:
        self.client = client
        self.seed = seed
        self.span: Any = None
        self.started_at = started_at
        self._content_capture_mode = capture_mode
        self._trace_ids = trace_ids
        self._late = late
        self._result: Generation | None = None
        self._mapping_error: Exception | None = None
        self._call_error: BaseException | None = None
        self._first_token_at: datetime | None = None
        self._extra_metadata: dict[str, Any] = {}
        self._final_error: Exception | None = None
        self._last_generation: Generation | None = None
        self._ended = False
        self._capture_hold: CaptureHold = push_capture_hold(id(self), capture_mode)

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
        if generation is not None and kwargs:
            raise ValueError("pass a generation or its fields, not both")
        if generation is None:
            unknown = sorted(kwargs.keys() - _GENERATION_FIELDS)
            if unknown:
                raise TypeError(f"Generation has no field {unknown[0]!r}")
            self._result = Generation(**{name: copy_field(name, value) for name, value in kwargs.items()})
        else:
            self._result = copy_generation(generation)
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
            self._final_error = self._finish()
        except Exception as error:
            self._final_error = EnqueueError(f"sigil: generation enqueue failed: {error}")
        finally:
            release_capture_hold(self._capture_hold)
        if self._final_error is not None:
            self.client._report_local_error(self._final_error)

    def err(self) -> Exception | None:
        """Why the record could not be made or queued; None when it was, also when the call itself failed."""
        return self._final_error

    @property
    def last_generation(self) -> Generation | None:
        """A copy of the record that `end()` made, None before."""
        return None if self._last_generation is None else copy_generation(self._last_generation)

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

    def _finish(self) -> Exception | None:
        config = self.client._config
        completed_at = self.client._now()
        result = self._result if self._result is not None else Generation()
        generation = merge_result(self.seed, result, self.started_at, completed_at, self._extra_metadata)
        apply_call_error(generation, self._call_error)
        apply_first_token(generation, self._first_token_at)
        generation.trace_id = generation.trace_id or self._trace_ids[0]
        generation.span_id = generation.span_id or self._trace_ids[1]
        mode = self._content_capture_mode
        generation.metadata[CAPTURE_MODE_KEY] = mode.value
        self._last_generation = generation
        strip = mode is ContentCaptureMode.METADATA_ONLY
        if not strip and config.generation_sanitizer is not None:
            sanitised = sanitise(config.generation_sanitizer, generation, self.client._logger)
            strip = sanitised is None
            generation = self._last_generation = sanitised or generation
        # The caller's content is validated also when it is about to be withheld.
        problem = _validation_problem(generation)
        if strip:
            strip_content(generation, self._call_error)
        if problem is not None:
            return problem
        try:
            self.client._enqueue_generation(generation, self._late)
        except SigilError as error:
            return error
        return None


def _validation_problem(generation: Generation) -> ValidationError | None:
    try:
        validate_generation(generation)
    except ValueError as error:
        return ValidationError(f"sigil: generation validation failed: {error}")
    return None
