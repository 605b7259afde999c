"""OpenAI-shaped messages, as LiteLLM logs them, to Sigil messages.

They are made as plain dicts with the fields of the models, which the native core reads as it reads models, for a third of the
time; `model_messages` makes models of them for whoever wants those.

What Sigil's format cannot hold is named rather than lost: an attachment becomes a text such as `[image_url https://...]`,
and every omission adds a reason to `gaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightwell import Content
from sigil_sdk import Message, models

from ._values import as_json_bytes, as_list, as_mapping, as_text, clean

_SYSTEM_ROLES = frozenset({"system", "developer"})
_TOOL_ROLES = frozenset({"tool", "function"})
_TEXT_BLOCKS = frozenset({"text", "input_text", "output_text"})
#: Keys of an assistant's message beside its content and its calls that become parts.
_MORE_PARTS = frozenset({"thinking_blocks", "reasoning_content", "refusal", "function_call"})

#: A message, part, tool call or tool result with the fields of its model.
Plain = dict[str, Any]


class Gaps(list[str]):
    """Reasons why a record lacks something. `place` is where the next one is."""

    place: tuple[str, int] | None = None

    def here(self, reason: str) -> None:
        """Adds a reason with its place."""
        if self.place is not None:
            side, index = self.place
            reason = f"{side}[{index}]: {reason}"
        self.append(reason)


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
    mapped: list[Plain] = []
    for index, raw in enumerate(as_list(messages)):
        if type(raw) is dict:
            message: Mapping[str, Any] = raw
        else:
            message = {"role": "user", "content": raw} if isinstance(raw, str) else as_mapping(raw)
        role = message.get("role")
        if role in _SYSTEM_ROLES:
            continue
        gaps.place = ("input", index)
        converted = _input_message(message, role, gaps)
        if converted["parts"]:
            mapped.append(converted)
    gaps.place = None
    return mapped


def output_messages(response: Any, gaps: Gaps) -> list[Plain]:
    """One assistant message per choice of the reply."""
    if isinstance(response, str):
        response = {"choices": [{"text": response}]}
    mapped: list[Plain] = []
    for index, choice in enumerate(map(as_mapping, as_list(as_mapping(response).get("choices")))):
        gaps.place = ("output", index)
        message = as_mapping(choice.get("message"))
        parts = _assistant_parts(message, gaps) if message else _text_parts(choice.get("text"), gaps)
        if parts:
            mapped.append({"role": "assistant", "parts": parts})
    gaps.place = None
    return mapped


def model_messages(messages: list[Plain]) -> list[Message]:
    """The same as model objects."""
    return Content({"input": messages}).models(models)["input"]


def content_text(content: Any) -> str:
    """Message content as one text: blocks are joined by a space."""
    if isinstance(content, str):
        return content if content.isascii() else clean(content)
    if content is None:
        return ""
    if isinstance(content, (list, tuple)):
        return " ".join(filter(None, (_block_text(block) for block in content)))
    return clean(str(content))


def _input_message(message: Mapping[str, Any], role: Any, gaps: Gaps) -> Plain:
    if role in _TOOL_ROLES:
        result = {
            "tool_call_id": _label(message.get("tool_call_id")),
            "name": _label(message.get("name")),
            "content": content_text(message.get("content")),
        }
        return {"role": "tool", "parts": [{"kind": "tool_result", "tool_result": result}]}
    if role == "assistant":
        converted: Plain = {"role": "assistant", "parts": _assistant_parts(message, gaps)}
    else:
        converted = {"role": "user", "parts": _text_parts(message.get("content"), gaps)}
    if "name" in message:
        converted["name"] = _label(message["name"])
    return converted


def _label(value: Any) -> str:
    """As `as_text`, quickly for what it nearly always is."""
    return value.strip() if type(value) is str else as_text(value)


def _assistant_parts(message: Mapping[str, Any], gaps: Gaps) -> list[Plain]:
    more = not _MORE_PARTS.isdisjoint(message)
    parts: list[Plain] = [{"kind": "thinking", "thinking": thought} for thought in _thoughts(message)] if more else []
    parts += _text_parts(message.get("content"), gaps)
    if more:
        parts += _text_parts(message.get("refusal"), gaps)
    if calls := message.get("tool_calls"):
        for call in as_list(calls):
            parts.append({"kind": "tool_call", "tool_call": _tool_call(as_mapping(call), gaps)})
    if more and (function := message.get("function_call")):
        parts.append({"kind": "tool_call", "tool_call": _tool_call({"function": function}, gaps)})
    return parts


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


def _text_parts(content: Any, gaps: Gaps) -> list[Plain]:
    text = content if type(content) is str and content.isascii() else content_text(content)
    if not text:
        return []
    if text.isspace():
        gaps.here("a text of white space only was left out")
        return []
    return [{"kind": "text", "text": text}]


def _tool_call(call: Mapping[str, Any], gaps: Gaps) -> Plain:
    function = as_mapping(call.get("function"))
    name = _label(function.get("name"))
    if not name:
        gaps.here("a tool call has no name")
        name = "unknown"
    arguments = function.get("arguments")
    if type(arguments) is not str or not arguments.isascii():
        arguments = b"" if arguments is None else as_json_bytes(arguments)
    return {"name": name, "id": _label(call.get("id")), "input_json": arguments}


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return clean(block)
    fields = as_mapping(block)
    kind = as_text(fields.get("type"))
    if kind in _TEXT_BLOCKS or (not kind and isinstance(fields.get("text"), str)):
        text = fields.get("text")
        return clean(text) if isinstance(text, str) else ""
    return f"[{kind or 'attachment'}{_attachment_label(fields.get(kind))}]"


def _attachment_label(attachment: Any) -> str:
    """Where the attachment is, or what it is and how long; never its bytes."""
    source = attachment if isinstance(attachment, str) else ""
    for key in ("url", "filename", "file_id", "format", "media_type"):
        source = source or as_text(as_mapping(attachment).get(key))
    if source.startswith("data:"):
        source = f"{source.partition(',')[0]}, {len(source)} characters"
    return f" {clean(source)}" if source else ""
