"""The tools that were offered to a model, in OpenAI's chat, Responses and legacy shapes and in Anthropic's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sigil_sdk import ToolDefinition

from ._values import as_list, as_mapping, as_text, clean


def tool_definitions(parameters: Mapping[str, Any]) -> list[ToolDefinition]:
    """The definitions in `tools` and `functions`. A tool of the provider's own, such as web search, has its type as name."""
    tools = [_definition(as_mapping(tool)) for tool in as_list(parameters.get("tools"))]
    tools += [_definition({"type": "function", "function": legacy}) for legacy in as_list(parameters.get("functions"))]
    return [tool for tool in tools if tool is not None]


def _definition(tool: Mapping[str, Any]) -> ToolDefinition | None:
    kind = as_text(tool.get("type"))
    function = as_mapping(tool.get("function")) or tool
    name = as_text(function.get("name")) or as_text(function.get("server_label"))
    if not name:
        # A function without a name cannot be called.
        name = "" if kind == "function" else kind
    if not name:
        return None
    schemas = (function.get(key) for key in ("parameters", "input_schema", "format"))
    schema = next((schema for schema in schemas if schema is not None), None)
    return ToolDefinition(
        name=clean(name),
        description=clean(as_text(function.get("description"))),
        type=kind,
        input_schema_json=b"" if schema is None else json.dumps(schema, default=str).encode(),
        deferred=tool.get("defer_loading") is True,
    )
