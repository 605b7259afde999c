"""The calls that LiteLLM has begun and not yet reported.

LiteLLM reports a synchronous call from a pool thread, possibly after the call returned. A program that shuts its client down
right after its last call would lose that call's record; so shutdown waits for the reports, for a moment.
"""

from __future__ import annotations

import threading

_CAPACITY = 10_000


class InFlightCalls:
    """Call ids between their begin and their report. Usable from any thread, also from a signal handler."""

    def __init__(self) -> None:
        # The condition's lock is reentrant: a signal handler may shut the client down while its thread is in `begin`.
        self._changed = threading.Condition()
        self._ids: dict[str, None] = {}

    def begin(self, call_id: str) -> None:
        """A call began. The oldest is forgotten when there are too many: some are never reported."""
        with self._changed:
            self._ids[call_id] = None
            if len(self._ids) > _CAPACITY:
                self._ids.pop(next(iter(self._ids)))

    def end(self, call_id: str) -> None:
        """A call was reported."""
        with self._changed:
            self._ids.pop(call_id, None)
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Waits until every call is reported, at most `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._ids, timeout)
