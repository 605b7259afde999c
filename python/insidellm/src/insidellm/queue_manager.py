"""The delivery queue as programs see it: a thin face of the native pipeline."""

from __future__ import annotations

import logging
import time
from typing import Any, Dict, Optional

from lightwell import Closed, EncodeError, Pipeline, QueueFull, TooLarge, at_exit

from .exceptions import QueueError
from .models import Event

logger = logging.getLogger("insidellm")

_LATE_FLUSH_SECONDS = 1.0
_REPORT_SECONDS = 5.0
_REFUSALS = (QueueFull, TooLarge, Closed, EncodeError)
"""What recording raises; each is in the counters."""
_LEVELS = {"warning": logging.WARNING, "error": logging.ERROR}


class QueueManager:
    """Queues events and counts what becomes of them. Adding never blocks."""

    def __init__(self, pipeline: Pipeline, raise_on_error: bool = False) -> None:
        self._pipeline = pipeline
        self._raise_on_error = raise_on_error
        self._invalid = 0
        self._next_report = 0.0
        pipeline.log_notices_to(_log)
        at_exit.watch(self, pipeline)

    def add_event(self, event: Event) -> None:
        """Queues an event. A refused event is counted and logged; `QueueError` only with `raise_on_error`."""
        try:
            self._pipeline.record_event(event.to_dict())
        except _REFUSALS as error:
            self.after_refusal(event.event_id, error)
        if at_exit.exiting():
            self.flush_late()

    def after_refusal(self, event_id: str, error: Exception) -> None:
        """Logs that an event was refused; it is counted already. `QueueError` with `raise_on_error`."""
        self._report(f"event {event_id} was not queued: {error}")
        if self._raise_on_error:
            raise QueueError(str(error)) from error

    def flush_late(self) -> None:
        """Sends now what was added after the exit handlers ran."""
        self._pipeline.flush(_LATE_FLUSH_SECONDS)

    def count_invalid(self) -> None:
        """Counts an event that was dropped because its payload does not fit."""
        self._invalid += 1

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Sends now. True when every event added before is acknowledged or given up, False when `timeout` s passed."""
        complete = self._pipeline.flush(timeout)
        self._log_notices()
        return complete

    def get_queue_size(self) -> int:
        """Events that are queued or on their way."""
        return self._pipeline.stats()["pending"]

    def get_statistics(self) -> Dict[str, Any]:
        """What became of the events; `success_rate` is a percentage of those that are decided."""
        stats = self._pipeline.stats()
        refused = stats["dropped_queue_full"] + stats["dropped_too_large"]
        dropped = {name: count for name, count in stats.items() if name.startswith("dropped_")}
        failed = sum(dropped.values()) + self._invalid
        return {
            "events_queued": stats["accepted"] - refused,
            "events_sent": stats["delivered"],
            "events_failed": failed,
            "queue_size": stats["pending"],
            "success_rate": stats["delivered"] / max(1, stats["delivered"] + failed) * 100,
            "events_invalid": self._invalid,
            **dropped,
            "spooled": stats["spooled"],
            "requests": stats["requests"],
            "retries": stats["retries"],
        }

    def shutdown(self, timeout: Optional[float] = None) -> bool:
        """Sends what is queued and stops, within `timeout` seconds. True when nothing was left unsent."""
        complete = self._pipeline.shutdown(timeout)
        at_exit.forget(self._pipeline)
        self._log_notices()
        dropped = self._pipeline.stats()["dropped_shutdown"]
        if not complete and dropped:
            logger.warning("%d events were not delivered before shutdown", dropped)
        return complete

    def _report(self, text: str) -> None:
        """Logs a refusal, at most once in `_REPORT_SECONDS`: a full queue refuses thousands."""
        moment = time.monotonic()
        if moment >= self._next_report:
            self._next_report = moment + _REPORT_SECONDS
            logger.error("%s (see get_statistics() for all)", text)
            self._log_notices()

    def _log_notices(self) -> None:
        for level, text in self._pipeline.take_notices():
            _log(level, text)


def _log(level: str, text: str) -> None:
    logger.log(_LEVELS.get(level, logging.WARNING), "%s", text)
