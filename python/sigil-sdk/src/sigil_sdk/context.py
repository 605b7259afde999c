"""Identity and capture mode that hold for a block of code, per thread and per task.

Capture modes form a stack: a `with_content_capture_mode` block or an open generation puts its mode on top. The entry of a
generation counts only while that generation is open and still referenced, so a recorder that is never ended, or is ended
in another thread, cannot leave its mode behind for later generations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from weakref import ReferenceType, ref

from .models import ContentCaptureMode

_conversation_id: ContextVar[str | None] = ContextVar("sigil_conversation_id", default=None)
_conversation_title: ContextVar[str | None] = ContextVar("sigil_conversation_title", default=None)
_user_id: ContextVar[str | None] = ContextVar("sigil_user_id", default=None)
_agent_name: ContextVar[str | None] = ContextVar("sigil_agent_name", default=None)
_agent_version: ContextVar[str | None] = ContextVar("sigil_agent_version", default=None)


class Hold(Protocol):
    """An open generation's claim on the capture mode; dead once it is not open or no longer referenced."""

    _capture_open: bool


class _OwnedHold:
    """The claim of a recorder that is known by its `id()` only."""

    __slots__ = ("__weakref__", "_capture_open", "owner_id")

    def __init__(self, owner_id: int) -> None:
        self.owner_id = owner_id
        self._capture_open = True


#: A link of the stack: mode, hold, and what is below. The hold is None for a `with` block, whose entry lives until the block
#: resets the variable.
Entry = tuple[ContentCaptureMode, "ReferenceType[Hold] | None", "Entry | None"]

_capture_stack: ContextVar[Entry | None] = ContextVar("sigil_content_capture_mode", default=None)


@contextmanager
def _bound(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def with_conversation_id(conversation_id: str) -> AbstractContextManager[None]:
    """Generations started in the block belong to this conversation unless they say otherwise."""
    return _bound(_conversation_id, conversation_id)


def with_conversation_title(conversation_title: str) -> AbstractContextManager[None]:
    """Generations started in the block carry this title unless they say otherwise."""
    return _bound(_conversation_title, conversation_title)


def with_user_id(user_id: str) -> AbstractContextManager[None]:
    """Generations started in the block belong to this user unless they say otherwise."""
    return _bound(_user_id, user_id)


def with_agent_name(agent_name: str) -> AbstractContextManager[None]:
    """Generations started in the block are made by this agent unless they say otherwise."""
    return _bound(_agent_name, agent_name)


def with_agent_version(agent_version: str) -> AbstractContextManager[None]:
    """Generations started in the block are made by this version of the agent unless they say otherwise."""
    return _bound(_agent_version, agent_version)


def with_content_capture_mode(mode: ContentCaptureMode) -> AbstractContextManager[None]:
    """Generations and tools started in the block are captured this far unless they say otherwise."""
    return _bound(_capture_stack, (mode, None, top_live_entry()))


conversation_id_from_context: Callable[[], str | None] = _conversation_id.get
conversation_title_from_context: Callable[[], str | None] = _conversation_title.get
user_id_from_context: Callable[[], str | None] = _user_id.get
agent_name_from_context: Callable[[], str | None] = _agent_name.get
agent_version_from_context: Callable[[], str | None] = _agent_version.get


def content_capture_mode_from_context() -> ContentCaptureMode | None:
    """The mode of the innermost open block or generation, None outside all."""
    entry = top_live_entry()
    return None if entry is None else entry[0]


def push_capture_hold(hold: Hold, mode: ContentCaptureMode, below: Entry | None) -> None:
    """Puts an open generation's mode on `top_live_entry()`, until `release_capture_hold` or until nothing refers to `hold`."""
    _capture_stack.set((mode, ref(hold), below))


def release_capture_hold(hold: Hold) -> None:
    """Closes a hold from any thread or task; its entry stops counting everywhere."""
    hold._capture_open = False
    if _capture_stack.get() is not None:
        _capture_stack.set(top_live_entry())


def top_live_entry() -> Entry | None:
    """The innermost open block or generation of this context."""
    entry = _capture_stack.get()
    while entry is not None and entry[1] is not None:
        hold = entry[1]()
        if hold is not None and hold._capture_open:
            return entry
        entry = entry[2]
    return entry


# The two names below are what packages built on the original reach for. They know recorders by `id()`.
_holds_by_owner: ContextVar[dict[int, _OwnedHold] | None] = ContextVar("sigil_capture_holds", default=None)


def _push_capture_mode(recorder_id: int, mode: ContentCaptureMode) -> None:
    hold = _OwnedHold(recorder_id)
    push_capture_hold(hold, mode, top_live_entry())
    _holds_by_owner.set({**(_holds_by_owner.get() or {}), recorder_id: hold})


def _pop_capture_mode(recorder_id: int) -> None:
    """Closes the entry of that recorder in this context, wherever it stands; unknown recorders are ignored."""
    holds = dict(_holds_by_owner.get() or {})
    if holds.pop(recorder_id, None) is not None:
        _holds_by_owner.set(holds)
    entry = _capture_stack.get()
    while entry is not None:
        hold = None if entry[1] is None else entry[1]()
        if hold is not None and getattr(hold, "owner_id", id(hold)) == recorder_id:
            release_capture_hold(hold)
            return
        entry = entry[2]
