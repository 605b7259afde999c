"""What every client does with runs and events before they are queued or written: `InsideLLMClient` and the local one."""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Protocol, Type, TypeVar

from lightwell import Run, new_event_id

from ._runs import RunRegistry
from .models import Event, EventType, checked_metadata

logger = logging.getLogger("insidellm")

_ANONYMOUS = "anonymous"
_Client = TypeVar("_Client", bound="EventClient")


FLUSH_SECONDS = 60.0
"""How long `flush` waits unless told otherwise; None waits as long as the retry settings allow."""


class EventQueue(Protocol):
    """Where a client puts its events."""

    def add_event(self, event: Event) -> None: ...
    def count_invalid(self) -> None: ...
    def flush(self, timeout: Optional[float] = None) -> bool: ...
    def get_queue_size(self) -> int: ...
    def get_statistics(self) -> Dict[str, Any]: ...


class EventClient(ABC):
    """Knows the runs, completes and validates events and hands them to its queue."""

    def __init__(self, queue_manager: EventQueue, strict_validation: bool) -> None:
        self.queue_manager = queue_manager
        self._strict_validation = strict_validation
        self._runs = RunRegistry()
        self.current_run: Callable[[], Optional[Run]] = self._runs.current
        """The run that this thread or task is in."""
        self._closed = False

    def start_run(
        self,
        run_id: Optional[str] = None,
        user_id: Optional[str] = None,
        metadata: Optional[Dict[str, Any]] = None,
    ) -> str:
        """Begins a run and makes it current in this thread or task. Returns its id (a new one when not given).

        Without a user it is `INSIDELLM_USER_ID`, else `anonymous`. `metadata` goes with every event of the run.
        """
        run_metadata = checked_metadata(metadata or {})
        event = _session_event(
            EventType.SESSION_START,
            new_event_id() if run_id is None else run_id,
            user_id if user_id is not None else os.environ.get("INSIDELLM_USER_ID", "").strip() or _ANONYMOUS,
            run_metadata,
        )
        assert event.run_id is not None and event.user_id is not None
        self._runs.start(event.run_id, event.user_id, run_metadata)
        self.log_event(event)
        return event.run_id

    def end_run(self, run_id: Optional[str] = None) -> None:
        """Ends a run, the current one when not given. A run that is not open is ended for the current user."""
        current = self._runs.current()
        target = run_id if run_id is not None else current.run_id if current is not None else None
        if target is None:
            logger.warning("end_run: there is no current run")
            return
        run = self._runs.get(target)
        known = run if run is not None else current
        user_id = known.user_id if known is not None else _ANONYMOUS
        self.log_event(_session_event(EventType.SESSION_END, target, user_id, run.metadata if run is not None else {}))
        self._runs.end(target)

    def log_event(self, event: Event) -> None:
        """Queues an event. Missing run and user are those of the current run; the run's metadata is merged in.

        `ValidationError` (a `ValueError`) for a payload that does not fit, with `strict_validation`; otherwise such an
        event is logged, counted and dropped.
        """
        if self._closed:
            logger.warning("event %s was dropped: the client is shut down", event.event_id)
            return
        try:
            run = self._runs.get(event.run_id)
            if run is None or event.user_id is None:
                self._complete(event)
            elif run.metadata:
                event.metadata = {**run.metadata, **(event.metadata or {})}
            event.validate()
        except ValueError as error:
            logger.error("%s", error)
            if self._strict_validation:
                raise
            self.queue_manager.count_invalid()
            return
        self.queue_manager.add_event(event)

    @abstractmethod
    def send_events(self, events: List[Event]) -> bool:
        """Sends events at once, past the queue. True when all are acknowledged."""

    def flush(self, timeout: Optional[float] = FLUSH_SECONDS) -> bool:
        """Sends what is queued. True when everything logged before is acknowledged or given up, False after `timeout` s."""
        return self.queue_manager.flush(timeout)

    def get_current_run_id(self) -> Optional[str]:
        """The run that this thread or task is in."""
        run = self._runs.current()
        return None if run is None else run.run_id

    def get_current_user_id(self) -> Optional[str]:
        """The user of that run."""
        run = self._runs.current()
        return None if run is None else run.user_id

    def get_queue_size(self) -> int:
        """Events that are queued or on their way."""
        return self.queue_manager.get_queue_size()

    @abstractmethod
    def is_healthy(self) -> bool:
        """Whether events can be delivered now."""

    @abstractmethod
    def shutdown(self, timeout: Optional[float] = None) -> None:
        """Refuses new events and delivers what is queued. Idempotent."""

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.shutdown()

    def _complete(self, event: Event) -> None:
        """Fills in what the run knows. Another run's metadata is never merged."""
        if event.run_id is None or event.user_id is None:
            current = self._runs.get(event.run_id) or self._runs.current()
            if current is not None:
                event.run_id = event.run_id or current.run_id
                event.user_id = current.user_id if event.user_id is None else event.user_id
            if event.run_id is None or event.user_id is None:
                raise ValueError("an event needs run_id and user_id: give them, or start a run")
        run = self._runs.get(event.run_id)
        if run is not None and run.metadata:
            event.metadata = {**run.metadata, **(event.metadata or {})}


def _session_event(event_type: EventType, run_id: str, user_id: str, metadata: Dict[str, Any]) -> Event:
    return Event(
        event_type=event_type, run_id=run_id, user_id=user_id, metadata=metadata, payload={"session_id": run_id}
    )
