"""OpenTelemetry: spans and metrics of what a client records, for a program that uses OpenTelemetry.

It does when it gave its client a tracer or meter, or when it has set a global provider. Nothing is imported on behalf of a
program that does neither, and recording then costs it nothing: spans are objects that do nothing, and no number is recorded.
A provider that is set after the client was made is found at the next record.

Nothing here raises into the program: what a tracer or meter of its own raises goes to the log, at most once in a while.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ._trace import METRICS_MODULE, TRACE_MODULE, imported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from .client import Client

INSTRUMENTATION_NAME = "github.com/grafana/sigil/sdks/python"

_SECONDS = tuple(0.01 * 2**power for power in range(14))
_TOKENS = tuple(4**power for power in range(14))
#: Attribute of the client, name, unit and advised buckets.
_HISTOGRAMS: tuple[tuple[str, str, str, tuple[float, ...] | None], ...] = (
    ("_operation_duration_histogram", "gen_ai.client.operation.duration", "s", _SECONDS),
    ("_token_usage_histogram", "gen_ai.client.token.usage", "token", _TOKENS),
    ("_ttft_histogram", "gen_ai.client.time_to_first_token", "s", _SECONDS),
    ("_tool_calls_histogram", "gen_ai.client.tool_calls_per_operation", "count", None),
)
HISTOGRAM_ATTRIBUTES = frozenset(attribute for attribute, *_ in _HISTOGRAMS)
#: Providers that do nothing until the program sets one.
_IDLE_PROVIDERS = frozenset(
    {"ProxyTracerProvider", "NoOpTracerProvider", "_ProxyMeterProvider", "NoOpMeterProvider"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_REPORT_SECONDS = 5.0


class NoSpan:
    """Stands for a span in a program that has not imported OpenTelemetry."""

    def is_recording(self) -> bool:
        """False."""
        return False

    def set_attribute(self, key: str, value: Any) -> None:
        """Does nothing."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Does nothing."""

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Does nothing."""

    def add_link(self, context: Any, attributes: Any = None) -> None:
        """Does nothing."""

    def update_name(self, name: str) -> None:
        """Does nothing."""

    def set_status(self, status: Any, description: str | None = None) -> None:
        """Does nothing."""

    def record_exception(
        self, exception: BaseException, attributes: Any = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        """Does nothing."""

    def end(self, end_time: int | None = None) -> None:
        """Does nothing."""

    def get_span_context(self) -> Any:
        """That of OpenTelemetry's invalid span; `ImportError` where OpenTelemetry is not installed."""
        from opentelemetry import trace

        return trace.INVALID_SPAN_CONTEXT


NO_SPAN = NoSpan()


class _Api:
    """What is used of OpenTelemetry's API, looked up once."""

    def __init__(self) -> None:
        from opentelemetry import context, trace

        self.attach, self.detach = context.attach, context.detach
        self.with_span = trace.set_span_in_context
        self.current_span = trace.get_current_span
        self.non_recording = trace.NonRecordingSpan
        self.kinds = {"client": trace.SpanKind.CLIENT, "internal": trace.SpanKind.INTERNAL}
        self.status, self.error = trace.Status, trace.StatusCode.ERROR
        self.ok = trace.Status(trace.StatusCode.OK)


_loaded: _Api | None = None
_next_report = 0.0


def load() -> _Api:
    """The API; `ImportError` where it is not installed."""
    global _loaded
    if _loaded is None:
        _loaded = _Api()
    return _loaded


# Tracer and meter


def attach_to(client: Client, tracer: Any, meter: Any) -> None:
    """Takes the tracer and meter of the client's configuration, else those of the providers that are set by now."""
    if tracer is not None:
        load()
        client._tracer = client._active_tracer = tracer
    elif TRACE_MODULE in imported:
        find_tracer(client)
    if meter is not None:
        load()
        client._meter = meter
        make_histograms(client)
    elif METRICS_MODULE in imported:
        find_histograms(client)


def find_tracer(client: Client) -> Any:
    """The client's tracer if spans are to be made, else None. For a program that has imported OpenTelemetry."""
    if client._active_tracer is None and _is_set(TRACE_MODULE, "get_tracer_provider"):
        load()
        client._active_tracer = client._tracer
    return client._active_tracer


def find_histograms(client: Client) -> bool:
    """Whether metrics are to be recorded; the histograms exist then."""
    if not client._metering and _is_set(METRICS_MODULE, "get_meter_provider"):
        make_histograms(client)
    return client._metering


def make_attribute(client: Client, name: str) -> Any:
    """`_tracer`, `_meter` or a histogram of a client that has none yet; they work once the program sets a provider."""
    if name in HISTOGRAM_ATTRIBUTES:
        make_histograms(client)
        return client.__dict__[name]
    if name == "_tracer":
        from opentelemetry import trace

        made: Any = trace.get_tracer(INSTRUMENTATION_NAME)
    else:
        from opentelemetry import metrics

        made = metrics.get_meter(INSTRUMENTATION_NAME)
    return client.__dict__.setdefault(name, made)


def make_histograms(client: Client) -> None:
    """Makes the four histograms. Two threads that are first at the same time share what one of them made."""
    meter, attributes = client._meter, client.__dict__
    for attribute, name, unit, buckets in _HISTOGRAMS:
        if attribute not in attributes:
            attributes.setdefault(attribute, _make_histogram(meter, name, unit, buckets))
    load()
    client._metering = True


def _make_histogram(meter: Any, name: str, unit: str, buckets: tuple[float, ...] | None) -> Any:
    if buckets is not None:
        try:
            return meter.create_histogram(name, unit=unit, explicit_bucket_boundaries_advisory=buckets)
        except TypeError:
            pass  # An API, or a meter of the program's own, that knows no advice.
    return meter.create_histogram(name, unit=unit)


def _is_set(module: str, getter: str) -> bool:
    """Whether the program has set a provider. Another thread may be importing the module just now."""
    get_provider = getattr(imported.get(module), getter, None)
    if get_provider is None:
        return False
    try:
        return type(get_provider()).__name__ not in _IDLE_PROVIDERS
    except Exception as error:
        report(error)
        return False


# Spans


def start_span(
    client: Client, name: str, kind: str, started_at: datetime, attributes: Mapping[str, Any], context: Any = None
) -> Any:
    """A span of kind `client` or `internal`, or one that does nothing.

    It is not made current; its parent is the span of `context`, by default the one that is current.
    """
    tracer = client._active_tracer
    if tracer is None and TRACE_MODULE in imported:
        tracer = find_tracer(client)
    if tracer is None:
        return unrecorded_span()
    try:
        return tracer.start_span(
            name,
            context=context,
            kind=load().kinds[kind],
            attributes=attributes,
            start_time=nanoseconds(started_at),
        )
    except Exception as error:
        report(error)
        return unrecorded_span()


def end_span(
    span: Any,
    completed_at: datetime,
    *,
    error_type: str = "",
    category: str = "",
    description: str = "",
    exceptions: Sequence[BaseException] = (),
) -> None:
    """Ends the span at `completed_at`; with an `error_type`, as failed and with what is told of the error."""
    if span is None or span is NO_SPAN:
        return
    try:
        api = load()
        if error_type:
            span.set_attributes({"error.type": error_type, "error.category": category})
            for exception in exceptions:
                span.record_exception(exception)
            span.set_status(api.status(api.error, description))
        else:
            span.set_status(api.ok)
        span.end(end_time=nanoseconds(completed_at))
    except Exception as error:
        report(error)


def unrecorded_span() -> Any:
    """A span that does nothing but stands in the trace that is current: one of OpenTelemetry's if the program uses it."""
    if TRACE_MODULE not in imported:
        return NO_SPAN
    try:
        api = load()
        parent = api.current_span()
        return parent if isinstance(parent, api.non_recording) else api.non_recording(parent.get_span_context())
    except Exception as error:  # Also an import that another thread has not finished.
        report(error)
        return NO_SPAN


def readable_span() -> Any:
    """`unrecorded_span` for a program that looks at it: one of OpenTelemetry's wherever that is installed."""
    try:
        load()
    except ImportError:
        return NO_SPAN
    return unrecorded_span()


def current_trace_ids() -> tuple[str, str]:
    """Those of the span that is current, in a program that has imported OpenTelemetry."""
    try:
        return trace_ids(load().current_span())
    except Exception as error:  # Also an import that another thread has not finished.
        report(error)
        return "", ""


def trace_ids(span: Any) -> tuple[str, str]:
    """Trace id (32 hex digits) and span id (16), both empty for a span that has none."""
    if span is NO_SPAN:
        return "", ""
    try:
        context = span.get_span_context()
        if not context.trace_id or not context.span_id:
            return "", ""
        return f"{context.trace_id:032x}", f"{context.span_id:016x}"
    except Exception as error:
        report(error)
        return "", ""


class current:
    """A block in which `span` is the current one; None and spans that do nothing leave what is."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Any) -> None:
        self._span = None if span is NO_SPAN else span
        self._token: Any = None

    def __enter__(self) -> Any:
        if self._span is not None:
            api = load()
            self._token = api.attach(api.with_span(self._span))
        return self._span

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            load().detach(self._token)


def nanoseconds(moment: datetime) -> int:
    """Since 1970; a naive time is taken for UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // _MICROSECOND * 1000


# Metrics


def identity(provider: str, model: str, agent_name: str, agent_version: str) -> dict[str, str]:
    """The attributes that every metric carries: stripped; the version only when there is one."""
    found = {
        "gen_ai.provider.name": _text(provider),
        "gen_ai.request.model": _text(model),
        "gen_ai.agent.name": _text(agent_name),
    }
    version = _text(agent_version)
    if version:
        found["gen_ai.agent.version"] = version
    return found


def metering(client: Client) -> bool:
    """Whether metrics are recorded."""
    return client._metering or (METRICS_MODULE in imported and find_histograms(client))


def record_duration(client: Client, span: Any, seconds: float, attributes: Mapping[str, Any]) -> None:
    """Records how long an operation took, with its span current, so that an exemplar leads to it."""
    record(client, span, (("_operation_duration_histogram", seconds, attributes),))


def record_tokens(client: Client, span: Any, tokens: int, attributes: Mapping[str, Any]) -> None:
    """Records one of an operation's counts of tokens."""
    record(client, span, (("_token_usage_histogram", tokens, attributes),))


def record(client: Client, span: Any, measured: Sequence[tuple[str, float, Mapping[str, Any]]]) -> None:
    """Records values in the histograms of these attributes of the client, which a program may have replaced."""
    if not metering(client):
        return
    try:
        with current(span):
            for histogram, value, attributes in measured:
                getattr(client, histogram).record(value, attributes=attributes)
    except Exception as error:
        report(error)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def report(error: Exception) -> None:
    """A tracer or meter failed: the record itself is not lost for that."""
    global _next_report
    moment = time.monotonic()
    if moment < _next_report:
        return
    _next_report = moment + _REPORT_SECONDS
    from .config import default_logger

    default_logger().warning("sigil: OpenTelemetry failed: %s: %s", type(error).__name__, error)
