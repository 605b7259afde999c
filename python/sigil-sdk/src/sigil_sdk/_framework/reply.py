"""What a framework's reply says beside its messages: usage, model, why it stopped, its id."""

from __future__ import annotations

from typing import Any

from ..models import TokenUsage
from ..usage import map_usage, to_count
from .messages import first_reply
from .reading import first_text, name_text, read, text


def token_usage(response: Any) -> TokenUsage:
    """Counts from the reply's `llm_output`, else from its first message."""
    output = read(response, "llm_output")
    first = first_reply(response)
    for source in (
        read(output, "token_usage"),
        read(output, "usage"),
        read(first, "usage_metadata"),
        read(read(first, "response_metadata"), "token_usage"),
        read(read(first, "response_metadata"), "usage"),
    ):
        if source:
            return _mapped(source)
    return TokenUsage()


def reply_fields(response: Any) -> dict[str, Any]:
    """Fields of `Generation` that the reply tells, those without a value left out."""
    output = read(response, "llm_output")
    first = first_reply(response)
    metadata = read(first, "response_metadata")
    found = {
        "response_model": first_text(output, ("model_name", "model"), name_text)
        or first_text(metadata, ("model_name", "model"), name_text),
        "stop_reason": first_text(output, ("finish_reason", "stop_reason"))
        or first_text(metadata, ("finish_reason", "stop_reason"))
        or first_text(_generation_info(response), ("finish_reason", "stop_reason")),
        "response_id": text(read(output, "id")) or text(read(metadata, "id")),
    }
    return {name: value for name, value in found.items() if value}


def _mapped(source: Any) -> TokenUsage:
    """`map_usage`, with the details that LangChain names in its own way."""
    usage = map_usage(source)
    details = read(source, "input_token_details")
    usage.cache_read_input_tokens = usage.cache_read_input_tokens or to_count(read(details, "cache_read"))
    created = to_count(read(details, "cache_creation"))
    usage.cache_write_input_tokens = usage.cache_write_input_tokens or created
    usage.cache_creation_input_tokens = usage.cache_creation_input_tokens or created
    reasoning = to_count(read(read(source, "output_token_details"), "reasoning"))
    usage.reasoning_tokens = usage.reasoning_tokens or reasoning
    return usage


def _generation_info(response: Any) -> Any:
    generations = read(response, "generations")
    if isinstance(generations, (list, tuple)) and generations:
        first = generations[0]
        if isinstance(first, (list, tuple)):
            first = first[0] if first else None
        return read(first, "generation_info")
    return None

