"""What a Sigil program may send, built with whichever release of the SDK is installed: sigil-sdk 0.2 and 0.9, or agento11y.

Ids and times are fixed, so that a scenario is the same over HTTP and gRPC and each time it is recorded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

NOON = datetime(2026, 1, 2, 12, 0, 0, 120000, tzinfo=timezone.utc)
Scenario = Callable[[Any, Any], None]


def start(sdk: Any, generation_id: str, **fields: Any) -> Any:
    """A start with an id, a model and a moment; further fields as given."""
    defaults: dict[str, Any] = {
        "model": sdk.ModelRef(provider="openai", name="gpt-5"),
        "conversation_id": "conv-1",
        "started_at": NOON,
    }
    return sdk.GenerationStart(id=generation_id, **{**defaults, **fields})


def finish(recorder: Any, **fields: Any) -> None:
    """End the call one and a half seconds after it began; a telemetry error is an error here."""
    recorder.set_result(completed_at=NOON + timedelta(seconds=1.5), **fields)
    recorder.end()
    if recorder.err() is not None:
        raise recorder.err()


def message(sdk: Any, role: str, *parts: Any, name: str = "") -> Any:
    """A message of these parts."""
    return sdk.Message(role=sdk.MessageRole(role), parts=list(parts), name=name)


def part(sdk: Any, kind: str, provider_type: str = "", **fields: Any) -> Any:
    """A part, with what the provider calls it."""
    return sdk.Part(kind=sdk.PartKind(kind), metadata=sdk.PartMetadata(provider_type=provider_type), **fields)


def sync(sdk: Any, client: Any) -> None:
    """Text in, text out, everything that identifies a call, unicode."""
    recorder = client.start_generation(
        start(
            sdk,
            "gen-sync",
            conversation_title="Über Käse 🧀",
            user_id="user-1",
            agent_name="agent",
            agent_version="1.2.3",
            system_prompt='Be "brief".\n\tAnd kind.',
            tags={"team": "käse", "empty": ""},
        )
    )
    finish(
        recorder,
        input=[
            sdk.user_text_message("Grüß Gott 漢字 🦀 \u0007"),
            message(sdk, "user", part(sdk, "text", text="."), name="bob"),
        ],
        output=[sdk.assistant_text_message("Servus\u2028!")],
        usage=sdk.TokenUsage(input_tokens=120, output_tokens=42, cache_read_input_tokens=100, reasoning_tokens=7),
        response_id="resp-1",
        response_model="gpt-5-2026-01-01",
        stop_reason="stop",
    )


def stream(sdk: Any, client: Any) -> None:
    """A streamed response."""
    recorder = client.start_streaming_generation(start(sdk, "gen-stream"))
    recorder.set_first_token_at(NOON + timedelta(seconds=0.25))
    finish(recorder, input=[sdk.user_text_message("hi")], output=[sdk.assistant_text_message("hello")])


def tools(sdk: Any, client: Any) -> None:
    """Definitions, calls and results of tools, as text, as JSON and as an error."""
    definition = sdk.ToolDefinition(
        name="weather",
        description="Tells the weather",
        type="function",
        input_schema_json=b'{"type":"object","properties":{"city":{"type":"string"}}}',
    )
    call = sdk.ToolCall(id="call_1", name="weather", input_json='{"city":"Zürich"}'.encode())
    result = sdk.ToolResult(tool_call_id="call_1", name="weather", content_json=b'{"temp_c":18}')
    failed = sdk.ToolResult(tool_call_id="call_2", name="weather", content="no such city", is_error=True)
    recorder = client.start_generation(start(sdk, "gen-tools", tools=[definition], tool_choice="auto"))
    finish(
        recorder,
        input=[
            sdk.user_text_message("Weather?"),
            message(sdk, "assistant", part(sdk, "tool_call", "tool_use", tool_call=call)),
            message(sdk, "tool", part(sdk, "tool_result", tool_result=result), name="weather"),
            message(sdk, "tool", part(sdk, "tool_result", tool_result=failed)),
            sdk.tool_result_message("call_3", "12 degrees"),
        ],
        output=[
            message(
                sdk,
                "assistant",
                part(sdk, "text", text="Let me look again."),
                part(sdk, "tool_call", tool_call=sdk.ToolCall(name="weather", id="call_4")),
            )
        ],
        stop_reason="tool_calls",
    )


def thinking(sdk: Any, client: Any) -> None:
    """Reasoning, and every request control with a value that is easily lost."""
    recorder = client.start_generation(
        start(sdk, "gen-thinking", max_tokens=0, temperature=0.0, top_p=1.0, tool_choice="", thinking_enabled=False)
    )
    finish(
        recorder,
        input=[sdk.user_text_message("2+2?")],
        output=[
            message(
                sdk,
                "assistant",
                part(sdk, "thinking", "thinking", thinking="Two and two…"),
                part(sdk, "text", text="4"),
            )
        ],
    )


def error(sdk: Any, client: Any) -> None:
    """A call that failed."""
    recorder = client.start_generation(start(sdk, "gen-error"))
    recorder.set_call_error(RuntimeError('rate limit: 429 "slow down"'))
    finish(recorder, input=[sdk.user_text_message("hi")])


def metadata(sdk: Any, client: Any) -> None:
    """Every kind of JSON value."""
    values: dict[str, Any] = {
        "none": None,
        "true": True,
        "int": 7,
        "negative": -3,
        "float": 0.5,
        "large": 1e20,
        "text": "ü",
        "empty": "",
        "list": [1, "two", None, [False]],
        "tuple": (1.0, 2.5),
        "nested": {"a": {"b": {}}, "list": []},
    }
    recorder = client.start_generation(start(sdk, "gen-metadata", metadata=values))
    finish(recorder, output=[sdk.assistant_text_message("ok")])


def artifacts(sdk: Any, client: Any) -> None:
    """Raw bytes of every kind."""
    recorder = client.start_generation(start(sdk, "gen-artifacts"))
    kinds = [
        sdk.Artifact(
            kind=kind, name=kind.value, content_type="application/octet-stream", payload=b"\x00\xff" + kind.value.encode()
        )
        for kind in sdk.ArtifactKind
    ]
    kinds.append(sdk.Artifact(kind=sdk.ArtifactKind.REQUEST, record_id="rec-1", uri="s3://bucket/key"))
    finish(recorder, output=[sdk.assistant_text_message("ok")], artifacts=kinds)


def usage(sdk: Any, client: Any) -> None:
    """Every counter that the release has."""
    counters = {each.name: index for index, each in enumerate(dataclasses.fields(sdk.TokenUsage), start=1)}
    counters.pop("input_semantics", None)
    fields: dict[str, Any] = {**counters, "input_tokens": 2**53 + 1}
    semantics = getattr(sdk, "TokenInputSemantics", None)
    if semantics is not None:
        fields["input_semantics"] = semantics.INCLUSIVE
    recorder = client.start_generation(start(sdk, "gen-usage"))
    finish(recorder, output=[sdk.assistant_text_message("ok")], usage=sdk.TokenUsage(**fields))


def lineage(sdk: Any, client: Any) -> None:
    """Three calls in one request: parents, and the version that the content gives an agent."""
    has_version = "effective_version" in {each.name for each in dataclasses.fields(sdk.GenerationStart)}
    version = {"effective_version": "1.2.3"} if has_version else {}
    for index in range(3):
        parents = [f"gen-lineage-{index - 1}"] if index else []
        begun = start(sdk, f"gen-lineage-{index}", parent_generation_ids=parents, agent_name="agent", **version)
        finish(client.start_generation(begun), output=[sdk.assistant_text_message(str(index))])


def minimal(sdk: Any, client: Any) -> None:
    """As little as the SDK lets through."""
    finish(client.start_generation(start(sdk, "gen-minimal", conversation_id="")))


def withheld(sdk: Any, client: Any) -> None:
    """Content is not to leave the process: the parts are there, and empty."""
    call = sdk.ToolCall(id="call_1", name="weather", input_json=b"{}")
    mode = sdk.ContentCaptureMode.METADATA_ONLY
    recorder = client.start_generation(start(sdk, "gen-withheld", content_capture=mode, system_prompt="secret"))
    finish(
        recorder,
        input=[sdk.user_text_message("secret")],
        output=[message(sdk, "assistant", part(sdk, "thinking", thinking="hm"), part(sdk, "tool_call", tool_call=call))],
    )


def workflow(sdk: Any, client: Any) -> None:
    """Steps of a graph; releases after 0.2."""
    client.enqueue_workflow_step(
        sdk.WorkflowStep(
            id="step-1",
            conversation_id="conv-1",
            step_name="plan",
            framework="langgraph",
            agent_name="agent",
            agent_version="1",
            started_at=NOON,
            completed_at=NOON + timedelta(seconds=2),
            input_state={"question": "Käse?", "n": 1, "none": None},
            output_state={"answer": {"text": "ja", "scores": [0.5, 1]}},
            tags={"env": "test"},
            metadata={"retry": 2},
            linked_generation_ids=["gen-sync", "gen-tools"],
        )
    )
    client.enqueue_workflow_step(
        sdk.WorkflowStep(
            id="step-2",
            conversation_id="conv-1",
            step_name="act",
            started_at=NOON,
            error="boom",
            parent_step_ids=["step-1"],
        )
    )


SCENARIOS: dict[str, Scenario] = {
    each.__name__: each
    for each in (sync, stream, tools, thinking, error, metadata, artifacts, usage, lineage, minimal, withheld, workflow)
}
