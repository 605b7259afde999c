"""Reading of what LiteLLM hands over: dicts, pydantic objects and surprises. Nothing here raises for odd input."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value as a mapping: itself, a pydantic object's fields, an object's attributes, or empty."""
    # An exact dict, which nearly everything is, is recognised ten times as fast as any mapping.
    if type(value) is dict or isinstance(value, Mapping):
        return value
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple)):
        return {}
    for name in ("model_dump", "dict"):
        dump = getattr(value, name, None)
        if callable(dump):
            dumped = dump()
            if isinstance(dumped, Mapping):
                return dumped
    return getattr(value, "__dict__", {})


def as_list(value: Any) -> list[Any]:
    """A list or tuple as a list; anything else is no list."""
    return list(value) if isinstance(value, (list, tuple)) else []


def as_text(value: Any) -> str:
    """A string for an identifier or label: strings stripped, numbers printed, everything else empty."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def as_count(value: Any) -> int:
    """A token count; providers send floats and strings too."""
    number = as_number(value)
    return 0 if number is None else int(number)


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def as_int(value: Any) -> int | None:
    """A whole number, or None."""
    number = as_number(value)
    return None if number is None else int(number)


def as_utc(value: Any) -> datetime | None:
    """A moment in UTC from a datetime (naive means local time, as LiteLLM's are) or from seconds since the epoch."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)
    number = as_number(value)
    return datetime.fromtimestamp(number, timezone.utc) if number else None


def as_json_bytes(value: Any) -> bytes:
    """UTF-8 JSON of tool arguments: text as it is, anything else encoded."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace")


def fit(text: str, limit: int) -> str:
    """The text in at most `limit` bytes and without what servers refuse in labels: NUL and lone surrogates."""
    if len(text) <= limit and text.isascii() and "\0" not in text:
        return text
    encoded = text.replace("\0", "?").encode("utf-8", "replace")
    return encoded[:limit].decode("utf-8", "ignore")


def clean(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 field can hold."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
