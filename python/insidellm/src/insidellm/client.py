"""`InsideLLMClient`: validates events, knows the runs, owns the delivery pipeline."""

from __future__ import annotations

import logging
import os
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

from lightwell import Pipeline

from . import config as _config
from ._runs import RunRegistry
from .config import InsideLLMConfig
from .exceptions import ConfigurationError, NetworkError
from .models import Event, EventType, checked_metadata
from .queue_manager import QueueManager
from .utils import generate_uuid
from .version import user_agent

logger = logging.getLogger("insidellm")

_ANONYMOUS = "anonymous"


class InsideLLMClient:
    """Logs events. Thread-safe, never blocks except in `flush`, `send_events`, `is_healthy` and `shutdown`.

    `api_key` and `base_url` come from `INSIDELLM_API_KEY` and `INSIDELLM_BASE_URL` when not given; without a key,
    `ConfigurationError`. Keywords are fields of `InsideLLMConfig` and win over `config`.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        config: Optional[InsideLLMConfig] = None,
        **kwargs: Any,
    ) -> None:
        key = api_key or os.environ.get("INSIDELLM_API_KEY", "").strip()
        if not key:
            raise ConfigurationError("an API key is required: pass api_key or set INSIDELLM_API_KEY")
        self.api_key = key
        self.base_url = _config.resolve_base_url(base_url)
        self.config = _config.resolve(config, kwargs)
        _config.apply_log_level(self.config)
        self.session = None
        """Connections belong to the native core; the attribute is here because programs look at it."""
        self._pipeline = self._build_pipeline(self.config.batch_size, self.config.max_queue_size)
        self.queue_manager = QueueManager(self._pipeline, self.config.raise_on_error)
        self._runs = RunRegistry()
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
            generate_uuid() if run_id is None else run_id,
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
            self._complete(event)
            event.validate()
        except ValueError as error:
            logger.error("%s", error)
            if self.config.strict_validation:
                raise
            self.queue_manager.count_invalid()
            return
        self.queue_manager.add_event(event)

    def send_events(self, events: List[Event]) -> bool:
        """Sends events now, past the queue, with retries. True when all are acknowledged; works after shutdown too.

        With `raise_on_error`, `NetworkError` instead of False.
        """
        if not events:
            return True
        pipeline = self._build_pipeline(len(events), len(events))
        for event in events:
            pipeline.record_event(event.to_dict())
        report = pipeline.flush_report(None)
        pipeline.shutdown(0.0)
        if report.delivered == len(events):
            return True
        problem = report.error or f"{len(events) - report.delivered} of {len(events)} events were rejected"
        logger.error("sending failed: %s", problem)
        if self.config.raise_on_error:
            raise NetworkError(problem)
        return False

    def flush(self, timeout: Optional[float] = None) -> bool:
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

    def is_healthy(self) -> bool:
        """Whether the server answers `GET /health` with exactly 200 within 5 s."""
        return self._pipeline.probe(5.0)

    def shutdown(self, timeout: Optional[float] = None) -> None:
        """Refuses new events, sends what is queued and stops, within `timeout` s (None: `request_timeout`). Idempotent."""
        if self._closed:
            return
        self._closed = True
        self.queue_manager.shutdown(self.config.request_timeout if timeout is None else timeout)

    def __enter__(self) -> InsideLLMClient:
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

    def _build_pipeline(self, batch_size: int, queue_size: int) -> Pipeline:
        return Pipeline.insidellm(
            base_url=self.base_url,
            api_key=self.api_key,
            user_agent=user_agent(),
            batch_size=batch_size,
            flush_interval=self.config.auto_flush_interval,
            queue_size=queue_size,
            max_retries=self.config.max_retries,
            backoff_factor=self.config.backoff_factor,
            request_timeout=self.config.request_timeout,
        )


def _session_event(event_type: EventType, run_id: str, user_id: str, metadata: Dict[str, Any]) -> Event:
    return Event(
        event_type=event_type, run_id=run_id, user_id=user_id, metadata=metadata, payload={"session_id": run_id}
    )
