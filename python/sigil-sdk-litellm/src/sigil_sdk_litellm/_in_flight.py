"""The calls that LiteLLM has begun and not yet reported.

LiteLLM reports a synchronous call from a pool thread, possibly after the call returned. A program that shuts its client down
right after its last call would lose that call's record; so shutdown waits for the reports, for a moment.
"""

from __future__ import annotations

import os
import threading

_CAPACITY = 10_000


class InFlightCalls:
    """Call ids between their begin and their report. Usable from any thread, also from a signal handler."""

    def __init__(self) -> None:
        self._own()

    def begin(self, call_id: str) -> None:
        """A call began. The oldest is forgotten when there are too many: some are never reported."""
        self._own_after_fork()
        with self._changed:
            self._ids[call_id] = None
            if len(self._ids) > _CAPACITY:
                self._ids.pop(next(iter(self._ids)))

    def end(self, call_id: str) -> None:
        """A call was reported."""
        self._own_after_fork()
        with self._changed:
            self._ids.pop(call_id, None)
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Waits until every call is reported, at most `timeout` seconds."""
        self._own_after_fork()
        with self._changed:
            return self._changed.wait_for(lambda: not self._ids, timeout)

    def _own(self) -> None:
        self._pid = os.getpid()
        # The condition's lock is reentrant: a signal handler may shut the client down while its thread is in `begin`.
        self._changed = threading.Condition()
        self._ids: dict[str, None] = {}

    def _own_after_fork(self) -> None:
        """The parent's calls are not reported in a child, and its lock may have been held when it forked."""
        if self._pid != os.getpid():
            self._own()
