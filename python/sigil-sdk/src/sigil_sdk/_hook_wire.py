"""The JSON of hooks: what is asked and what is answered. Bytes travel as base64 in both directions."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from .models import Message, MessageRole, Part, PartKind, ToolCall, ToolDefinition, ToolResult

if TYPE_CHECKING:
    from .hooks import HookContext, HookEvaluateRequest, HookEvaluateResponse, HookInput

#: Roles as a server may number them.
_NUMBERED_ROLES = {2: MessageRole.ASSISTANT, 3: MessageRole.TOOL}


def request_body(request: HookEvaluateRequest) -> dict[str, Any]:
    """The question. Empty fields are left out."""
    return {
        "phase": getattr(request.phase, "value", request.phase),
        "context": _context(request.context),
        "input": _input(request.input),
    }


def parse_response(payload: Any) -> HookEvaluateResponse:
    """The answer. What is not understood allows; nothing raises."""
    from .hooks import HookAction, HookEvaluateResponse, HookEvaluation

    if not isinstance(payload, dict):
        return HookEvaluateResponse(HookAction.ALLOW.value)
    denied = payload.get("action") == HookAction.DENY.value
    return HookEvaluateResponse(
        action=(HookAction.DENY if denied else HookAction.ALLOW).value,
        rule_id=_text(payload.get("rule_id")),
        reason=_text(payload.get("reason")),
        transformed_input=_transformed(payload.get("transformed_input")),
        evaluations=[
            HookEvaluation(
                rule_id=_text(item.get("rule_id")),
                evaluator_id=_text(item.get("evaluator_id")),
                evaluator_kind=_text(item.get("evaluator_kind")),
                passed=bool(item.get("passed")),
                latency_ms=_integer(item.get("latency_ms")),
                explanation=_text(item.get("explanation")),
                reason=_text(item.get("reason")),
            )
            for item in _objects(payload.get("evaluations"))
        ],
    )


def _context(context: HookContext) -> dict[str, Any]:
    model = context.model
    fields = {
        "model": None if model is None else {"provider": model.provider, "name": model.name},
        "agent_name": context.agent_name,
        "agent_version": context.agent_version,
        "tags": context.tags,
    }
    return {name: value for name, value in fields.items() if value}


def _input(given: HookInput) -> dict[str, Any]:
    fields = {
        "messages": [_message(message) for message in given.messages],
        "tools": [_tool(tool) for tool in given.tools],
        "system_prompt": given.system_prompt,
        "output": [_message(message) for message in given.output],
        "conversation_preview": given.conversation_preview,
    }
    return {name: value for name, value in fields.items() if value}


def _message(message: Message) -> dict[str, Any]:
    parts = [part for part in map(_part, message.parts) if part is not None]
    sent: dict[str, Any] = {"role": _role(message.role).value, "parts": parts}
    if message.name:
        sent["name"] = message.name
    return sent


def _role(role: Any) -> MessageRole:
    if isinstance(role, MessageRole):
        return role
    try:
        return MessageRole(role)
    except ValueError:
        return MessageRole.USER


def _part(part: Part) -> dict[str, Any] | None:
    if part.kind == PartKind.TEXT and part.text:
        return {"text": part.text}
    if part.kind == PartKind.THINKING and part.thinking:
        return {"thinking": part.thinking}
    if part.kind == PartKind.TOOL_CALL and part.tool_call is not None:
        call = part.tool_call
        return {"tool_call": {"id": call.id, "name": call.name, **_encoded(input_json=call.input_json)}}
    if part.kind == PartKind.TOOL_RESULT and part.tool_result is not None:
        result = part.tool_result
        sent: dict[str, Any] = {"is_error": result.is_error, "content": result.content}
        for name in ("tool_call_id", "name"):
            if text := getattr(result, name):
                sent[name] = text
        return {"tool_result": {**sent, **_encoded(content_json=result.content_json)}}
    return None


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    sent: dict[str, Any] = {"name": tool.name}
    for name in ("description", "type"):
        if text := getattr(tool, name):
            sent[name] = text
    sent.update(_encoded(input_schema_json=tool.input_schema_json))
    if tool.deferred:
        sent["deferred"] = True
    return sent


def _encoded(**fields: bytes | str) -> dict[str, str]:
    encoded = {}
    for name, value in fields.items():
        raw = value.encode() if isinstance(value, str) else value
        if raw:
            encoded[name] = base64.b64encode(raw).decode("ascii")
    return encoded


def _transformed(payload: Any) -> HookInput | None:
    """None when nothing in it says anything."""
    from .hooks import HookInput

    if not isinstance(payload, dict):
        return None
    made = HookInput(
        messages=[_parse_message(item) for item in _objects(payload.get("messages"))],
        tools=[_parse_tool(item) for item in _objects(payload.get("tools"))],
        system_prompt=_text(payload.get("system_prompt")),
        output=[_parse_message(item) for item in _objects(payload.get("output"))],
        conversation_preview=_text(payload.get("conversation_preview")),
    )
    said = made.messages or made.tools or made.system_prompt or made.output or made.conversation_preview
    return made if said else None


def _parse_message(item: dict[str, Any]) -> Message:
    role = item.get("role")
    parts = [part for part in map(_parse_part, _objects(item.get("parts"))) if part is not None]
    known = _role(role.strip().lower()) if isinstance(role, str) else _NUMBERED_ROLES.get(_integer(role), MessageRole.USER)
    return Message(known, parts, _text(item.get("name")))


def _parse_part(item: dict[str, Any]) -> Part | None:
    if text := _text(item.get("text")):
        return Part(PartKind.TEXT, text=text)
    if thinking := _text(item.get("thinking")):
        return Part(PartKind.THINKING, thinking=thinking)
    call, result = item.get("tool_call"), item.get("tool_result")
    if isinstance(call, dict):
        made = ToolCall(_text(call.get("name")), _text(call.get("id")), _decoded(call.get("input_json")))
        return Part(PartKind.TOOL_CALL, tool_call=made)
    if isinstance(result, dict):
        answer = ToolResult(
            tool_call_id=_text(result.get("tool_call_id")),
            name=_text(result.get("name")),
            content=_text(result.get("content")),
            content_json=_decoded(result.get("content_json")),
            is_error=bool(result.get("is_error")),
        )
        return Part(PartKind.TOOL_RESULT, tool_result=answer)
    return None


def _parse_tool(item: dict[str, Any]) -> ToolDefinition:
    return ToolDefinition(
        name=_text(item.get("name")),
        description=_text(item.get("description")),
        type=_text(item.get("type")),
        input_schema_json=_decoded(item.get("input_schema_json")),
        deferred=bool(item.get("deferred")),
    )


def _decoded(value: Any) -> bytes:
    """Base64, or JSON that came as it is."""
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value.encode()
    if value is None:
        return b""
    import json

    return json.dumps(value).encode()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
