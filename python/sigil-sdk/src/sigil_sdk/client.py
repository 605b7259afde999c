"""`Client`: makes recorders, owns the delivery pipeline, and is the door to what the server is asked for.

The pipeline is native: nothing here waits for the network except `flush()` and `shutdown()`, and the calls that are questions
to the server (ratings, hooks, conversations), which are in modules of their own.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lightwell import Content, at_exit

from . import context
from ._capture import generation_mode, native_redactor, resolver_or_client_mode
from ._copies import copy_ids, copy_metadata
from ._delivery import (
    DeliveryPipeline,
    build_pipeline,
    deliver_late,
    enqueue,
    enqueue_content,
    flush_pipeline,
    log_notices,
    shut_down,
)
from ._normalise import operation_name_for, to_utc
from ._recorder import GenerationRecorder
from ._trace import TRACE_MODULE, OpenTelemetryAttribute, imported
from .cache_diagnostics import (
    CACHE_DIAGNOSTICS_MISS_REASON_KEY,
    CACHE_DIAGNOSTICS_MISSED_INPUT_TOKENS_KEY,
    CACHE_DIAGNOSTICS_PREVIOUS_MESSAGE_ID_KEY,
)
from .config import ClientConfig, default_logger, resolve_config
from .errors import ClientShutdownError
from .models import ContentCaptureMode, Generation, GenerationMode, GenerationStart, ModelRef, utc_now

if TYPE_CHECKING:
    import logging

    from lightwell import Redactor

    from ._embeddings import EmbeddingRecorder
    from ._tools import NoopToolExecutionRecorder, ToolExecutionRecorder
    from .hooks import HookEvaluateRequest, HookEvaluateResponse
    from .models import (
        ConversationRatingInput,
        EmbeddingStart,
        ExecuteToolCallsOptions,
        Message,
        SubmitConversationRatingResponse,
        ToolExecutionStart,
        WorkflowStep,
    )

__all__ = [
    "CACHE_DIAGNOSTICS_MISSED_INPUT_TOKENS_KEY",
    "CACHE_DIAGNOSTICS_MISS_REASON_KEY",
    "CACHE_DIAGNOSTICS_PREVIOUS_MESSAGE_ID_KEY",
    "Client",
    "EmbeddingRecorder",
    "GenerationRecorder",
    "NoopToolExecutionRecorder",
    "ToolExecutionRecorder",
]

#: Recorders that recording a generation does not need, by the module that has them.
_LATE_NAMES = {
    "EmbeddingRecorder": "_embeddings",
    "NoopToolExecutionRecorder": "_tools",
    "ToolExecutionRecorder": "_tools",
}

_SYNC, _STREAM = GenerationMode.SYNC, GenerationMode.STREAM
_DEFAULT = ContentCaptureMode.DEFAULT
_UNSET = (None, "")
_FLUSH_SECONDS = 60.0
_SHUTDOWN_SECONDS = 30.0
_REPORT_WAIT_SECONDS = 1.0
_LATE_FLUSH_SECONDS = 1.0
_LATE_DELIVERY_SECONDS = 5.0
_REPORT_SECONDS = 5.0


class Client:
    """Records generations. Thread-safe; construction never connects.

    `ValueError` for an unknown protocol, an endpoint that cannot be used, or an authentication mode without its credential.
    """

    # Made when they are first looked at, or when somebody takes what they give.
    _tracer: Any = OpenTelemetryAttribute()
    _meter: Any = OpenTelemetryAttribute()
    _operation_duration_histogram: Any = OpenTelemetryAttribute()
    _token_usage_histogram: Any = OpenTelemetryAttribute()
    _ttft_histogram: Any = OpenTelemetryAttribute()
    _tool_calls_histogram: Any = OpenTelemetryAttribute()
    #: Its tracer, once there is somebody who takes spans, and whether there is somebody who takes numbers.
    _active_tracer: Any = None
    _metering = False

    def __init__(self, config: ClientConfig | None = None) -> None:
        given = config if config is not None else ClientConfig()
        resolved = resolve_config(given)
        self._config = resolved
        self._logger: logging.Logger = resolved.logger or default_logger()
        self._insecure = _insecure_setting(given, resolved)
        clock = self._clock = resolved.now or utc_now
        #: The time, or what the native core can make of the system's clock for less: nanoseconds since 1970.
        self._read_clock: Callable[[], datetime | int] = time.time_ns if clock is utc_now else (lambda: to_utc(clock()))
        self._resolver = resolved.content_capture_resolver
        self._content_capture = resolved.content_capture
        #: What holds where neither a start nor the context nor a resolver says otherwise.
        self._usual_mode = resolver_or_client_mode(None, None, resolved.content_capture, self._logger)
        #: Python code will get records: they are made of model objects all the way.
        self._wants_models = resolved.generation_sanitizer is not None or resolved.generation_exporter is not None
        #: Takes secrets out while the native core encodes.
        self._redactor: Redactor | None = None
        if self._wants_models:
            self._redactor = native_redactor(resolved)
            self._wants_models = self._redactor is None
        self._pipeline: DeliveryPipeline = self._build_pipeline()
        at_exit.watch(self, self._pipeline)
        self._next_report = 0.0
        self._unreported = 0
        self._shutdown_hooks: list[weakref.WeakMethod[Callable[[float], object]]] = []
        self._shutdown_at: datetime | None = None
        self._closed = False
        # Imports of here are not left for a recording, which a fork in another thread could leave with the import's lock.
        from . import _embeddings, _generation_span, _otel, _tool_calls, _tools, _workflow  # noqa: F401

        _otel.attach_to(self, resolved.tracer, resolved.meter)
        if resolved.hooks.enabled:
            # Not amid a request, where a fork in another thread could take the import's lock along.
            from . import _api, hooks  # noqa: F401

    def start_generation(self, start: GenerationStart) -> GenerationRecorder:
        """Begins a call whose reply comes whole, unless `start.mode` says otherwise."""
        return self._make_recorder(start, _SYNC)

    def start_streaming_generation(self, start: GenerationStart) -> GenerationRecorder:
        """Begins a call whose reply comes in pieces, unless `start.mode` says otherwise."""
        return self._make_recorder(start, _STREAM)

    def start_embedding(self, start: EmbeddingStart) -> EmbeddingRecorder:
        """Begins an embedding call: a span and metrics, nothing that is exported."""
        self._assert_open()
        from ._embeddings import start_embedding

        return start_embedding(self, start)

    def start_tool_execution(self, start: ToolExecutionStart) -> ToolExecutionRecorder | NoopToolExecutionRecorder:
        """Begins a tool: a span and its duration, nothing that is exported. A tool without a name is not recorded."""
        self._assert_open()
        from ._tools import start_tool_execution

        return start_tool_execution(self, start)

    def execute_tool_calls(
        self,
        messages: Sequence[Message] | None,
        executor: Callable[[str, Any], Any],
        *,
        options: ExecuteToolCallsOptions | None = None,
    ) -> list[Message]:
        """Runs `executor(name, arguments)` for each tool call in `messages`, recorded; one tool message for each, in order."""
        self._assert_open()
        from ._tool_calls import execute_tool_calls

        return execute_tool_calls(self, messages, executor, options)

    def enqueue_workflow_step(self, step: WorkflowStep) -> None:
        """Queues a copy of a finished step.

        `ValidationError`, `QueueFullError`, `EnqueueError` or `ClientShutdownError` when it was refused.
        """
        from ._workflow import prepare_step

        if self._shutdown_at is not None:
            raise ClientShutdownError("sigil: client is shutting down")
        enqueue(self._pipeline, prepare_step(step, self._config.tags or {}, self._now))
        if at_exit.exiting():
            self._pipeline.flush(_LATE_FLUSH_SECONDS)

    def submit_conversation_rating(
        self, conversation_id: str, rating: ConversationRatingInput
    ) -> SubmitConversationRatingResponse:
        """Sends a person's rating and waits for the answer: see `_ratings`."""
        from ._ratings import submit_conversation_rating

        self._require_open()
        return submit_conversation_rating(self, conversation_id, rating)

    def evaluate_hook(self, request: HookEvaluateRequest) -> HookEvaluateResponse:
        """Asks the server's rules whether a call may go on: see `hooks`."""
        from .hooks import evaluate_client_hook

        self._require_open()
        return evaluate_client_hook(self, request)

    def list_collection_members(self, collection_id: str) -> list[dict[str, Any]]:
        """The members of a collection, as the server tells them: see `conversations`."""
        from .conversations import client_collection_members

        self._require_open()
        return client_collection_members(self, collection_id)

    def get_conversation(self, conversation_id: str) -> dict[str, Any]:
        """A conversation as the server tells it: see `conversations`."""
        from .conversations import client_conversation

        self._require_open()
        return client_conversation(self, conversation_id)

    def flush(self, timeout: float | None = _FLUSH_SECONDS) -> None:
        """Sends what is queued and waits until each record is acknowledged or given up.

        `RuntimeError` when records were given up, with the first reason; `TimeoutError` when `timeout` seconds passed
        first (None: as long as the retry settings allow); `ClientShutdownError` after `shutdown()`.
        """
        if self._shutdown_at is not None:
            raise ClientShutdownError("sigil: client is shutting down")
        flush_pipeline(self._pipeline, self._logger, timeout)

    def shutdown(self, timeout: float | None = _SHUTDOWN_SECONDS) -> None:
        """Refuses new records, sends what is queued and stops, within `timeout` seconds. Idempotent."""
        if self._shutdown_at is not None:
            return
        self._wait_for_reports()
        self._shutdown_at = utc_now()
        try:
            shut_down(self._pipeline, self._logger, timeout)
        finally:
            self._closed = True

    def stats(self) -> dict[str, int]:
        """Where every record went: accepted = delivered + dropped_* + pending."""
        return self._pipeline.stats()

    def metrics_text(self) -> str:
        """`stats()` in Prometheus' text format, labelled `product="sigil"`; empty with an exporter of the program's own."""
        prometheus = getattr(self._pipeline, "prometheus", None)
        return "" if prometheus is None else prometheus()

    def _require_open(self) -> None:
        if self._closed:
            raise ClientShutdownError("sigil: client is shutting down")

    def _assert_open(self) -> None:
        if self._closed:
            raise ClientShutdownError("sigil: client is shutting down")

    def _finds_meter(self) -> bool:
        from . import _otel

        return _otel.find_histograms(self)

    def _build_pipeline(self) -> DeliveryPipeline:
        return build_pipeline(self._config, insecure=self._insecure, logger=self._logger)

    def _before_shutdown(self, hook: Callable[[float], object]) -> None:
        """Has the bound method `hook(seconds)` called when shutdown begins, to wait for records that are on their way."""
        self._shutdown_hooks.append(weakref.WeakMethod(hook))

    def _wait_for_reports(self) -> None:
        deadline = time.monotonic() + _REPORT_WAIT_SECONDS
        for reference in self._shutdown_hooks:
            hook = reference()
            if hook is not None:
                hook(max(0.0, deadline - time.monotonic()))

    def _start_late_generation(self, start: GenerationStart) -> GenerationRecorder:
        """Begins the record of a call that is reported after `shutdown()`: delivered at once and by itself.

        `ClientShutdownError` when the call began after the shutdown.
        """
        shutdown_at, started_at = self._shutdown_at, start.started_at
        if shutdown_at is None or started_at is None or to_utc(started_at) > shutdown_at:
            raise ClientShutdownError("sigil: client is shutting down")
        recorder = self._make_recorder(start, _SYNC, late=True)
        recorder._late = True
        return recorder

    def _make_recorder(
        self, start: GenerationStart, default_mode: GenerationMode, late: bool = False
    ) -> GenerationRecorder:
        if self._closed and not late:
            raise ClientShutdownError("sigil: client is shutting down")
        seed = self._seed_fields(start, default_mode)
        around = context.top_live_entry()
        if around is None and self._resolver is None and start.content_capture is _DEFAULT:
            mode = self._usual_mode
        else:
            mode = generation_mode(
                start.content_capture, self._resolver, seed.get("metadata"), self._content_capture, self._logger
            )
        moment = start.started_at
        began = self._read_clock() if moment is None else to_utc(moment)
        recorder = GenerationRecorder(self, start, seed, began, mode, around)
        if self._active_tracer is not None or TRACE_MODULE in imported:
            recorder._begin_span()
        return recorder

    def _seed_fields(self, start: GenerationStart, default_mode: GenerationMode) -> dict[str, Any]:
        """Copies of the fields of `start` that are not empty, except its tools, with what the context and the configuration
        know. Runs for each recording: written out for speed."""
        config = self._config
        mode = start.mode or default_mode
        model = start.model
        fields: dict[str, Any] = {
            "model": ModelRef(model.provider, model.name),
            "mode": mode,
            "operation_name": start.operation_name or operation_name_for(mode),
        }
        if text := start.conversation_id or context.conversation_id_from_context():
            fields["conversation_id"] = text
        if text := start.agent_name or context.agent_name_from_context() or config.agent_name:
            fields["agent_name"] = text
        if text := start.agent_version or context.agent_version_from_context() or config.agent_version:
            fields["agent_version"] = text
        of_context = context.conversation_title_from_context()
        if start.conversation_title or of_context:
            fields["conversation_title"] = _first_text(start.conversation_title, of_context)
        of_context = context.user_id_from_context()
        if start.user_id not in _UNSET or of_context or config.user_id:
            fields["user_id"] = _first_text(start.user_id, of_context, config.user_id)
        if start.id:
            fields["id"] = start.id
        if start.system_prompt:
            fields["system_prompt"] = start.system_prompt
        if start.max_tokens is not None:
            fields["max_tokens"] = start.max_tokens
        if start.temperature is not None:
            fields["temperature"] = start.temperature
        if start.top_p is not None:
            fields["top_p"] = start.top_p
        if start.tool_choice is not None:
            fields["tool_choice"] = start.tool_choice
        if start.thinking_enabled is not None:
            fields["thinking_enabled"] = start.thinking_enabled
        if start.tags or config.tags:
            fields["tags"] = {**(config.tags or {}), **(start.tags or {})}
        if start.metadata:
            fields["metadata"] = copy_metadata(start.metadata)
        if start.parent_generation_ids:
            fields["parent_generation_ids"] = copy_ids(start.parent_generation_ids)
        if start.effective_version:
            fields["effective_version"] = start.effective_version
        return fields

    def _enqueue_content(
        self, header: dict[str, Any], content: Content, seed_tools: Content | None, late: bool
    ) -> None:
        if self._shutdown_at is not None:
            if not late:
                raise ClientShutdownError("sigil: client is shutting down")
            # The native pipeline can be made anew.
            pipeline = self._build_pipeline()
            enqueue_content(pipeline, header, content, seed_tools)
            deliver_late(pipeline, _LATE_DELIVERY_SECONDS)
            return
        enqueue_content(self._pipeline, header, content, seed_tools)
        if at_exit.exiting():
            self._pipeline.flush(_LATE_FLUSH_SECONDS)

    def _enqueue_generation(self, generation: Generation, late: bool = False) -> None:
        if self._shutdown_at is not None:
            # A program's own exporter is shut down by now.
            if not late or self._config.generation_exporter is not None:
                raise ClientShutdownError("sigil: client is shutting down")
            pipeline = self._build_pipeline()
            enqueue(pipeline, generation)
            deliver_late(pipeline, _LATE_DELIVERY_SECONDS)
            return
        enqueue(self._pipeline, generation)
        if at_exit.exiting():
            self._pipeline.flush(_LATE_FLUSH_SECONDS)

    def _report_local_error(self, error: Exception) -> None:
        """Logs why a record was not queued, at most once in `_REPORT_SECONDS`; the counters are in `stats()`."""
        moment = time.monotonic()
        if moment < self._next_report:
            self._unreported += 1
            return
        more = f" ({self._unreported} more since the last report)" if self._unreported else ""
        self._next_report, self._unreported = moment + _REPORT_SECONDS, 0
        self._log_warn(f"{error}{more}")
        log_notices(self._pipeline, self._logger)

    def _log_warn(self, message: str, error: BaseException | None = None) -> None:
        self._logger.warning("%s", message if error is None else f"{message}: {error}")

    def _now(self) -> datetime:
        return to_utc(self._clock())


def __getattr__(name: str) -> Any:
    module = _LATE_NAMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{module}", __package__), name)
    return found


def _first_text(*candidates: object) -> str:
    """The first that is not blank, as text: programs pass numbers as user ids."""
    for candidate in candidates:
        stripped = "" if candidate is None else str(candidate).strip()
        if stripped:
            return stripped
    return ""


def _insecure_setting(given: ClientConfig, resolved: ClientConfig) -> bool | None:
    """What somebody decided, else None: plaintext for loopback hosts only."""
    decided = given.generation_export.insecure is not None or os.environ.get("SIGIL_INSECURE", "").strip()
    return resolved.generation_export.insecure if decided else None
