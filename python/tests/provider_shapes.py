"""How the Responses, Embeddings and Messages APIs answer, for `provider.py`: a body, or the events of a stream."""

from __future__ import annotations

import json
from typing import Any

RESPONSES_USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 30,
}
MESSAGES_USAGE = {
    "input_tokens": 20,
    "output_tokens": 10,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 2,
}
CONTENT_USAGE = {
    "promptTokenCount": 20,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 3,
    "cachedContentTokenCount": 4,
    "totalTokenCount": 30,
}
EMBEDDINGS_USAGE = {"prompt_tokens": 7, "total_tokens": 7}


def responses(reply: Any, identity: dict[str, Any], stream: bool) -> list[dict[str, Any]]:
    """A Responses reply: some reasoning, then a text or a call of a tool."""
    thought: dict[str, Any] = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Let me think."}],
    }
    if isinstance(reply, str):
        said = {"type": "output_text", "text": reply, "annotations": []}
        item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [said]}
    else:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed"}
        item.update(name=reply[0], arguments=json.dumps(reply[1]))
    body = {
        "id": identity["id"],
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": identity["model"],
        "output": [thought, item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": RESPONSES_USAGE,
        "metadata": {},
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "temperature": 1.0,
        "top_p": 1.0,
    }
    if not stream:
        return [body]
    begun = {**body, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    if isinstance(reply, str):
        place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
        events += [{"type": "response.output_text.delta", **place, "delta": piece} for piece in (reply[:3], reply[3:])]
    events.append({"type": "response.completed", "response": body})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def messages(reply: Any, identity: dict[str, Any], stream: bool) -> list[dict[str, Any]]:
    """A Messages reply: some thinking, then a text or a call of a tool."""
    thought = {"type": "thinking", "thinking": "Let me think.", "signature": "sig"}
    if isinstance(reply, str):
        block: dict[str, Any] = {"type": "text", "text": reply}
        reason = "end_turn"
    else:
        block = {"type": "tool_use", "id": "toolu_1", "name": reply[0], "input": reply[1]}
        reason = "tool_use"
    body: dict[str, Any] = {
        "id": identity["id"],
        "type": "message",
        "role": "assistant",
        "model": identity["model"],
        "content": [thought, block],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": MESSAGES_USAGE,
    }
    if not stream:
        return [body]
    begun = {**body, "content": [], "stop_reason": None, "usage": {**MESSAGES_USAGE, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    events += _block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "Let me think."})
    if isinstance(reply, str):
        events += _block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": reply})
    else:
        delta = {"type": "input_json_delta", "partial_json": json.dumps(reply[1])}
        events += _block(1, {**block, "input": {}}, delta)
    ending = {"stop_reason": reason, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 10}})
    return [*events, {"type": "message_stop"}]


def content(reply: Any, identity: dict[str, Any], stream: bool) -> list[dict[str, Any]]:
    """A Gemini reply: a thought, then a text or a call of a function."""
    part = {"text": reply} if isinstance(reply, str) else {"functionCall": {"name": reply[0], "args": reply[1]}}
    pieces = [{"text": "Let me think.", "thought": True}, part]
    whole = _content(pieces, identity, "STOP")
    return [_content(pieces[:1], identity, None), _content(pieces[1:], identity, "STOP")] if stream else [whole]


def _content(parts: list[dict[str, Any]], identity: dict[str, Any], reason: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    body: dict[str, Any] = {"candidates": [candidate], "responseId": identity["id"], "modelVersion": "gemini-2.5-pro-001"}
    if reason is not None:
        candidate["finishReason"] = reason
        body["usageMetadata"] = CONTENT_USAGE
    return body


def embeddings(request: dict[str, Any], identity: dict[str, Any]) -> list[dict[str, Any]]:
    """One vector of three numbers for each input."""
    asked = request["input"]
    count = len(asked) if isinstance(asked, list) else 1
    vectors = [{"object": "embedding", "index": index, "embedding": [0.1, 0.2, 0.3]} for index in range(count)]
    return [{"object": "list", "model": identity["model"], "data": vectors, "usage": EMBEDDINGS_USAGE}]


def _block(index: int, begun: dict[str, Any], delta: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": begun},
        {"type": "content_block_delta", "index": index, "delta": delta},
        {"type": "content_block_stop", "index": index},
    ]
