"""`Client.execute_tool_calls`: runs the tools that messages ask for, each under its span, and answers with their results."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import _otel
from .models import (
    ExecuteToolCallsOptions,
    Message,
    MessageRole,
    ToolCall,
    ToolExecutionStart,
    ToolResult,
    tool_result_part,
)

if TYPE_CHECKING:
    from .client import Client


def execute_tool_calls(
    client: Client,
    messages: Sequence[Message] | None,
    executor: Callable[[str, Any], Any],
    options: ExecuteToolCallsOptions | None,
) -> list[Message]:
    """One message for each call with a name, in order. A tool that raises answers with an error; the others still run."""
    settings = options if options is not None else ExecuteToolCallsOptions()
    answers = []
    for message in messages or ():
        for part in message.parts:
            call = part.tool_call
            if call is not None and call.name and call.name.strip():
                answers.append(_execute(client, call, executor, settings))
    return answers


def _execute(
    client: Client, call: ToolCall, executor: Callable[[str, Any], Any], options: ExecuteToolCallsOptions
) -> Message:
    name = call.name.strip()
    arguments = _arguments(call.input_json)
    result = ToolResult(call.id, name)
    recorder = client.start_tool_execution(
        ToolExecutionStart(
            tool_name=name,
            tool_call_id=call.id,
            tool_type=options.tool_type,
            conversation_id=options.conversation_id,
            conversation_title=options.conversation_title,
            agent_name=options.agent_name,
            agent_version=options.agent_version,
            request_model=options.request_model,
            request_provider=options.request_provider,
            content_capture=options.content_capture,
        )
    )
    with recorder:
        try:
            with _otel.current(getattr(recorder, "_span", None)):
                value = executor(name, arguments)
            _answer(result, value)
            recorder.set_result(arguments=arguments, result=result.content or result.content_json)
        except Exception as error:
            recorder.set_result(arguments=arguments)
            recorder.set_exec_error(error)
            result.content, result.content_json, result.is_error = str(error), b"", True
    return Message(MessageRole.TOOL, [tool_result_part(result)], name)


def _arguments(input_json: bytes | str) -> Any:
    """Parsed JSON, `{}` for nothing, text that is no JSON as it is."""
    text = input_json.decode("utf-8", "replace") if isinstance(input_json, (bytes, bytearray)) else str(input_json or "")
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answer(result: ToolResult, value: Any) -> None:
    """Text stays text, bytes are taken for JSON, other values become JSON."""
    if value is None:
        return
    if isinstance(value, str):
        result.content = value
    elif isinstance(value, (bytes, bytearray)):
        result.content_json = bytes(value)
    else:
        result.content_json = json.dumps(value, default=str).encode()
