"""Events of LLM agents, queued in microseconds and delivered by one native thread."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, Literal, Optional, overload

from ._default import get_client
from ._event_client import EventClient
from .client import InsideLLMClient
from .config import InsideLLMConfig
from .context_manager import InsideLLMTracker
from .decorators import track_agent_step, track_function_execution, track_llm_call, track_tool_use
from .exceptions import (
    ConfigurationError,
    InsideLLMError,
    NetworkError,
    QueueError,
    ValidationError,
)
from .models import (
    AgentPlanningPayload,
    AgentReasoningPayload,
    AgentResponsePayload,
    APIRequestPayload,
    APIResponsePayload,
    ErrorPayload,
    Event,
    EventType,
    FunctionExecutionPayload,
    LLMRequestPayload,
    LLMResponsePayload,
    LLMStreamingChunkPayload,
    PerformanceMetricPayload,
    SessionEndPayload,
    SessionStartPayload,
    TimeoutErrorPayload,
    ToolCallPayload,
    ToolResponsePayload,
    UserFeedbackPayload,
    UserInputPayload,
    ValidationErrorPayload,
)
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .local_logger import LocalTestingClient

__author__ = "The Lightwell authors"
__description__ = "Events of LLM agents, sent to Lightwell or any InsideLLM server"

_default_client: Optional[EventClient] = None
"""The client of the functions below. Programs read and assign it."""

_INTEGRATIONS = {
    "InsideLLMCallback": "langchain_integration",
    "CrewAIInsideLLMCallbackHandler": "crewai_integration",
    "InsideLLMVertexAgentBuilderConversationalSearchClient": "vertex_ai_agent_builder_integration",
}


@overload
def initialize(api_key: Optional[str] = None, local_testing: Literal[False] = False, **kwargs: Any) -> InsideLLMClient: ...
@overload
def initialize(api_key: Optional[str] = None, *, local_testing: Literal[True], **kwargs: Any) -> LocalTestingClient: ...
@overload
def initialize(api_key: Optional[str] = None, local_testing: bool = False, **kwargs: Any) -> EventClient: ...
def initialize(api_key: Optional[str] = None, local_testing: bool = False, **kwargs: Any) -> EventClient:
    """Makes the default client and returns it. Keywords: `base_url`, `config` and the fields of `InsideLLMConfig`.

    `local_testing` makes a `LocalTestingClient` instead. A default client that was there before goes on delivering
    what it has.
    """
    global _default_client
    previous = _default_client
    if local_testing:
        from .local_logger import LocalTestingClient

        _default_client = LocalTestingClient(**kwargs)
    else:
        _default_client = InsideLLMClient(api_key=api_key, **kwargs)
    if previous is not None:
        previous.flush(0.0)
    return _default_client


def log_event(event: Event) -> None:
    """`InsideLLMClient.log_event` of the default client."""
    get_client().log_event(event)


def start_run(
    run_id: Optional[str] = None, user_id: Optional[str] = None, metadata: Optional[Dict[str, Any]] = None
) -> str:
    """`InsideLLMClient.start_run` of the default client."""
    return get_client().start_run(run_id=run_id, user_id=user_id, metadata=metadata)


def end_run(run_id: Optional[str] = None) -> None:
    """`InsideLLMClient.end_run` of the default client."""
    get_client().end_run(run_id)


def flush(timeout: Optional[float] = 60.0) -> bool:
    """`InsideLLMClient.flush` of the default client."""
    return get_client().flush(timeout)


def shutdown(timeout: Optional[float] = None) -> None:
    """Shuts the default client down; does nothing when there is none."""
    if _default_client is not None:
        _default_client.shutdown(timeout)


def __getattr__(name: str) -> Any:
    """The integrations, imported when they are first used."""
    module = _INTEGRATIONS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)


__all__ = [
    "APIRequestPayload",
    "APIResponsePayload",
    "AgentPlanningPayload",
    "AgentReasoningPayload",
    "AgentResponsePayload",
    "ConfigurationError",
    "CrewAIInsideLLMCallbackHandler",
    "ErrorPayload",
    "Event",
    "EventType",
    "FunctionExecutionPayload",
    "InsideLLMCallback",
    "InsideLLMClient",
    "InsideLLMConfig",
    "InsideLLMError",
    "InsideLLMTracker",
    "InsideLLMVertexAgentBuilderConversationalSearchClient",
    "LLMRequestPayload",
    "LLMResponsePayload",
    "LLMStreamingChunkPayload",
    "NetworkError",
    "PerformanceMetricPayload",
    "QueueError",
    "SessionEndPayload",
    "SessionStartPayload",
    "TimeoutErrorPayload",
    "ToolCallPayload",
    "ToolResponsePayload",
    "UserFeedbackPayload",
    "UserInputPayload",
    "ValidationError",
    "ValidationErrorPayload",
    "end_run",
    "flush",
    "get_client",
    "initialize",
    "log_event",
    "shutdown",
    "start_run",
    "track_agent_step",
    "track_function_execution",
    "track_llm_call",
    "track_tool_use",
]
