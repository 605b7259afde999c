"""What a decorated call was asked and what it answered, read from its arguments and result."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

_PROMPT_NAMES = ("prompt", "messages", "input", "query", "question", "text")
_SELF_NAMES = frozenset({"self", "cls"})


class CallReader:
    """Reads the arguments of one decorated function by name, so that `self` is never taken for a prompt."""

    def __init__(self, func: Callable[..., Any]) -> None:
        try:
            names = list(inspect.signature(func).parameters)
        except (TypeError, ValueError):  # Builtins may have no signature.
            names = []
        self._names = names
        self._has_self = bool(names) and names[0] in _SELF_NAMES

    def own_args(self, args: Tuple[Any, ...]) -> Tuple[Any, ...]:
        """The positional arguments without `self`."""
        return args[1:] if self._has_self else args

    def prompt(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """The keyword `prompt` or `messages`, else the parameter that is named like a prompt, else the first argument."""
        prompt = kwargs.get("prompt") or kwargs.get("messages")
        if not prompt:
            bound = dict(zip(self._names, args))
            prompt = next((bound[name] for name in _PROMPT_NAMES if bound.get(name)), None)
        own = self.own_args(args)
        if not prompt and own:
            prompt = own[0]
        return str(prompt) if prompt else ""


def response_fields(result: Any) -> Dict[str, Any]:
    """`response_text` of a result, and `finish_reason`, `usage` and `cost` when it has the shape of a provider's reply.

    Known shapes: OpenAI and LiteLLM chat completions, Anthropic messages, and dicts with `output`, `input_tokens`,
    `output_tokens`, `cost`. Anything else is its own text.
    """
    if isinstance(result, str):
        return {"response_text": result}
    text, finish_reason = _reply_text(result)
    if text is None:
        return {"response_text": str(result)}
    fields: Dict[str, Any] = {"response_text": text}
    usage = _usage(result)
    cost = read(result, "cost")
    if finish_reason is not None:
        fields["finish_reason"] = str(finish_reason)
    if usage:
        fields["usage"] = usage
    if isinstance(cost, (int, float)):
        fields["cost"] = float(cost)
    return fields


def chunk_text(chunk: Any) -> str:
    """The text that one piece of a streamed reply adds."""
    if isinstance(chunk, str):
        return chunk
    choices = read(chunk, "choices")
    delta = read(choices[0], "delta") if isinstance(choices, (list, tuple)) and choices else None
    text = read(delta, "content")
    return text if isinstance(text, str) else ""


def read(source: Any, name: str) -> Any:
    """A key of a mapping or an attribute of an object, None when absent."""
    if source is None:
        return None
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def text_of(content: Any) -> str:
    """The text of a message's content: a text, or a list of texts and blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)):
        texts = (block if isinstance(block, str) else read(block, "text") for block in content)
        return "".join(text for text in texts if isinstance(text, str))
    return "" if content is None else str(content)


def usage_fields(usage: Any) -> Dict[str, Any]:
    """Token counters under OpenAI's names, which everybody reads."""
    if not isinstance(usage, Mapping):
        return {}
    counts = {
        "prompt_tokens": _first(usage, "prompt_tokens", "input_tokens"),
        "completion_tokens": _first(usage, "completion_tokens", "output_tokens"),
        "total_tokens": _first(usage, "total_tokens"),
    }
    told: Dict[str, Any] = {name: count for name, count in counts.items() if count is not None}
    inputs = usage.get("input_token_details") or usage.get("prompt_tokens_details") or {}
    outputs = usage.get("output_token_details") or usage.get("completion_tokens_details") or {}
    prompt = {
        "cached_tokens": _first(inputs, "cache_read", "cached_tokens"),
        "cache_creation_tokens": _first(inputs, "cache_creation", "cache_creation_tokens"),
    }
    completion = {"reasoning_tokens": _first(outputs, "reasoning", "reasoning_tokens")}
    for name, details in (("prompt_tokens_details", prompt), ("completion_tokens_details", completion)):
        known = {key: count for key, count in details.items() if count is not None}
        if known:
            told[name] = known
    return told


def _reply_text(result: Any) -> Tuple[Optional[str], Any]:
    """Text and stop reason, (None, None) for an unknown shape."""
    choices = read(result, "choices")
    if isinstance(choices, (list, tuple)) and choices:
        text = read(read(choices[0], "message"), "content")
        if text is None:
            text = read(choices[0], "text")
        return (text if isinstance(text, str) else ""), read(choices[0], "finish_reason")
    content = read(result, "content")
    if isinstance(content, (list, tuple)) and read(result, "role") == "assistant":
        texts = [text for text in (read(block, "text") for block in content) if isinstance(text, str)]
        return "".join(texts), read(result, "stop_reason")
    output = read(result, "output") if isinstance(result, Mapping) else None
    return (output if isinstance(output, str) else None), None


def _usage(result: Any) -> Dict[str, Any]:
    source = read(result, "usage")
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens")
    if source is None and isinstance(result, Mapping):
        source = result
    counts = {name: read(source, name) for name in names}
    return {name: count for name, count in counts.items() if isinstance(count, int)}


def _first(counts: Any, *names: str) -> Optional[int]:
    values = (read(counts, name) for name in names)
    return next((value for value in values if isinstance(value, int)), None)
