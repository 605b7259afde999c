"""Calls of models that CrewAI makes: its bus tells of them on one thread, LiteLLM of their ends on others.

Whoever is first to tell the end of a call is believed, also when that is before the bus has told its beginning.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Callable, Dict, Optional

REMEMBERED = 10_000
"""Calls that are remembered; the oldest are forgotten."""


class Open:
    """Something that has begun and not ended."""

    __slots__ = ("event_id", "fields", "started", "streamed")

    def __init__(self, event_id: str, fields: Dict[str, Any], started: Any) -> None:
        self.event_id = event_id
        self.fields = fields
        self.started = started
        self.streamed = 0


End = Callable[[Open], None]
"""Logs the end of a call."""


class OpenCalls:
    """By CrewAI's id of the call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Open] = OrderedDict()
        self._ends: OrderedDict[str, Optional[End]] = OrderedDict()
        """Of calls that have ended: how, while their beginning is still to come."""

    def begin(self, call_id: str, call: Open) -> None:
        """A call has begun; an end that was told before is logged now."""
        with self._lock:
            end = self._ends.get(call_id)
            if end is None:
                remember(self._open, call_id, call)
            else:
                self._ends[call_id] = None
        if end is not None:
            end(call)

    def get(self, call_id: str) -> Optional[Open]:
        """The call, while it is open."""
        return self._open.get(call_id)

    def end(self, call_id: str) -> Optional[Open]:
        """The call, which is open no more; None when its end was told before."""
        with self._lock:
            call = self._open.pop(call_id, None)
            if call is not None:
                remember(self._ends, call_id, None)
            return call

    def end_with(self, call_id: str, end: End) -> None:
        """Logs the end of a call, at once or when its beginning is told; nothing when it has ended."""
        with self._lock:
            call = self._open.pop(call_id, None)
            if call is None and call_id in self._ends:
                return
            remember(self._ends, call_id, end if call is None else None)
        if call is not None:
            end(call)


def remember(calls: OrderedDict[str, Any], call_id: str, value: Any) -> None:
    """Sets a value, and forgets the oldest ones."""
    calls[call_id] = value
    while len(calls) > REMEMBERED:
        calls.popitem(last=False)
