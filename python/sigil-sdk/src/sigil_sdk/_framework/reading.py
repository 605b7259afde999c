"""Reading values out of payloads whose shape nobody promises."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from .._normalise import to_utc

_DEEPEST = 5
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_DROPPED = object()


def read(source: Any, name: str) -> Any:
    """A dict's entry or an object's attribute, None without it."""
    if source is None:
        return None
    if isinstance(source, Mapping):
        return source.get(name)
    return getattr(source, name, None)


def text(value: Any) -> str:
    """A string without its surrounding space, nothing for what is no string."""
    return value.strip() if isinstance(value, str) else ""


def id_text(value: Any) -> str:
    """An id as it is written: a string, a number or a UUID."""
    if isinstance(value, (int, UUID)) and not isinstance(value, bool):
        return str(value)
    return text(value)


def name_text(value: Any) -> str:
    """As `text`; nothing for the address of an object, which some frameworks pass where its name belongs."""
    found = text(value)
    return "" if found.startswith("<") and " object at 0x" in found else found


def first_text(source: Any, names: Iterable[str], as_text: Callable[[Any], str] = text) -> str:
    """The first of the named values that is not blank."""
    for name in names:
        found = as_text(read(source, name))
        if found:
            return found
    return ""


def number(value: Any) -> float | None:
    """A finite number, or a string of one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def truth(value: Any) -> bool | None:
    """A bool, a number, or a string such as `yes` and `off`; None for what is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value != 0
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def json_bytes(value: Any) -> bytes:
    """Any value as JSON, keys sorted; what JSON does not know, and keys that cannot be sorted, as their text."""
    try:
        return json.dumps(value, sort_keys=True, default=str).encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(str(value)).encode()


def safe_object(value: Any) -> dict[str, Any]:
    """A dict of JSON values: models such as LangChain's messages become their fields, other objects text.

    What is no dict is put under `raw`.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        try:
            found = json.loads(json.dumps(dict(value), default=_fields_or_text))
        except (TypeError, ValueError, RecursionError):
            return {"raw": str(value)}
        if isinstance(found, dict):
            return found
    return {"raw": str(value)}


def plain_metadata(source: Mapping[Any, Any]) -> dict[str, Any]:
    """What of `source` can be metadata: strings, finite numbers, times as ISO text, and lists and dicts of them.

    Nested at most five deep; a value that contains itself is `[circular]` there; everything else is left out.
    """
    kept: dict[str, Any] = _plain_container(source, 0, frozenset((id(source),)))
    return kept


def _plain(value: Any, depth: int, above: frozenset[int]) -> Any:
    if depth > _DEEPEST:
        return _DROPPED
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _DROPPED
    if isinstance(value, datetime):
        return to_utc(value).isoformat()
    if not isinstance(value, (Mapping, list, tuple)):
        return _DROPPED
    if id(value) in above:
        return "[circular]"
    return _plain_container(value, depth + 1, above | {id(value)})


def _plain_container(value: Any, depth: int, above: frozenset[int]) -> Any:
    if not isinstance(value, Mapping):
        plain = [_plain(each, depth, above) for each in value]
        return [each for each in plain if each is not _DROPPED]
    kept: dict[str, Any] = {}
    for key, each in value.items():
        if isinstance(key, str) and key.strip():
            plain_each = _plain(each, depth, above)
            if plain_each is not _DROPPED:
                kept[key.strip()] = plain_each
    return kept


def _fields_or_text(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if not callable(dump) or isinstance(value, type):
        return str(value)
    try:
        return {name: field for name, field in dict(dump()).items() if field not in (None, "", [], {})}
    except Exception:  # A program's own class may raise anything.
        return str(value)


def json_ready(value: Any) -> Any:
    """`value`, or where JSON does not know something in it, its JSON with that as text."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return value
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return json_bytes(value)
    return value
