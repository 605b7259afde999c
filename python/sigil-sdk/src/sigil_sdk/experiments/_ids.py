"""Ids that are the same in every process."""

from __future__ import annotations

import hashlib
from typing import Any

_SEPARATOR = "\x1f"
_HEX_DIGITS = 16


def stable_id(prefix: str, *parts: Any) -> str:
    """`prefix-` and 16 hex digits that depend on the parts alone; None counts as an empty part."""
    joined = _SEPARATOR.join("" if part is None else str(part) for part in parts)
    digest = hashlib.sha1(joined.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return f"{prefix}-{digest[:_HEX_DIGITS]}"
