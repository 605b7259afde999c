"""What the recorders of tools and of embeddings have in common: a span from the beginning to the one end, and a failure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from . import _otel
from ._capture import HIDDEN_FROM_SPANS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    from .client import Client
    from .models import ContentCaptureMode

_Self = TypeVar("_Self", bound="OperationRecorder")


class OperationRecorder(ABC):
    """An operation in progress, which is not exported. A context manager; `end()` never raises."""

    def __init__(self, client: Client, started_at: datetime, mode: ContentCaptureMode) -> None:
        self.client = client
        self.started_at = started_at
        self._content_capture_mode = mode
        self._span: Any = _otel.NO_SPAN
        self._failure: BaseException | None = None
        self._ended = False

    @property
    def span(self) -> Any:
        """The span; one that records nothing in a program without OpenTelemetry."""
        return _otel.readable_span() if self._span is _otel.NO_SPAN else self._span

    def end(self) -> None:
        """Ends the span and records the metrics. Only the first call does anything."""
        if not self._ended:
            self._ended = True
            self._finish()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._failure is None:
            self._fail(exc)
        self.end()

    @abstractmethod
    def _finish(self) -> None:
        """Records what is known at the end."""

    def _begin_span(self, name: str, kind: str, attributes: Mapping[str, Any]) -> None:
        self._span = _otel.start_span(self.client, name, kind, self.started_at, attributes)

    def _fail(self, error: BaseException | None) -> None:
        """The operation itself failed. None is ignored; the last error wins."""
        if error is not None and not self._ended:
            self._failure = error

    @property
    def _hidden(self) -> bool:
        """Whether the span tells nothing that somebody wrote."""
        return self._content_capture_mode in HIDDEN_FROM_SPANS
