"""Structural copies of records: new objects down to the parts, sharing the immutable strings and bytes.

Metadata is copied as deep as it is nested; a value that cannot be copied is kept by reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .models import (
    Artifact,
    Generation,
    Message,
    ModelRef,
    Part,
    PartMetadata,
    TokenUsage,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

#: The lists of a generation that are read by the native core, see `lightwell.Content`.
CONTENT_FIELDS = ("input", "output", "tools", "artifacts")
#: Fields whose zero or false is a value.
CONTROLS = frozenset({"max_tokens", "temperature", "top_p", "tool_choice", "thinking_enabled"})

#: Stands for the copier of a list of content.
_CONTENT = object()

_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
_DEEPEST = 64


def copy_generation(source: Generation) -> Generation:
    """A generation that shares nothing mutable with `source`."""
    fields = {name: getattr(source, name) for name in Generation.__slots__}
    return make_generation(take_header(fields), copy_lists(fields))


def make_generation(header: Mapping[str, Any], lists: Mapping[str, Any]) -> Generation:
    """A generation of these fields; what is missing has its default."""
    return Generation(**header, **lists)


def take_header(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Copies of the fields of a generation that are not empty, except the lists of content.

    None stands for empty everywhere: programs pass on what a provider left out. A value of a wrong shape is left for
    validation to name.
    """
    taken: dict[str, Any] = {}
    for name, value in fields.items():
        if value:
            copier = _COPIERS.get(name)
            if copier is None:
                taken[name] = value
            elif copier is not _CONTENT:
                try:
                    taken[name] = copier(value)
                except Exception:  # Reading a program's own class may raise anything.
                    taken[name] = _copy_value(value)
        elif value is not None and name in CONTROLS:
            taken[name] = value
    return taken


def copy_lists(fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Copies of the four lists of content, empty where there is none. A list of a wrong shape is left for validation."""
    lists: dict[str, list[Any]] = {}
    for name in CONTENT_FIELDS:
        value = fields.get(name)
        try:
            lists[name] = [] if value is None else _LIST_COPIERS[name](value)
        except Exception:  # Reading a program's own class may raise anything.
            lists[name] = _copy_value(value)
    return lists


def copy_model(source: ModelRef) -> ModelRef:
    return ModelRef(source.provider, source.name)


def copy_messages(source: list[Message]) -> list[Message]:
    return [Message(message.role, [copy_part(part) for part in message.parts], message.name) for message in source]


def copy_part(source: Part) -> Part:
    metadata = PartMetadata(source.metadata.provider_type)
    call, result = source.tool_call, source.tool_result
    if call is not None:
        call = ToolCall(call.name, call.id, call.input_json)
    if result is not None:
        result = ToolResult(result.tool_call_id, result.name, result.content, result.content_json, result.is_error)
    return Part(source.kind, source.text, source.thinking, call, result, metadata)


def copy_tools(source: list[ToolDefinition]) -> list[ToolDefinition]:
    return [ToolDefinition(tool.name, tool.description, tool.type, tool.input_schema_json, tool.deferred) for tool in source]


def copy_artifacts(source: list[Artifact]) -> list[Artifact]:
    return [Artifact(each.kind, each.name, each.content_type, each.payload, each.record_id, each.uri) for each in source]


def copy_metadata(source: Mapping[str, Any]) -> dict[str, Any]:
    """A copy to the bottom."""
    return {key: value if type(value) in _SCALARS else _copy_nested(value, 0) for key, value in source.items()}


def copy_ids(source: Iterable[str]) -> list[str]:
    """A single id where a list belongs is a list of one."""
    return [source] if isinstance(source, str) else list(source)


def _copy_nested(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    # Something that is nested deeper is taken for a cycle, which `deepcopy` knows how to end.
    if depth < _DEEPEST:
        if kind is dict:
            return {key: _copy_nested(each, depth + 1) for key, each in value.items()}
        if kind is list:
            return [_copy_nested(each, depth + 1) for each in value]
        if kind is tuple:
            return tuple(_copy_nested(each, depth + 1) for each in value)
    return _copy_value(value)


def _copy_value(value: Any) -> Any:
    import copy

    try:
        return copy.deepcopy(value)
    except Exception:  # Any class may refuse: a lock or a socket in metadata is not a reason to lose the record.
        return value


_COPIERS: dict[str, Any] = {
    **dict.fromkeys(CONTENT_FIELDS, _CONTENT),
    "model": copy_model,
    "usage": TokenUsage.normalize,
    "tags": dict,
    "metadata": copy_metadata,
    "parent_generation_ids": copy_ids,
}
_LIST_COPIERS: dict[str, Any] = {
    "input": copy_messages,
    "output": copy_messages,
    "tools": copy_tools,
    "artifacts": copy_artifacts,
}
