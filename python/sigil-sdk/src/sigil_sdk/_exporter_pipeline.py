"""The delivery pipeline for a program's own exporter object: the counterpart of the native one, in Python.

A bounded queue, one daemon thread that lives while something is queued, batches of at most `batch_size`, and exactly
`max_retries` + 1 attempts a batch. A forked child starts with an empty queue. The size limit of a record belongs to the
wire formats and is not applied here.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass

from lightwell import Closed, QueueFull

from ._copies import copy_generation
from .config import ClientConfig
from .exporters import GenerationExporter
from .models import ExportGenerationsRequest, ExportGenerationsResponse, Generation


@dataclass(slots=True)
class ExporterReport:
    """What became of the records that a flush found in the queue. `cause` is the exporter's first exception."""

    complete: bool = True
    delivered: int = 0
    rejected: int = 0
    gave_up: int = 0
    error: str | None = None
    cause: Exception | None = None


class ExporterPipeline:
    """Queues copies of generations and hands them to the exporter in batches."""

    def __init__(self, exporter: GenerationExporter, config: ClientConfig, logger: logging.Logger) -> None:
        self._exporter = exporter
        self._settings = config.generation_export
        self._sleep = config.sleep or time.sleep
        self._logger = logger
        self._closed = False
        self._reset()

    def record_generation(self, generation: Generation) -> None:
        """Queues a copy; `QueueFull` or `Closed` when it is refused."""
        self._own_after_fork()
        with self._changed:
            self._counts["accepted"] += 1
            if self._closed:
                self._counts["dropped_shutdown"] += 1
                raise Closed("the pipeline is shut down")
            if len(self._queue) >= self._settings.queue_size:
                self._counts["dropped_queue_full"] += 1
                raise QueueFull("the queue is full")
            self._queue.append(copy_generation(generation))
            self._start_thread()
            self._changed.notify_all()

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
                report.complete = not self._queue
                self._hurry = True
                self._changed.notify_all()
            return report
        if not self._exporting.acquire(timeout=-1 if timeout is None else timeout):
            report.complete = False
            return report
        try:
            for _ in range(len(self._queue)):
                if not self._export_batch(report):
                    break
        finally:
            self._exporting.release()
        return report

    def shutdown(self, timeout: float | None = None) -> bool:
        """Refuses new records, exports the queue once more and shuts the exporter down. Idempotent."""
        self._own_after_fork()
        with self._changed:
            if self._closed:
                return True
            self._closed = True
            self._changed.notify_all()
        report = self.flush_report(timeout)
        with self._changed:
            self._counts["dropped_shutdown"] += len(self._queue)
            self._queue.clear()
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
        self._queue: deque[Generation] = deque()
        # Reentrant: a signal handler may shut down while its thread is in here.
        self._changed = threading.Condition()
        self._exporting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._hurry = False
        names = ("queue_full", "too_large", "rejected", "gave_up", "shutdown")
        self._counts = {"accepted": 0, "delivered": 0, "requests": 0, "retries": 0, **{f"dropped_{name}": 0 for name in names}}

    def _own_after_fork(self) -> None:
        if self._pid != os.getpid():
            self._reset()

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sigil-exporter", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        interval = self._settings.flush_interval.total_seconds()
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, interval)
                self._hurry = False
                if self._closed or not self._queue:
                    self._thread = None
                    return
            self.flush_report()

    def _is_due(self) -> bool:
        return self._closed or self._hurry or len(self._queue) >= self._settings.batch_size

    def _export_batch(self, report: ExporterReport) -> bool:
        """Exports the oldest records. False when there are none or they had to be given up."""
        with self._changed:
            batch = [self._queue.popleft() for _ in range(min(self._settings.batch_size, len(self._queue)))]
        if not batch:
            return False
        try:
            response = self._export_with_retry(batch)
        except Exception as error:
            self._logger.warning("sigil generation export failed: %s", error)
            report.gave_up += len(batch)
            report.error = report.error or str(error)
            report.cause = report.cause or error
            self._count("dropped_gave_up", len(batch))
            return False
        rejected = [result for result in response.results if not result.accepted]
        for result in rejected:
            self._logger.warning("sigil generation rejected id=%s error=%s", result.generation_id, result.error)
        report.rejected += len(rejected)
        report.delivered += len(batch) - len(rejected)
        self._count("dropped_rejected", len(rejected))
        self._count("delivered", len(batch) - len(rejected))
        return True

    def _export_with_retry(self, batch: list[Generation]) -> ExportGenerationsResponse:
        backoff = self._settings.initial_backoff
        for attempt in range(self._settings.max_retries + 1):
            self._count("requests", 1)
            try:
                return self._exporter.export_generations(ExportGenerationsRequest(batch))
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
