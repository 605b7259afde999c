"""`InsideLLMTracker`: logs a piece of work event by event, each event the child of the one before it."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Type

from . import _default
from ._context import context
from ._emit import emit
from ._event_client import EventClient
from ._spans import LLMCallSpan, ToolCallSpan
from .models import EventType, filled
from .utils import current_parent, error_text, format_stack_trace, generate_uuid, set_current_parent

_UNSET: Any = ...
_log = context.log

# Looking a member up costs as much as a call.
_AGENT_RESPONSE = EventType.AGENT_RESPONSE
_ERROR = EventType.ERROR
_LLM_REQUEST = EventType.LLM_REQUEST
_LLM_RESPONSE = EventType.LLM_RESPONSE
_PERFORMANCE_METRIC = EventType.PERFORMANCE_METRIC
_TOOL_CALL = EventType.TOOL_CALL
_TOOL_RESPONSE = EventType.TOOL_RESPONSE
_USER_INPUT = EventType.USER_INPUT
_TOOL_CALL_SCHEMA = _TOOL_CALL.schema
_TOOL_RESPONSE_SCHEMA = _TOOL_RESPONSE.schema


class InsideLLMTracker:
    """Logs events of one run; usable with `with` and `async with`. Every `log_*` method returns the new event's id.

    `client` None means the default client (`ConfigurationError` without one). With `auto_start_session`, entering starts
    the run and leaving ends it; an exception is logged as an error event and passed on.
    """

    def __init__(
        self,
        client: Optional[EventClient] = None,
        run_id: Optional[str] = None,
        user_id: Optional[str] = None,
        metadata: Optional[Dict[str, Any]] = None,
        auto_start_session: bool = True,
    ) -> None:
        self.client = client if client is not None else _default.get_client()
        self.run_id = run_id or generate_uuid()
        self.user_id = user_id
        self.metadata = metadata or {}
        self.auto_start_session = auto_start_session
        self._session_open = False

    def start_session(self) -> None:
        """Starts the run; does nothing when it is started."""
        if not self._session_open:
            self.client.start_run(run_id=self.run_id, user_id=self.user_id, metadata=self.metadata)
            self._session_open = True

    def end_session(self) -> None:
        """Ends the run; does nothing when it is not started."""
        if self._session_open:
            self._session_open = False
            self.client.end_run(self.run_id)

    def log_user_input(self, input_text: str, input_type: str = "text", **kwargs: Any) -> str:
        """What a person said. `parent_event_id=None` makes it a root."""
        parent = kwargs.pop("parent_event_id", _UNSET)
        fields = {"input_text": input_text, "input_type": input_type}
        return self._log_schema(_USER_INPUT, fields, parent, kwargs)

    def log_agent_response(
        self,
        response_text: str,
        response_type: str = "text",
        parent_event_id: Optional[str] = None,
        **kwargs: Any,
    ) -> str:
        """What the agent answered."""
        fields = {"response_text": response_text, "response_type": response_type}
        return self._log_plain(_AGENT_RESPONSE, fields, parent_event_id, kwargs)

    def log_llm_request(
        self, model_name: str, provider: str, prompt: str, parent_event_id: Optional[str] = None, **kwargs: Any
    ) -> str:
        """A call to a model."""
        fields = {"model_name": model_name, "provider": provider, "prompt": prompt}
        return self._log_schema(_LLM_REQUEST, fields, _or_unset(parent_event_id), kwargs)

    def log_llm_response(
        self, model_name: str, provider: str, response_text: str, parent_event_id: Optional[str] = None, **kwargs: Any
    ) -> str:
        """A model's reply. `tool_calls` are those that it asks for, in OpenAI's form."""
        fields = {"model_name": model_name, "provider": provider, "response_text": response_text}
        if len(kwargs) == 1 and "response_time_ms" in kwargs:  # What a block adds.
            fields.update(kwargs)
            return self._log_schema(_LLM_RESPONSE, fields, _or_unset(parent_event_id), {})
        payload = filled(_LLM_RESPONSE, fields, kwargs)
        if kwargs.get("tool_calls"):
            payload["tool_calls"] = kwargs["tool_calls"]
        return self.log(_LLM_RESPONSE, payload, _or_unset(parent_event_id), kwargs.get("metadata"))

    def log_tool_call(
        self,
        tool_name: str,
        parameters: Dict[str, Any],
        tool_type: str = "function",
        parent_event_id: Optional[str] = None,
        **kwargs: Any,
    ) -> str:
        """A tool is called."""
        fields = {"tool_name": tool_name, "tool_type": tool_type, "parameters": parameters}
        if not kwargs and type(self) is InsideLLMTracker:
            parent = _UNSET if parent_event_id is None else parent_event_id
            logged = _log(
                self.client, _TOOL_CALL_SCHEMA, self.run_id, self.user_id, parent, self.metadata, fields, False
            )
            if logged is not None:
                return logged
        return self._log_plain(_TOOL_CALL, fields, parent_event_id, kwargs)

    def log_tool_response(
        self,
        tool_name: str,
        response_data: Any,
        tool_type: str = "function",
        parent_event_id: Optional[str] = None,
        execution_time_ms: Optional[int] = None,
        success: bool = True,
        error_message: Optional[str] = None,
        **kwargs: Any,
    ) -> str:
        """What a tool returned."""
        fields = {
            "tool_name": tool_name,
            "tool_type": tool_type,
            "response_data": response_data,
            "execution_time_ms": execution_time_ms,
            "success": success,
            "error_message": error_message,
        }
        if not kwargs and type(self) is InsideLLMTracker:
            parent = _UNSET if parent_event_id is None else parent_event_id
            logged = _log(
                self.client, _TOOL_RESPONSE_SCHEMA, self.run_id, self.user_id, parent, self.metadata, fields, False
            )
            if logged is not None:
                return logged
        return self._log_plain(_TOOL_RESPONSE, fields, parent_event_id, kwargs)

    def log_error(
        self,
        error_type: str,
        error_message: str,
        error_code: Optional[str] = None,
        parent_event_id: Optional[str] = None,
        **kwargs: Any,
    ) -> str:
        """A failure."""
        fields = {"error_type": error_type, "error_message": error_message, "error_code": error_code}
        return self._log_schema(_ERROR, fields, _or_unset(parent_event_id), kwargs)

    def log_performance_metric(
        self, metric_name: str, metric_value: float, metric_unit: Optional[str] = None, **kwargs: Any
    ) -> str:
        """A measurement."""
        parent = kwargs.pop("parent_event_id", None)
        fields = {"metric_name": metric_name, "metric_value": metric_value, "metric_unit": metric_unit}
        return self._log_plain(_PERFORMANCE_METRIC, fields, parent, kwargs)

    def track_llm_call(self, model_name: str, provider: str, prompt: str, **kwargs: Any) -> LLMCallSpan:
        """Logs a request now and, by calling what the block receives, the response; an exception is logged and passed on.

        Usable with `with` and `async with`.
        """
        return LLMCallSpan(self, model_name, provider, prompt, kwargs)

    def track_tool_call(
        self, tool_name: str, parameters: Dict[str, Any], tool_type: str = "function", **kwargs: Any
    ) -> ToolCallSpan:
        """As `track_llm_call`, for a tool."""
        return ToolCallSpan(self, tool_name, parameters, tool_type, kwargs)

    def log(self, event_type: EventType, payload: Dict[str, Any], parent: Any = _UNSET, metadata: Any = None) -> str:
        """Logs an event of any type. Without `parent` it is a child of the one before it."""
        metadata = {**self.metadata, **metadata} if metadata else self.metadata
        parts = (self.run_id, self.user_id, parent, metadata, payload)
        return _log(self.client, event_type.schema, *parts, False) or self._log_slowly(event_type, *parts)

    def flush(self, timeout: Optional[float] = None) -> bool:
        """As `InsideLLMClient.flush`."""
        return self.client.flush(timeout)

    def __enter__(self) -> InsideLLMTracker:
        if self.auto_start_session:
            self.start_session()
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        if exc is not None:
            self.log_error(
                "context_error", error_text(exc), type(exc).__name__, stack_trace=format_stack_trace(exc)
            )
        self.end_session()

    async def __aenter__(self) -> InsideLLMTracker:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.__exit__(exc_type, exc, exc_tb)

    def _log_schema(
        self, event_type: EventType, fields: Dict[str, Any], parent: Any, extra: Mapping[str, Any]
    ) -> str:
        """Logs an event with every field of its schema; keywords that are no field of it are left out."""
        if not extra and type(self) is InsideLLMTracker:
            logged = _log(
                self.client, event_type.schema, self.run_id, self.user_id, parent, self.metadata, fields, True
            )
            if logged is not None:
                return logged
        metadata = extra.get("metadata") if extra else None
        return self.log(event_type, filled(event_type, fields, extra), parent, metadata)

    def _log_slowly(
        self,
        event_type: EventType,
        run_id: str,
        user_id: Optional[str],
        parent: Any,
        metadata: Dict[str, Any],
        payload: Dict[str, Any],
    ) -> str:
        """The long way: coerces, or raises with the reason."""
        if parent is _UNSET:
            parent = current_parent(run_id)
        event_id = emit(self.client, event_type, run_id, user_id, parent, metadata, payload)
        set_current_parent(run_id, event_id)
        return event_id

    def _log_plain(
        self, event_type: EventType, fields: Dict[str, Any], parent: Optional[str], extra: Dict[str, Any]
    ) -> str:
        """Logs an event with exactly these fields and keywords."""
        if extra:
            metadata = extra.pop("metadata", None)
            fields.update(extra)
            return self.log(event_type, fields, _or_unset(parent), metadata)
        return self.log(event_type, fields, _or_unset(parent))


def _or_unset(parent_event_id: Optional[str]) -> Any:
    return _UNSET if parent_event_id is None else parent_event_id
