"""Types of the compiled module. This file is the contract between the native core and the Python packages.

Units: every timeout, interval and backoff is seconds (float); every size is bytes.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple, final

__all__ = ["Closed", "EncodeError", "FlushReport", "Pipeline", "QueueFull", "TooLarge", "__version__"]

__version__: str

class QueueFull(Exception):
    """The queue holds ``queue_size`` records (or its byte bound is reached); the new record was refused and counted."""

class TooLarge(Exception):
    """One record is over the limit: ``<generation|workflow step|event> payload exceeds max bytes (<n> > <limit>)``."""

class Closed(Exception):
    """``shutdown`` has begun; the record was refused and counted."""

class EncodeError(Exception):
    """A record has no sane reading; the message names the field."""

@final
class FlushReport:
    """What became of the records that were pending when ``flush_report`` was called."""

    @property
    def complete(self) -> bool:
        """True when each of them is acknowledged or given up; False when the timeout ended the wait."""
    @property
    def delivered(self) -> int: ...
    @property
    def rejected(self) -> int:
        """Refused by the server, alone, with a reason (see ``take_notices``)."""
    @property
    def gave_up(self) -> int:
        """Dropped after the last attempt, or because the whole request was refused for good."""
    @property
    def error(self) -> Optional[str]:
        """Text of the first failure that made the pipeline give up during this flush, e.g. ``HTTP 401 Unauthorized``."""

@final
class Pipeline:
    """Admit, queue, batch, deliver. One native thread, ``lightwell-send``, started by the first record.

    Thread-safe and fork-safe: a forked child starts with an empty queue, zero counters and its own thread; the parent
    keeps what it had. A pipeline that is garbage-collected without ``shutdown`` delivers what it has and frees its thread.
    """

    @staticmethod
    def sigil(
        *,
        protocol: str,
        endpoint: str,
        insecure: Optional[bool] = None,
        headers: Optional[Mapping[str, str]] = None,
        user_agent: str = ...,
        batch_size: int = 100,
        flush_interval: float = 1.0,
        queue_size: int = 2000,
        max_retries: int = 5,
        initial_backoff: float = 0.1,
        max_backoff: float = 5.0,
        payload_max_bytes: int = 4194304,
        request_timeout: float = 10.0,
    ) -> Pipeline:
        """A pipeline for generations and workflow steps. Never connects.

        ``protocol``: ``"grpc"``, ``"http"`` or ``"none"`` (accepts and forgets), any case, stripped.
        ``insecure`` (gRPC only): None = plaintext for ``http://`` and for a loopback host without scheme, else TLS.
        ``headers``: a non-blank ``User-Agent`` among them wins over ``user_agent``.
        ``queue_size`` bounds generations and workflow steps separately. ``payload_max_bytes <= 0``: no limit.

        Raises ``ValueError``: ``unsupported generation export protocol '<p>'``, ``endpoint is required``,
        ``endpoint host is required``, or a sentence that names the header that cannot be sent.
        """
    @staticmethod
    def insidellm(
        *,
        base_url: str,
        api_key: str,
        user_agent: str = ...,
        batch_size: int = 50,
        flush_interval: float = 30.0,
        queue_size: int = 10000,
        max_retries: int = 3,
        backoff_factor: float = 2.0,
        request_timeout: float = 30.0,
    ) -> Pipeline:
        """A pipeline for InsideLLM events: ``POST {base_url}/api/v1/ingest`` with ``Authorization: Bearer <api_key>``.

        ``flush_interval <= 0``: send as soon as anything is queued. Pauses before retry n (from 0) are random, at most
        ``backoff_factor * 2**n`` seconds. Never connects. Raises ``ValueError`` for a URL or key that cannot be used.
        """
    def record_generation(self, generation: Any) -> None:
        """Encode a ``sigil_sdk.models.Generation`` (or anything with its attributes) and queue it. Never blocks.

        ``conversation_title`` and ``user_id`` are not read: they travel in ``metadata``. The caller's object is only read.
        Raises ``QueueFull``, ``TooLarge``, ``Closed``, ``EncodeError``.
        """
    def record_workflow_step(self, step: Any) -> None:
        """Encode a ``sigil_sdk.models.WorkflowStep`` and queue it. Raises as ``record_generation``."""
    def record_event(self, event: Mapping[str, Any]) -> None:
        """Encode one InsideLLM wire object as JSON and queue it. Key order is kept; any value is made JSON-safe.

        Raises ``QueueFull``, ``TooLarge`` (over the pipeline's byte bound alone), ``Closed``, ``EncodeError``
        (not a mapping).
        """
    def flush(self, timeout: Optional[float] = None) -> bool:
        """Send now and wait. True: everything recorded before the call is acknowledged or given up; False: timed out.

        None waits as long as the retry settings allow. The interpreter lock is released; Ctrl-C interrupts the wait.
        """
    def flush_report(self, timeout: Optional[float] = None) -> FlushReport:
        """As ``flush``, and says what became of the records."""
    def shutdown(self, timeout: Optional[float] = None) -> bool:
        """Refuse new records, deliver what is queued, stop the thread. Idempotent.

        Returns by the deadline (plus at most 50 ms); what is unsent then is counted as ``dropped_shutdown``. True when
        nothing was left unsent. With an empty queue it returns at once and touches no network. None waits as long as
        the retry settings allow: pass a timeout.
        """
    def stats(self) -> Dict[str, int]:
        """Counters since construction (in a forked child: since the fork).

        Keys: accepted, delivered, dropped_queue_full, dropped_too_large, dropped_rejected, dropped_gave_up,
        dropped_shutdown, pending, pending_bytes, requests, retries. Always
        ``accepted == delivered + dropped_* + pending``: ``accepted`` counts every record offered, refused ones too.
        ``pending`` is queued plus in flight.
        """
    def queue_len(self) -> int:
        """Records queued and not yet taken for sending."""
    def take_notices(self) -> List[Tuple[str, str]]:
        """Log lines that the delivery thread left, oldest first, each ``(level, text)`` with level ``warning`` or ``error``.

        At most 64 are kept; call it after ``flush``/``shutdown`` (or now and then) and log them. For Sigil the texts are
        ``sigil generation rejected id=<id> error=<text>``, ``sigil workflow step rejected id=...``,
        ``sigil generation export failed: <error>``, ``sigil workflow step export failed: <error>``.
        """
    def probe(self, timeout: float = 5.0) -> bool:
        """``GET {base}/health`` with the pipeline's headers: True only for status 200. False on any failure."""
