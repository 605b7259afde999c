"""What a decorated call was asked and what it answered, read from its arguments and result."""

from __future__ import annotations

import inspect
import json
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .utils import printed

_PROMPT_NAMES = ("prompt", "messages", "input", "query", "question", "text")
_SELF_NAMES = frozenset({"self", "cls"})


class CallReader:
    """Reads the arguments of one decorated function by name, so that `self` is never taken for a prompt."""

    def __init__(self, func: Callable[..., Any]) -> None:
        parameters: Mapping[str, inspect.Parameter] = {}
        try:
            parameters = inspect.signature(func).parameters
        except (TypeError, ValueError):  # Builtins may have no signature.
            pass
        names = list(parameters)
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        self._prompt_positions = [names.index(name) for name in _PROMPT_NAMES if name in names]
        self._messages_position = names.index("messages") if "messages" in names else None
        self.takes_messages = "messages" in names or takes_any
        """Whether a call may have an argument `messages`."""
        self.skipped = 1 if names and names[0] in _SELF_NAMES else 0
        """Positional arguments that are not told: `self`."""
        self.prompt_position: Optional[int] = next(iter(self._prompt_positions), self.skipped)
        """Where a prompt that is a text stands; None when it may be a history instead."""
        if self._messages_position is not None:
            self.prompt_position = None

    def own_args(self, args: Tuple[Any, ...]) -> Tuple[Any, ...]:
        """The positional arguments without `self`."""
        return args[self.skipped :]

    def prompt(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """The keyword `prompt` or `messages`, else the parameter that is named like a prompt, else the first argument."""
        prompt = kwargs.get("prompt") or kwargs.get("messages") if kwargs else None
        if not prompt:
            for position in self._prompt_positions:
                if position < len(args) and args[position]:
                    prompt = args[position]
                    break
            else:
                own = self.own_args(args)
                prompt = own[0] if own else None
        return printed(prompt) if prompt else ""

    def messages(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> Optional[List[Any]]:
        """The argument `messages` when it is a history: a list of mappings."""
        messages = kwargs.get("messages")
        position = self._messages_position
        if messages is None and position is not None and position < len(args):
            messages = args[position]
        if not isinstance(messages, (list, tuple)) or not messages:
            return None
        return list(messages) if all(isinstance(message, Mapping) for message in messages) else None


def response_fields(result: Any) -> Dict[str, Any]:
    """`response_text` of a result, and what else a provider's reply tells: `tool_calls`, `finish_reason`, `usage`, `cost`.

    Known shapes: OpenAI and LiteLLM chat completions, Anthropic messages, and dicts with `output`, `input_tokens`,
    `output_tokens`, `cost`. Anything else is its own text.
    """
    if isinstance(result, str):
        return {"response_text": result}
    text, finish_reason = _reply_text(result)
    if text is None:
        return {"response_text": printed(result)}
    fields: Dict[str, Any] = {"response_text": text}
    calls = _tool_calls(result)
    if calls:
        fields["tool_calls"] = calls
    if finish_reason is not None:
        fields["finish_reason"] = str(finish_reason)
    fields.update(_told_cost(result))
    return fields


def stream_fields(chunks: List[Any]) -> Dict[str, Any]:
    """What the pieces of a reply tell together: the text, and the last `finish_reason`, `usage` and `cost` of any.

    Pieces of another shape are one reply: their list.
    """
    text = joined(chunks)
    if not isinstance(text, str):
        return response_fields(text)
    fields: Dict[str, Any] = {"response_text": text}
    for chunk in chunks:
        if isinstance(chunk, str):
            continue
        choices = read(chunk, "choices")
        reason = read(choices[0], "finish_reason") if isinstance(choices, (list, tuple)) and choices else None
        if reason is not None:
            fields["finish_reason"] = str(reason)
        fields.update(_told_cost(chunk))
    return fields


def joined(chunks: List[Any]) -> Any:
    """The text of a stream; when it is no stream of text, its items."""
    text = "".join(chunk_text(chunk) for chunk in chunks)
    return text if text or not chunks else chunks


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


def message_fields(messages: Any) -> Dict[str, Any]:
    """`prompt`, and `messages` and `system_message` of a history."""
    if not isinstance(messages, (list, tuple)) or not all(isinstance(message, Mapping) for message in messages):
        return {"prompt": messages if isinstance(messages, str) else as_json(messages)}
    history = [_message(message) for message in messages]
    said = [text_of(message.get("content")) for message in history if message.get("role") == "user"]
    fields: Dict[str, Any] = {"prompt": said[-1] if said else as_json(history), "messages": history}
    system = next((text_of(message.get("content")) for message in history if message.get("role") == "system"), None)
    if system is not None:
        fields["system_message"] = system
    return fields


def as_dict(value: Any) -> Any:
    """A pydantic object as a dict; anything else as it is."""
    if isinstance(value, Mapping) or value is None:
        return value
    for name in ("model_dump", "dict"):
        dump = getattr(value, name, None)
        if callable(dump):
            return dump()
    return value


def as_json(value: Any) -> str:
    """A value in JSON; what JSON does not know as its text."""
    return json.dumps(value, default=str)


def _message(message: Mapping[str, Any]) -> Dict[str, Any]:
    fields = {str(name): value for name, value in message.items() if value is not None}
    if fields.get("tool_calls"):
        fields["tool_calls"] = [as_dict(call) for call in fields["tool_calls"]]
    return fields


def _tool_calls(result: Any) -> List[Any]:
    choices = read(result, "choices")
    message = read(choices[0], "message") if isinstance(choices, (list, tuple)) and choices else None
    calls = read(message, "tool_calls")
    return [as_dict(call) for call in calls] if isinstance(calls, (list, tuple)) else []


def _told_cost(result: Any) -> Dict[str, Any]:
    fields: Dict[str, Any] = {}
    usage = _usage(result)
    cost = read(result, "cost")
    if usage:
        fields["usage"] = usage
    if isinstance(cost, (int, float)):
        fields["cost"] = float(cost)
    return fields


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
