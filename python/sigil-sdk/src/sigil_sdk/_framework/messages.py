"""Frameworks' messages and replies as `Message` objects.

Texts are stripped of surrounding space. What the format cannot hold, such as an image, becomes a text that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..models import Message, MessageRole, Part, PartKind, ToolCall, ToolResult, thinking_part, tool_call_part
from ..models import text_part as make_text_part
from .reading import id_text, json_bytes, read, text, truth

_ASSISTANT = frozenset({"assistant", "ai", "model", "aimessagechunk"})
_SYSTEM = frozenset({"system", "developer", "systemmessagechunk"})
_TOOL = frozenset({"tool", "toolmessagechunk"})
#: Blocks of content that are read elsewhere, or not content at all.
_NOT_ATTACHED = frozenset(
    {"", "text", "input_text", "output_text", "thinking", "reasoning", "tool_use", "tool_call", "tool_result"}
)
_URL_KEYS = ("url", "image_url", "file_url", "file_id", "source", "uri")


def prompt_messages(prompts: Iterable[Any]) -> list[Message]:
    """One user message for each prompt that is not blank."""
    texts = (each if isinstance(each, str) else str(each) for each in prompts)
    return [Message(MessageRole.USER, [make_text_part(each)]) for each in texts if each.strip()]


def chat_messages(batches: Iterable[Any]) -> tuple[list[Message], str]:
    """The messages of one or more conversations, in order, and the system prompt that they begin with.

    Messages without content are left out.
    """
    found: list[Message] = []
    system: list[str] = []
    for batch in batches or ():
        for source in batch if isinstance(batch, (list, tuple)) else (batch,):
            if _role_name(source) in _SYSTEM and not found:
                system.append(_content_text(read(source, "content")))
            else:
                found.extend(_messages(source))
    return found, "\n\n".join(each for each in system if each)


def output_messages(response: Any) -> list[Message]:
    """What a reply holds: a message for each candidate that is a message, or all its texts as one."""
    found: list[Message] = []
    texts: list[str] = []
    for candidate in _candidates(response):
        mapped = _messages(read(candidate, "message"), MessageRole.ASSISTANT)
        found.extend(mapped)
        if not mapped:
            texts.append(text(read(candidate, "text")))
    texts = [each for each in texts if each]
    if texts:
        found.append(_assistant_text("\n".join(texts)))
    if not found:
        whole = text(read(response, "text"))
        return [_assistant_text(whole)] if whole else []
    return found


def first_reply(response: Any) -> Any:
    """The first candidate's message, or the candidate itself."""
    for candidate in _candidates(response):
        message = read(candidate, "message")
        return candidate if message is None else message
    return None


def _candidates(response: Any) -> Iterable[Any]:
    generations = read(response, "generations")
    if not isinstance(generations, (list, tuple)):
        return
    for batch in generations:
        if isinstance(batch, (list, tuple)):
            yield from batch
        else:
            yield batch


def _assistant_text(content: str) -> Message:
    return Message(MessageRole.ASSISTANT, [make_text_part(content)])


def _messages(source: Any, otherwise: MessageRole = MessageRole.USER) -> list[Message]:
    """The messages that one of a framework's makes: usually one, none when it is empty."""
    if source is None:
        return []
    if isinstance(source, str):
        return [Message(otherwise, [make_text_part(source.strip())])] if source.strip() else []
    content = read(source, "content")
    calls = _tool_calls(source, content)
    role = _role(source, otherwise)
    if calls and role is not MessageRole.TOOL:
        role = MessageRole.ASSISTANT
    answer = _tool_answer(source, content) if role is MessageRole.TOOL else None
    results = [part for part in map(_result_part, read(source, "tool_results") or ()) if part is not None]
    parts: list[Part] = []
    if answer is not None:
        parts.append(answer)
    else:
        if role is MessageRole.ASSISTANT:
            parts += [thinking_part(each) for each in _thinking(source, content)]
        body = _content_text(content)
        if body:
            parts.append(make_text_part(body))
        if role is MessageRole.ASSISTANT:
            parts += calls
    found = [Message(role, parts, "")] if parts else []
    if not results:
        return found
    if found and role is not MessageRole.ASSISTANT:
        return [Message(MessageRole.TOOL, parts + results, "")]
    return [*found, Message(MessageRole.TOOL, results, "")]


def _role(source: Any, otherwise: MessageRole) -> MessageRole:
    name = _role_name(source)
    if name in _ASSISTANT:
        return MessageRole.ASSISTANT
    if name in _TOOL:
        return MessageRole.TOOL
    return MessageRole.USER if name else otherwise


def _role_name(source: Any) -> str:
    return (text(read(source, "role")) or text(read(source, "type"))).lower()


def _content_text(content: Any) -> str:
    if isinstance(content, (list, tuple)):
        return " ".join(piece for piece in map(_piece_text, content) if piece)
    return _piece_text(content)


def _piece_text(piece: Any) -> str:
    if isinstance(piece, str):
        return piece.strip()
    found = read(piece, "text") if piece is not None else None
    if isinstance(found, str):
        return found.strip()
    return _attachment(piece)


def _attachment(piece: Any) -> str:
    """`[image_url https://...]` for what is no text; content that came inline is named without it."""
    kind = read(piece, "type") if isinstance(piece, Mapping) else None
    if not isinstance(kind, str) or kind in _NOT_ATTACHED:
        return ""
    for name in _URL_KEYS:
        value = read(piece, name)
        where = value if isinstance(value, str) else read(value, "url")
        if isinstance(where, str) and where.strip() and not where.startswith("data:"):
            return f"[{kind} {where.strip()}]"
    return f"[{kind}]"


def _thinking(source: Any, content: Any) -> list[str]:
    found: list[str] = []
    for block in content if isinstance(content, (list, tuple)) else ():
        kind = read(block, "type")
        if kind in ("thinking", "reasoning"):
            thought = read(block, "thinking") or read(block, "reasoning") or read(block, "text")
            if isinstance(thought, str) and thought.strip():
                found.append(thought.strip())
    if not found:
        thought = read(read(source, "additional_kwargs"), "reasoning_content")
        if isinstance(thought, str) and thought.strip():
            found.append(thought.strip())
    return found


def _tool_calls(source: Any, content: Any) -> list[Part]:
    calls = read(source, "tool_calls") or read(read(source, "additional_kwargs"), "tool_calls")
    if not calls and isinstance(content, (list, tuple)):
        calls = [block for block in content if read(block, "type") in ("tool_use", "tool_call")]
    if not isinstance(calls, (list, tuple)):
        return []
    return [part for part in map(_call_part, calls) if part is not None]


def _call_part(call: Any) -> Part | None:
    function = read(call, "function")
    inner = call if function is None or isinstance(function, str) else function
    name = text(read(inner, "name"))
    if not name:
        return None
    arguments = next(
        (found for key in ("args", "arguments", "input") if (found := read(inner, key)) is not None), None
    )
    return tool_call_part(ToolCall(name, id_text(read(call, "id")), _arguments_json(arguments)))


def _arguments_json(arguments: Any) -> bytes:
    if arguments is None:
        return b""
    if isinstance(arguments, bytes):
        return arguments
    if isinstance(arguments, str):
        return _json_or_quoted(arguments)
    return json_bytes(arguments)


def _json_or_quoted(arguments: str) -> bytes:
    import json

    try:
        json.loads(arguments)
    except ValueError:
        return json.dumps(arguments).encode() if arguments.strip() else b""
    return arguments.encode("utf-8", "replace")


def _tool_answer(source: Any, content: Any) -> Part | None:
    """The answer of a tool that says which call it answers."""
    call_id = id_text(read(source, "tool_call_id"))
    if not call_id:
        return None
    result = _result(call_id, text(read(source, "name")), content)
    result.is_error = read(source, "status") == "error" or bool(truth(read(source, "is_error")))
    return Part(PartKind.TOOL_RESULT, tool_result=result)


def _result_part(source: Any) -> Part | None:
    answers = (read(source, key) for key in ("content", "response", "result", "output"))
    answer = next((each for each in answers if each is not None), None)
    result = _result(id_text(read(source, "tool_call_id")), text(read(source, "name")), answer)
    given = read(source, "content_json")
    if given is not None:
        result.content_json = given if isinstance(given, bytes) else json_bytes(given)
    result.is_error = bool(truth(read(source, "is_error")))
    empty = not (result.tool_call_id or result.name or result.content or result.content_json)
    return None if empty else Part(PartKind.TOOL_RESULT, tool_result=result)


def _result(call_id: str, name: str, content: Any) -> ToolResult:
    result = ToolResult(call_id, name)
    body = _content_text(content)
    if body:
        result.content = body
    elif content not in (None, "", []) and not isinstance(content, str):
        result.content_json = json_bytes(content)
    return result
