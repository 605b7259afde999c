"""`CrewAIInsideLLMCallbackHandler`: what CrewAI crews and LiteLLM calls do, as events.

Two sources tell: LiteLLM's hooks, for every call that goes through LiteLLM, and CrewAI's event bus, for crews, tasks, agents,
tools and all calls of models, also those that CrewAI makes past LiteLLM. A call that both know is the bus's, but for the end
of one whose reply is calls of tools: of those that go through LiteLLM the bus tells no end.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Tuple

from . import _litellm as _read
from ._crewai_bus import CrewBus, current_call
from ._crewai_calls import Open, remember
from ._event_client import EventClient
from ._hooks import quiet
from ._unavailable import UnavailableIntegration
from .models import Event, EventType
from .utils import generate_uuid, validate_uuid

try:
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:
    LITELLM_AVAILABLE = False
    CustomLogger = object
else:
    LITELLM_AVAILABLE = True

logger = logging.getLogger("insidellm")

class _Call:
    """A call that has begun and not ended."""

    __slots__ = ("attempts", "model", "request_id", "streamed")

    def __init__(self, model: Dict[str, str], request_id: str) -> None:
        self.model = model
        self.request_id = request_id
        self.attempts = 1
        self.streamed = 0


class _Handler(CustomLogger):  # type: ignore[misc, unused-ignore]
    """Logs LiteLLM calls and CrewAI crews. Constructing it registers it; appending it to `litellm.callbacks` does no harm.

    `run_id` and `user_id` of its events are a new UUID and the client's current user (else `crewai_system`) when not given.
    A run of its own is begun and ended with each crew. `debug` logs what is done. The `track_*` flags say what is logged;
    `track_streaming` every chunk instead of the first. `auto_register=False` leaves LiteLLM alone; `close` undoes it all.
    """

    def __init__(
        self,
        client: EventClient,
        user_id: Optional[str] = None,
        run_id: Optional[str] = None,
        metadata: Optional[Dict[str, Any]] = None,
        *,
        debug: bool = False,
        track_llm_calls: bool = True,
        track_tool_calls: bool = True,
        track_agent_actions: bool = True,
        track_task_execution: bool = True,
        track_errors: bool = True,
        track_streaming: bool = False,
        auto_register: bool = True,
    ) -> None:
        super().__init__()
        self.client = client
        # Plain attributes: LiteLLM takes two handlers for the same one unless such attributes differ.
        self.run_id = run_id or generate_uuid()
        self.user_id = user_id or client.get_current_user_id() or "crewai_system"
        self.current_run_id = self.run_id
        self.current_user_id = self.user_id
        self.metadata = metadata or {}
        self.debug = debug
        self.track_llm_calls = track_llm_calls
        self.track_tool_calls = track_tool_calls
        self.track_agent_actions = track_agent_actions
        self.track_task_execution = track_task_execution
        self.track_errors = track_errors
        self.track_streaming = track_streaming
        if debug:
            logger.setLevel(logging.DEBUG)
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._ended_calls: OrderedDict[str, None] = OrderedDict()
        self._crew_calls: OrderedDict[str, str] = OrderedDict()
        """CrewAI's id of a call by LiteLLM's. What tells the end may run where the call is not known any more."""
        self._lock = threading.Lock()
        self._bus = CrewBus.subscribe(self, owns_run=run_id is None)
        if auto_register:
            _register(self)

    def close(self) -> None:
        """Nothing is logged any more. Idempotent."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None
        _unregister(self)

    @quiet
    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Mapping[str, Any]) -> None:
        """LiteLLM calls a provider; told again for each attempt of its own."""
        if not self.track_llm_calls:
            return
        call_id = str(kwargs.get("litellm_call_id"))
        crew_call = current_call() if self._bus is not None else None
        with self._lock:
            if crew_call is not None:
                remember(self._crew_calls, call_id, crew_call)
                return
            call = self._calls.get(call_id)
            if call is not None:
                call.attempts += 1
                return
        self._begin(call_id, model, messages, kwargs)

    @quiet
    def log_stream_event(self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A piece of a streamed reply; the first one tells when the reply began."""
        call = self._calls.get(str(kwargs.get("litellm_call_id")))
        if call is None:
            return
        index = call.streamed
        call.streamed += 1
        if index == 0 or self.track_streaming:
            chunk = {**call.model, "chunk_text": _read.chunk_text(response_obj), "chunk_index": index}
            self.log(EventType.LLM_STREAMING_CHUNK, chunk, call.request_id)

    @quiet
    def log_success_event(self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call succeeded."""
        crew_call = self._crew_calls.get(str(kwargs.get("litellm_call_id")))
        if crew_call is not None:
            self._crew_call_succeeded(crew_call, kwargs, response_obj, (start_time, end_time))
            return
        call = self._ended(kwargs)
        if call is None:
            return
        began = kwargs.get("completion_start_time")
        if kwargs.get("stream") and call.streamed == 0 and isinstance(began, datetime):
            chunk = {**call.model, "chunk_text": "", "chunk_index": 0}
            self.log(EventType.LLM_STREAMING_CHUNK, chunk, call.request_id, at=began)
        fields = {**call.model, **_read.response_fields(response_obj, kwargs.get("response_cost"))}
        duration = _read.duration_ms(start_time, end_time)
        if duration is not None:
            fields["response_time_ms"] = duration
        self.log(EventType.LLM_RESPONSE, fields, call.request_id)

    @quiet
    def log_failure_event(self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call failed for good."""
        if str(kwargs.get("litellm_call_id")) in self._crew_calls:
            return
        call = self._ended(kwargs)
        if call is None or not self.track_errors:
            return
        context = {**call.model, "attempts": call.attempts}
        duration = _read.duration_ms(start_time, end_time)
        if duration is not None:
            context["duration_ms"] = duration
        self.log(EventType.ERROR, _read.failure_fields(kwargs, context), call.request_id)

    async def async_log_success_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """As `log_success_event`; whichever is told first counts."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """As `log_failure_event`."""
        self.log_failure_event(kwargs, response_obj, start_time, end_time)

    def log(
        self,
        event_type: EventType,
        payload: Dict[str, Any],
        parent: Optional[str] = None,
        *,
        event_id: Optional[str] = None,
        at: Optional[datetime] = None,
        metadata: Optional[Dict[str, Any]] = None,
    ) -> str:
        """Logs an event of the handler's run, of now or of a time that is known better. Returns its id."""
        event = Event(
            event_type=event_type,
            event_id=event_id,
            run_id=self.run_id,
            user_id=self.user_id,
            parent_event_id=parent,
            timestamp=None if at is None else _read.iso(at),
            metadata={**(metadata or {}), **self.metadata},
            payload=payload,
        )
        self.client.log_event(event)
        logger.debug("insidellm: %s of run %s", event_type.value, self.run_id)
        return event.event_id

    def _crew_call_succeeded(
        self, crew_call: str, kwargs: Mapping[str, Any], response: Any, times: Tuple[Any, Any]
    ) -> None:
        fields = _read.response_fields(response, kwargs.get("response_cost"))
        if self._bus is None or not fields.get("tool_calls"):
            return
        duration = _read.duration_ms(*times)
        if duration is not None:
            fields["response_time_ms"] = duration
        at = times[1] if isinstance(times[1], datetime) else None

        def end(call: Open) -> None:
            self.log(EventType.LLM_RESPONSE, {**call.fields, **fields}, call.event_id, at=at)

        self._bus.calls.end_with(crew_call, end)

    def _mine(self) -> bool:
        """Whether a call that LiteLLM tells of is not told by the bus as well."""
        return self.track_llm_calls and not (self._bus is not None and current_call() is not None)

    def _begin(self, call_id: str, model: Any, messages: Any, kwargs: Mapping[str, Any]) -> _Call:
        names = _read.model_fields(model, kwargs)
        payload = {**names, **_read.request_fields(messages, kwargs)}
        request_id = call_id if validate_uuid(call_id) else generate_uuid()
        call = _Call(names, request_id)
        with self._lock:
            remember(self._calls, call_id, call)
        self.log(EventType.LLM_REQUEST, payload, event_id=request_id, metadata=_read.metadata_of(kwargs))
        return call

    def _ended(self, kwargs: Mapping[str, Any]) -> Optional[_Call]:
        """The call, also one whose beginning LiteLLM did not tell; None when it is told elsewhere or was told before."""
        call_id = str(kwargs.get("litellm_call_id"))
        with self._lock:
            call = self._calls.pop(call_id, None)
            told_before = call_id in self._ended_calls
            remember(self._ended_calls, call_id, None)
        if call is not None or told_before or not self._mine():
            return call
        call = self._begin(call_id, kwargs.get("model"), kwargs.get("messages") or kwargs.get("input"), kwargs)
        with self._lock:
            self._calls.pop(call_id, None)
        return call


def _register(handler: Any) -> None:
    """Where CrewAI, which writes over `litellm.callbacks`, leaves it alone."""
    if not LITELLM_AVAILABLE:
        return
    import litellm

    manager = litellm.logging_callback_manager
    manager.add_litellm_input_callback(handler)
    manager.add_litellm_success_callback(handler)
    manager.add_litellm_failure_callback(handler)
    manager.add_litellm_async_success_callback(handler)
    manager.add_litellm_async_failure_callback(handler)


def _unregister(handler: Any) -> None:
    if not LITELLM_AVAILABLE:
        return
    import litellm

    lists: List[Optional[List[Any]]] = [
        getattr(litellm, name, None)
        for name in (
            "callbacks",
            "input_callback",
            "success_callback",
            "failure_callback",
            "_async_input_callback",
            "_async_success_callback",
            "_async_failure_callback",
        )
    ]
    for callbacks in lists:
        if callbacks is not None:
            callbacks[:] = [callback for callback in callbacks if callback is not handler]


if LITELLM_AVAILABLE:

    class CrewAIInsideLLMCallbackHandler(_Handler):
        __doc__ = _Handler.__doc__

else:

    class CrewAIInsideLLMCallbackHandler(UnavailableIntegration):  # type: ignore[no-redef]
        """Logs LiteLLM calls and CrewAI crews."""

        _reason = "CrewAIInsideLLMCallbackHandler needs LiteLLM: pip install 'insidellm[crewai]' or 'insidellm[litellm]'"
