"""Embeddings, tool executions and `execute_tool_calls`: spans, metrics, what content capture withholds, and failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from opentelemetry import trace
from telemetry import KeptSpan, Telemetry

from sigil_sdk import (
    ClientShutdownError,
    ContentCaptureMode,
    EmbeddingCaptureConfig,
    EmbeddingStart,
    ExecuteToolCallsOptions,
    Message,
    MessageRole,
    ModelRef,
    ToolCall,
    ToolExecutionEnd,
    ToolExecutionStart,
    ValidationError,
    text_part,
    tool_call_part,
    with_agent_name,
    with_content_capture_mode,
    with_conversation_id,
    with_conversation_title,
)
from sigil_sdk.client import EmbeddingRecorder, NoopToolExecutionRecorder, ToolExecutionRecorder

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
FULL, METADATA_ONLY = ContentCaptureMode.FULL, ContentCaptureMode.METADATA_ONLY
HIDING = (METADATA_ONLY, ContentCaptureMode.FULL_WITH_METADATA_SPANS)
EMBEDDING = EmbeddingStart(model=ModelRef("openai", "embed-3"), dimensions=7, encoding_format=" float ")
TOOL = ToolExecutionStart(
    tool_name=" weather ",
    tool_call_id="call-1",
    tool_type="function",
    tool_description="Looks it up",
    request_model="gpt-5",
    request_provider="openai",
)
DURATION, TOKENS = "gen_ai.client.operation.duration", "gen_ai.client.token.usage"


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def client(sigil_client: Any, telemetry: Telemetry) -> Callable[..., Any]:
    """Makes clients whose clock stands still."""
    return lambda **fields: sigil_client(tracer=telemetry, meter=telemetry, now=lambda: NOW, **fields)


def only(telemetry: Telemetry) -> KeptSpan:
    [span] = telemetry.spans
    assert span.end_time is not None
    return span


def test_an_embedding_is_a_span_with_metrics(client: Any, telemetry: Telemetry) -> None:
    recorder = client(agent_name="reader", agent_version="2").start_embedding(EMBEDDING)
    assert isinstance(recorder, EmbeddingRecorder) and recorder.span is telemetry.spans[0]
    recorder.set_result(input_count=2, input_tokens=5, input_texts=["a", "b"], response_model="embed-3-x", dimensions=9)
    recorder.end()
    recorder.end()
    span = only(telemetry)
    assert (span.name, span.kind, span.status) == ("embeddings embed-3", "CLIENT", "OK")
    assert span.start_time == span.end_time == int(NOW.timestamp()) * 10**9
    assert span.attributes == {
        "gen_ai.operation.name": "embeddings",
        "sigil.sdk.name": "sdk-python",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "embed-3",
        "gen_ai.agent.name": "reader",
        "gen_ai.agent.version": "2",
        "gen_ai.embeddings.dimension.count": 9,
        "gen_ai.request.encoding_formats": ["float"],
        "gen_ai.embeddings.input_count": 2,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.response.model": "embed-3-x",
    }
    assert [(name, value, current) for name, value, _, current in telemetry.values] == [(DURATION, 0, span), (TOKENS, 5, span)]
    duration, tokens = (attributes for _, _, attributes, _ in telemetry.values)
    assert (duration["error.type"], duration["error.category"]) == ("", "")
    assert tokens["gen_ai.token.type"] == "input" and tokens["gen_ai.agent.version"] == "2"
    assert recorder.err() is None


def test_embedded_texts_are_on_the_span_only_when_asked_for_and_allowed(client: Any, telemetry: Telemetry) -> None:
    capture = EmbeddingCaptureConfig(capture_input=True, max_input_items=2, max_text_length=5)
    for mode in (FULL, *HIDING):
        with client(embedding_capture=capture, content_capture=mode).start_embedding(EMBEDDING) as recorder:
            recorder.set_result(input_texts=["abcdef", "c", "d"])
    with client(content_capture=FULL).start_embedding(EMBEDDING) as recorder:
        recorder.set_result(input_texts=["abcdef"])
    assert [span.attributes.get("gen_ai.embeddings.input_texts") for span in telemetry.spans] == [
        ["ab...", "c"],
        None,
        None,
        None,
    ]


def test_an_embedding_call_that_fails(client: Any, telemetry: Telemetry) -> None:
    with pytest.raises(RuntimeError), client().start_embedding(EMBEDDING) as recorder:
        raise RuntimeError("HTTP 429")
    span = only(telemetry)
    assert (span.status, span.description, span.exceptions) == ("ERROR", "HTTP 429", ["HTTP 429"])
    assert (span.attributes["error.type"], span.attributes["error.category"]) == ("provider_call_error", "rate_limit")
    assert recorder.err() is None


def test_an_embedding_that_is_not_valid(client: Any, telemetry: Telemetry) -> None:
    recorder = client().start_embedding(EmbeddingStart(model=ModelRef("", "m")))
    recorder.end()
    assert isinstance(recorder.err(), ValidationError)
    assert str(recorder.err()) == "sigil: embedding validation failed: embedding.model.provider is required"
    assert only(telemetry).attributes["error.type"] == "validation_error"


def test_a_tool_is_a_span_with_its_duration(client: Any, telemetry: Telemetry) -> None:
    with with_conversation_id("conv-1"), with_conversation_title(" Weather "), with_agent_name("agent"):
        recorder = client().start_tool_execution(TOOL)
    assert isinstance(recorder, ToolExecutionRecorder) and recorder.seed.tool_name == "weather"
    recorder.set_result(ToolExecutionEnd(arguments={"city": "Oslo"}, completed_at=NOW + timedelta(seconds=2)))
    recorder.end()
    span = only(telemetry)
    assert (span.name, span.kind, span.status) == ("execute_tool weather", "INTERNAL", "OK")
    assert span.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "sigil.sdk.name": "sdk-python",
        "gen_ai.tool.call.id": "call-1",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Looks it up",
        "gen_ai.conversation.id": "conv-1",
        "sigil.conversation.title": "Weather",
        "gen_ai.agent.name": "agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
    }
    [(name, seconds, attributes, current)] = telemetry.values
    assert (name, seconds, current) == (DURATION, 2.0, span) and attributes["gen_ai.tool.name"] == "weather"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, '{"a": 1}'),
        (' {"a":1} ', '{"a":1}'),
        ("plain", '"plain"'),
        (b"[1]", "[1]"),
        (True, "true"),
        ("  ", None),
        (None, None),
    ],
)
def test_how_tool_content_is_written(client: Any, telemetry: Telemetry, value: Any, text: str | None) -> None:
    with client(content_capture=FULL).start_tool_execution(TOOL) as recorder:
        recorder.set_result(result=value)
    assert only(telemetry).attributes.get("gen_ai.tool.call.result") == text


def test_tool_content_is_read_when_it_is_set(client: Any, telemetry: Telemetry) -> None:
    arguments = {"city": "Oslo"}
    with client(content_capture=FULL).start_tool_execution(TOOL) as recorder:
        recorder.set_result(arguments=arguments)
        arguments["city"] = "Rome"
    assert only(telemetry).attributes["gen_ai.tool.call.arguments"] == '{"city": "Oslo"}'


def test_who_sees_tool_content(client: Any, telemetry: Telemetry) -> None:
    asking = ToolExecutionStart(tool_name="t", tool_description="d", include_content=True)
    with client().start_tool_execution(asking) as recorder:
        recorder.set_result(result=1)
    with with_content_capture_mode(FULL), client().start_tool_execution(TOOL) as recorder:
        recorder.set_result(result=2)
    for mode in HIDING:
        with client(content_capture=mode).start_tool_execution(asking) as recorder:
            recorder.set_result(result=3)
            recorder.set_exec_error(ValueError("secret 404"))
    shown = [span.attributes.get("gen_ai.tool.call.result") for span in telemetry.spans]
    assert shown == ["1", "2", None, None]
    for span in telemetry.spans[2:]:
        assert (span.description, span.exceptions) == ("client_error", [])
        assert "gen_ai.tool.description" not in span.attributes


def test_content_that_is_no_json_is_told_and_not_raised(client: Any, telemetry: Telemetry) -> None:
    recorder = client(content_capture=FULL).start_tool_execution(TOOL)
    recorder.set_result(arguments={"lock": threading.Lock()})
    recorder.set_exec_error(ValueError("HTTP 404"))
    recorder.end()
    assert str(recorder.err()).startswith("HTTP 404; serialize tool arguments: ")
    assert only(telemetry).attributes["error.category"] == "client_error"


def test_an_error_that_is_a_text_fails_its_span(client: Any, telemetry: Telemetry) -> None:
    recorder = client().start_tool_execution(TOOL)
    recorder.set_exec_error("HTTP 404")
    recorder.end()
    span = only(telemetry)
    assert (span.status, span.description, span.exceptions) == ("ERROR", "HTTP 404", [])


def test_a_tool_without_a_name_is_not_recorded(client: Any, telemetry: Telemetry) -> None:
    recorder = client().start_tool_execution(ToolExecutionStart(tool_name="  "))
    assert isinstance(recorder, NoopToolExecutionRecorder)
    with recorder:
        recorder.set_result(arguments=1)
        recorder.set_exec_error(ValueError())
    assert recorder.err() is None and telemetry.spans == []


def call(name: str, input_json: bytes = b"{}", call_id: str = "c") -> Any:
    return tool_call_part(ToolCall(name, call_id, input_json))


def test_tool_calls_are_executed_in_order(client: Any, telemetry: Telemetry) -> None:
    seen = []

    def executor(name: str, arguments: Any) -> Any:
        seen.append((name, arguments, trace.get_current_span()))
        if name == "breaks":
            raise RuntimeError("HTTP 503")
        return {"number": {"temp_c": 18}, "text": "sunny", "bytes": b"[1]", "none": None, "odd": {"at": NOW}}[name]

    messages = [
        Message(MessageRole.ASSISTANT, [text_part("I ask"), call("number", b'{"city": "Oslo"}'), call(" "), call("text", b"")]),
        Message(MessageRole.ASSISTANT, [call("bytes", b"no json"), call("breaks"), call("none"), call("odd")]),
    ]
    options = ExecuteToolCallsOptions(conversation_id="conv-1", request_model="gpt-5", content_capture=FULL)
    answers = client().execute_tool_calls(messages, executor, options=options)
    assert [(name, arguments) for name, arguments, _ in seen] == [
        ("number", {"city": "Oslo"}),
        ("text", {}),
        ("bytes", "no json"),
        ("breaks", {}),
        ("none", {}),
        ("odd", {}),
    ]
    assert [span for *_, span in seen] == telemetry.spans
    results = [answer.parts[0].tool_result for answer in answers]
    assert [(answer.role, answer.name) for answer in answers] == [(MessageRole.TOOL, result.name) for result in results]
    assert [(result.content, result.content_json, result.is_error) for result in results] == [
        ("", b'{"temp_c": 18}', False),
        ("sunny", b"", False),
        ("", b"[1]", False),
        ("HTTP 503", b"", True),
        ("", b"", False),
        ("", b'{"at": "2026-01-02 03:04:05+00:00"}', False),
    ]
    failed = telemetry.spans[3]
    assert (failed.attributes["error.category"], failed.exceptions) == ("server_error", ["HTTP 503"])
    assert telemetry.spans[0].attributes["gen_ai.tool.call.arguments"] == '{"city": "Oslo"}'
    assert telemetry.spans[5].status == "OK"


def test_an_interrupted_tool_ends_its_span(client: Any, telemetry: Telemetry) -> None:
    def executor(_name: str, _arguments: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client().execute_tool_calls([Message(MessageRole.ASSISTANT, [call("t")])], executor)
    assert only(telemetry).status == "ERROR"


def test_no_messages_no_calls(client: Any) -> None:
    assert client().execute_tool_calls(None, lambda _name, _arguments: 1) == []


def test_nothing_begins_after_shutdown(sigil_client: Any) -> None:
    closed = sigil_client()
    closed.shutdown()
    for begin in (
        lambda: closed.start_embedding(EMBEDDING),
        lambda: closed.start_tool_execution(ToolExecutionStart(tool_name="")),
        lambda: closed.execute_tool_calls([], lambda _name, _arguments: 1),
    ):
        with pytest.raises(ClientShutdownError, match="client is shutting down"):
            begin()


def test_without_opentelemetry_nothing_is_imported_and_everything_works(run_program: Any) -> None:
    done = run_program(
        """
import sys
from sigil_sdk import Client, ClientConfig, EmbeddingStart, GenerationExportConfig, ModelRef, ToolExecutionStart

client = Client(ClientConfig(generation_export=GenerationExportConfig(protocol="none")))
with client.start_tool_execution(ToolExecutionStart(tool_name="t")) as tool, client.start_embedding(
    EmbeddingStart(model=ModelRef("p", "m"))
) as embedding:
    tool.set_result(arguments={}, result=1)
    embedding.set_result(input_count=1)
assert tool.err() is None and embedding.err() is None
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
assert not tool.span.is_recording() and not embedding.span.is_recording()
client.shutdown()
print("done")
"""
    )
    assert done.stdout.strip() == "done"
