"""Runs that have begun and not ended, and the bound on how many are kept.

Frameworks do not always call back at the end of a run: a cancelled task, a timeout, a failure without a callback. Each kind of
run is therefore kept up to `MAX_OPEN_RUNS`; beyond, the oldest one is ended as it stands. So are those that are still open when
their handler is no longer referenced, or when its client shuts down.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._records import dataclass, field
from ..models import Message

if TYPE_CHECKING:
    from ..client import Client

#: Far more than a process has open at the same time, and few enough to be no leak.
MAX_OPEN_RUNS = 1024

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


class Handler(Protocol):
    """Has open runs."""

    def _end_open_runs(self) -> None: ...


class OpenRuns:
    """The handlers of a client, whose open runs end when it shuts down."""

    _ATTRIBUTE = "_framework_handlers"

    def __init__(self) -> None:
        self._handlers: weakref.WeakSet[Handler] = weakref.WeakSet()

    @classmethod
    def watch(cls, client: Client, handler: Handler) -> None:
        """Has `handler._end_open_runs()` called before the client shuts down, if the handler lives until then."""
        watching = client.__dict__.get(cls._ATTRIBUTE)
        if watching is None:
            watching = client.__dict__.setdefault(cls._ATTRIBUTE, cls())
            client._before_shutdown(watching.end)
        watching._handlers.add(handler)

    def end(self, _seconds: float) -> None:
        """Ends what is open, as it stands."""
        for handler in list(self._handlers):
            handler._end_open_runs()
