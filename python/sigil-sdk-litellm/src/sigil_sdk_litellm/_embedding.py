"""One LiteLLM logging event to the start and the result of an embedding, which becomes a span and metrics alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigil_sdk import EmbeddingResult, EmbeddingStart

from . import _record
from ._values import as_count, as_int, as_list, as_mapping, as_text, clean


def start(event: _record.CallEvent, agent_name: str, agent_version: str, extra_tags: Mapping[str, str]) -> EmbeddingStart:
    """Model, agent and settings of the call."""
    return EmbeddingStart(
        model=_record.model_ref(event),
        agent_name=event.named("agent_name") or agent_name,
        agent_version=event.named("agent_version") or agent_version,
        dimensions=as_int(event.optional_params.get("dimensions")),
        encoding_format=as_text(event.optional_params.get("encoding_format")),
        tags=_record.tags(event, extra_tags),
        started_at=event.started_at,
    )


def result(event: _record.CallEvent, with_texts: bool) -> EmbeddingResult:
    """What was embedded and how large the vectors are."""
    asked = event.kwargs.get("input")
    reply = as_mapping(event.payload.get("response"))
    texts = [asked] if isinstance(asked, str) else as_list(asked)
    return EmbeddingResult(
        input_count=_count(asked),
        input_tokens=as_count(event.payload.get("prompt_tokens")),
        input_texts=[clean(text) for text in texts if isinstance(text, str) and text] if with_texts else [],
        response_model=as_text(getattr(event.response, "model", None))
        or as_text(reply.get("model"))
        or as_text(event.payload.get("model")),
        dimensions=None if event.is_failure else _dimensions(event.response, reply),
    )


def _count(asked: Any) -> int:
    """Inputs of a call: a list of whole numbers is one text's tokens."""
    if asked is None or asked == "":
        return 0
    if isinstance(asked, (list, tuple)):
        is_tokens = bool(asked) and all(isinstance(item, int) for item in asked)
        return 1 if is_tokens else len(asked)
    return 1


def _dimensions(response: Any, reply: Mapping[str, Any]) -> int | None:
    vectors = as_list(getattr(response, "data", None)) or as_list(reply.get("data"))
    first = as_mapping(vectors[0]).get("embedding") if vectors else None
    return len(first) if isinstance(first, (list, tuple)) and first else None
