"""A tracer and a meter that keep what they are given, for programs that hand their own to the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan


class KeptSpan(NonRecordingSpan):
    """One span, as the client left it."""

    def __init__(self, name: str, kind: Any, attributes: dict[str, Any], start_time: int, parent: Any) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self.name = name
        self.kind = kind.name
        self.attributes = dict(attributes)
        self.start_time = start_time
        self.end_time: int | None = None
        self.parent = parent
        self.status: str | None = None
        self.description: str | None = None
        self.exceptions: list[str] = []

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_attributes(self, attributes: Any) -> None:
        self.attributes.update(attributes)

    def update_name(self, name: str) -> None:
        self.name = name

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.status, self.description = status.status_code.name, status.description

    def record_exception(self, exception: BaseException, *_args: Any, **_kwargs: Any) -> None:
        self.exceptions.append(str(exception))

    def end(self, end_time: int | None = None) -> None:
        self.end_time = end_time


@dataclass
class Telemetry:
    """Is the tracer and the meter, and each histogram's maker. `values` are (histogram, value, attributes, current span)."""

    spans: list[KeptSpan] = field(default_factory=list)
    values: list[tuple[str, float, dict[str, Any], Any]] = field(default_factory=list)

    def start_span(
        self, name: str, context: Any = None, kind: Any = None, attributes: Any = None, start_time: int = 0, **_: Any
    ) -> KeptSpan:
        self.spans.append(KeptSpan(name, kind, attributes or {}, start_time, trace.get_current_span(context)))
        return self.spans[-1]

    def create_histogram(self, name: str, **_: Any) -> _Histogram:
        return _Histogram(name, self)


@dataclass
class _Histogram:
    name: str
    telemetry: Telemetry

    def record(self, value: float, attributes: dict[str, Any]) -> None:
        self.telemetry.values.append((self.name, value, dict(attributes), trace.get_current_span()))
