"""Any value as JSON that says its type where JSON would lose it."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

TYPE = "<type>"


def plain(value: Any, depth: int = 0) -> Any:
    """What can be compared and written as JSON; objects without a rule are told by their type's name."""
    if depth > 40:
        return "<deep>"
    if isinstance(value, Enum):
        return f"<{type(value).__name__}.{value.name}>"
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else f"<int {value}>"
    if isinstance(value, float):
        return value if math.isfinite(value) else f"<float {value}>"
    if isinstance(value, (bytes, bytearray)):
        return f"<{type(value).__name__} {bytes(value)!r}>"
    return _compound(value, depth + 1)


def _compound(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else f"<{key!r}>": plain(each, depth) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, depth) for each in value]
    if isinstance(value, tuple):
        return {TYPE: "tuple", "items": [plain(each, depth) for each in value]}
    if isinstance(value, (set, frozenset)):
        return {TYPE: type(value).__name__, "items": sorted(repr(each) for each in value)}
    if isinstance(value, (datetime, date)):
        return f"<{type(value).__name__} {value.isoformat()}>"
    if isinstance(value, timedelta):
        return f"<timedelta {value.total_seconds()}>"
    if isinstance(value, BaseException):
        return exception(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value)]
        if any(name.startswith("_") for name in names):
            return f"<object {type(value).__name__}>"
        return {TYPE: type(value).__name__, **{name: plain(getattr(value, name), depth) for name in names}}
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"<{value.__name__}>"
    return f"<object {type(value).__name__}>"


def exception(error: BaseException) -> dict[str, Any]:
    """Type and message; the classes of the package that it is caught by."""
    bases = [each.__name__ for each in type(error).__mro__ if each not in (object, BaseException)]
    return {TYPE: bases[0], "caught as": bases[1:], "message": re.sub(r"0x[0-9a-f]{6,}", "0x", str(error))}
