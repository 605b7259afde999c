"""Items of the Responses API to messages: what one model turn says, thinks and calls is one assistant message.

So the reply of one call and the history of the next hold the same messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._blocks import BYTES_LEFT_OUT, Gaps, Plain, brief_json, named_call, text_parts, thought_text, tool_message
from ._values import as_mapping, as_text

_SYSTEM_ROLES = frozenset({"system", "developer"})
_ARGUMENTS = ("arguments", "input", "action", "queries", "code")
_RESULTS = ("output", "results", "outputs", "error")
_ROLES: dict[str, str] = {"input": "user", "output": "assistant"}

ChatMessages = Callable[[Mapping[str, Any], Gaps], list[Plain]]


def item_messages(items: list[Any], side: str, gaps: Gaps, chat_messages: ChatMessages) -> list[Plain]:
    """The messages of `input` or `output` items; `chat_messages` reads those that are messages with a role."""
    mapped: list[Plain] = []
    for index, raw in enumerate(items):
        gaps.place = (side, index)
        item: Mapping[str, Any] = {"role": "user", "content": raw} if isinstance(raw, str) else as_mapping(raw)
        if item.get("role") in _SYSTEM_ROLES:
            continue
        for message in _messages(item, side, gaps, chat_messages):
            last = mapped[-1] if mapped else None
            if last is not None and last["role"] == message["role"] == "assistant":
                last["parts"] += message["parts"]
            else:
                mapped.append(message)
    gaps.place = None
    return mapped


def _messages(item: Mapping[str, Any], side: str, gaps: Gaps, chat_messages: ChatMessages) -> list[Plain]:
    kind = as_text(item.get("type"))
    if kind in ("", "message"):
        return chat_messages(item, gaps)
    if kind == "reasoning":
        thought = thought_text(item)
        if not thought and item.get("encrypted_content"):
            gaps.here("an encrypted thought was left out")
        return _said([{"kind": "thinking", "thinking": thought}] if thought else [])
    if kind.endswith(("_call_output", "_result")):
        return [tool_message(item, gaps)]
    if kind.endswith("_call"):
        return _call(item, kind, gaps)
    text = f"[{kind} {brief_json(item, gaps)}]"
    return [{"role": _ROLES[side], "parts": text_parts(text, gaps)}]


def _call(item: Mapping[str, Any], kind: str, gaps: Gaps) -> list[Plain]:
    """A call of a function, or of a tool that the provider runs, whose result is beside it."""
    given = next((item[key] for key in _ARGUMENTS if item.get(key) is not None), None)
    arguments = given if given is None or isinstance(given, (str, bytes)) else brief_json(given, gaps)
    # Functions have a name; the tools of providers have their kind.
    name = as_text(item.get("name")) or ("" if kind == "function_call" else kind[: -len("_call")])
    identity = as_text(item.get("call_id")) or as_text(item.get("id"))
    messages = _said([named_call(name, identity, arguments, gaps)])
    result = next((item[key] for key in _RESULTS if item.get(key) is not None), None)
    drawn = item.get("result")
    if result is None and isinstance(drawn, (str, bytes)):
        gaps.here(BYTES_LEFT_OUT)
        result = f"[{name} {len(drawn)} characters]"
    if result is not None:
        told = result if isinstance(result, (str, list)) else brief_json(result, gaps)
        messages.append(tool_message({"call_id": identity, "name": name, "content": told}, gaps))
    return messages


def _said(parts: list[Plain]) -> list[Plain]:
    return [{"role": "assistant", "parts": parts}] if parts else []
