"""Short ways to make score values."""

from __future__ import annotations

from ..models.experiment import ScoreValue


def number(value: float) -> ScoreValue:
    """A number."""
    return ScoreValue(number=float(value))


def boolean(value: bool) -> ScoreValue:
    """True or False."""
    return ScoreValue(boolean=bool(value))


def string(value: str) -> ScoreValue:
    """A label."""
    return ScoreValue(string=str(value))


def coerced(value: ScoreValue | float | bool | str) -> ScoreValue:
    """A score value of a plain one: what is neither a number nor a boolean becomes text."""
    if isinstance(value, ScoreValue):
        return value
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, (int, float)):
        return number(value)
    return string(value)
