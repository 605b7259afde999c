"""Whether the program uses OpenTelemetry: all that recording asks about it in a program that does not."""

from __future__ import annotations

from sys import modules as imported
from typing import Any

TRACE_MODULE = "opentelemetry.trace"
METRICS_MODULE = "opentelemetry.metrics"

__all__ = ["METRICS_MODULE", "TRACE_MODULE", "OpenTelemetryAttribute", "imported"]


class OpenTelemetryAttribute:
    """A tracer, meter or histogram of a client, made when it is first read. The client's own attribute then stands before it."""

    __slots__ = ("_name",)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, client: Any, owner: type | None = None) -> Any:
        if client is None:
            return self
        from . import _otel

        return _otel.make_attribute(client, self._name)
