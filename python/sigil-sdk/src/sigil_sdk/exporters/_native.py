"""The native delivery behind the exporters that a program constructs itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from lightwell import Pipeline

from ..version import user_agent

_REQUEST_SECONDS = 10.0
#: A call of an exporter is one request, whatever it holds.
_RECORDS = 1 << 20
_BYTES = 1 << 30
#: Nothing leaves but by `flush_report`.
_NEVER_SECONDS = 86400.0 * 365


class NativeDelivery:
    """Sends batches, each in the call that brings it. Who retries is the caller."""

    def __init__(self, protocol: str, endpoint: str, headers: Mapping[str, str] | None, insecure: bool | None) -> None:
        self._name = protocol
        self._calls = threading.Lock()
        self._pipeline = Pipeline.sigil(
            protocol=protocol,
            endpoint=endpoint,
            insecure=insecure,
            headers=dict(headers or {}),
            user_agent=user_agent(),
            batch_size=_RECORDS,
            flush_interval=_NEVER_SECONDS,
            queue_size=_RECORDS,
            max_retries=0,
            payload_max_bytes=0,
            request_timeout=_REQUEST_SECONDS,
            queue_max_bytes=_BYTES,
        )

    def generations(self, records: list[Any]) -> dict[str, list[str]]:
        """Sends generations; the reasons of those that were refused, by their id."""
        return self._send(self._pipeline.record_generation, records)

    def workflow_steps(self, records: list[Any]) -> dict[str, list[str]]:
        """The same for workflow steps."""
        return self._send(self._pipeline.record_workflow_step, records)

    def shutdown(self) -> None:
        """Ends the delivery thread. Idempotent."""
        self._pipeline.shutdown(_REQUEST_SECONDS)

    def _send(self, record: Callable[[Any], None], records: list[Any]) -> dict[str, list[str]]:
        # One at a time, so that what a flush reports is of its own records.
        with self._calls:
            for each in records:
                record(each)
            report = self._pipeline.flush_report()
            self._pipeline.take_notices()
        if report.gave_up:
            raise RuntimeError(f"{self._name} generation export failed: {report.error}")
        refusals: dict[str, list[str]] = {}
        for refused, reason in report.refusals:
            refusals.setdefault(refused, []).append(reason)
        return refusals
