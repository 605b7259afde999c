"""What the SDK raises. Everything derives from `SigilError`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SigilError(Exception):
    """Base of all errors of this package."""


class ValidationError(SigilError):
    """A record does not fit its schema; the message names the field."""


class EnqueueError(SigilError):
    """A record could not be put on the delivery queue."""


class QueueFullError(EnqueueError):
    """`queue_size` records are already waiting."""


class ClientShutdownError(EnqueueError):
    """The client was shut down."""


class MappingError(SigilError):
    """A provider's reply could not be turned into a record."""


class RatingConflictError(SigilError):
    """The rating id is in use with another content."""


class RatingTransportError(SigilError):
    """A rating could not be sent, or the answer could not be read."""


class HookTransportError(SigilError):
    """A hook could not be evaluated and the client is configured to fail closed."""


class NotFoundError(SigilError):
    """The server does not know the thing."""


class ConflictError(SigilError):
    """The server has the thing in another state."""


class ExperimentTransportError(SigilError):
    """An experiment call could not be sent, or the answer could not be read."""


class ScoreExportError(SigilError):
    """Scores could not be sent, or were rejected."""


class HookDeniedError(SigilError):
    """A hook rule forbids the call."""

    def __init__(self, reason: str = "", rule_id: str = "", evaluations: Sequence[Any] | None = None) -> None:
        self.reason = reason.strip() or "request blocked by Sigil hook rule"
        self.rule_id = rule_id.strip()
        self.evaluations: list[Any] = list(evaluations or [])
        by_rule = f" by rule {self.rule_id}" if self.rule_id else ""
        super().__init__(f"sigil hook denied{by_rule}: {self.reason}")
