"""What the span and the metrics of a generation say: see `_otel`. Never its messages, tools or tags.

A generation is looked at as a dict of fields, of which those that are empty may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _otel
from ._capture import HIDDEN_FROM_SPANS
from ._error_category import error_category
from ._normalise import SDK_NAME, TITLE_KEY, operation_name_for, to_utc, whole_number
from .errors import ValidationError
from .models import ContentCaptureMode, PartKind

if TYPE_CHECKING:
    from datetime import datetime

    from ._recorder import GenerationRecorder
    from .client import Client

_TEXTS = (
    ("id", "sigil.generation.id"),
    ("conversation_id", "gen_ai.conversation.id"),
    ("user_id", "user.id"),
    ("agent_name", "gen_ai.agent.name"),
    ("agent_version", "gen_ai.agent.version"),
    ("response_id", "gen_ai.response.id"),
    ("response_model", "gen_ai.response.model"),
)
_CONTROLS = (
    ("max_tokens", "gen_ai.request.max_tokens"),
    ("temperature", "gen_ai.request.temperature"),
    ("top_p", "gen_ai.request.top_p"),
    ("thinking_enabled", "sigil.gen_ai.request.thinking.enabled"),
)
#: Field of the usage, key on the span and type of token in the metric.
_USAGE = (
    ("input_tokens", "gen_ai.usage.input_tokens", "input"),
    ("output_tokens", "gen_ai.usage.output_tokens", "output"),
    ("cache_read_input_tokens", "gen_ai.usage.cache_read_input_tokens", "cache_read"),
    ("cache_write_input_tokens", "gen_ai.usage.cache_write_input_tokens", "cache_write"),
    ("reasoning_tokens", "gen_ai.usage.reasoning_tokens", "reasoning"),
)
_METADATA_NUMBERS = ("sigil.gen_ai.request.thinking.budget_tokens", "sigil.framework.retry_attempt")
_METADATA_TEXTS = tuple(
    f"sigil.framework.{name}"
    for name in ("run_id", "thread_id", "parent_run_id", "component_name", "run_type", "langgraph.node", "event_id")
)


def begin(client: Client, seed: Mapping[str, Any], mode: ContentCaptureMode, started_at: datetime) -> Any:
    """The span of a call that begins."""
    return _otel.start_span(client, _name(seed), "client", started_at, _attributes(seed, mode))


def finish(recorder: GenerationRecorder, fields: Mapping[str, Any], first_token_at: datetime | None) -> None:
    """Ends the span of the generation that was made of `fields`, and records its metrics."""
    client, span = recorder.client, recorder._span
    error_type, category, error = _outcome(recorder)
    if _otel.metering(client):
        measured = _measure(recorder, fields, error_type, category)
        first = _seconds_to_first_token(fields, first_token_at)
        if first is not None:
            measured.append(("_ttft_histogram", first, _identity(fields)))
        _otel.record(client, span, measured)
    if span is None:
        return
    mode = recorder._content_capture_mode
    hidden = mode in HIDDEN_FROM_SPANS or recorder._sanitizer_failed
    attributes = _attributes(fields, mode)
    if recorder._sanitizer_failed and mode is not ContentCaptureMode.FULL_WITH_METADATA_SPANS:
        attributes[TITLE_KEY] = ""
    name = _name(fields)
    told = (None, None) if hidden else (recorder._call_error, recorder._mapping_error)
    try:
        if name != _name(recorder._seed_fields):
            span.update_name(name)
        span.set_attributes(attributes)
    except Exception as problem:
        _otel.report(problem)
    _otel.end_span(
        span,
        fields.get("completed_at") or to_utc(client._clock()),
        error_type=error_type,
        category=category,
        description=category if hidden else str(error or ""),
        exceptions=[each for each in (*told, recorder._final_error) if each is not None],
    )


def _outcome(recorder: GenerationRecorder) -> tuple[str, str, BaseException | None]:
    """`error.type`, `error.category` and the error, the first of the call's, the mapping's and our own."""
    if recorder._call_error is not None:
        return "provider_call_error", error_category(recorder._call_error), recorder._call_error
    if recorder._mapping_error is not None:
        return "mapping_error", "sdk_error", recorder._mapping_error
    local = recorder._final_error
    if local is None:
        return "", "", None
    return "validation_error" if isinstance(local, ValidationError) else "enqueue_error", "sdk_error", local


def _name(fields: Mapping[str, Any]) -> str:
    operation = _operation(fields).strip()
    model = str(getattr(fields.get("model"), "name", None) or "").strip()
    return f"{operation} {model}" if model else operation


def _operation(fields: Mapping[str, Any]) -> str:
    """That of the record; a blank one is told as the default of its mode."""
    operation = str(fields.get("operation_name") or "")
    return operation if operation.strip() else operation_name_for(fields.get("mode"))


def _attributes(fields: Mapping[str, Any], mode: ContentCaptureMode) -> dict[str, Any]:
    get = fields.get
    found: dict[str, Any] = {"gen_ai.operation.name": _operation(fields), "sigil.sdk.name": SDK_NAME}
    for field, key in _TEXTS:
        if value := get(field):
            found[key] = str(value)
    if mode not in HIDDEN_FROM_SPANS and (title := get("conversation_title")):
        found[TITLE_KEY] = str(title).strip()
    model = get("model")
    if provider := getattr(model, "provider", None):
        found["gen_ai.provider.name"] = str(provider)
    if name := getattr(model, "name", None):
        found["gen_ai.request.model"] = str(name)
    for field, key in _CONTROLS:
        if (value := get(field)) is not None:
            found[key] = value
    if choice := str(get("tool_choice") or "").strip():
        found["sigil.gen_ai.request.tool_choice"] = choice
    if parents := get("parent_generation_ids"):
        found["sigil.generation.parent_generation_ids"] = list(parents)
    if reason := get("stop_reason"):
        found["gen_ai.response.finish_reasons"] = [str(reason)]
    usage = get("usage")
    if usage is not None:
        for field, key, _ in _USAGE:
            if count := whole_number(getattr(usage, field, None)):
                found[key] = count
    if metadata := get("metadata"):
        _add_metadata(found, metadata)
    return found


def _add_metadata(found: dict[str, Any], metadata: Mapping[str, Any]) -> None:
    for key in _METADATA_NUMBERS:
        number = whole_number(metadata.get(key))
        if number is not None:
            found[key] = number
    for key in _METADATA_TEXTS:
        text = metadata.get(key)
        if isinstance(text, str) and (text := text.strip()):
            found[key] = text


def _measure(
    recorder: GenerationRecorder, fields: Mapping[str, Any], error_type: str, category: str
) -> list[tuple[str, float, Mapping[str, Any]]]:
    identity = _identity(fields)
    operation = {"gen_ai.operation.name": str(fields.get("operation_name") or ""), **identity}
    outcome = {**operation, "error.type": error_type, "error.category": category}
    measured: list[tuple[str, float, Mapping[str, Any]]] = [
        ("_operation_duration_histogram", _duration(fields), outcome)
    ]
    usage = fields.get("usage")
    if usage is not None:
        for field, _, kind in _USAGE:
            if count := whole_number(getattr(usage, field, None)):
                measured.append(("_token_usage_histogram", count, {**operation, "gen_ai.token.type": kind}))
    measured.append(("_tool_calls_histogram", recorder._tool_call_count(), identity))
    return measured


def _identity(fields: Mapping[str, Any]) -> dict[str, str]:
    model = fields.get("model")
    return _otel.identity(
        getattr(model, "provider", ""),
        getattr(model, "name", ""),
        fields.get("agent_name", ""),
        fields.get("agent_version", ""),
    )


def _duration(fields: Mapping[str, Any]) -> float:
    started, completed = fields.get("started_at"), fields.get("completed_at")
    if started is None or completed is None:
        return 0.0
    return max(0.0, float((completed - started).total_seconds()))


def _seconds_to_first_token(fields: Mapping[str, Any], first_token_at: datetime | None) -> float | None:
    started = fields.get("started_at")
    if first_token_at is None or started is None or fields.get("operation_name") != "streamText":
        return None
    seconds = (to_utc(first_token_at) - started).total_seconds()
    return seconds if seconds >= 0 else None


def count_tool_calls(output: Any) -> int:
    """How many tools a reply asks for; one of a wrong shape, which is not exported, asks for none."""
    messages = output if isinstance(output, (list, tuple)) else ()
    parts = (part for message in messages for part in getattr(message, "parts", None) or ())
    return sum(1 for part in parts if getattr(part, "kind", None) == PartKind.TOOL_CALL)
