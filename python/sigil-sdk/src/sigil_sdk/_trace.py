"""Whether the program uses OpenTelemetry: all that recording asks about it in a program that does not."""

from __future__ import annotations

from sys import modules as imported

TRACE_MODULE = "opentelemetry.trace"
METRICS_MODULE = "opentelemetry.metrics"

__all__ = ["METRICS_MODULE", "TRACE_MODULE", "imported"]
