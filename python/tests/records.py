"""Comparing records that two programs sent: what differs by nature (ids, moments, versions) is put aside."""

from __future__ import annotations

from typing import Any

#: Names whose values differ between two runs of the same program.
VOLATILE = {
    "at", "timestamp", "created_at", "updated_at", "received_at", "first_at", "last_at", "last_generation_at", "ended_at",
    "duration_ms", "trace_id", "span_id", "fragments", "reported_duration_ms",
}  # fmt: skip
#: Volatile unless the program chose them.
GENERATED = {"event_id", "parent_event_id", "parent_id", "id", "step_id"}


def comparable(value: Any, name: str = "") -> Any:
    """The same record without what differs between two runs. Ids that a uuid4 made are put aside, chosen ones stay."""
    if isinstance(value, dict):
        # agento11y renamed the keys under which the SDK tells of itself.
        renamed = {key.replace("agento11y.", "sigil."): member for key, member in value.items()}
        return {key: comparable(member, key) for key, member in renamed.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [comparable(member, name) for member in value]
    if name in GENERATED | {"generation_id", "call_id"} and isinstance(value, str) and len(value) == 36:
        return "<generated>"
    if name in {"started_at", "completed_at", "first_token_at"} and value and not value.startswith("2026-11-20"):
        return "<moment>"
    return value


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """One line for each place where two records differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        lines = []
        for key in sorted(left.keys() | right.keys()):
            if key not in left or key not in right:
                lines.append(f"{path}.{key}: only {'right' if key not in left else 'left'}: {(left | right)[key]!r}")
            else:
                lines += differences(left[key], right[key], f"{path}.{key}")
        return lines
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for i, (a, b) in enumerate(zip(left, right)) for line in differences(a, b, f"{path}[{i}]")]
    return [] if left == right else [f"{path}: {left!r} != {right!r}"]
