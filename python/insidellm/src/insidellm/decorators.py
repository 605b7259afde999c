"""Decorators that log what a function does: functions, methods, coroutines and generators.

Without a client or a run the function just runs. Nothing that goes wrong in logging reaches the caller.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any, Callable, Dict, List, Optional, Set, Tuple, Type, TypeVar

from lightwell import Traced, new_event_id

from . import _default
from ._context import context
from ._emit import emit
from ._event_client import EventClient
from ._extraction import CallReader, chunk_text, joined, message_fields, response_fields, stream_fields
from ._instrument import Span, for_methods, instrument
from .client import InsideLLMClient
from .models import EventType
from .utils import current_parent, error_text, format_stack_trace, printed, set_current_parent

logger = logging.getLogger("insidellm")

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Arguments = Tuple[Any, ...]
_warned: Set[str] = set()
_log = context.log

# Looking a member up costs as much as a call.
_AGENT_REASONING = EventType.AGENT_REASONING
_ERROR = EventType.ERROR
_FUNCTION_EXECUTION = EventType.FUNCTION_EXECUTION
_LLM_REQUEST = EventType.LLM_REQUEST
_LLM_RESPONSE = EventType.LLM_RESPONSE
_LLM_STREAMING_CHUNK = EventType.LLM_STREAMING_CHUNK
_TOOL_CALL = EventType.TOOL_CALL
_TOOL_RESPONSE = EventType.TOOL_RESPONSE


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
        model = {"model_name": model_name, "provider": provider}
        name = _name(func)

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            span = _begin(_LLMSpan, client, metadata)
            if span is None:
                return None
            parameters = {name: value for name, value in kwargs.items() if name != "prompt"} if kwargs else {}
            request: Dict[str, Any] = {"model_name": model_name, "provider": provider}
            messages = reader.messages(args, kwargs) if reader.takes_messages else None
            if messages is not None:
                request.update(message_fields(messages))
                parameters.pop("messages", None)
            if extract_prompt is not None:
                prompt = extract_prompt(*args, **kwargs)
            else:
                prompt = kwargs.get("prompt") or request.get("prompt") or reader.prompt(args, kwargs)
            request["prompt"] = prompt if type(prompt) is str else printed(prompt)
            request["parameters"] = parameters
            span.parent = span.log(_LLM_REQUEST, request)
            span.model = model
            span.function_name = name
            span.extract_response = extract_response
            return span

        def resume(span: _LLMSpan) -> None:
            span.model = model
            span.function_name = name
            span.extract_response = extract_response

        traced = None
        if extract_prompt is None and extract_response is None and reader.prompt_position is not None:
            native = _Native("llm", _LLMSpan, _LLM_REQUEST, _LLM_RESPONSE, model, reader)
            traced = native.traced(client, metadata, resume)
        return instrument(func, open_span, traced)

    return for_methods(decorate)


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
        told = {"tool_name": tool_name, "tool_type": tool_type}

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            span = _begin(_ToolSpan, client, metadata)
            if span is None:
                return None
            if extract_parameters is not None:
                parameters = extract_parameters(*args, **kwargs)
            else:
                parameters = {"args": list(reader.own_args(args)), "kwargs": kwargs}
            call_id = new_event_id()
            tool = {**told, "call_id": call_id}
            span.parent = span.log(_TOOL_CALL, {**tool, "parameters": parameters}, call_id)
            span.tool = tool
            span.extract_response = extract_response
            return span

        def resume(span: _ToolSpan) -> None:
            span.tool = {**told, "call_id": span.parent or ""}
            span.extract_response = extract_response

        traced = None
        if extract_parameters is None and extract_response is None:
            native = _Native("tool", _ToolSpan, _TOOL_CALL, _TOOL_RESPONSE, told, reader)
            traced = native.traced(client, metadata, resume)
        return instrument(func, open_span, traced)

    return for_methods(decorate)


def track_agent_step(
    step_name: str,
    client: Optional[EventClient] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs an agent's step after it ran."""

    def decorate(func: _Function) -> _Function:
        name = _name(func)
        steps = [f"Executed {step_name}"]

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            span = _begin(_StepSpan, client, metadata)
            if span is not None:
                resume(span)
            return span

        def resume(span: _StepSpan) -> None:
            span.step_name = step_name
            span.steps = steps
            span.function_name = name

        told = {"reasoning_type": step_name, "reasoning_steps": steps}
        native = _Native("step", _StepSpan, _AGENT_REASONING, _AGENT_REASONING, told, CallReader(func))
        return instrument(func, open_span, native.traced(client, metadata, resume))

    return for_methods(decorate)


def track_function_execution(
    function_name: Optional[str] = None,
    client: Optional[EventClient] = None,
    metadata: Optional[Dict[str, Any]] = None,
) -> Callable[[_Function], _Function]:
    """Logs a function's arguments and result after it ran."""

    def decorate(func: _Function) -> _Function:
        reader = CallReader(func)
        name = function_name or _name(func)

        def open_span(args: _Arguments, kwargs: Dict[str, Any]) -> Optional[Span]:
            span = _begin(_FunctionSpan, client, metadata)
            if span is not None:
                resume(span, args, kwargs)
            return span

        def resume(span: _FunctionSpan, args: _Arguments, kwargs: Dict[str, Any]) -> None:
            span.function_name = name
            span.arguments = {"args": list(reader.own_args(args)), "kwargs": kwargs}

        told = {"function_name": name}
        native = _Native("function", _FunctionSpan, _FUNCTION_EXECUTION, _FUNCTION_EXECUTION, told, reader)
        return instrument(func, open_span, native.traced(client, metadata, resume))

    return for_methods(decorate)


class _Span(Span):
    """Logs the events of one execution, in the run that was current when it began."""

    __slots__ = ("_client", "_metadata", "_run_id", "_started", "_user_id", "parent")

    def __init__(
        self, client: EventClient, run_id: str, user_id: str, metadata: Optional[Dict[str, Any]]
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._user_id = user_id
        self._metadata = metadata
        self.parent = current_parent(run_id)
        """The event that the next one is a child of."""
        self._started = monotonic()

    def log(self, event_type: EventType, payload: Dict[str, Any], event_id: Optional[str] = None) -> str:
        """Logs an event below the parent. Returns its id."""
        parts = (self._run_id, self._user_id, self.parent, self._metadata, payload)
        logged = _log(self._client, event_type.schema, *parts, False) if event_id is None else None
        if logged is None:
            logged = emit(self._client, event_type, *parts, event_id)
            set_current_parent(self._run_id, logged)
        return logged

    def log_error(self, error_type: str, error: BaseException, context: Dict[str, Any]) -> None:
        """Logs a failure."""
        payload = {
            "error_type": error_type,
            "error_message": error_text(error),
            "error_code": type(error).__name__,
            "stack_trace": format_stack_trace(error),
            "context": context,
        }
        self.log(_ERROR, payload)

    def elapsed_ms(self) -> int:
        """Milliseconds since the execution began."""
        return int((monotonic() - self._started) * 1000)


class _Native:
    """What the native core logs of a function by itself; it makes the Python span `span_class` where it cannot go on."""

    def __init__(
        self,
        work: str,
        span_class: Type[_Span],
        before: EventType,
        after: EventType,
        told: Dict[str, Any],
        reader: CallReader,
    ) -> None:
        self._work = work
        self._span_class = span_class
        self._before = before
        self._after = after
        self._told = told
        self._reader = reader

    def traced(
        self, client: Optional[EventClient], metadata: Optional[Dict[str, Any]], resume: Callable[..., None]
    ) -> Optional[Traced]:
        """None when what is told of each call would need coercion. `resume` completes a Python span."""
        # The one list is made here.
        if any(type(value) is not str for value in self._told.values() if type(value) is not list):
            return None
        span_class = self._span_class

        def resumed(
            client: EventClient, run_id: str, user_id: str, parent: Optional[str], seconds: float, *given: Any
        ) -> Span:
            span = span_class(client, run_id, user_id, metadata)
            span.parent = parent
            span._started -= seconds
            resume(span, *given)
            return span

        return Traced(
            self._work,
            context,
            client=client,
            metadata=metadata,
            before=self._before.schema,
            after=self._after.schema,
            head=self._told,
            skipped=self._reader.skipped,
            prompt_position=self._reader.prompt_position or 0,
            resume=resumed,
        )


_Any_Span = TypeVar("_Any_Span", bound=_Span)


def _begin(
    span_class: Type[_Any_Span], client: Optional[EventClient], metadata: Optional[Dict[str, Any]]
) -> Optional[_Any_Span]:
    """A span in the current run. None, with a warning the first time, when there is no client or no run."""
    if client is None:
        client = _default.current_client()
        if client is None:
            _warn_once("there is no client: call insidellm.initialize(); the function runs untracked")
            return None
    if type(client) is InsideLLMClient:
        run = client.current_run()
        if run is not None:
            return span_class(client, run.run_id, run.user_id, metadata)
    else:
        run_id, user_id = client.get_current_run_id(), client.get_current_user_id()
        if run_id is not None and user_id is not None:
            return span_class(client, run_id, user_id, metadata)
    _warn_once("this thread or task is in no run: call start_run(), or give it a copied context; the function runs untracked")
    return None


class _LLMSpan(_Span):
    __slots__ = ("extract_response", "function_name", "model")

    model: Dict[str, str]
    function_name: str
    extract_response: Optional[Callable[[Any], Any]]

    def succeed(self, result: Any) -> None:
        elapsed = self.elapsed_ms()
        fields = {"response_text": result} if type(result) is str else response_fields(result)
        if self.extract_response is not None:
            fields["response_text"] = printed(_extracted(self.extract_response, result))
        self.log(_LLM_RESPONSE, {**self.model, **fields, "response_time_ms": elapsed})

    def first_chunk(self, chunk: Any) -> None:
        first = {**self.model, "chunk_text": chunk_text(chunk), "chunk_index": 0}
        self.log(_LLM_STREAMING_CHUNK, first)

    def succeed_stream(self, chunks: List[Any]) -> None:
        elapsed = self.elapsed_ms()
        fields = stream_fields(chunks)
        if self.extract_response is not None:
            fields["response_text"] = printed(_extracted(self.extract_response, joined(chunks)))
        self.log(_LLM_RESPONSE, {**self.model, **fields, "response_time_ms": elapsed})

    def fail(self, error: BaseException) -> None:
        self.log_error("llm_call_error", error, {**self.model, "function_name": self.function_name})


class _ToolSpan(_Span):
    __slots__ = ("extract_response", "tool")

    tool: Dict[str, str]
    """The fields that the response shares with the call."""
    extract_response: Optional[Callable[[Any], Any]]

    def succeed(self, result: Any) -> None:
        elapsed = self.elapsed_ms()
        data = result if self.extract_response is None else _extracted(self.extract_response, result)
        self.log(_TOOL_RESPONSE, {**self.tool, "response_data": data, "execution_time_ms": elapsed, "success": True})

    def fail(self, error: BaseException) -> None:
        outcome = {"response_data": None, "execution_time_ms": self.elapsed_ms(), "success": False}
        self.log(_TOOL_RESPONSE, {**self.tool, **outcome, "error_message": error_text(error)})


class _StepSpan(_Span):
    __slots__ = ("function_name", "step_name", "steps")

    step_name: str
    steps: List[str]
    function_name: str

    def succeed(self, result: Any) -> None:
        elapsed = self.elapsed_ms()
        self.log(
            _AGENT_REASONING,
            {"reasoning_type": self.step_name, "reasoning_steps": self.steps, "reasoning_time_ms": elapsed},
        )

    def fail(self, error: BaseException) -> None:
        self.log_error(
            "agent_step_error", error, {"step_name": self.step_name, "function_name": self.function_name}
        )


class _FunctionSpan(_Span):
    __slots__ = ("arguments", "function_name")

    function_name: str
    arguments: Dict[str, Any]

    def succeed(self, result: Any) -> None:
        self._respond({"return_value": printed(result), "execution_time_ms": self.elapsed_ms(), "success": True})

    def fail(self, error: BaseException) -> None:
        outcome = {"return_value": None, "execution_time_ms": self.elapsed_ms(), "success": False}
        self._respond({**outcome, "error_message": error_text(error)})

    def _respond(self, outcome: Dict[str, Any]) -> None:
        call = {"function_name": self.function_name, "function_args": self.arguments}
        self.log(_FUNCTION_EXECUTION, {**call, **outcome})


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
