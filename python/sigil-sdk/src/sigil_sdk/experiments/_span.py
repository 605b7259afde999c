"""The OpenTelemetry span of a trial: only with `use_experimental_otel`, and only where OpenTelemetry is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import otel

if TYPE_CHECKING:
    from ..models.experiment import ScoreItem
    from .types import Evaluator


class TrialSpan:
    """An INTERNAL span that is current from `start` to `end`. Without OpenTelemetry it does nothing."""

    def __init__(self) -> None:
        self._span: Any = None
        self._token: Any = None

    def start(self, test_case_id: str, attributes: dict[str, Any]) -> tuple[str, str]:
        """Trace id and span id as hex; empty when nothing records."""
        try:
            from opentelemetry import context, trace
        except ImportError:
            return "", ""
        tracer = trace.get_tracer(otel.INSTRUMENTATION_NAME)
        self._span = tracer.start_span(
            f"{otel.TRIAL_SPAN_NAME} {test_case_id}", kind=trace.SpanKind.INTERNAL, attributes=attributes
        )
        self._token = context.attach(trace.set_span_in_context(self._span))
        ids = self._span.get_span_context()
        return (f"{ids.trace_id:032x}", f"{ids.span_id:016x}") if ids.is_valid else ("", "")

    def set_usage(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Token counts."""
        if self._span is not None:
            for name, count in (("input", input_tokens), ("output", output_tokens)):
                if count is not None:
                    self._span.set_attribute(f"gen_ai.usage.{name}_tokens", count)

    def score(self, item: ScoreItem, evaluator: Evaluator, generation_id: str) -> None:
        """An event of a score. `generation_id` is the one that the score alone is about."""
        if self._span is None:
            return
        value = item.value
        plain = value.boolean if value.boolean is not None else value.number if value.number is not None else value.string
        attributes = otel.score_event_attributes(
            name=item.score_key,
            value=plain,
            passed=item.passed,
            explanation=item.explanation,
            evaluator_id=item.evaluator_id,
            evaluator_version=item.evaluator_version,
            evaluator_kind=item.evaluator_kind,
            reference_set_id=evaluator.reference_set_id,
            reference_set_version=evaluator.reference_set_version,
            response_id=generation_id,
        )
        self._span.add_event(otel.EVENT_EVAL_RESULT, attributes)

    def artifact(self, name: str, kind: str) -> None:
        """An event of something that is kept with the trial."""
        if self._span is not None:
            self._span.add_event(otel.EVENT_ARTIFACT, {otel.ARTIFACT_NAME: name, otel.ARTIFACT_KIND: kind})

    def end(self, attributes: dict[str, Any], error: str) -> None:
        """The outcome; the span is no longer current. Once."""
        span, self._span = self._span, None
        if span is None:
            return
        from opentelemetry import context, trace

        span.set_attributes(attributes)
        if error:
            span.set_attribute(otel.EVAL_EXPLANATION, error)
            span.set_status(trace.Status(trace.StatusCode.ERROR, error))
        else:
            span.set_status(trace.Status(trace.StatusCode.OK))
        context.detach(self._token)
        span.end()
