"""Objects with the attributes that the native encoder reads, so that these tests need none of the faces."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Shape(SimpleNamespace):
    """Attributes and nothing else."""


def generation(**fields: Any) -> Shape:
    """A generation with the least of attributes."""
    return Shape(**{"id": "g", "input": [], "output": [], **fields})


def message(*parts: Any, role: Any = "user", name: str = "") -> Shape:
    return Shape(role=role, parts=list(parts), name=name)


def text(value: Any) -> Shape:
    return Shape(kind="text", text=value, metadata=Shape(provider_type=""))
