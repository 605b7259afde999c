"""Token usage of the providers' replies, mapped to `TokenUsage`.

Objects and dicts are both read. Anything that is not a whole number counts as 0. Cache creation is reported as
`cache_write_input_tokens` and, for programs written for 0.2, as `cache_creation_input_tokens` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .models import TokenUsage


def from_anthropic(raw: Any) -> TokenUsage:
    """Anthropic Messages usage."""
    if raw is None:
        return TokenUsage()
    return _usage(
        input_tokens=_count(raw, "input_tokens"),
        output_tokens=_count(raw, "output_tokens"),
        total=_count(raw, "total_tokens"),
        cache_read=_count(raw, "cache_read_input_tokens"),
        cache_write=_first_count(raw, "cache_write_input_tokens", "cache_creation_input_tokens"),
        cache_creation=_count(raw, "cache_creation_input_tokens"),
    )


def from_openai_chat(raw: Any) -> TokenUsage:
    """OpenAI Chat Completions usage."""
    if raw is None:
        return TokenUsage()
    prompt_details = _read(raw, "prompt_tokens_details")
    created = _count(prompt_details, "cache_creation_tokens")
    return _usage(
        input_tokens=_count(raw, "prompt_tokens"),
        output_tokens=_count(raw, "completion_tokens"),
        total=_count(raw, "total_tokens"),
        cache_read=_count(prompt_details, "cached_tokens"),
        cache_write=created,
        cache_creation=created,
        reasoning=_count(_read(raw, "completion_tokens_details"), "reasoning_tokens"),
    )


def from_openai_responses(raw: Any) -> TokenUsage:
    """OpenAI Responses usage."""
    if raw is None:
        return TokenUsage()
    return _usage(
        input_tokens=_count(raw, "input_tokens"),
        output_tokens=_count(raw, "output_tokens"),
        total=_count(raw, "total_tokens"),
        cache_read=_count(_read(raw, "input_tokens_details"), "cached_tokens"),
        reasoning=_count(_read(raw, "output_tokens_details"), "reasoning_tokens"),
    )


def from_gemini(raw: Any) -> TokenUsage:
    """Gemini usage metadata. Tool-use prompt tokens count as input, thoughts as output."""
    if raw is None:
        return TokenUsage()
    thoughts = _count(raw, "thoughts_token_count")
    return _usage(
        input_tokens=_count(raw, "prompt_token_count") + _count(raw, "tool_use_prompt_token_count"),
        output_tokens=_count(raw, "candidates_token_count") + thoughts,
        total=_count(raw, "total_token_count"),
        cache_read=_count(raw, "cached_content_token_count"),
        cache_write=_first_count(raw, "cache_write_input_token_count", "cache_creation_input_token_count"),
        cache_creation=_count(raw, "cache_creation_input_token_count"),
        reasoning=thoughts,
    )


def from_generic(raw: Any) -> TokenUsage:
    """Usage of unknown origin: OpenAI names first, then Anthropic names."""
    if raw is None:
        return TokenUsage()
    return _usage(
        input_tokens=_first_count(raw, "prompt_tokens", "input_tokens"),
        output_tokens=_first_count(raw, "completion_tokens", "output_tokens"),
        total=_count(raw, "total_tokens"),
        cache_read=_count(raw, "cache_read_input_tokens"),
        cache_write=_first_count(raw, "cache_write_input_tokens", "cache_creation_input_tokens"),
        cache_creation=_count(raw, "cache_creation_input_tokens"),
        reasoning=_count(raw, "reasoning_tokens"),
    )


def map_usage(raw: Any) -> TokenUsage:
    """Usage of any provider, recognised by the names that it uses."""
    if raw is None:
        return TokenUsage()
    if _has(raw, "prompt_token_count") or _has(raw, "candidates_token_count"):
        return from_gemini(raw)
    if _has(raw, "prompt_tokens"):
        return from_openai_chat(raw)
    if _has(raw, "input_tokens_details") or _has(raw, "output_tokens_details"):
        return from_openai_responses(raw)
    if _has(raw, "input_tokens"):
        return from_anthropic(raw)
    return from_generic(raw)


def to_count(value: Any) -> int:
    """A whole number from an int, an integral float or a numeric string, else 0."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else 0
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            return 0
    return 0


def _usage(
    *,
    input_tokens: int,
    output_tokens: int,
    total: int,
    cache_read: int,
    cache_write: int = 0,
    cache_creation: int = 0,
    reasoning: int = 0,
) -> TokenUsage:
    return TokenUsage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        total_tokens=total or input_tokens + output_tokens,
        cache_read_input_tokens=cache_read,
        cache_write_input_tokens=cache_write,
        reasoning_tokens=reasoning,
        cache_creation_input_tokens=cache_creation,
    )


def _read(source: Any, name: str) -> Any:
    if source is None:
        return None
    if isinstance(source, Mapping):
        return source.get(name)
    return getattr(source, name, None)


def _has(source: Any, name: str) -> bool:
    return _read(source, name) is not None


def _count(source: Any, name: str) -> int:
    return to_count(_read(source, name))


def _first_count(source: Any, name: str, fallback: str) -> int:
    """An explicit 0 under the first name wins over the second."""
    value = _read(source, name)
    return to_count(value if value is not None else _read(source, fallback))
