"""What callbacks say about a run beside its messages: identity, lineage, request settings, tools.

`params` are the invocation parameters, `callback` the keyword arguments of the callback, `serialized` the description of the
component that runs; each may be None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._normalise import whole_number
from .._records import replace
from ..models import ToolDefinition
from .reading import first_text, id_text, json_bytes, number, read, text, truth

RUN_ID_KEY = "sigil.framework.run_id"
RUN_TYPE_KEY = "sigil.framework.run_type"
THREAD_KEY = "sigil.framework.thread_id"
PARENT_RUN_KEY = "sigil.framework.parent_run_id"
COMPONENT_KEY = "sigil.framework.component_name"
RETRY_KEY = "sigil.framework.retry_attempt"
NODE_KEY = "sigil.framework.langgraph.node"
EVENT_KEY = "sigil.framework.event_id"
TAGS_KEY = "sigil.framework.tags"
INCOMPLETE_KEY = "sigil.framework.incomplete"
THINKING_BUDGET_KEY = "sigil.gen_ai.request.thinking.budget_tokens"
THINKING_LEVEL_KEY = "sigil.gen_ai.request.thinking.level"

_CONVERSATION_KEYS = ("conversation_id", "conversationId", "session_id", "sessionId", "group_id", "groupId")
_THREAD_KEYS = ("thread_id", "threadId")
_RETRY_KEYS = ("retry_attempt", "attempt", "retry")
_NODE_KEYS = ("langgraph_node", "langgraph_node_name")
_EVENT_KEYS = ("event_id", "eventId", "invocation_id", "invocationId")
_MAX_TOKENS_KEYS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_PLACES = ("", "metadata", "configurable", "config")
_NEAR_PLACES = ("", "metadata", "configurable")
_FAR_PLACES = ("metadata", "configurable")

_Payload = Mapping[str, Any]


def conversation_and_thread(
    framework: str, run_key: str, serialized: _Payload | None, params: _Payload | None, callback: _Payload | None
) -> tuple[str, str]:
    """The conversation of a run, and its thread, which may be empty.

    The nearest id that a program gave; else the thread; else one that only this run has.
    """
    payloads = (callback, params, serialized)
    thread = _thread(payloads)
    conversation = _first_in_places(payloads, _PLACES, _CONVERSATION_KEYS)
    return conversation or thread or f"sigil:framework:{framework}:{run_key}", thread


def component_name(serialized: _Payload | None, callback: _Payload | None) -> str:
    """What the program or the framework calls the component that runs, or nothing."""
    return (
        first_text(serialized, ("name",))
        or _dotted(read(serialized, "id"))
        or _dotted(read(serialized, "lc_id"))
        or first_text(read(serialized, "kwargs"), ("name",))
        or first_text(callback, ("component_name", "run_name", "name"))
    )


def tool_name(serialized: _Payload | None, callback: _Payload | None) -> str:
    """The tool's name, `framework_tool` for want of it."""
    return first_text(serialized, ("name", "tool_name")) or first_text(callback, ("name", "run_name")) or "framework_tool"


def tool_arguments(input_str: Any, callback: _Payload | None) -> Any:
    """The arguments as the framework has them, else their text."""
    inputs = read(callback, "inputs")
    if inputs is not None:
        return inputs
    return input_str.strip() if isinstance(input_str, str) else input_str


def tool_output(output: Any) -> Any:
    """What a tool answered; a message of a framework is unwrapped."""
    if output is None or isinstance(output, (str, bytes, int, float, Mapping, list)):
        return output
    content = getattr(output, "content", None)
    return output if content is None else content


def lineage(
    run_key: str,
    parent_key: str,
    run_type: str,
    thread: str,
    serialized: _Payload | None,
    params: _Payload | None,
    callback: _Payload | None,
) -> dict[str, Any]:
    """The metadata that says where in the framework a run stands."""
    payloads = (callback, params, serialized)
    found: dict[str, Any] = {RUN_ID_KEY: run_key, RUN_TYPE_KEY: run_type}
    retry = _retry_attempt(payloads)
    optional = {
        THREAD_KEY: thread,
        PARENT_RUN_KEY: parent_key,
        COMPONENT_KEY: component_name(serialized, callback),
        TAGS_KEY: _tags(read(callback, "tags")),
        NODE_KEY: node_name(serialized, params, callback),
        EVENT_KEY: _first_in_places(payloads, _NEAR_PLACES, _EVENT_KEYS),
    }
    found.update({key: value for key, value in optional.items() if value})
    if retry is not None:
        found[RETRY_KEY] = retry
    return found


def node_name(serialized: _Payload | None, params: _Payload | None, callback: _Payload | None) -> str:
    """The LangGraph node that runs, or nothing."""
    return _first_in_places((callback, params, serialized), _NEAR_PLACES, _NODE_KEYS)


def is_streaming(params: _Payload | None) -> bool:
    """Whether the reply was asked for in pieces."""
    return bool(truth(read(params, "stream")) or truth(read(params, "streaming")))


def thinking_metadata(params: _Payload | None) -> dict[str, Any]:
    """How much the model may think, as metadata."""
    nested = read(params, "thinking")
    found: dict[str, Any] = {}
    budget = whole_number(read(params, "thinking_budget"))
    if budget is None and not isinstance(nested, (bool, str)):
        budget = whole_number(read(nested, "budget_tokens"))
    if budget is not None:
        found[THINKING_BUDGET_KEY] = budget
    level = first_text(params, ("thinking_level",))
    if level:
        found[THINKING_LEVEL_KEY] = level
    return found


def request_settings(params: _Payload | None) -> dict[str, Any]:
    """Fields of `GenerationStart` that a chat request sets."""
    limits = (whole_number(read(params, name)) for name in _MAX_TOKENS_KEYS)
    choice = read(params, "tool_choice")
    found = {
        "system_prompt": text(read(params, "system_prompt")) or None,
        "temperature": number(read(params, "temperature")),
        "max_tokens": next((limit for limit in limits if limit is not None), None),
        "top_p": number(read(params, "top_p")),
        "tool_choice": text(choice) or (json_bytes(choice).decode() if isinstance(choice, Mapping) else None),
        "thinking_enabled": _thinking_enabled(params),
        "tools": tool_definitions(params) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def tool_definitions(params: _Payload | None) -> list[ToolDefinition]:
    """The tools that a request offers: OpenAI's form, or name, description and schema at the top."""
    offered = read(params, "tools")
    if not isinstance(offered, (list, tuple)):
        return []
    return [tool for tool in map(_tool_definition, offered) if tool.name]


def _tool_definition(source: Any) -> ToolDefinition:
    if isinstance(source, ToolDefinition):
        return replace(source, name=text(source.name))
    function = read(source, "function")
    inner = source if function is None else function
    schemas = (read(inner, name) for name in ("parameters", "parameters_json_schema", "input_schema"))
    schema = next((found for found in schemas if found is not None), None)
    return ToolDefinition(
        name=text(read(inner, "name")),
        description=text(read(inner, "description")),
        type=text(read(source, "type")) or "function",
        input_schema_json=b"" if schema is None else json_bytes(schema),
    )


def _thinking_enabled(params: _Payload | None) -> bool | None:
    said = truth(read(params, "thinking_enabled"))
    if said is not None:
        return said
    kind = read(read(params, "thinking"), "type") if isinstance(read(params, "thinking"), Mapping) else None
    return {"enabled": True, "adaptive": True, "disabled": False}.get(kind) if isinstance(kind, str) else None


def _thread(payloads: tuple[_Payload | None, ...]) -> str:
    found = _first_in_places(payloads, _PLACES, _THREAD_KEYS)
    if found:
        return found
    configs = tuple(read(payload, "config") for payload in payloads)
    return _first_in_places(configs, _FAR_PLACES, _THREAD_KEYS)


def _first_in_places(payloads: tuple[Any, ...], places: tuple[str, ...], names: tuple[str, ...]) -> str:
    for payload in payloads:
        for place in places:
            found = first_text(read(payload, place) if place else payload, names, id_text)
            if found:
                return found
    return ""


def _retry_attempt(payloads: tuple[_Payload | None, ...]) -> int | None:
    for payload in payloads:
        for place in _NEAR_PLACES:
            holder = read(payload, place) if place else payload
            for name in _RETRY_KEYS:
                found = whole_number(read(holder, name))
                if found is not None:
                    return found
    return None


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return []
    return list(dict.fromkeys(tag.strip() for tag in value if isinstance(tag, str) and tag.strip()))


def _dotted(value: Any) -> str:
    if not isinstance(value, (list, tuple)):
        return ""
    return ".".join(part for part in map(text, value) if part)
