"""What LangChain hands to its callbacks, read into the fields of events. Nothing here is imported from LangChain."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ._extraction import read, text_of, usage_fields

_ROLES = {"human": "user", "ai": "assistant", "HumanMessageChunk": "user", "AIMessageChunk": "assistant"}
_INPUT_KEYS = ("input", "question", "query", "user_input", "prompt", "text", "messages")
_SECRETS = ("api_key", "apikey", "secret", "password", "authorization", "credential", "access_token", "headers")
_NOT_PARAMETERS = frozenset({"_type", "model", "model_name", "messages", "prompt"})
_CALL_BLOCKS = frozenset({"tool_use", "tool_call", "function_call", "input_json_delta"})
_PRIVATE_METADATA = ("ls_", "lc_", "__", "checkpoint_ns", "langgraph_checkpoint_ns", "langgraph_path", "langgraph_triggers")


def model_fields(
    serialized: Optional[Mapping[str, Any]], parameters: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Dict[str, str]:
    """`model_name` and `provider`: what the model itself says, else the name of its class."""
    serialized = serialized or {}
    arguments = serialized.get("kwargs") or {}
    names = (
        parameters.get("model"),
        parameters.get("model_name"),
        metadata.get("ls_model_name"),
        arguments.get("model_name"),
        arguments.get("model"),
        serialized.get("name"),
        (serialized.get("id") or [None])[-1],
    )
    kind = str(parameters.get("_type") or "")
    kind = kind[: -len("-chat")] if kind.endswith("-chat") else kind
    return {
        "model_name": next((str(name) for name in names if name), "unknown"),
        "provider": str(metadata.get("ls_provider") or kind or serialized.get("_type") or "unknown"),
    }


def request_parameters(parameters: Mapping[str, Any]) -> Dict[str, Any]:
    """The parameters of a call without what is told elsewhere, is not set, or is nobody else's business."""
    return {
        name: value
        for name, value in parameters.items()
        if value is not None
        # Chat classes say what they were constructed with; whether this call is streamed shows.
        and not (name == "stream" and not value)
        and name not in _NOT_PARAMETERS
        and not any(word in name.lower() for word in _SECRETS)
    }


def chat_messages(messages: Sequence[Any]) -> List[Dict[str, Any]]:
    """A history as {role, content, name?, tool_calls?, tool_call_id?}."""
    return [_chat_message(message) for message in messages]


def system_message(messages: Sequence[Mapping[str, Any]]) -> Optional[str]:
    """The text of the first system message."""
    return next((text_of(message["content"]) for message in messages if message["role"] == "system"), None)


def prompt_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the user said last; without a user, the text of the last message."""
    said = [message for message in messages if message["role"] == "user"] or list(messages)
    return text_of(said[-1]["content"]) if said else ""


def tool_calls(message: Any) -> List[Dict[str, Any]]:
    """The tool calls of a message in OpenAI's shape."""
    calls = read(message, "tool_calls")
    if not isinstance(calls, (list, tuple)):
        return []
    return [
        {
            "id": str(read(call, "id") or ""),
            "type": "function",
            "function": {"name": str(read(call, "name") or ""), "arguments": _json(read(call, "args"))},
        }
        for call in calls
    ]


def response_fields(response: Any) -> Dict[str, Any]:
    """`response_text`, `tool_calls`, `finish_reason`, `usage` and the model's own name, of an `LLMResult`."""
    generations = [generation for batch in read(response, "generations") or [] for generation in batch]
    texts = [_generation_text(generation) for generation in generations]
    fields: Dict[str, Any] = {"response_text": "\n".join(text for text in texts if text)}
    output = read(response, "llm_output") or {}
    usage: Dict[str, Any] = {}
    for generation in generations:
        message = read(generation, "message")
        calls = tool_calls(message)
        if calls:
            fields.setdefault("tool_calls", []).extend(calls)
        about = {**(read(generation, "generation_info") or {}), **(read(message, "response_metadata") or {})}
        reason = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
        if reason is not None:
            fields.setdefault("finish_reason", str(reason))
        name = about.get("model_name") or about.get("model")
        if name:
            fields.setdefault("model_name", str(name))
        usage = usage or usage_fields(read(message, "usage_metadata"))
    usage = usage or usage_fields(read(output, "token_usage") or read(output, "usage"))
    if usage:
        fields["usage"] = usage
    if read(output, "model_name"):
        fields.setdefault("model_name", str(read(output, "model_name")))
    return fields


def user_text(inputs: Any) -> Optional[str]:
    """What a person asked, of the input of a chain or graph; None when nothing looks like it."""
    if isinstance(inputs, str):
        return inputs
    if type(inputs).__name__ == "Command":  # LangGraph goes on with what a person answered.
        answer = read(inputs, "resume")
        return answer if isinstance(answer, str) or answer is None else _json(answer)
    if isinstance(inputs, Mapping):
        texts = (user_text(inputs[key]) for key in _INPUT_KEYS if key in inputs)
        return next((text for text in texts if text), None)
    if isinstance(inputs, (list, tuple)) and inputs:
        return user_text(inputs[-1])
    if isinstance(inputs, tuple) and len(inputs) == 2 and inputs[0] in ("user", "human"):
        return text_of(inputs[1])
    role = _role(inputs)
    return text_of(read(inputs, "content")) if role == "user" else None


def answer_text(outputs: Any) -> Optional[str]:
    """What an agent graph answered: the text of the last message, if that is the model's."""
    messages = outputs.get("messages") if isinstance(outputs, Mapping) else None
    if not isinstance(messages, (list, tuple)) or not messages or _role(messages[-1]) != "assistant":
        return None
    return text_of(read(messages[-1], "content"))


def is_pause(error: BaseException) -> bool:
    """Whether this is how LangGraph stops to ask a person."""
    return any(kind.__name__ in ("GraphBubbleUp", "GraphInterrupt") for kind in type(error).__mro__)


def questions(pause: BaseException) -> List[Any]:
    """What it asks."""
    asked = pause.args[0] if pause.args else ()
    return [read(each, "value") for each in (asked if isinstance(asked, (list, tuple)) else [asked])]


def tool_result(output: Any) -> Dict[str, Any]:
    """`response_data` and `success` of what a tool returned, and `error_message` of a failure that it told."""
    update = read(output, "update") if type(output).__name__ == "Command" else None
    messages = update.get("messages") if isinstance(update, Mapping) else None
    if messages:
        output = messages[-1]
    if read(output, "type") != "tool" or read(output, "tool_call_id") is None:
        return {"response_data": update if update is not None else output, "success": True}
    content = read(output, "content")
    fields = {"response_data": content, "success": read(output, "status") != "error"}
    if not fields["success"]:
        fields["error_message"] = text_of(content)
    return fields


def documents(found: Any) -> List[Dict[str, Any]]:
    """Retrieved documents as plain dicts."""
    return [
        {
            "page_content": read(document, "page_content"),
            "metadata": read(document, "metadata") or {},
            **({"id": read(document, "id")} if read(document, "id") else {}),
        }
        for document in found or []
    ]


def event_metadata(metadata: Optional[Mapping[str, Any]], tags: Optional[Sequence[Any]]) -> Dict[str, Any]:
    """What an event accepts as metadata of what LangChain says of a run; what LangChain says of itself is left out."""
    told: Dict[str, Any] = {}
    for name, value in (metadata or {}).items():
        if value is None or str(name).startswith(_PRIVATE_METADATA):
            continue
        told[str(name)] = value if isinstance(value, (str, int, float, bool)) else _json(value)
    own_tags = [str(tag) for tag in tags or [] if not str(tag).startswith(("seq:step:", "graph:step:", "map:key:"))]
    if own_tags:
        told["tags"] = ",".join(own_tags)
    return told


def _chat_message(message: Any) -> Dict[str, Any]:
    calls = tool_calls(message)
    content = read(message, "content")
    if calls and isinstance(content, (list, tuple)):
        content = [block for block in content if read(block, "type") not in _CALL_BLOCKS]
    fields: Dict[str, Any] = {"role": _role(message), "content": None if calls and not content else content}
    for name in ("name", "tool_call_id"):
        if read(message, name):
            fields[name] = str(read(message, name))
    if calls:
        fields["tool_calls"] = calls
    return fields


def _role(message: Any) -> str:
    if isinstance(message, tuple) and len(message) == 2:
        kind = str(message[0])
    else:
        kind = str(read(message, "type") or read(message, "role") or "")
        kind = str(read(message, "role") or kind) if kind in ("chat", "ChatMessageChunk") else kind
    return _ROLES.get(kind, kind)


def _generation_text(generation: Any) -> str:
    text = read(generation, "text")
    return text if isinstance(text, str) and text else text_of(read(read(generation, "message"), "content"))


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
