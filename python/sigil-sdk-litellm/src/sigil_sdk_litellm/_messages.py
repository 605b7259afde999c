"""What was asked and answered, as LiteLLM logs it, to Sigil messages.

Messages are made as plain dicts with the fields of the models, which the native core reads as it reads models, for a third
of the time; `model_messages` makes models of them for whoever wants those. Nothing here raises for odd input, and what
cannot be kept adds a reason to `gaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightwell import Content
from sigil_sdk import Message, models

from ._blocks import Gaps, Plain, content_parts, content_text, named_call, text_parts
from ._items import item_messages
from ._values import as_json_bytes, as_list, as_mapping, as_text, clean

_SYSTEM_ROLES = frozenset({"system", "developer"})
_TOOL_ROLES = frozenset({"tool", "function"})
#: Keys of an assistant's message beside its content and its calls that become parts.
_MORE_PARTS = frozenset({"thinking_blocks", "reasoning_content", "refusal", "function_call", "audio", "images"})


def system_prompt(messages: Any) -> str:
    """The text of the system and developer messages, joined by a blank line."""
    texts = [
        content_text(message.get("content"))
        for message in map(as_mapping, as_list(messages))
        if message.get("role") in _SYSTEM_ROLES
    ]
    return "\n\n".join(text for text in texts if text)


def input_messages(messages: Any, gaps: Gaps) -> list[Plain]:
    """The conversation so far, without its system prompts. A bare string is one user message."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    elif isinstance(messages, Mapping):
        messages = [messages]
    mapped: list[Plain] = []
    for index, raw in enumerate(as_list(messages)):
        if type(raw) is dict:
            if usual := _usual_message(raw):
                mapped.append(usual)
                continue
            message: Mapping[str, Any] = raw
        else:
            message = {"role": "user", "content": raw} if isinstance(raw, str) else as_mapping(raw)
        role = message.get("role")
        if role in _SYSTEM_ROLES:
            continue
        if role is None and "type" in message:
            gaps.place = None
            return item_messages(as_list(messages), "input", gaps, chat_messages)
        gaps.place = ("input", index)
        if type(message.get("content")) is list:
            mapped += chat_messages(message, gaps)
            continue
        converted = _input_message(message, role, gaps)
        if converted["parts"]:
            mapped.append(converted)
    gaps.place = None
    return mapped


def output_messages(response: Any, gaps: Gaps) -> list[Plain]:
    """One assistant message per choice of a chat reply; what a Responses or Messages reply holds, in its order."""
    if isinstance(response, str):
        response = {"choices": [{"text": response}]}
    reply = as_mapping(response)
    if "choices" not in reply:
        if isinstance(reply.get("output"), list):
            return item_messages(reply["output"], "output", gaps, chat_messages)
        if isinstance(reply.get("content"), list):
            gaps.place = ("output", 0)
            mapped = chat_messages({**reply, "role": "assistant"}, gaps)
            gaps.place = None
            return mapped
        if isinstance(reply.get("text"), str):
            reply = {"choices": [reply]}
    mapped = []
    for index, choice in enumerate(map(as_mapping, as_list(reply.get("choices")))):
        gaps.place = ("output", index)
        message = as_mapping(choice.get("message"))
        if type(message.get("content")) is list:
            mapped += chat_messages({**message, "role": "assistant"}, gaps)
        elif message:
            if parts := _assistant_parts(message, gaps):
                mapped.append({"role": "assistant", "parts": parts})
        elif parts := _content_text_parts(choice.get("text"), gaps):
            mapped.append({"role": "assistant", "parts": parts})
    gaps.place = None
    return mapped


def chat_messages(message: Mapping[str, Any], gaps: Gaps) -> list[Plain]:
    """The messages that one message is: its blocks may hold the results of tools, which are messages of their own."""
    role, content = message.get("role"), message.get("content")
    if not isinstance(content, (list, tuple)) or role in _TOOL_ROLES:
        converted = _input_message(message, role, gaps)
        return [converted] if converted["parts"] else []
    parts, results = content_parts(content, gaps)
    if role == "assistant":
        thoughts = [part for part in parts if part["kind"] == "thinking"]
        more = _assistant_parts({**message, "content": None}, gaps)
        before = [part for part in more if part["kind"] == "thinking" and not thoughts]
        parts = before + parts + [part for part in more if part["kind"] != "thinking"]
    else:
        parts = _as_text(parts, gaps)
    converted = {"role": "assistant" if role == "assistant" else "user", "parts": parts}
    if "name" in message:
        converted["name"] = _label(message["name"])
    said = [converted] if parts else []
    # A user hands over results before he says something; a model says something before its own tools' results come.
    return said + results if role == "assistant" else results + said


def model_messages(messages: list[Plain]) -> list[Message]:
    """The same as model objects."""
    return Content({"input": messages}).models(models)["input"]


def _usual_message(message: dict[str, Any]) -> Plain | None:
    """What `_input_message` makes of a message of the shapes that histories are full of, for a third of the time; None for
    all others. Histories are read again with every call, on the event loop."""
    role, content = message.get("role"), message.get("content")
    parts: list[Plain] = []
    if type(content) is str and content.isascii() and content and not content.isspace():
        if role == "tool":
            call_id, name = message.get("tool_call_id"), message.get("name", "")
            if type(call_id) is not str or type(name) is not str:
                return None
            result = {"tool_call_id": call_id.strip(), "name": name.strip(), "content": content}
            return {"role": "tool", "parts": [{"kind": "tool_result", "tool_result": result}]}
        parts.append({"kind": "text", "text": content})
        if role == "user" and "name" not in message:
            return {"role": "user", "parts": parts}
    elif content is not None:
        return None
    if role != "assistant" or "name" in message or not _MORE_PARTS.isdisjoint(message):
        return None
    calls = message.get("tool_calls") or []
    if type(calls) is not list:
        return None
    for call in calls:
        function = call.get("function") if type(call) is dict else None
        if type(function) is not dict:
            return None
        call_id, name, arguments = call.get("id"), function.get("name"), function.get("arguments")
        if type(call_id) is not str or type(name) is not str or type(arguments) is not str:
            return None
        name = name.strip()
        if not name or not arguments.isascii():
            return None
        called = {"name": name, "id": call_id.strip(), "input_json": arguments}
        parts.append({"kind": "tool_call", "tool_call": called})
    return {"role": "assistant", "parts": parts} if parts else None


def _input_message(message: Mapping[str, Any], role: Any, gaps: Gaps) -> Plain:
    if role in _TOOL_ROLES:
        result = {
            "tool_call_id": _label(message.get("tool_call_id")),
            "name": _label(message.get("name")),
            "content": content_text(message.get("content"), gaps),
        }
        return {"role": "tool", "parts": [{"kind": "tool_result", "tool_result": result}]}
    if role == "assistant":
        converted: Plain = {"role": "assistant", "parts": _assistant_parts(message, gaps)}
    else:
        converted = {"role": "user", "parts": _content_text_parts(message.get("content"), gaps)}
    if "name" in message:
        converted["name"] = _label(message["name"])
    return converted


def _label(value: Any) -> str:
    """As `as_text`, quickly for what it nearly always is."""
    return value.strip() if type(value) is str else as_text(value)


def _assistant_parts(message: Mapping[str, Any], gaps: Gaps) -> list[Plain]:
    more = not _MORE_PARTS.isdisjoint(message)
    parts: list[Plain] = [{"kind": "thinking", "thinking": thought} for thought in _thoughts(message)] if more else []
    parts += _content_text_parts(message.get("content"), gaps)
    if more:
        parts += _content_text_parts(message.get("refusal"), gaps)
        parts += text_parts(_media_text(message, gaps), gaps)
    if calls := message.get("tool_calls"):
        for call in as_list(calls):
            parts.append({"kind": "tool_call", "tool_call": _tool_call(as_mapping(call), gaps)})
    if more and (function := message.get("function_call")):
        parts.append({"kind": "tool_call", "tool_call": _tool_call({"function": function}, gaps)})
    return parts


def _media_text(message: Mapping[str, Any], gaps: Gaps) -> str:
    """What a model drew or spoke."""
    texts = [content_text(as_list(message.get("images")), gaps)]
    if audio := as_mapping(message.get("audio")):
        spoken = audio.get("transcript")
        texts.append(clean(spoken) if isinstance(spoken, str) else "")
        texts.append(content_text([{"type": "audio", "audio": dict(audio)}], gaps))
    return " ".join(filter(None, texts))


def _thoughts(message: Mapping[str, Any]) -> list[str]:
    thoughts: list[str] = []
    for block in map(as_mapping, as_list(message.get("thinking_blocks"))):
        keys = ("data", "text") if block.get("type") == "redacted_thinking" else ("thinking", "text")
        thoughts.append(next((block[key] for key in keys if isinstance(block.get(key), str)), ""))
    thoughts = [clean(thought) for thought in thoughts if thought and not thought.isspace()]
    reasoning = message.get("reasoning_content")
    if not thoughts and isinstance(reasoning, str) and reasoning and not reasoning.isspace():
        thoughts = [clean(reasoning)]
    return thoughts


def _content_text_parts(content: Any, gaps: Gaps) -> list[Plain]:
    text = content if type(content) is str and content.isascii() else content_text(content, gaps)
    if not text:
        return []
    return [{"kind": "text", "text": text}] if not text.isspace() else text_parts(text, gaps)


def _as_text(parts: list[Plain], gaps: Gaps) -> list[Plain]:
    """The parts of a user: thoughts and calls are the assistant's alone."""
    for index, part in enumerate(parts):
        if part["kind"] == "thinking":
            parts[index] = {"kind": "text", "text": part["thinking"]}
        elif part["kind"] == "tool_call":
            gaps.here("a user's call of a tool is kept as text")
            call = part["tool_call"]
            arguments = call["input_json"]
            told = arguments.decode("utf-8", "replace") if isinstance(arguments, bytes) else arguments
            parts[index] = {"kind": "text", "text": f"[tool_use {call['name']} {told}]"}
    return parts


def _tool_call(call: Mapping[str, Any], gaps: Gaps) -> Plain:
    function = call.get("function")
    if type(function) is not dict:
        function = as_mapping(function)
        if not function and ("custom" in call or "name" in call):
            return _custom_call(call, gaps)
    name = _label(function.get("name"))
    if not name:
        gaps.here("a tool call has no name")
        name = "unknown"
    arguments = function.get("arguments")
    if type(arguments) is not str or not arguments.isascii():
        arguments = b"" if arguments is None else as_json_bytes(arguments)
    return {"name": name, "id": _label(call.get("id")), "input_json": arguments}


def _custom_call(call: Mapping[str, Any], gaps: Gaps) -> Plain:
    """A call of a tool that takes a text, or one with its name and arguments beside its id."""
    inner = as_mapping(call.get("custom")) or call
    arguments = inner.get("input", inner.get("arguments", inner.get("args")))
    made: Plain = named_call(_label(inner.get("name")), _label(call.get("id")), arguments, gaps)["tool_call"]
    return made
