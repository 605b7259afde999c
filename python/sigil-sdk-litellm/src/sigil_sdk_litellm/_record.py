"""One LiteLLM logging event to the start and the result of a generation: pure functions of what LiteLLM hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sigil_sdk import GenerationMode, ModelRef, TokenUsage, ToolDefinition
from sigil_sdk.usage import from_openai_chat

from ._messages import Gaps
from ._values import as_count, as_int, as_list, as_mapping, as_number, as_text, as_utc, clean

INCOMPLETE_KEY = "litellm.incomplete"
COST_KEY = "cost_usd"
CACHE_HIT_KEY = "litellm.cache_hit"
FRAMEWORK_TAGS = {
    "sigil.framework.name": "litellm",
    "sigil.framework.source": "handler",
    "sigil.framework.language": "python",
}
_COMPLETION_CALLS = frozenset({"", "completion", "acompletion", "text_completion", "atext_completion"})
_CONVERSATION_KEYS = ("conversation_id", "session_id", "thread_id")
_LITELLM_SESSION_KEYS = ("litellm_session_id", "litellm_trace_id")


class LiteLLMCallError(RuntimeError):
    """The failure that LiteLLM reports, with the HTTP status when it knows one."""

    def __init__(self, text: str, status_code: int | None) -> None:
        super().__init__(text)
        self.status_code = status_code


@dataclass(slots=True)
class CallEvent:
    """What LiteLLM hands to a callback, with its parts named. `payload` is its standard logging object."""

    payload: Mapping[str, Any]
    kwargs: Mapping[str, Any]
    response: Any
    started_at: datetime | None
    completed_at: datetime | None
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def is_completion(self) -> bool:
        """Whether this is a call that becomes a generation."""
        return as_text(self.payload.get("call_type")) in _COMPLETION_CALLS

    @property
    def optional_params(self) -> Mapping[str, Any]:
        return as_mapping(self.kwargs.get("optional_params"))

    @property
    def litellm_params(self) -> Mapping[str, Any]:
        return as_mapping(self.kwargs.get("litellm_params"))

    @property
    def request_metadata(self) -> Mapping[str, Any]:
        """The `metadata=` of the call; a string there is no metadata."""
        return as_mapping(self.litellm_params.get("metadata"))


def read_event(kwargs: Any, response: Any, start_time: Any, end_time: Any) -> CallEvent:
    """Names the parts of a callback's arguments. Without a standard logging object the record is made from the rest."""
    arguments = as_mapping(kwargs)
    payload = as_mapping(arguments.get("standard_logging_object"))
    event = CallEvent(payload, arguments, response, as_utc(start_time), as_utc(end_time))
    if not payload:
        event.payload = _substitute_payload(event)
        event.gaps.append("LiteLLM gave no standard logging object")
    return event


def call_id(kwargs: Any) -> str:
    """The id that LiteLLM gives to a call and all its attempts."""
    return as_text(as_mapping(kwargs).get("litellm_call_id"))


def awaited_call_id(kwargs: Any) -> str:
    """The id of a call whose report comes from another thread; empty for one that is not reported or not from a thread.

    Asynchronous calls are reported by the event loop, which a waiting thread may be blocking.
    """
    arguments = as_mapping(kwargs)
    params = as_mapping(arguments.get("litellm_params"))
    is_async = as_text(arguments.get("call_type")).startswith("a") or params.get("acompletion")
    return "" if is_async or params.get("no-log") or arguments.get("no-log") else call_id(kwargs)


def model_ref(event: CallEvent) -> ModelRef:
    """Provider and model. A call that failed before LiteLLM chose a provider has none."""
    name = as_text(event.payload.get("model")) or as_text(event.kwargs.get("model"))
    provider = as_text(event.payload.get("custom_llm_provider")).lower()
    if not provider:
        error = as_mapping(event.payload.get("error_information"))
        provider = as_text(error.get("llm_provider")).lower() or "unknown"
        event.gaps.append("the provider is not known")
    if not name:
        event.gaps.append("the model is not known")
    return ModelRef(provider, name or "unknown")


def mode(event: CallEvent) -> GenerationMode:
    """STREAM for a streamed call."""
    return GenerationMode.STREAM if event.payload.get("stream") else GenerationMode.SYNC


def first_token_at(event: CallEvent) -> datetime | None:
    """When the first piece of a streamed reply came."""
    if not event.payload.get("stream") or event.payload.get("status") == "failure":
        return None
    return as_utc(event.payload.get("completionStartTime"))


def conversation_id(event: CallEvent, static: str) -> str:
    """The call's metadata, then LiteLLM's own session ids, then the handler's static id."""
    metadata, params = event.request_metadata, event.litellm_params
    candidates = [metadata.get(key) for key in _CONVERSATION_KEYS]
    for key in _LITELLM_SESSION_KEYS:
        candidates += [metadata.get(key), params.get(key)]
    return next((text for text in map(as_text, candidates) if text), static)


def user_id(event: CallEvent) -> str:
    """The end user that LiteLLM knows, else the `user` of the request."""
    return as_text(event.payload.get("end_user")) or as_text(event.optional_params.get("user"))


def request_controls(event: CallEvent) -> dict[str, Any]:
    """Sampling and tool settings as fields of a generation start; unusable values are None."""
    parameters = {**event.optional_params, **as_mapping(event.payload.get("model_parameters"))}
    max_tokens = as_int(parameters.get("max_tokens"))
    choice = parameters.get("tool_choice")
    return {
        "temperature": as_number(parameters.get("temperature")),
        "top_p": as_number(parameters.get("top_p")),
        "max_tokens": as_int(parameters.get("max_completion_tokens")) if max_tokens is None else max_tokens,
        "tool_choice": choice if choice is None or isinstance(choice, str) else _compact_json(choice),
    }


def tool_definitions(event: CallEvent) -> list[ToolDefinition]:
    """The functions that were offered to the model."""
    tools: list[ToolDefinition] = []
    for tool in map(as_mapping, as_list(event.optional_params.get("tools"))):
        function = as_mapping(tool.get("function"))
        name = as_text(function.get("name"))
        if not name:
            continue
        parameters = function.get("parameters")
        tools.append(
            ToolDefinition(
                name=name,
                description=clean(as_text(function.get("description"))),
                type=as_text(tool.get("type")),
                input_schema_json=b"" if parameters is None else _compact_json(parameters).encode(),
            )
        )
    return tools


def tags(event: CallEvent, extra: Mapping[str, str]) -> dict[str, str]:
    """Framework tags, the request's tags, then the handler's, which win."""
    requested = [as_text(tag) for tag in as_list(event.payload.get("request_tags"))]
    return {**FRAMEWORK_TAGS, **{f"litellm.tag.{tag}": tag for tag in requested if tag}, **extra}


def call_metadata(event: CallEvent) -> dict[str, Any]:
    """Cost, cache hit and the reasons why the record lacks something."""
    metadata: dict[str, Any] = {}
    cost = as_number(event.payload.get("response_cost"))
    if cost is not None and not is_failure(event):
        metadata[COST_KEY] = cost
    if event.payload.get("cache_hit") is True:
        metadata[CACHE_HIT_KEY] = True
    if event.gaps:
        metadata[INCOMPLETE_KEY] = list(event.gaps)
    return metadata


def usage(event: CallEvent) -> TokenUsage:
    """LiteLLM's counts, with the details of the provider's usage object."""
    reply = as_mapping(event.payload.get("response"))
    details = from_openai_chat(getattr(event.response, "usage", None) or reply.get("usage"))
    details.input_tokens = as_count(event.payload.get("prompt_tokens"))
    details.output_tokens = as_count(event.payload.get("completion_tokens"))
    details.total_tokens = as_count(event.payload.get("total_tokens"))
    return details


def response_identity(event: CallEvent) -> dict[str, Any]:
    """Response id, response model and stop reason as fields of a generation."""
    reply = as_mapping(event.payload.get("response"))
    choices = as_list(reply.get("choices")) or as_list(getattr(event.response, "choices", None))
    first = as_mapping(choices[0]) if choices else {}
    return {
        "response_id": as_text(reply.get("id")) or as_text(getattr(event.response, "id", None)),
        "response_model": as_text(reply.get("model")) or as_text(getattr(event.response, "model", None)),
        "stop_reason": as_text(first.get("finish_reason")),
    }


def is_failure(event: CallEvent) -> bool:
    """Whether the call failed."""
    return event.payload.get("status") == "failure"


def call_error(event: CallEvent) -> LiteLLMCallError | None:
    """Why the call failed, None for a success."""
    if not is_failure(event):
        return None
    information = as_mapping(event.payload.get("error_information"))
    exception = event.kwargs.get("exception")
    text = as_text(event.payload.get("error_str")) or as_text(information.get("error_message"))
    status = as_int(information.get("error_code")) or as_int(getattr(exception, "status_code", None))
    return LiteLLMCallError(clean(text or str(exception or "the call failed")), status)


def _substitute_payload(event: CallEvent) -> dict[str, Any]:
    arguments, exception = event.kwargs, event.kwargs.get("exception")
    response = as_mapping(event.response)
    counted = as_mapping(response.get("usage"))
    return {
        "call_type": arguments.get("call_type"),
        "status": "success" if exception is None else "failure",
        "error_str": "" if exception is None else str(exception),
        "stream": arguments.get("stream"),
        "model": arguments.get("model"),
        "custom_llm_provider": event.litellm_params.get("custom_llm_provider"),
        "messages": arguments.get("messages"),
        "response": response,
        "response_cost": arguments.get("response_cost"),
        "cache_hit": arguments.get("cache_hit"),
        "completionStartTime": arguments.get("completion_start_time"),
        **{key: counted.get(key) for key in ("prompt_tokens", "completion_tokens", "total_tokens")},
    }


def _compact_json(value: Any) -> str:
    return json.dumps(value, default=str)
