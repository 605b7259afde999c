"""Runs that have begun and not ended, and the bound on how many are kept.

Frameworks do not always call back at the end of a run: a cancelled task, a timeout, a bug. Each kind of run is therefore kept
up to `MAX_OPEN_RUNS`; beyond, the oldest one is ended as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from .._records import dataclass, field
from ..models import Message

#: Far more than a process has open at the same time, and few enough to be no leak.
MAX_OPEN_RUNS = 4096

T = TypeVar("T")


@dataclass(slots=True)
class LlmRun:
    """A call of a model."""

    recorder: Any
    input_messages: list[Message]
    capture_outputs: bool
    request_model: str = ""
    request_provider: str = ""
    output_chunks: list[str] = field(default_factory=list)
    first_token_recorded: bool = False


@dataclass(slots=True)
class ToolRun:
    """An execution of a tool."""

    recorder: Any
    arguments: Any
    capture_outputs: bool


@dataclass(slots=True)
class StepRun:
    """A node of a graph."""

    step_id: str
    conversation_id: str
    step_name: str
    started_at: datetime
    tags: dict[str, str]
    metadata: dict[str, Any]
    parent_step_ids: list[str]
    graph_root_key: str
    capture_outputs: bool
    input_state: dict[str, Any] = field(default_factory=dict)
    linked_generation_ids: list[str] = field(default_factory=list)
    withholds_content: bool = False


def run_key(run_id: Any) -> str:
    """What a run is known by, nothing for no run."""
    return "" if run_id is None else str(run_id)


def make_room(runs: dict[str, T], end: Callable[[str, T], object]) -> None:
    """Ends and forgets the oldest runs until there is room for one more."""
    while len(runs) >= MAX_OPEN_RUNS:
        try:
            oldest = next(iter(runs))
        except (StopIteration, RuntimeError):  # Another thread ended runs meanwhile.
            continue
        run = runs.pop(oldest, None)
        if run is not None:
            end(oldest, run)
