"""Every attribute of a generation, and every odd value, as it arrives at a server."""

from __future__ import annotations

import enum
import math
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict

import pytest
from native.scripted import Scripted
from native.shapes import Shape, generation, message, text

from lightwell import EncodeError, Pipeline, TooLarge

Send = Callable[..., Dict[str, Any]]


@pytest.fixture
def send(sigil: Callable[..., Pipeline], http_server: Scripted) -> Send:
    """Records one generation and gives it back as the server got it."""

    def send_one(**fields: Any) -> Dict[str, Any]:
        pipeline = sigil()
        pipeline.record_generation(generation(**fields))
        assert pipeline.flush(10.0), pipeline.take_notices()
        arrived: Dict[str, Any] = http_server.requests[-1].json()["generations"][0]
        return arrived

    return send_one


def test_every_field(send: Send) -> None:
    class Role(str, enum.Enum):
        ASSISTANT = "assistant"

    started = datetime(2026, 1, 2, 3, 4, 5, 123456, timezone(timedelta(hours=2)))
    tool_call = Shape(kind="tool_call", tool_call=Shape(name="t", id="c", input_json=b'{"a":1}'), metadata=None)
    result = Shape(tool_call_id="c", name="t", content="", content_json=b"[]", is_error=True)
    arrived = send(
        id="g-1", conversation_id="c-1", conversation_title="not sent", user_id="not sent", agent_name="a",
        agent_version="1", mode="STREAM", operation_name="streamText", trace_id="0" * 32, span_id="1" * 16,
        model=Shape(provider="p", name="m"), response_id="r", response_model="rm", system_prompt="s",
        max_tokens=10, temperature=0.0, top_p=1, tool_choice="", thinking_enabled=False,
        input=[message(text("hé"), text(""), role="user", name="n")],
        output=(
            message(Shape(kind="thinking", thinking="hm", metadata=Shape(provider_type="x")), tool_call, role=Role.ASSISTANT),
            message(Shape(kind="tool_result", tool_result=result), role="tool"),
        ),
        tools=[Shape(name="t", description="d", type="function", input_schema_json=b"{}", deferred=True)],
        usage=Shape(
            input_tokens=3, output_tokens=4, total_tokens=7, cache_read_input_tokens=1, cache_write_input_tokens=0,
            reasoning_tokens=0, cache_creation_input_tokens=2,
        ),
        stop_reason="stop", started_at=started, completed_at=datetime(2026, 1, 2, 3, 4, 5),
        tags={"k": "v"}, metadata={"a": [1, None, {"b": True}]},
        artifacts=[Shape(kind="request", name="n", content_type="c", payload=b"\x00\xff", record_id="r", uri="u")],
        call_error="e", parent_generation_ids=["g-0"], effective_version=" 1.2.3 ",
    )  # fmt: skip
    assert arrived == {
        "id": "g-1", "conversation_id": "c-1", "agent_name": "a", "agent_version": "1",
        "mode": "GENERATION_MODE_STREAM", "operation_name": "streamText", "trace_id": "0" * 32, "span_id": "1" * 16,
        "model": {"provider": "p", "name": "m"}, "response_id": "r", "response_model": "rm", "system_prompt": "s",
        "max_tokens": "10", "temperature": 0.0, "top_p": 1.0, "tool_choice": "", "thinking_enabled": False,
        "input": [{"role": "MESSAGE_ROLE_USER", "name": "n", "parts": [{"text": "hé"}, {"text": ""}]}],
        "output": [
            {
                "role": "MESSAGE_ROLE_ASSISTANT",
                "parts": [
                    {"metadata": {"provider_type": "x"}, "thinking": "hm"},
                    {"tool_call": {"id": "c", "name": "t", "input_json": "eyJhIjoxfQ=="}},
                ],
            },
            {
                "role": "MESSAGE_ROLE_TOOL",
                "parts": [{"tool_result": {"tool_call_id": "c", "name": "t", "content_json": "W10=", "is_error": True}}],
            },
        ],
        "tools": [{"name": "t", "description": "d", "type": "function", "input_schema_json": "e30=", "deferred": True}],
        "usage": {
            "input_tokens": "3", "output_tokens": "4", "total_tokens": "7", "cache_read_input_tokens": "1",
            "cache_write_input_tokens": "2",
        },
        "stop_reason": "stop", "started_at": "2026-01-02T01:04:05.123456Z", "completed_at": "2026-01-02T03:04:05Z",
        "tags": {"k": "v"}, "metadata": {"a": [1, None, {"b": True}]},
        "raw_artifacts": [
            {
                "kind": "ARTIFACT_KIND_REQUEST", "name": "n", "content_type": "c", "payload": "AP8=", "record_id": "r",
                "uri": "u",
            }
        ],
        "call_error": "e", "parent_generation_ids": ["g-0"],
        "effective_version": "sha256:c47f5b18b8a430e698b9fe15e51f6119984e78334bcf3f45e210d30c37ef2f9e",
    }  # fmt: skip


def test_the_least(send: Send) -> None:
    assert send() == {"id": "g", "model": {}, "usage": {}}


@pytest.mark.parametrize(
    "given, arrives",
    [
        ("\ud800", "\ufffd"),
        ("a\udc00b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\udbff\ud83d\ude00\ud800", "\ufffd\U0001f600\ufffd"),
        ("\x00", "\x00"),
        (None, ""),
        (7, "7"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff", "/w=="),
    ],
)
def test_odd_texts(send: Send, given: Any, arrives: str) -> None:
    arrived = send(input=[message(text(given))], system_prompt=given, tags={"t": given})
    assert arrived["input"][0]["parts"] == [{"text": arrives}]
    assert arrived.get("system_prompt", "") == arrives
    assert arrived["tags"] == {"t": arrives}


@pytest.mark.parametrize(
    "given, arrives, noted",
    [
        (None, None, False),
        (0, "0", False),
        (True, "1", False),
        (12.0, "12", False),
        (12.7, "12", True),
        ("12", "12", False),
        (" 12.0 ", "12", False),
        ("many", "0", True),
        (math.nan, "0", True),
        (math.inf, str(2**63 - 1), True),
        (2**63, str(2**63 - 1), True),
        (-(2**70), str(-(2**63)), True),
    ],
)
def test_odd_counters(sigil: Callable[..., Pipeline], http_server: Scripted, given: Any, arrives: Any, noted: bool) -> None:
    pipeline = sigil()
    pipeline.record_generation(generation(max_tokens=given, usage=Shape(input_tokens=given)))
    assert pipeline.flush(10.0)
    (arrived,) = http_server.requests[0].json()["generations"]
    assert arrived.get("max_tokens") == arrives
    assert arrived["usage"].get("input_tokens", "0") == (arrives or "0")
    notes = [text for _, text in pipeline.take_notices()]
    assert bool(notes) == noted, notes
    assert all("tokens" in note for note in notes)


def test_odd_metadata(send: Send) -> None:
    class Colour(enum.Enum):
        RED = {"r": 255}

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    cycle: Dict[str, Any] = {}
    cycle["self"] = cycle
    metadata = {
        "nan": math.nan, "inf": math.inf, "-inf": -math.inf,
        "datetime": datetime(2026, 1, 2, tzinfo=timezone.utc), "set": {1}, "tuple": (1, 2), "bytes": b"\xff",
        "object": Shape(a=1), "broken": Broken(), "cycle": cycle, "enum": Colour.RED, "big": 2**80, "type": int,
        1: "int key", None: "none key", False: "bool key",
    }  # fmt: skip
    assert send(metadata=metadata)["metadata"] == {
        "nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "datetime": "2026-01-02T00:00:00+00:00", "set": [1],
        "tuple": [1, 2], "bytes": "/w==", "object": "Shape(a=1)", "broken": "<unprintable Broken>",
        "cycle": {"self": "<cycle>"}, "enum": {"r": 255}, "big": float(2**80), "type": "<class 'int'>",
        "1": "int key", "null": "none key", "false": "bool key",
    }  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"k": value}], ids=["lists", "dicts"])
def test_deep_metadata_ends_in_a_marker(send: Send, wrap: Callable[[Any], Any]) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = wrap(deep)
    nested, depth = send(metadata={"deep": deep})["metadata"]["deep"], 0
    while not isinstance(nested, str):
        nested, depth = nested[0] if isinstance(nested, list) else nested["k"], depth + 1
    assert nested == "<nested too deep>" and 20 < depth < 40


@pytest.mark.parametrize("empty", [None, {}])
def test_empty_metadata_is_absent(send: Send, empty: Any) -> None:
    assert "metadata" not in send(metadata=empty, tags=empty)


@pytest.mark.parametrize(
    "given, arrives",
    [
        (datetime(1, 1, 1), "0001-01-01T00:00:00Z"),
        (datetime.max, "9999-12-30T22:00:00Z"),
        (1e300, "9999-12-30T22:00:00Z"),
        (datetime(9999, 12, 30, 21, 59, 59, 999999), "9999-12-30T21:59:59.999999Z"),
        (datetime(1969, 12, 31, 23, 59, 59, 500000, timezone.utc), "1969-12-31T23:59:59.500Z"),
        (datetime(2024, 2, 29, 12), "2024-02-29T12:00:00Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        (1.5, "1970-01-01T00:00:01.500Z"),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times(send: Send, given: Any, arrives: Any) -> None:
    assert send(started_at=given).get("started_at") == arrives


def test_tool_arguments_that_are_not_bytes(send: Send) -> None:
    def arguments(given: Any) -> str:
        call = Shape(kind="tool_call", tool_call=Shape(name="t", input_json=given))
        part = send(output=[message(call, role="assistant")])["output"][0]["parts"][0]
        return str(part["tool_call"].get("input_json", ""))

    assert arguments('{"a":1}') == arguments(b'{"a":1}') == arguments({"a": 1}) == "eyJhIjoxfQ=="
    assert arguments(None) == ""


def test_numbers_in_text(send: Send) -> None:
    arrived = send(temperature="0.5", top_p=math.nan, thinking_enabled="no")
    assert (arrived["temperature"], arrived["top_p"], arrived["thinking_enabled"]) == (0.5, "NaN", False)


def test_the_object_is_only_read(sigil: Callable[..., Pipeline]) -> None:
    metadata = {"a": {"b": [1]}}
    given = generation(metadata=metadata, tags={"k": "v"})
    sigil().record_generation(given)
    assert given == generation(metadata={"a": {"b": [1]}}, tags={"k": "v"}) and given.metadata is metadata


def test_errors_name_the_field(sigil: Callable[..., Pipeline]) -> None:
    class Raises(Shape):
        @property
        def stop_reason(self) -> str:
            raise RuntimeError("not now")

    pipeline = sigil()
    for given, words in [
        (7, "generation.input"),
        (generation(input=7), "generation.input cannot be read as a list"),
        (generation(tags=[1]), "generation.tags is not a mapping"),
        (Raises(id="g", input=[], output=[]), "generation.stop_reason cannot be read: RuntimeError: not now"),
    ]:
        with pytest.raises(EncodeError, match=words):
            pipeline.record_generation(given)
    assert pipeline.stats()["accepted"] == 0


def test_too_large_says_how_large(sigil: Callable[..., Pipeline]) -> None:
    pipeline = sigil(payload_max_bytes=100)
    with pytest.raises(TooLarge, match=r"^generation payload exceeds max bytes \(210 > 100\)$"):
        pipeline.record_generation(generation(system_prompt="x" * 200))
    assert pipeline.stats()["dropped_too_large"] == 1
    unlimited = sigil(payload_max_bytes=0)
    unlimited.record_generation(generation(system_prompt="x" * (5 << 20)))


def test_workflow_steps(sigil: Callable[..., Pipeline], http_server: Scripted) -> None:
    pipeline = sigil()
    pipeline.record_workflow_step(
        Shape(
            id="s", conversation_id="c", step_name="plan", framework="f", agent_name="a", agent_version="1",
            started_at=datetime(2026, 1, 2), completed_at=None, input_state={"n": 1}, output_state={}, error="e",
            tags={"k": 1}, metadata={}, linked_generation_ids=["g"], parent_step_ids=("p",), trace_id="t", span_id="sp",
        )
    )  # fmt: skip
    assert pipeline.flush(10.0)
    assert http_server.requests[0].path == "/api/v1/workflow-steps:export"
    assert http_server.requests[0].json() == {
        "workflow_steps": [
            {
                "id": "s", "conversation_id": "c", "step_name": "plan", "framework": "f",
                "started_at": "2026-01-02T00:00:00Z", "input_state": {"n": 1}, "error": "e", "tags": {"k": "1"},
                "linked_generation_ids": ["g"], "parent_step_ids": ["p"], "agent_name": "a", "agent_version": "1",
                "trace_id": "t", "span_id": "sp",
            }
        ]
    }  # fmt: skip
    with pytest.raises(EncodeError, match="workflow_step.step_name is missing"):
        pipeline.record_workflow_step(7)
