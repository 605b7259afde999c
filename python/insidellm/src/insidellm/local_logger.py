"""Events in files instead of on a server, for development and tests without a network.

Two files get every event: one per day, `events_<date>.<format>`, and one per run, `session_<run>.<format>`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
import zlib
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Optional

from . import _local_format as _format
from ._event_client import EventClient
from .models import Event
from .utils import parse_iso_timestamp, validate_uuid

logger = logging.getLogger("insidellm")

_UUID_PREFIX = 16
_MAX_NAME = 100


class LocalEventLogger:
    """Writes events to files. Formats: `json` (JSON Lines), `csv`, `pretty`. Thread-safe; writes at once."""

    def __init__(
        self,
        log_directory: str = "insidellm_logs",
        log_format: str = "json",
        create_session_files: bool = True,
        max_file_size_mb: int = 10,
    ) -> None:
        self.log_directory = Path(log_directory)
        self.log_directory.mkdir(parents=True, exist_ok=True)
        self.log_format = log_format
        self.create_session_files = create_session_files
        self.max_file_size_mb = max_file_size_mb
        self._own_lock()
        if hasattr(os, "register_at_fork"):
            own_lock = weakref.WeakMethod(self._own_lock)
            os.register_at_fork(after_in_child=lambda: (own_lock() or _nothing)())

    def log_events(self, events: List[Event]) -> bool:
        """Writes events. False, with a log line, when that fails; it never raises."""
        try:
            with self._lock:
                for event in events:
                    self._write(event)
        except Exception as error:
            logger.error("events were not written to %s: %s", self.log_directory, error)
            return False
        return True

    def get_session_summary(self, run_id: str) -> Dict[str, Any]:
        """Counts and times of one run; `{"error": ...}` when there is no file of it. Files for people are not counted."""
        path = self._session_file(run_id)
        if not path.exists():
            return {"error": "Session file not found"}
        return self._summary(run_id, path)

    def list_sessions(self) -> List[Dict[str, Any]]:
        """The summaries of all runs, the newest first."""
        summaries = []
        for path in self.log_directory.glob(f"session_*.{self.log_format}"):
            if "." in path.stem:  # An export, or a file that was set aside when it grew too large.
                continue
            records = self._read(path)
            if records:
                summaries.append(self._summary(str(records[0]["run_id"]), path))
        return sorted(summaries, key=lambda summary: str(summary["start_time"]), reverse=True)

    def export_session(self, run_id: str, export_format: str = "json") -> Optional[str]:
        """Writes a run to `session_<run>.export.<format>` (`json` or `csv`) and returns the path.

        None for a run without a file or a format that cannot be written.
        """
        path = self._session_file(run_id)
        if not path.exists() or export_format not in ("json", "csv"):
            return None
        records = self._read(path)
        export = path.with_name(f"{path.stem}.export.{export_format}")
        text = _format.export_csv(records) if export_format == "csv" else "".join(map(_format.json_line, records))
        export.write_text(text, encoding="utf-8")
        return str(export)

    def _own_lock(self) -> None:
        """A forked child makes its own: the parent's may be held."""
        self._lock = threading.RLock()

    def _write(self, event: Event) -> None:
        write = _format.WRITERS.get(self.log_format)
        if write is None:
            raise ValueError(f"unsupported log format {self.log_format!r}")
        record = _format.json_safe(event.to_dict())
        record["event_type"] = event.event_type.value
        paths = [self.log_directory / f"events_{datetime.now():%Y-%m-%d}.{self.log_format}"]
        if self.create_session_files:
            paths.append(self._session_file(str(event.run_id)))
        for path in paths:
            record["_logged_at"] = datetime.now().isoformat()
            self._append(path, write(record))

    def _append(self, path: Path, text: str) -> None:
        if path.exists() and path.stat().st_size > self.max_file_size_mb * 1024 * 1024:
            _set_aside(path)
        header = _format.csv_header() if self.log_format == "csv" and not path.exists() else ""
        with path.open("a", encoding="utf-8") as file:
            file.write(header + text)

    def _session_file(self, run_id: str) -> Path:
        return self.log_directory / f"session_{_file_name(run_id)}.{self.log_format}"

    def _read(self, path: Path) -> List[_format.Record]:
        reader = _format.READERS.get(self.log_format)
        if reader is None:
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return reader(file)

    def _summary(self, run_id: str, path: Path) -> Dict[str, Any]:
        records = self._read(path)
        times = sorted(str(record["timestamp"]) for record in records)
        seconds = (parse_iso_timestamp(times[-1]) - parse_iso_timestamp(times[0])).total_seconds() if times else 0
        return {
            "run_id": run_id,
            "total_events": len(records),
            "event_types": dict(Counter(str(record["event_type"]) for record in records)),
            "start_time": times[0] if times else None,
            "end_time": times[-1] if times else None,
            "duration_seconds": seconds,
            "file_path": str(path),
        }


class LocalQueue:
    """The queue of a local client: nothing waits, every event is written when it is added."""

    def __init__(self, local_logger: LocalEventLogger) -> None:
        self._logger = local_logger
        self._counts = {"sent": 0, "failed": 0}

    def add_event(self, event: Event) -> None:
        """Writes the event."""
        self._counts["sent" if self._logger.log_events([event]) else "failed"] += 1

    def count_invalid(self) -> None:
        """Counts an event that was dropped because its payload does not fit."""
        self._counts["failed"] += 1

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Everything is written already."""
        return True

    def get_queue_size(self) -> int:
        """Always 0."""
        return 0

    def get_statistics(self) -> Dict[str, Any]:
        """As `QueueManager.get_statistics`."""
        sent, failed = self._counts["sent"], self._counts["failed"]
        return {
            "events_queued": sent,
            "events_sent": sent,
            "events_failed": failed,
            "queue_size": 0,
            "success_rate": sent / max(1, sent + failed) * 100,
        }

    def shutdown(self, timeout: Optional[float] = None) -> bool:
        """Nothing to end."""
        return True


class LocalTestingClient(EventClient):
    """A client that writes to files. Keywords: `log_directory`, `log_format`; the others of a real client are ignored."""

    def __init__(self, **kwargs: Any) -> None:
        self.local_logger = LocalEventLogger(
            log_directory=kwargs.get("log_directory", "insidellm_logs"), log_format=kwargs.get("log_format", "json")
        )
        super().__init__(LocalQueue(self.local_logger), strict_validation=bool(kwargs.get("strict_validation", True)))

    def send_events(self, events: List[Event]) -> bool:
        """Writes events at once."""
        return self.local_logger.log_events(events)

    def is_healthy(self) -> bool:
        """Always: there is no server."""
        return True

    def get_statistics(self) -> Dict[str, Any]:
        """Events written, the current run, the folder and the number of runs in it."""
        return {
            "events_logged": self.queue_manager.get_statistics()["events_sent"],
            "current_run": self.get_current_run_id(),
            "log_directory": str(self.local_logger.log_directory),
            "sessions": len(self.local_logger.list_sessions()),
        }

    def shutdown(self, timeout: Optional[float] = None) -> None:
        """Refuses new events. Idempotent."""
        self._closed = True


def _nothing() -> None:
    """For what is collected already."""


def _file_name(run_id: str) -> str:
    """A UUID's first characters, as programs expect them; any other id whole, made unique where it had to be changed."""
    if validate_uuid(run_id):
        return run_id[:_UUID_PREFIX].replace("-", "_")
    name = "".join(character if character.isalnum() and character.isascii() else "_" for character in run_id)
    if name == run_id and len(name) <= _MAX_NAME:
        return name
    return f"{name[:_MAX_NAME]}_{zlib.crc32(run_id.encode('utf-8', 'replace')):08x}"


def _set_aside(path: Path) -> None:
    seconds = int(time.time())
    while (aside := path.with_name(f"{path.stem}.{seconds}{path.suffix}")).exists():
        seconds += 1
    path.rename(aside)
