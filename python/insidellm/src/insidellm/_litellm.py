"""What LiteLLM hands to its loggers, read into the fields of events. Nothing here is imported from LiteLLM."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional

from ._extraction import as_dict, as_json, read, text_of, usage_fields
from ._extraction import chunk_text as chunk_text
from ._extraction import message_fields as message_fields

_SECRETS = ("api_key", "apikey", "secret", "password", "authorization", "credential", "access_token", "headers")
_NOT_PARAMETERS = frozenset({"messages", "model", "metadata", "user_continue_message", "litellm_metadata"})
_PREFIXES = (
    ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("claude-", "anthropic"), ("gemini-", "google"),
    ("cohere.", "cohere"), ("mistral", "mistral"),
)  # fmt: skip


def model_fields(model: Any, kwargs: Mapping[str, Any]) -> Dict[str, str]:
    """`model_name` and `provider`."""
    name = str(model or kwargs.get("model") or "unknown")
    told = read(kwargs.get("litellm_params"), "custom_llm_provider") or kwargs.get("custom_llm_provider")
    return {"model_name": name, "provider": str(told) if told else provider_of(name)}


def provider_of(model: str) -> str:
    """The provider that a model's name tells of: its prefix, else who makes models of such names."""
    prefix, separator, _rest = model.partition("/")
    if separator:
        return prefix
    if not model:
        return "unknown"
    return next((provider for start, provider in _PREFIXES if model.startswith(start)), "unknown_provider")


def request_fields(messages: Any, kwargs: Mapping[str, Any]) -> Dict[str, Any]:
    """`prompt`, `messages`, `system_message` and `parameters` of a request."""
    fields = message_fields(messages)
    parameters = public_parameters(read(kwargs, "optional_params") or {})
    if kwargs.get("stream"):
        parameters["stream"] = True
    fields["parameters"] = parameters
    return fields


def public_parameters(parameters: Mapping[str, Any]) -> Dict[str, Any]:
    """The parameters that are set, without secrets and without functions of the program."""
    return {
        str(name): value
        for name, value in parameters.items()
        if value is not None
        and name not in _NOT_PARAMETERS
        and not callable(value)
        and not any(word in str(name).lower() for word in _SECRETS)
    }


def response_fields(response: Any, cost: Any) -> Dict[str, Any]:
    """`response_text`, `tool_calls`, `finish_reason`, `usage`, `cost` and the model's own name, of a response."""
    choices = read(response, "choices")
    choice = choices[0] if isinstance(choices, (list, tuple)) and choices else None
    message = read(choice, "message")
    text = read(message, "content")
    text = text if text is not None else read(choice, "text")
    fields: Dict[str, Any] = {"response_text": text_of(text)}
    calls = [as_dict(call) for call in read(message, "tool_calls") or []]
    if calls:
        fields["tool_calls"] = calls
    if read(choice, "finish_reason") is not None:
        fields["finish_reason"] = str(read(choice, "finish_reason"))
    usage = usage_fields(as_dict(read(response, "usage")))
    if usage:
        fields["usage"] = usage
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        fields["cost"] = float(cost)
    if read(response, "model"):
        fields["model_name"] = str(read(response, "model"))
    return fields


def failure_fields(kwargs: Mapping[str, Any], context: Dict[str, Any]) -> Dict[str, Any]:
    """The payload of a failed call's error."""
    error = kwargs.get("exception")
    logged = kwargs.get("standard_logging_object") or {}
    told = read(logged, "error_information") or {}
    status = read(error, "status_code") or read(told, "error_code")
    if status:
        context["status_code"] = status if isinstance(status, int) else str(status)
    text = str(error) if error is not None else str(read(logged, "error_str") or "")
    fields = {
        "error_type": "llm_error",
        "error_message": text or "the call failed",
        "error_code": type(error).__name__ if error is not None else str(read(told, "error_class") or "Exception"),
        "context": context,
    }
    trace = kwargs.get("traceback_exception") or read(told, "traceback")
    if trace:
        fields["stack_trace"] = str(trace)
    return fields


def metadata_of(kwargs: Mapping[str, Any]) -> Dict[str, Any]:
    """What the program gave along as metadata; what is no primitive as JSON."""
    given = read(kwargs.get("litellm_params"), "metadata") or {}
    return {
        str(name): value if isinstance(value, (str, int, float, bool)) else as_json(value)
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if value is not None and not any(word in str(name).lower() for word in _SECRETS)
    }


def duration_ms(start: Any, end: Any) -> Optional[int]:
    """Whole milliseconds between two datetimes, or two times in seconds."""
    try:
        elapsed = end - start
    except TypeError:
        return None
    seconds = elapsed.total_seconds() if hasattr(elapsed, "total_seconds") else elapsed
    return int(seconds * 1000)


def iso(moment: datetime) -> str:
    """A moment in UTC as events spell it; without a zone it is local time, as `datetime.now()` says it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def tool_calls(response: Any) -> List[Dict[str, Any]]:
    """The tool calls of a response that consists of them."""
    if not isinstance(response, (list, tuple)):
        return []
    calls = [as_dict(call) for call in response]
    return [dict(call) for call in calls if isinstance(call, Mapping) and ("function" in call or "name" in call)]
