"""`InsideLLMClient`: settings, authentication and the native delivery pipeline."""

from __future__ import annotations

import logging
import os
from typing import Any, List, Optional

from lightwell import EventLog, Pipeline, at_exit, spool, tuning

from . import config as _config
from ._event_client import EventClient
from .config import InsideLLMConfig
from .exceptions import ConfigurationError, NetworkError
from .models import Event
from .queue_manager import QueueManager
from .version import user_agent

logger = logging.getLogger("insidellm")


class InsideLLMClient(EventClient):
    """Logs events. Thread-safe, never blocks except in `flush`, `send_events`, `is_healthy` and `shutdown`.

    `api_key` and `base_url` come from `INSIDELLM_API_KEY` and `INSIDELLM_BASE_URL` when not given; without a key,
    `ConfigurationError`. Keywords are fields of `InsideLLMConfig` and win over `config`.
    """

    queue_manager: QueueManager

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
        self._pipeline = self._build_pipeline(self.config.batch_size, self.config.max_queue_size, spooling=True)
        super().__init__(QueueManager(self._pipeline, self.config.raise_on_error), self.config.strict_validation)
        runs = self._runs
        self._events = EventLog(self._pipeline, self.queue_manager, runs.key, runs.open, runs.current)
        """Read by the native core, which logs what is plain without coming through here."""
        self._add = self._events.add

    def log_event(self, event: Event) -> None:
        """As `EventClient.log_event`, in one native call when nothing needs coercion."""
        if self._closed or not self._add(
            self.queue_manager,
            event,
            event.event_type.schema,
            event.event_id,
            event.timestamp,
            event.run_id,
            event.user_id,
            event.parent_event_id,
            event.metadata,
            event.payload,
        ):
            super().log_event(event)

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
        # The report leaves out what was settled before the flush began.
        delivered = pipeline.stats()["delivered"]
        notices = pipeline.take_notices()
        pipeline.shutdown(0.0)
        if delivered == len(events):
            return True
        told = report.error or (notices[0][1] if notices else "they were rejected")
        problem = f"{len(events) - delivered} of {len(events)} events were not delivered: {told}"
        logger.error("sending failed: %s", problem)
        if self.config.raise_on_error:
            raise NetworkError(problem)
        return False

    def metrics_text(self) -> str:
        """The counters of delivery in Prometheus' text format, labelled `product="insidellm"`."""
        return self._pipeline.prometheus()

    def is_healthy(self) -> bool:
        """Whether the server answers `GET /health` with exactly 200 within 5 s."""
        return self._pipeline.probe(5.0)

    def shutdown(self, timeout: Optional[float] = None) -> None:
        """Refuses new events, sends what is queued and stops, within `timeout` s (None: `request_timeout`). Idempotent."""
        if self._closed:
            return
        self._closed = True
        self.queue_manager.shutdown(self.config.request_timeout if timeout is None else timeout)

    def _build_pipeline(self, batch_size: int, queue_size: int, spooling: bool = False) -> Pipeline:
        config = self.config
        spooled = spool.keywords(
            config.spool_dir, config.spool_max_bytes, config.spool_when_full, config.spool_fsync
        )
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
            **(spooled if spooling else {}),
            **tuning.keywords(),
        )
