"""Spans and metrics of generations, in a program with an OpenTelemetry SDK and in one without."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from opentelemetry import trace  # noqa: E402  (after the check for the package)
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

from sigil_sdk import (  # noqa: E402
    ClientConfig,
    ContentCaptureMode,
    GenerationExportConfig,
    GenerationStart,
    Message,
    MessageRole,
    ModelRef,
    TokenUsage,
    ToolCall,
    assistant_text_message,
    tool_call_part,
    user_text_message,
)

MODEL = ModelRef("openai", "gpt-4o")
FULL, METADATA_ONLY = ContentCaptureMode.FULL, ContentCaptureMode.METADATA_ONLY
HIDDEN = (METADATA_ONLY, ContentCaptureMode.FULL_WITH_METADATA_SPANS)
STARTED = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone.utc)
TALK = {"input": [user_text_message("What?")], "output": [assistant_text_message("That.")]}


class Telemetry:
    """An SDK in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))

    def span(self) -> Any:
        """The one span that was ended."""
        (span,) = self.exporter.get_finished_spans()
        return span

    def points(self) -> dict[str, list[Any]]:
        """The data points by metric."""
        data = self.reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}


Observed = Callable[..., Any]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def observed(telemetry: Telemetry) -> Iterator[Observed]:
    """Makes clients with the tracer and meter of `telemetry`."""
    clients = []

    def make(**settings: Any) -> Any:
        export = GenerationExportConfig(protocol="none")
        settings = {"tracer": telemetry.tracers.get_tracer("t"), "meter": telemetry.meters.get_meter("m"), **settings}
        clients.append(sigil_sdk.Client(ClientConfig(generation_export=export, **settings)))
        return clients[-1]

    yield make
    for client in clients:
        client.shutdown()


def record(client: Any, result: dict[str, Any] | None = None, error: BaseException | None = None, **start: Any) -> Any:
    recorder = client.start_generation(GenerationStart(model=MODEL, **start))
    recorder.set_result(**(TALK if result is None else result))
    recorder.set_call_error(error)
    recorder.end()
    return recorder


def test_a_generation_is_a_client_span_with_the_times_and_ids_of_its_record(
    observed: Observed, telemetry: Telemetry
) -> None:
    completed = STARTED + timedelta(seconds=2.5)
    recorder = record(observed(), {**TALK, "completed_at": completed}, started_at=STARTED)
    span, made = telemetry.span(), recorder.last_generation
    assert (span.name, span.kind) == ("generateText gpt-4o", trace.SpanKind.CLIENT)
    assert span.status.status_code is trace.StatusCode.OK
    assert span.start_time == 1767323045678901000
    assert span.end_time - span.start_time == 2_500_000_000
    assert made.trace_id == f"{span.context.trace_id:032x}"
    assert made.span_id == f"{span.context.span_id:016x}"
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "generateText",
        "sigil.sdk.name": "sdk-python",
        "sigil.generation.id": made.id,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }


def test_the_span_is_a_child_of_the_current_one_and_not_current_itself(
    observed: Observed, telemetry: Telemetry
) -> None:
    client = observed()
    with telemetry.tracers.get_tracer("program").start_as_current_span("request") as parent:
        recorder = client.start_generation(GenerationStart(model=MODEL))
        assert trace.get_current_span() is parent
        assert recorder.span.is_recording()
        recorder.end()
    made = {span.name: span for span in telemetry.exporter.get_finished_spans()}
    child = made["generateText gpt-4o"]
    assert child.parent is not None
    assert child.parent.span_id == made["request"].context.span_id


def test_the_span_says_what_the_record_says_at_its_end(observed: Observed, telemetry: Telemetry) -> None:
    start = {"tags": {"a": "b"}, "conversation_id": "c", "agent_name": "reader", "agent_version": "2"}
    result = {
        **TALK,
        "model": ModelRef("", "gpt-5"),
        "operation_name": "answer",
        "conversation_title": " Why ",
        "user_id": "u",
        "response_id": "r",
        "response_model": "gpt-5-1",
        "stop_reason": "stop",
        "max_tokens": 0,
        "temperature": 0.0,
        "top_p": 0.5,
        "tool_choice": " auto ",
        "thinking_enabled": False,
        "parent_generation_ids": ["p"],
        "usage": TokenUsage(1, 2, 0, 3, 4, 5),
        "metadata": {
            "sigil.gen_ai.request.thinking.budget_tokens": "1024",
            "sigil.framework.retry_attempt": 2.0,
            "sigil.framework.run_id": " run ",
            "sigil.framework.thread_id": 5,
            "other": "x",
        },
    }
    made = record(observed(), result, **start).last_generation
    span = telemetry.span()
    assert span.name == "answer gpt-5"
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "answer",
        "sigil.sdk.name": "sdk-python",
        "sigil.generation.id": made.id,
        "gen_ai.conversation.id": "c",
        "sigil.conversation.title": "Why",
        "user.id": "u",
        "gen_ai.agent.name": "reader",
        "gen_ai.agent.version": "2",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.request.max_tokens": 0,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_p": 0.5,
        "sigil.gen_ai.request.tool_choice": "auto",
        "sigil.gen_ai.request.thinking.enabled": False,
        "sigil.gen_ai.request.thinking.budget_tokens": 1024,
        "sigil.generation.parent_generation_ids": ("p",),
        "gen_ai.response.id": "r",
        "gen_ai.response.model": "gpt-5-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read_input_tokens": 3,
        "gen_ai.usage.cache_write_input_tokens": 4,
        "gen_ai.usage.reasoning_tokens": 5,
        "sigil.framework.retry_attempt": 2,
        "sigil.framework.run_id": "run",
    }


def test_a_failed_call_is_told_and_its_exception_recorded(observed: Observed, telemetry: Telemetry) -> None:
    recorder = record(observed(), error=ValueError("status 429: slow down"))
    span = telemetry.span()
    assert recorder.err() is None
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "status 429: slow down")
    assert (span.attributes["error.type"], span.attributes["error.category"]) == ("provider_call_error", "rate_limit")
    assert [event.attributes["exception.message"] for event in span.events] == ["status 429: slow down"]


@pytest.mark.parametrize("mode", HIDDEN)
def test_what_spans_must_not_tell(observed: Observed, telemetry: Telemetry, mode: ContentCaptureMode) -> None:
    recorder = record(
        observed(), error=ValueError("timeout of Ada"), content_capture=mode, conversation_title="About Ada"
    )
    span = telemetry.span()
    assert "Ada" not in span.to_json()
    assert span.status.description == "timeout"
    exported = recorder.last_generation.call_error
    assert exported == ("timeout" if mode is METADATA_ONLY else "timeout of Ada")


def test_a_record_that_was_refused_is_a_failed_span(observed: Observed, telemetry: Telemetry) -> None:
    recorder = record(observed(), {"input": [Message(MessageRole.USER, [])]}, error=None)
    span = telemetry.span()
    assert (span.attributes["error.type"], span.attributes["error.category"]) == ("validation_error", "sdk_error")
    assert span.status.description == str(recorder.err())
    assert [event.attributes["exception.message"] for event in span.events] == [str(recorder.err())]


def test_a_mapping_error_counts_before_our_own(observed: Observed, telemetry: Telemetry) -> None:
    recorder = observed().start_generation(GenerationStart(model=MODEL))
    recorder.set_result(mapping_error=RuntimeError("no reply"), **TALK)
    recorder.end()
    span = telemetry.span()
    assert (span.attributes["error.type"], span.status.description) == ("mapping_error", "no reply")


def test_a_record_of_nonsense_ends_its_span(observed: Observed, telemetry: Telemetry) -> None:
    class Unreadable:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("no")

    recorder = record(observed(), {"input": [Unreadable()], "output": "words", "agent_name": 7})
    assert recorder.err() is not None
    assert telemetry.span().attributes["error.type"] in {"enqueue_error", "validation_error"}


def test_a_sanitizer_that_fails_takes_the_title_from_the_span(observed: Observed, telemetry: Telemetry) -> None:
    def sanitizer(generation: Any) -> Any:
        raise RuntimeError("no")

    client = observed(generation_sanitizer=sanitizer)
    record(client, error=ValueError("Ada failed"), conversation_title="About Ada")
    span = telemetry.span()
    assert span.attributes["sigil.conversation.title"] == ""
    assert "Ada" not in span.to_json()


def test_each_operation_has_metrics_with_an_exemplar_of_its_span(observed: Observed, telemetry: Telemetry) -> None:
    client = observed()
    recorder = client.start_streaming_generation(
        GenerationStart(model=ModelRef(" openai ", "gpt-4o"), agent_version=" 2 ", started_at=STARTED)
    )
    recorder.set_first_token_at(STARTED + timedelta(seconds=0.25))
    called = Message(MessageRole.ASSISTANT, [tool_call_part(ToolCall("read")), tool_call_part(ToolCall("write"))])
    recorder.set_result(output=[called], usage=TokenUsage(10, 3), completed_at=STARTED + timedelta(seconds=4))
    recorder.end()
    assert recorder.err() is None
    identity = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.agent.name": "",
        "gen_ai.agent.version": "2",
    }
    operation = {"gen_ai.operation.name": "streamText", **identity}
    points = telemetry.points()
    found = {name: [(dict(point.attributes), point.sum) for point in of_name] for name, of_name in points.items()}
    assert found == {
        "gen_ai.client.operation.duration": [({**operation, "error.type": "", "error.category": ""}, 4.0)],
        "gen_ai.client.token.usage": [
            ({**operation, "gen_ai.token.type": "input"}, 10),
            ({**operation, "gen_ai.token.type": "output"}, 3),
        ],
        "gen_ai.client.time_to_first_token": [(identity, 0.25)],
        "gen_ai.client.tool_calls_per_operation": [(identity, 2)],
    }
    duration, tokens = points["gen_ai.client.operation.duration"][0], points["gen_ai.client.token.usage"][0]
    assert duration.explicit_bounds == tuple(0.01 * 2**power for power in range(14))
    assert tokens.explicit_bounds == tuple(4**power for power in range(14))
    span_id = telemetry.span().context.span_id
    assert [each.span_id for of_name in points.values() for point in of_name for each in point.exemplars] == [span_id] * 5


def test_the_histogram_of_the_client_may_be_replaced(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, Any, Any]] = []
    client = observed()
    taken = lambda value, attributes: seen.append((value, attributes, trace.get_current_span()))  # noqa: E731
    monkeypatch.setattr(client._operation_duration_histogram, "record", taken)
    recorder = record(client)
    ((value, attributes, current),) = seen
    assert value >= 0
    assert attributes["gen_ai.operation.name"] == "generateText"
    assert current is recorder.span


def test_a_tracer_that_fails_costs_no_record(observed: Observed, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def start_span(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("no spans today")

    client = observed(tracer=Broken())
    recorder = record(client)
    assert recorder.err() is None
    assert not recorder.span.is_recording()
    client.flush()
    assert client.stats()["delivered"] == 1


def test_without_a_provider_a_record_stands_in_the_current_trace(sigil_client: Any) -> None:
    parent = trace.NonRecordingSpan(trace.SpanContext(0xAB, 0xCD, is_remote=True))
    with trace.use_span(parent):
        recorder = record(sigil_client())
    assert (recorder.last_generation.trace_id, recorder.last_generation.span_id) == (f"{0xAB:032x}", f"{0xCD:016x}")
    assert isinstance(recorder.span, trace.Span)
    assert not recorder.span.is_recording()


PROGRAM = """
import sys
import sigil_sdk as sdk
client = sdk.Client(sdk.ClientConfig(generation_export=sdk.GenerationExportConfig(protocol="none")))
with client.start_generation(sdk.GenerationStart(model=sdk.ModelRef("a", "b"))) as recorder:
    recorder.set_result(output=[sdk.assistant_text_message("x")])
with client.start_embedding(sdk.EmbeddingStart(model=sdk.ModelRef("a", "b"))):
    pass
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
from opentelemetry import metrics, trace
assert not recorder.span.is_recording() and isinstance(recorder.span, trace.Span)
with client.start_generation(sdk.GenerationStart(model=sdk.ModelRef("a", "b"))) as second:
    pass
assert not second.span.is_recording()
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
trace.set_tracer_provider(TracerProvider())
with client.start_generation(sdk.GenerationStart(model=sdk.ModelRef("a", "b"))) as third:
    pass
assert third.span.name == "generateText b", third.span
scope = reader.get_metrics_data().resource_metrics[0].scope_metrics[0]
assert scope.scope.name == third.span.instrumentation_scope.name == "github.com/grafana/sigil/sdks/python", scope
print(sorted(metric.name for metric in scope.metrics))
"""


def test_nothing_is_imported_for_a_program_without_opentelemetry_and_a_late_provider_is_found() -> None:
    finished = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "gen_ai.client.operation.duration" in finished.stdout
