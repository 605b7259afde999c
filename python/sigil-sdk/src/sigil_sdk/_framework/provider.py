"""Which provider and model a run talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Union

from .reading import first_text, name_text, read

#: `"auto"`, or a function of (model name, serialized, invocation params) that says it.
ProviderResolver = Union[str, Callable[[str, "dict[str, Any] | None", "dict[str, Any] | None"], str]]

UNKNOWN_MODEL = "unknown"
CUSTOM = "custom"

_MODEL_KEYS = ("model", "model_name", "ls_model_name")
_KWARGS_KEYS = ("model", "model_name")
_PROVIDER_KEYS = ("provider", "ls_provider")
_KNOWN = frozenset({"openai", "anthropic", "gemini"})
_PREFIXES = (
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gemini"),
)
_BEDROCK_MARKERS = ("application-inference-profile/", "inference-profile/", "foundation-model/")
_BEDROCK_REGIONS = frozenset({"us", "eu", "apac", "jp", "global"})
_BEDROCK_VENDORS = {
    "anthropic": "anthropic",
    "amazon": "amazon",
    "cohere": "cohere",
    "meta": "meta-llama",
    "mistral": "mistralai",
}


def model_name(serialized: Mapping[str, Any] | None, params: Mapping[str, Any] | None) -> str:
    """The model as the program named it, or `unknown`."""
    for payload in (params, serialized):
        found = first_text(payload, _MODEL_KEYS, name_text) or first_text(read(payload, "kwargs"), _KWARGS_KEYS, name_text)
        if found:
            return found
    return UNKNOWN_MODEL


def provider_name(
    *,
    explicit: str,
    resolver: ProviderResolver,
    model: str,
    serialized: dict[str, Any] | None,
    params: dict[str, Any] | None,
) -> str:
    """The program's word, else the payloads', else what the model's name tells, else `custom`."""
    if explicit.strip():
        return _normalised(explicit)
    if callable(resolver):
        return _normalised(resolver(model, serialized, params))
    for payload in (params, serialized):
        found = first_text(payload, _PROVIDER_KEYS)
        if found:
            return _normalised(found)
    return provider_of_model(model)


def provider_of_model(model: str) -> str:
    """The provider whose models are named like this, else `custom`."""
    name = model.strip().lower()
    for prefix, provider in _PREFIXES:
        if name.startswith(prefix):
            return provider
    return _bedrock_provider(name) or CUSTOM


def _normalised(provider: str) -> str:
    name = provider.strip().lower()
    return name if name in _KNOWN else CUSTOM


def _bedrock_provider(name: str) -> str:
    """The vendor in an Amazon Bedrock model id or ARN."""
    for marker in _BEDROCK_MARKERS:
        if marker in name:
            name = name.split(marker, 1)[1]
            break
    segments = name.split(".")
    if len(segments) < 2:
        return ""
    regional = segments[0] in _BEDROCK_REGIONS and len(segments) >= 3
    return _BEDROCK_VENDORS.get(segments[1 if regional else 0], "")
