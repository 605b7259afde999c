"""The blocks `tracker.track_llm_call` and `tracker.track_tool_call`, for `with` and `async with`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Type

from .utils import error_text, format_stack_trace, printed

if TYPE_CHECKING:
    from .context_manager import InsideLLMTracker

LogResponse = Callable[..., str]


class _Span(ABC):
    """Logs the opening event when entered. An exception in the block is logged and passed on."""

    __slots__ = ("_opening_id", "_started", "_tracker")

    _tracker: InsideLLMTracker
    _opening_id: str
    _started: float

    @abstractmethod
    def __enter__(self) -> LogResponse: ...

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        if exc is not None:
            self._fail(exc)

    async def __aenter__(self) -> LogResponse:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.__exit__(exc_type, exc, exc_tb)

    @abstractmethod
    def _fail(self, error: BaseException) -> None: ...


class LLMCallSpan(_Span):
    """An LLM call: request when entered, response when the block says so."""

    __slots__ = ("_model_name", "_prompt", "_provider", "_request")

    def __init__(
        self, tracker: InsideLLMTracker, model_name: str, provider: str, prompt: str, request: Dict[str, Any]
    ) -> None:
        self._tracker = tracker
        self._model_name = model_name
        self._provider = provider
        self._prompt = prompt
        self._request = request

    def __enter__(self) -> LogResponse:
        prompt = self._prompt if isinstance(self._prompt, str) else printed(self._prompt)
        log = self._tracker.log_llm_request
        # Unpacking costs more than the rest of the call.
        if self._request:
            self._opening_id = log(self._model_name, self._provider, prompt, **self._request)
        else:
            self._opening_id = log(self._model_name, self._provider, prompt)
        self._started = monotonic()
        return self.log_response

    def log_response(self, response_text: Any, **kwargs: Any) -> str:
        """Logs the model's reply; anything but text is logged as its text. Returns the event's id."""
        elapsed = int((monotonic() - self._started) * 1000)
        text = response_text if isinstance(response_text, str) else printed(response_text)
        log = self._tracker.log_llm_response
        if not kwargs:
            return log(self._model_name, self._provider, text, self._opening_id, response_time_ms=elapsed)
        told = {"response_time_ms": elapsed, "parent_event_id": self._opening_id, **kwargs}
        return log(self._model_name, self._provider, text, **told)

    def _fail(self, error: BaseException) -> None:
        self._tracker.log_error(
            "llm_call_error",
            error_text(error),
            type(error).__name__,
            parent_event_id=self._opening_id,
            stack_trace=format_stack_trace(error),
        )


class ToolCallSpan(_Span):
    """A tool call: call when entered, response when the block says so, or a failed one for an exception."""

    __slots__ = ("_call", "_parameters", "_tool_name", "_tool_type")

    def __init__(
        self,
        tracker: InsideLLMTracker,
        tool_name: str,
        parameters: Dict[str, Any],
        tool_type: str,
        call: Dict[str, Any],
    ) -> None:
        self._tracker = tracker
        self._tool_name = tool_name
        self._parameters = parameters
        self._tool_type = tool_type
        self._call = call

    def __enter__(self) -> LogResponse:
        log = self._tracker.log_tool_call
        if self._call:
            self._opening_id = log(self._tool_name, self._parameters, self._tool_type, **self._call)
        else:
            self._opening_id = log(self._tool_name, self._parameters, self._tool_type)
        self._started = monotonic()
        return self.log_response

    def log_response(
        self, response_data: Any, success: bool = True, error_message: Optional[str] = None, **kwargs: Any
    ) -> str:
        """Logs what the tool returned. Returns the event's id."""
        elapsed = int((monotonic() - self._started) * 1000)
        log = self._tracker.log_tool_response
        told = (self._tool_name, response_data, self._tool_type, self._opening_id, elapsed, success, error_message)
        return log(*told, **kwargs) if kwargs else log(*told)

    def _fail(self, error: BaseException) -> None:
        self.log_response(None, success=False, error_message=error_text(error))
