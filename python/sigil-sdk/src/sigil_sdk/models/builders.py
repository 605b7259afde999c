"""Short ways to make messages and parts."""

from __future__ import annotations

from datetime import datetime, timezone

from .enums import MessageRole, PartKind
from .generation import Message, Part, ToolCall, ToolResult


def text_part(text: str) -> Part:
    """A TEXT part."""
    return Part(PartKind.TEXT, text=text)


def thinking_part(thinking: str) -> Part:
    """A THINKING part; only assistants think."""
    return Part(PartKind.THINKING, thinking=thinking)


def tool_call_part(tool_call: ToolCall) -> Part:
    """A TOOL_CALL part; only assistants call tools."""
    return Part(PartKind.TOOL_CALL, tool_call=tool_call)


def tool_result_part(tool_result: ToolResult) -> Part:
    """A TOOL_RESULT part; only tools answer."""
    return Part(PartKind.TOOL_RESULT, tool_result=tool_result)


def user_text_message(text: str) -> Message:
    """A user message of one text part."""
    return Message(MessageRole.USER, [text_part(text)])


def assistant_text_message(text: str) -> Message:
    """An assistant message of one text part."""
    return Message(MessageRole.ASSISTANT, [text_part(text)])


def tool_result_message(tool_call_id: str, content: str) -> Message:
    """A tool message of one result, given as text."""
    return Message(MessageRole.TOOL, [tool_result_part(ToolResult(tool_call_id=tool_call_id, content=content))])


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(timezone.utc)
