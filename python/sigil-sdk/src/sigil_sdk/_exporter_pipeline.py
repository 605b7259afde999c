"""The delivery pipeline for a program's own exporter object: the counterpart of the native one, in Python.

Bounded queues for generations and workflow steps, one daemon thread that lives while something is queued, batches of at most
`batch_size`, and exactly `max_retries` + 1 attempts a batch. A forked child starts with empty queues. The size limit of a
record belongs to the wire formats and is not applied here.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from lightwell import Closed, QueueFull

from ._copies import copy_generation
from ._records import dataclass
from .config import ClientConfig
from .models import ExportGenerationsRequest, ExportWorkflowStepsRequest, Generation, WorkflowStep

_COUNTERS = ("accepted", "delivered", "requests", "retries")
_DROPS = ("queue_full", "too_large", "rejected", "gave_up", "shutdown")


@dataclass(slots=True)
class ExporterReport:
    """What became of the records that a flush found in the queues. `cause` is the exporter's first exception."""

    complete: bool = True
    delivered: int = 0
    rejected: int = 0
    gave_up: int = 0
    error: str | None = None
    cause: Exception | None = None


class _Lane:
    """The queue of one kind of record and how a batch of it is exported."""

    def __init__(self, name: str, result_id: str, export: Callable[[list[Any]], Any]) -> None:
        self.name = name
        self.result_id = result_id
        self.export = export
        self.queue: deque[Any] = deque()


class ExporterPipeline:
    """Queues copies of records and hands them to the exporter in batches."""

    def __init__(self, exporter: Any, config: ClientConfig, logger: logging.Logger) -> None:
        self._exporter = exporter
        self._settings = config.generation_export
        self._sleep = config.sleep or time.sleep
        self._logger = logger
        self._closed = False
        self._reset()

    def record_generation(self, generation: Generation) -> None:
        """Queues a copy; `QueueFull` or `Closed` when it is refused."""
        self._own_after_fork()
        self._record(self._generations, copy_generation(generation))

    def record_workflow_step(self, step: WorkflowStep) -> None:
        """As `record_generation`."""
        self._own_after_fork()
        self._record(self._steps, copy.copy(step))

    def flush(self, timeout: float | None = None) -> bool:
        """As `flush_report`; True when everything is decided."""
        return self.flush_report(timeout).complete

    def flush_report(self, timeout: float | None = None) -> ExporterReport:
        """Exports what is queued, in the calling thread. `timeout` seconds bound the wait for a batch that is under way.

        0 only wakes the thread.
        """
        self._own_after_fork()
        report = ExporterReport()
        if timeout is not None and timeout <= 0:
            with self._changed:
                report.complete = self._is_empty()
                self._hurry = True
                self._changed.notify_all()
            return report
        if not self._exporting.acquire(timeout=-1 if timeout is None else timeout):
            report.complete = False
            return report
        try:
            for lane in self._lanes:
                for _ in range(len(lane.queue)):
                    if not self._export_batch(lane, report):
                        break
        finally:
            self._exporting.release()
        return report

    def shutdown(self, timeout: float | None = None) -> bool:
        """Refuses new records, exports the queues once more and shuts the exporter down. Idempotent."""
        self._own_after_fork()
        with self._changed:
            if self._closed:
                return True
            self._closed = True
            self._changed.notify_all()
        report = self.flush_report(timeout)
        with self._changed:
            for lane in self._lanes:
                self._counts["dropped_shutdown"] += len(lane.queue)
                lane.queue.clear()
        try:
            getattr(self._exporter, "shutdown", lambda: None)()
        except Exception as error:
            self._logger.warning("sigil generation exporter shutdown failed: %s", error)
        return report.complete and not report.gave_up

    def stats(self) -> dict[str, int]:
        """As the native pipeline's: accepted = delivered + dropped_* + pending."""
        self._own_after_fork()
        with self._changed:
            decided = sum(count for name, count in self._counts.items() if name.startswith(("delivered", "dropped")))
            return {**self._counts, "pending": self._counts["accepted"] - decided, "pending_bytes": 0}

    def take_notices(self) -> list[tuple[str, str]]:
        """Nothing: this pipeline logs by itself."""
        return []

    def _reset(self) -> None:
        self._pid = os.getpid()
        exporter = self._exporter
        self._generations = _Lane(
            "generation", "generation_id", lambda batch: exporter.export_generations(ExportGenerationsRequest(batch))
        )
        self._steps = _Lane(
            "workflow step", "step_id", lambda batch: exporter.export_workflow_steps(ExportWorkflowStepsRequest(batch))
        )
        self._lanes = (self._generations, self._steps)
        # Reentrant: a signal handler may shut down while its thread is in here.
        self._changed = threading.Condition()
        self._exporting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._hurry = False
        self._counts = {**dict.fromkeys(_COUNTERS, 0), **dict.fromkeys((f"dropped_{name}" for name in _DROPS), 0)}

    def _own_after_fork(self) -> None:
        if self._pid != os.getpid():
            self._reset()

    def _is_empty(self) -> bool:
        return not any(lane.queue for lane in self._lanes)

    def _is_due(self) -> bool:
        full = any(len(lane.queue) >= self._settings.batch_size for lane in self._lanes)
        return self._closed or self._hurry or full

    def _record(self, lane: _Lane, record: Any) -> None:
        with self._changed:
            self._counts["accepted"] += 1
            if self._closed:
                self._counts["dropped_shutdown"] += 1
                raise Closed("the pipeline is shut down")
            if len(lane.queue) >= self._settings.queue_size:
                self._counts["dropped_queue_full"] += 1
                raise QueueFull("the queue is full")
            lane.queue.append(record)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sigil-exporter", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        interval = self._settings.flush_interval.total_seconds()
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, interval)
                self._hurry = False
                if self._closed or self._is_empty():
                    self._thread = None
                    return
            self.flush_report()

    def _export_batch(self, lane: _Lane, report: ExporterReport) -> bool:
        """Exports the oldest records of a lane. False when there are none or they had to be given up."""
        with self._changed:
            batch = [lane.queue.popleft() for _ in range(min(self._settings.batch_size, len(lane.queue)))]
        if not batch:
            return False
        try:
            response = self._export_with_retry(lane, batch)
        except Exception as error:
            self._logger.warning("sigil %s export failed: %s", lane.name, error)
            report.gave_up += len(batch)
            report.error = report.error or str(error)
            report.cause = report.cause or error
            self._count("dropped_gave_up", len(batch))
            return False
        rejected = [result for result in response.results if not result.accepted]
        for result in rejected:
            rejected_id = getattr(result, lane.result_id)
            self._logger.warning("sigil %s rejected id=%s error=%s", lane.name, rejected_id, result.error)
        report.rejected += len(rejected)
        report.delivered += len(batch) - len(rejected)
        self._count("dropped_rejected", len(rejected))
        self._count("delivered", len(batch) - len(rejected))
        return True

    def _export_with_retry(self, lane: _Lane, batch: list[Any]) -> Any:
        backoff = self._settings.initial_backoff
        for attempt in range(self._settings.max_retries + 1):
            self._count("requests", 1)
            try:
                return lane.export(batch)
            except Exception:
                if attempt == self._settings.max_retries:
                    raise
            self._count("retries", 1)
            self._sleep(backoff.total_seconds())
            backoff = min(backoff * 2, self._settings.max_backoff)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _count(self, name: str, by: int) -> None:
        with self._changed:
            self._counts[name] += by
