"""Lifecycle of a recording: capture modes, validation, sanitizers, errors and delivery verdicts."""

from __future__ import annotations

import gc
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest

sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import (  # noqa: E402  (after the check for the package)
    ContentCaptureMode,
    GenerationStart,
    Message,
    MessageRole,
    ModelRef,
    Part,
    PartKind,
    ToolCall,
    ToolResult,
    assistant_text_message,
    content_capture_mode_from_context,
    thinking_part,
    tool_call_part,
    tool_result_part,
    user_text_message,
    with_content_capture_mode,
)
from sigil_sdk.context import _pop_capture_mode  # noqa: E402

MODEL = ModelRef("openai", "gpt-4o")
FULL, METADATA_ONLY = ContentCaptureMode.FULL, ContentCaptureMode.METADATA_ONLY


def record(client: Any, **fields: Any) -> Any:
    recorder = client.start_generation(GenerationStart(model=MODEL))
    recorder.set_result(**fields)
    recorder.end()
    return recorder


def mode_of(generation: dict[str, Any]) -> str:
    return generation["metadata"]["sigil.sdk.content_capture_mode"]


def test_capture_modes_nest_and_restore_also_out_of_order(sigil_client: Any) -> None:
    client = sigil_client()
    assert content_capture_mode_from_context() is None
    with with_content_capture_mode(FULL):
        first = client.start_generation(GenerationStart(model=MODEL, content_capture=METADATA_ONLY))
        second = client.start_generation(GenerationStart(model=MODEL, content_capture=FULL))
        assert content_capture_mode_from_context() is FULL
        first.end()
        assert content_capture_mode_from_context() is FULL
        second.end()
        assert content_capture_mode_from_context() is FULL
    assert content_capture_mode_from_context() is None


def test_an_abandoned_full_recorder_does_not_unlock_later_generations(sigil_client: Any, server: Any) -> None:
    client = sigil_client(content_capture=METADATA_ONLY)
    client.start_generation(GenerationStart(model=MODEL, content_capture=FULL))
    gc.collect()
    record(client, output=[assistant_text_message("private")])
    client.flush()
    assert "private" not in str(server.generations())


def test_a_recorder_that_another_thread_ends_leaves_nothing_behind(sigil_client: Any) -> None:
    recorder = sigil_client().start_generation(GenerationStart(model=MODEL, content_capture=FULL))
    assert content_capture_mode_from_context() is FULL
    thread = threading.Thread(target=recorder.end)
    thread.start()
    thread.join()
    assert content_capture_mode_from_context() is None


def test_packages_built_on_the_original_can_pop_by_id(sigil_client: Any) -> None:
    recorder = sigil_client().start_generation(GenerationStart(model=MODEL, content_capture=FULL))
    _pop_capture_mode(id(recorder))
    assert content_capture_mode_from_context() is None


@pytest.mark.parametrize("resolver", [lambda _metadata: 1 / 0, lambda _metadata: "full"])
def test_a_resolver_that_fails_means_metadata_only(
    sigil_client: Any, server: Any, resolver: Any, caplog: pytest.LogCaptureFixture
) -> None:
    record(client := sigil_client(content_capture_resolver=resolver), output=[assistant_text_message("x")])
    client.flush()
    assert mode_of(server.generations()[0]) == "metadata_only"
    assert "sigil: content capture resolver" in caplog.text


def test_a_sanitizer_gets_a_copy_and_its_failure_strips(sigil_client: Any, server: Any) -> None:
    def redact(generation: Any) -> Any:
        generation.output[0].parts[0].text = "[REDACTED]"
        return generation

    def fail(_generation: Any) -> Any:
        raise KeyError("no")

    record(good := sigil_client(generation_sanitizer=redact), output=[assistant_text_message("secret")])
    record(bad := sigil_client(generation_sanitizer=fail), output=[assistant_text_message("secret")])
    good.flush()
    bad.flush()
    redacted, stripped = server.generations()
    assert redacted["output"][0]["parts"] == [{"text": "[REDACTED]"}]
    assert stripped["output"][0]["parts"] == [{"text": ""}]
    assert mode_of(stripped) == "metadata_only"


def part(kind: Any, **fields: Any) -> Any:
    return Part(kind, **fields)


@pytest.mark.parametrize(
    ("role", "parts", "problem"),
    [
        ("system", [part(PartKind.TEXT, text="x")], "generation.input[0].role must be one of user|assistant|tool"),
        (MessageRole.USER, [], "generation.input[0].parts must not be empty"),
        (MessageRole.USER, [part("image", text="x")], "generation.input[0].parts[0].kind is invalid"),
        (
            MessageRole.USER,
            [part(PartKind.TEXT, text=" ")],
            "generation.input[0].parts[0] must set exactly one payload field",
        ),
        (
            MessageRole.ASSISTANT,
            [part(PartKind.TEXT, text="a", thinking="b")],
            "generation.input[0].parts[0] must set exactly one payload field",
        ),
        (
            MessageRole.USER,
            [thinking_part("x")],
            "generation.input[0].parts[0].thinking only allowed for assistant role",
        ),
        (
            MessageRole.USER,
            [tool_call_part(ToolCall("f"))],
            "generation.input[0].parts[0].tool_call only allowed for assistant role",
        ),
        (
            MessageRole.ASSISTANT,
            [tool_call_part(ToolCall(" "))],
            "generation.input[0].parts[0].tool_call.name is required",
        ),
        (
            MessageRole.ASSISTANT,
            [tool_result_part(ToolResult())],
            "generation.input[0].parts[0].tool_result only allowed for tool role",
        ),
    ],
)
def test_invalid_messages_are_refused_by_name(sigil_client: Any, role: Any, parts: Any, problem: str) -> None:
    recorder = record(sigil_client(), input=[Message(role, parts)])
    assert isinstance(recorder.err(), sigil_sdk.ValidationError)
    assert str(recorder.err()) == f"sigil: generation validation failed: {problem}"


def test_roles_and_kinds_may_be_their_strings(sigil_client: Any) -> None:
    assert record(sigil_client(), input=[Message("user", [Part("text", text="x")])]).err() is None


def test_set_result_refuses_nonsense(sigil_client: Any) -> None:
    recorder = sigil_client().start_generation(GenerationStart(model=MODEL))
    with pytest.raises(TypeError, match="no_such_field"):
        recorder.set_result(no_such_field=1)
    with pytest.raises(ValueError, match="either a generation object or keyword fields"):
        recorder.set_result(sigil_sdk.Generation(), stop_reason="stop")
    recorder.end()


def test_wrong_types_never_raise_out_of_end(sigil_client: Any) -> None:
    recorder = record(sigil_client(), started_at="2026")
    assert isinstance(recorder.err(), sigil_sdk.EnqueueError)


def test_a_full_queue_is_visible_at_once_and_counted(sigil_client: Any) -> None:
    client = sigil_client({"queue_size": 1, "batch_size": 10, "flush_interval": timedelta(hours=1)})
    assert record(client).err() is None
    refused = record(client).err()
    assert isinstance(refused, sigil_sdk.QueueFullError)
    assert str(refused) == "sigil: generation queue is full"
    assert client.stats()["dropped_queue_full"] == 1


def test_a_generation_over_the_limit_is_refused(sigil_client: Any) -> None:
    error = record(sigil_client({"payload_max_bytes": 10})).err()
    assert isinstance(error, sigil_sdk.EnqueueError)
    assert "generation payload exceeds max bytes (" in str(error)


def test_flush_raises_when_records_are_given_up(sigil_client: Any, server: Any) -> None:
    server.respond = lambda _request: (401, {})
    client = sigil_client()
    record(client)
    with pytest.raises(RuntimeError, match="401"):
        client.flush()
    stats = client.stats()
    dropped = sum(count for name, count in stats.items() if name.startswith("dropped_"))
    assert stats["accepted"] == stats["delivered"] + dropped + stats["pending"] == 1


def test_a_rejected_generation_is_logged_and_does_not_fail_the_flush(
    sigil_client: Any, server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond = lambda request: (
        200,
        {
            "results": [
                {"generation_id": generation["id"], "accepted": False, "error": "model not allowed"}
                for generation in request.body["generations"]
            ]
        },
    )
    client = sigil_client()
    with caplog.at_level(logging.WARNING):
        recorder = record(client)
        client.flush()
    assert f"sigil generation rejected id={recorder.last_generation.id} error=model not allowed" in caplog.text
    assert client.stats()["dropped_rejected"] == 1


def test_shutdown_delivers_then_refuses(sigil_client: Any, server: Any) -> None:
    client = sigil_client({"flush_interval": timedelta(hours=1)})
    open_recorder = client.start_generation(GenerationStart(model=MODEL))
    record(client, input=[user_text_message("hi")])
    client.shutdown()
    client.shutdown()
    assert len(server.generations()) == 1
    open_recorder.end()
    assert isinstance(open_recorder.err(), sigil_sdk.ClientShutdownError)
    with pytest.raises(sigil_sdk.ClientShutdownError):
        client.start_generation(GenerationStart(model=MODEL))
    with pytest.raises(sigil_sdk.ClientShutdownError):
        client.flush()


def test_the_record_carries_the_current_spans_ids(sigil_client: Any, server: Any) -> None:
    trace = pytest.importorskip("opentelemetry.trace", reason="needs the OpenTelemetry API")
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    client = sigil_client()
    with trace.use_span(trace.NonRecordingSpan(context)):
        record(client)
    client.flush()
    generation = server.generations()[0]
    assert (generation["trace_id"], generation["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")


@pytest.mark.parametrize(
    "start",
    [
        {"tags": None, "metadata": None, "tools": None, "parent_generation_ids": None},
        {"user_id": 7, "conversation_title": None, "agent_name": None, "id": None},
        {"content_capture": "full"},
    ],
)
@pytest.mark.parametrize(
    "result",
    [
        {"tags": None, "metadata": None, "usage": None, "model": None, "input": None, "artifacts": None},
        {"usage": sigil_sdk.TokenUsage(input_tokens=None), "stop_reason": None, "conversation_title": None},
        {"output": (assistant_text_message("a tuple"),)},
    ],
)
def test_none_stands_for_empty(sigil_client: Any, server: Any, start: dict[str, Any], result: dict[str, Any]) -> None:
    client = sigil_client()
    recorder = client.start_generation(GenerationStart(model=MODEL, **start))
    recorder.set_result(**result)
    recorder.end()
    assert recorder.err() is None
    client.flush()
    assert len(server.generations()) == 1


def test_a_mode_that_is_none_withholds_everything(sigil_client: Any, server: Any) -> None:
    client = sigil_client()
    with client.start_generation(GenerationStart(model=MODEL, content_capture="everything")) as recorder:
        recorder.set_result(output=[assistant_text_message("private")])
    client.flush()
    assert "private" not in str(server.generations())


def test_messages_of_a_wrong_shape_are_told_by_err(sigil_client: Any) -> None:
    assert record(sigil_client(), input=[{"role": "user", "content": "x"}]).err() is not None
