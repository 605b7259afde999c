"""OpenAI-shaped messages, as LiteLLM logs them, to Sigil messages.

What Sigil's format cannot hold is named rather than lost: an attachment becomes a text such as `[image_url https://...]`,
and every omission adds a reason to `gaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigil_sdk import (
    Message,
    MessageRole,
    Part,
    ToolCall,
    ToolResult,
    text_part,
    thinking_part,
    tool_call_part,
    tool_result_part,
)

from ._values import as_json_bytes, as_list, as_mapping, as_text, clean

_SYSTEM_ROLES = frozenset({"system", "developer"})
_TOOL_ROLES = frozenset({"tool", "function"})
_TEXT_BLOCKS = frozenset({"text", "input_text", "output_text"})


def system_prompt(messages: Any) -> str:
    """The text of the system and developer messages, joined by a blank line."""
    texts = [
        content_text(message.get("content"))
        for message in map(as_mapping, as_list(messages))
        if message.get("role") in _SYSTEM_ROLES
    ]
    return "\n\n".join(text for text in texts if text)


def input_messages(messages: Any, gaps: list[str]) -> list[Message]:
    """The conversation so far, without its system prompts. A bare string is one user message."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    mapped: list[Message] = []
    for index, raw in enumerate(as_list(messages)):
        message = {"role": "user", "content": raw} if isinstance(raw, str) else as_mapping(raw)
        if message.get("role") in _SYSTEM_ROLES:
            continue
        converted = _input_message(message, f"input[{index}]", gaps)
        if converted.parts:
            mapped.append(converted)
    return mapped


def output_messages(response: Any, gaps: list[str]) -> list[Message]:
    """One assistant message per choice of the reply."""
    if isinstance(response, str):
        parts = _text_parts(response, "output", gaps)
        return [Message(MessageRole.ASSISTANT, parts)] if parts else []
    mapped: list[Message] = []
    for index, choice in enumerate(map(as_mapping, as_list(as_mapping(response).get("choices")))):
        path = f"output[{index}]"
        message = as_mapping(choice.get("message"))
        parts = _assistant_parts(message, path, gaps) if message else _text_parts(choice.get("text"), path, gaps)
        if parts:
            mapped.append(Message(MessageRole.ASSISTANT, parts))
    return mapped


def content_text(content: Any) -> str:
    """Message content as one text: blocks are joined by a space."""
    if content is None:
        return ""
    if isinstance(content, str):
        return clean(content)
    if isinstance(content, (list, tuple)):
        return " ".join(filter(None, (_block_text(block) for block in content)))
    return clean(str(content))


def _input_message(message: Mapping[str, Any], path: str, gaps: list[str]) -> Message:
    role = message.get("role")
    name = as_text(message.get("name"))
    if role == "assistant":
        return Message(MessageRole.ASSISTANT, _assistant_parts(message, path, gaps), name)
    if role in _TOOL_ROLES:
        result = ToolResult(
            tool_call_id=as_text(message.get("tool_call_id")),
            name=name,
            content=content_text(message.get("content")),
        )
        return Message(MessageRole.TOOL, [tool_result_part(result)])
    return Message(MessageRole.USER, _text_parts(message.get("content"), path, gaps), name)


def _assistant_parts(message: Mapping[str, Any], path: str, gaps: list[str]) -> list[Part]:
    parts = [thinking_part(thought) for thought in _thoughts(message)]
    parts += _text_parts(message.get("content"), path, gaps)
    parts += _text_parts(message.get("refusal"), path, gaps)
    calls = [as_mapping(call) for call in as_list(message.get("tool_calls"))]
    if message.get("function_call"):
        calls.append({"function": message["function_call"]})
    parts += [tool_call_part(_tool_call(call, path, gaps)) for call in calls]
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


def _text_parts(content: Any, path: str, gaps: list[str]) -> list[Part]:
    text = content_text(content)
    if not text:
        return []
    if text.isspace():
        gaps.append(f"{path}: a text of white space only was left out")
        return []
    return [text_part(text)]


def _tool_call(call: Mapping[str, Any], path: str, gaps: list[str]) -> ToolCall:
    function = as_mapping(call.get("function"))
    name = as_text(function.get("name"))
    if not name:
        gaps.append(f"{path}: a tool call has no name")
        name = "unknown"
    arguments = function.get("arguments")
    return ToolCall(name=name, id=as_text(call.get("id")), input_json=b"" if arguments is None else as_json_bytes(arguments))


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
