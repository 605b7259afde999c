"""The ids of the OpenTelemetry span that is current, when the program uses OpenTelemetry at all."""

from __future__ import annotations

import sys


def current_trace_ids() -> tuple[str, str]:
    """Trace id (32 hex digits) and span id (16), both empty without a current span.

    Looks only at an OpenTelemetry API that the program has imported itself: telemetry must not pay for what nobody uses.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return "", ""
    context = trace.get_current_span().get_span_context()
    if not context.trace_id or not context.span_id:
        return "", ""
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"
