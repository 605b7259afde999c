"""Decorators that log what a function does: functions, methods, coroutines and generators.

Without a client or a run the function just runs. Nothing that goes wrong in logging reaches the caller.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Dict, Optional, Set, Tuple, TypeVar

from . import _default
from ._event_client import EventClient
from ._extraction import CallReader, response_fields
from ._instrument import Span, instrument
from .models import Event, EventType
from .utils import current_parent, elapsed_ms, format_stack_trace, set_current_parent

logger = logging.getLogger("insidellm")

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Arguments = Tuple[Any, ...]
_warned: Set[str] = set()


def track_llm_call(
    model_name: str,
    provider: str,
    client: Optional[EventClient] = None,
    extract_prompt: Optional[Callable[..., Any]] = None,
    extract_response: Optional[Callable[[Any], Any]] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs an LLM request before, and the response or an error after. The extractors get the call's arguments and result."""

    def decorate(func: _Function) -> _Function:
        reader = CallReader(func)

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            log = _EventLog.open(client, metadata)
            if log is None:
                return None
            prompt = extract_prompt(*args, **kwargs) if extract_prompt else reader.prompt(args, kwargs)
            parameters = {name: value for name, value in kwargs.items() if name != "prompt"}
            request = {
                "model_name": model_name,
                "provider": provider,
                "prompt": prompt if isinstance(prompt, str) else str(prompt),
                "parameters": parameters,
            }
            log.begin(EventType.LLM_REQUEST, request)
            return _LLMSpan(log, model_name, provider, _name(func), extract_response)

        return instrument(func, open_span)

    return decorate


def track_tool_use(
    tool_name: str,
    tool_type: str = "function",
    client: Optional[EventClient] = None,
    extract_parameters: Optional[Callable[..., Any]] = None,
    extract_response: Optional[Callable[[Any], Any]] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs a tool call before, and its response (also a failed one) after."""

    def decorate(func: _Function) -> _Function:
        reader = CallReader(func)

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            log = _EventLog.open(client, metadata)
            if log is None:
                return None
            if extract_parameters is not None:
                parameters = extract_parameters(*args, **kwargs)
            else:
                parameters = {"args": list(reader.own_args(args)), "kwargs": kwargs}
            tool = {"tool_name": tool_name, "tool_type": tool_type}
            log.begin_tool({**tool, "parameters": parameters})
            return _ToolSpan(log, tool, extract_response)

        return instrument(func, open_span)

    return decorate


def track_agent_step(
    step_name: str,
    client: Optional[EventClient] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs an agent's step after it ran."""

    def decorate(func: _Function) -> _Function:
        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            log = _EventLog.open(client, metadata)
            return None if log is None else _StepSpan(log, step_name, _name(func))

        return instrument(func, open_span)

    return decorate


def track_function_execution(
    function_name: Optional[str] = None,
    client: Optional[EventClient] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs a function's arguments and result after it ran."""

    def decorate(func: _Function) -> _Function:
        reader = CallReader(func)

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            log = _EventLog.open(client, metadata)
            arguments = {"args": list(reader.own_args(args)), "kwargs": kwargs}
            return None if log is None else _FunctionSpan(log, function_name or _name(func), arguments)

        return instrument(func, open_span)

    return decorate


class _EventLog:
    """Logs the events of one execution, in the run that was current when it began."""

    def __init__(
        self, client: EventClient, run_id: str, user_id: str, metadata: Optional[Dict[str, Any]]
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._user_id = user_id
        self._metadata = metadata
        self._parent = current_parent(run_id)
        self._started = time.monotonic()

    @classmethod
    def open(cls, client: Optional[EventClient], metadata: Optional[Dict[str, Any]]) -> Optional[_EventLog]:
        """None, with a warning the first time, when there is no client or no run."""
        client = client if client is not None else _default.current_client()
        if client is None:
            _warn_once("there is no client: call insidellm.initialize(); the function runs untracked")
            return None
        run_id, user_id = client.get_current_run_id(), client.get_current_user_id()
        if run_id is None or user_id is None:
            _warn_once("there is no current run: call start_run(); the function runs untracked")
            return None
        return cls(client, run_id, user_id, metadata)

    def elapsed_ms(self) -> int:
        """Milliseconds since the execution began."""
        return elapsed_ms(self._started)

    def begin(self, event_type: EventType, payload: Dict[str, Any]) -> None:
        """Logs the opening event; the events after it are its children."""
        self._parent = self.log(event_type, payload)

    def begin_tool(self, payload: Dict[str, Any]) -> None:
        """As `begin`, for a tool call, which names its own event as `call_id`."""
        event = self._event(EventType.TOOL_CALL, payload)
        event.payload["call_id"] = event.event_id
        self._parent = self._send(event)

    @property
    def opening_id(self) -> Optional[str]:
        """The id of the opening event."""
        return self._parent

    def log(self, event_type: EventType, payload: Dict[str, Any]) -> str:
        """Logs an event below the opening one. Returns its id."""
        return self._send(self._event(event_type, payload))

    def log_error(self, error_type: str, error: BaseException, context: Dict[str, Any]) -> None:
        """Logs a failure."""
        payload = {
            "error_type": error_type,
            "error_message": str(error),
            "error_code": type(error).__name__,
            "stack_trace": format_stack_trace(error),
            "context": context,
        }
        self.log(EventType.ERROR, payload)

    def _event(self, event_type: EventType, payload: Dict[str, Any]) -> Event:
        return Event(
            event_type=event_type,
            run_id=self._run_id,
            user_id=self._user_id,
            parent_event_id=self._parent,
            metadata=self._metadata,
            payload=payload,
        )

    def _send(self, event: Event) -> str:
        self._client.log_event(event)
        set_current_parent(self._run_id, event.event_id)
        return event.event_id


class _LLMSpan(Span):
    def __init__(
        self,
        log: _EventLog,
        model_name: str,
        provider: str,
        function_name: str,
        extract_response: Optional[Callable[[Any], Any]],
    ) -> None:
        self._log = log
        self._model = {"model_name": model_name, "provider": provider}
        self._function_name = function_name
        self._extract_response = extract_response

    def succeed(self, result: Any) -> None:
        elapsed = self._log.elapsed_ms()
        fields = response_fields(result)
        if self._extract_response is not None:
            fields["response_text"] = str(_extracted(self._extract_response, result))
        self._log.log(EventType.LLM_RESPONSE, {**self._model, **fields, "response_time_ms": elapsed})

    def fail(self, error: BaseException) -> None:
        self._log.log_error("llm_call_error", error, {**self._model, "function_name": self._function_name})


class _ToolSpan(Span):
    def __init__(
        self, log: _EventLog, tool: Dict[str, Any], extract_response: Optional[Callable[[Any], Any]]
    ) -> None:
        self._log = log
        self._tool = {**tool, "call_id": log.opening_id}
        self._extract_response = extract_response

    def succeed(self, result: Any) -> None:
        elapsed = self._log.elapsed_ms()
        data = result if self._extract_response is None else _extracted(self._extract_response, result)
        self._respond({"response_data": data, "execution_time_ms": elapsed, "success": True})

    def fail(self, error: BaseException) -> None:
        elapsed = self._log.elapsed_ms()
        outcome = {"response_data": None, "execution_time_ms": elapsed, "success": False, "error_message": str(error)}
        self._respond(outcome)

    def _respond(self, outcome: Dict[str, Any]) -> None:
        self._log.log(EventType.TOOL_RESPONSE, {**self._tool, **outcome})


class _StepSpan(Span):
    def __init__(self, log: _EventLog, step_name: str, function_name: str) -> None:
        self._log = log
        self._step_name = step_name
        self._function_name = function_name

    def succeed(self, result: Any) -> None:
        payload = {
            "reasoning_type": self._step_name,
            "reasoning_steps": [f"Executed {self._step_name}"],
            "reasoning_time_ms": self._log.elapsed_ms(),
        }
        self._log.log(EventType.AGENT_REASONING, payload)

    def fail(self, error: BaseException) -> None:
        context = {"step_name": self._step_name, "function_name": self._function_name}
        self._log.log_error("agent_step_error", error, context)


class _FunctionSpan(Span):
    def __init__(self, log: _EventLog, function_name: str, arguments: Dict[str, Any]) -> None:
        self._log = log
        self._call = {"function_name": function_name, "function_args": arguments}

    def succeed(self, result: Any) -> None:
        outcome = {"return_value": str(result), "execution_time_ms": self._log.elapsed_ms(), "success": True}
        self._log.log(EventType.FUNCTION_EXECUTION, {**self._call, **outcome})

    def fail(self, error: BaseException) -> None:
        elapsed = self._log.elapsed_ms()
        outcome = {"return_value": None, "execution_time_ms": elapsed, "success": False, "error_message": str(error)}
        self._log.log(EventType.FUNCTION_EXECUTION, {**self._call, **outcome})


def _extracted(extract: Callable[[Any], Any], result: Any) -> Any:
    """What the program's extractor makes of a result; the result itself when the extractor fails."""
    try:
        return extract(result)
    except Exception:
        logger.warning("insidellm: extract_response failed", exc_info=True)
        return result


def _name(func: Callable[..., Any]) -> str:
    return getattr(func, "__name__", type(func).__name__)


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        logger.warning("%s", text)
