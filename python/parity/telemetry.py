"""An OpenTelemetry SDK in memory, with ids that count from one, and what it got as JSON."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Tracer

from .plain import plain

#: Scenarios live in the first days of January 2026.
MACHINE_CLOCK = 1_768_000_000_000_000_000


class Counting(IdGenerator):
    """Ids 1, 2, 3, ..."""

    def __init__(self) -> None:
        self.spans = 0
        self.traces = 0

    def generate_span_id(self) -> int:
        self.spans += 1
        return self.spans

    def generate_trace_id(self) -> int:
        self.traces += 1
        return self.traces


class _Current(TracerProvider):
    """The program's tracer provider: that of the scenario which is running."""

    telemetry: Telemetry

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return self.telemetry.tracer_provider.get_tracer(*args, **kwargs)


_global: _Current | None = None


class Telemetry:
    """Providers of one scenario."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(id_generator=Counting())
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider(metric_readers=[self._reader])
        self.tracer: Tracer = self.tracer_provider.get_tracer("parity")
        self.meter: Meter = self.meter_provider.get_meter("parity")

    def use_globally(self) -> None:
        """Makes these the program's providers; a process has one of each, so later ones take its place within."""
        global _global
        if _global is None:
            _global = _Current()
            trace.set_tracer_provider(_global)
        _global.telemetry = self

    def finished(self) -> int:
        """How many spans have ended."""
        return len(self._exporter.get_finished_spans())

    def take(self) -> tuple[list[Any], list[Any]]:
        """The finished spans, in the order of their starts, and the metrics by name."""
        spans = sorted(self._exporter.get_finished_spans(), key=lambda span: span.context.span_id if span.context else 0)
        data = self._reader.get_metrics_data()
        scopes = [scope for each in data.resource_metrics for scope in each.scope_metrics] if data else []
        metrics = [_metric(scope.scope.name, metric) for scope in scopes for metric in scope.metrics]
        return [_span(span) for span in spans], sorted(metrics, key=lambda metric: str(metric["name"]))


def _span(span: ReadableSpan) -> dict[str, Any]:
    return {
        "scope": span.instrumentation_scope.name if span.instrumentation_scope else None,
        "name": span.name,
        "kind": span.kind.name,
        "id": span.context.span_id if span.context else None,
        "trace": span.context.trace_id if span.context else None,
        "parent": span.parent.span_id if span.parent else None,
        "start": _time(span.start_time),
        "end": _time(span.end_time),
        "status": span.status.status_code.name,
        "description": span.status.description,
        "attributes": {key: plain(value) for key, value in sorted((span.attributes or {}).items())},
        "events": [_event(event) for event in span.events],
    }


def _time(nanoseconds: int | None) -> Any:
    """In whole microseconds; the times of the scenario's own spans are those of the machine's clock."""
    if nanoseconds is None or nanoseconds > MACHINE_CLOCK:
        return None if nanoseconds is None else "<now>"
    return round(nanoseconds, -3)


def _value(value: float) -> Any:
    """A duration between a scenario's time and the machine's clock says nothing."""
    return "<now>" if abs(value) > 10_000_000 and value != int(value) else round(value, 6)


def _event(event: Any) -> dict[str, Any]:
    attributes = {key: plain(value) for key, value in sorted((event.attributes or {}).items())}
    if "exception.stacktrace" in attributes:
        attributes["exception.stacktrace"] = bool(attributes["exception.stacktrace"])
    return {"name": event.name, "attributes": attributes}


def _metric(scope: str, metric: Any) -> dict[str, Any]:
    points = [
        {
            "attributes": dict(sorted((point.attributes or {}).items())),
            "count": getattr(point, "count", None),
            "sum": _value(getattr(point, "sum", 0)),
            "bounds": list(getattr(point, "explicit_bounds", ())),
            "buckets": list(getattr(point, "bucket_counts", ())),
            "exemplars": sorted([each.span_id or 0, _value(each.value)] for each in getattr(point, "exemplars", ())),
        }
        for point in metric.data.data_points
    ]
    return {
        "scope": scope,
        "name": metric.name,
        "unit": metric.unit,
        "description": metric.description,
        "points": {repr(sorted(point["attributes"].items())): point for point in points},
    }
