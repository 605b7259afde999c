"""Runs that have begun and not ended, and the bound on how many are kept.

Frameworks do not always call back at the end of a run: a cancelled task, a timeout, a failure without a callback. Each kind of
run is therefore kept up to `MAX_OPEN_RUNS`; beyond, the oldest one is ended as it stands. So are those that are still open when
the client shuts down, and those of a handler that is no longer referenced.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._records import dataclass, field
from ..models import Message, assistant_text_message
from .payload import INCOMPLETE_KEY

if TYPE_CHECKING:
    from ..client import Client

_NO_END = "the framework did not report the end of this run"
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


def make_room(runs: dict[str, T], end: Callable[[T], object]) -> None:
    """Ends and forgets the oldest runs until there is room for one more."""
    while len(runs) >= MAX_OPEN_RUNS:
        try:
            oldest = next(iter(runs))
        except (StopIteration, RuntimeError):  # Another thread ended runs meanwhile.
            continue
        run = runs.pop(oldest, None)
        if run is not None:
            end(run)


def end_llm_run(run: LlmRun) -> None:
    """Records a call whose end was not reported."""
    run.recorder.set_result(
        input=run.input_messages, output=streamed_output(run), metadata={INCOMPLETE_KEY: _NO_END}
    )
    run.recorder.end()


def end_tool_run(run: ToolRun) -> None:
    """Records a tool whose end was not reported."""
    run.recorder.set_result(arguments=run.arguments)
    run.recorder.set_exec_error(RuntimeError(_NO_END))
    run.recorder.end()


def streamed_output(run: LlmRun) -> list[Message]:
    """What was streamed so far."""
    chunks = "".join(run.output_chunks)
    return [assistant_text_message(chunks)] if chunks else []


class Handler(Protocol):
    """Has open runs."""

    def _open_ends(self) -> list[Callable[[], object]]: ...


class OpenRuns:
    """The open runs of a client's handlers, which end when it shuts down, and those of handlers that are gone.

    A handler may go at any moment, within any lock: its runs are only noted then, and end with the next run or the client.
    """

    _ATTRIBUTE = "_framework_open_runs"

    def __init__(self) -> None:
        self._handlers: weakref.WeakSet[Handler] = weakref.WeakSet()
        #: What ends a run of a handler that is gone.
        self.left: deque[Callable[[], object]] = deque()

    @classmethod
    def of(cls, client: Client, handler: Handler) -> OpenRuns:
        """Those of the client, with the handler's among them."""
        found: OpenRuns | None = client.__dict__.get(cls._ATTRIBUTE)
        if found is None:
            made = cls()
            found = client.__dict__.setdefault(cls._ATTRIBUTE, made)
            if found is made:
                client._before_shutdown(made.end_all)
        found._handlers.add(handler)
        return found

    def end_left(self) -> None:
        """Ends the runs of handlers that are gone."""
        while self.left:
            try:
                end = self.left.popleft()
            except IndexError:  # Another thread was first.
                return
            end()

    def end_all(self, _seconds: float) -> None:
        """Ends whatever is open, as it stands."""
        self.end_left()
        for handler in list(self._handlers):
            for end in handler._open_ends():
                end()
