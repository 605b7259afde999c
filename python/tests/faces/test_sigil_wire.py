"""What a program records with `sigil_sdk` is what arrives, field by field."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import (  # noqa: E402  (after the check for the package)
    Artifact,
    ArtifactKind,
    ContentCaptureMode,
    GenerationStart,
    Message,
    MessageRole,
    ModelRef,
    TokenUsage,
    ToolCall,
    ToolDefinition,
    ToolResult,
    assistant_text_message,
    thinking_part,
    tool_call_part,
    tool_result_message,
    tool_result_part,
    user_text_message,
)
from sigil_sdk import context as sigil_context  # noqa: E402

STARTED = datetime(2026, 1, 2, 3, 4, 5, 123000, tzinfo=timezone.utc)
MODEL = ModelRef("openai", "gpt-4o")


def start_everything() -> GenerationStart:
    return GenerationStart(
        model=MODEL,
        id="gen-1",
        conversation_id="conv-1",
        conversation_title=" A title ",
        user_id=" user-1 ",
        agent_name="agent",
        agent_version="2",
        system_prompt="Be brief.",
        max_tokens=10,
        temperature=0.0,
        top_p=0.5,
        tool_choice="auto",
        thinking_enabled=True,
        tools=[ToolDefinition("add", "adds", "function", b'{"a":1}', deferred=True)],
        tags={"k": "start", "only": "start"},
        metadata={"n": 1, "nested": {"list": [1, "a", None]}},
        parent_generation_ids=["gen-0"],
        effective_version=" 1.2.3 ",
        started_at=STARTED,
    )


def record_everything(client: Any) -> Any:
    recorder = client.start_generation(start_everything())
    recorder.set_result(
        input=[
            user_text_message("2+2?"),
            Message(
                MessageRole.ASSISTANT, [thinking_part("hm"), tool_call_part(ToolCall("add", "c1", b'{"x":1}'))], "bob"
            ),
            tool_result_message("c1", "4"),
            Message(MessageRole.TOOL, [tool_result_part(ToolResult("c2", "add", content_json=b"5", is_error=True))]),
        ],
        output=[assistant_text_message("Vier – 4")],
        usage=TokenUsage(10, 20, cache_read_input_tokens=3, reasoning_tokens=5, cache_creation_input_tokens=7),
        stop_reason="stop",
        response_id="resp-1",
        response_model="gpt-4o-2026",
        artifacts=[Artifact(ArtifactKind.REQUEST, "raw", "application/json", b"{}", "rec-1", "uri-1")],
        completed_at=STARTED + timedelta(seconds=1),
        tags={"k": "result"},
        metadata={"n": 2},
    )
    recorder.end()
    assert recorder.err() is None
    return recorder


def test_every_field_arrives(sigil_client: Any, server: Any) -> None:
    record_everything(client := sigil_client(tags={"team": "blue", "k": "client"}))
    client.flush()
    assert server.generations() == [
        {
            "id": "gen-1",
            "conversation_id": "conv-1",
            "operation_name": "generateText",
            "mode": "GENERATION_MODE_SYNC",
            "model": {"provider": "openai", "name": "gpt-4o"},
            "response_id": "resp-1",
            "response_model": "gpt-4o-2026",
            "system_prompt": "Be brief.",
            "input": [
                {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "2+2?"}]},
                {
                    "role": "MESSAGE_ROLE_ASSISTANT",
                    "name": "bob",
                    "parts": [
                        {"thinking": "hm"},
                        {"tool_call": {"id": "c1", "name": "add", "input_json": "eyJ4IjoxfQ=="}},
                    ],
                },
                {"role": "MESSAGE_ROLE_TOOL", "parts": [{"tool_result": {"tool_call_id": "c1", "content": "4"}}]},
                {
                    "role": "MESSAGE_ROLE_TOOL",
                    "parts": [
                        {
                            "tool_result": {
                                "tool_call_id": "c2",
                                "name": "add",
                                "content_json": "NQ==",
                                "is_error": True,
                            }
                        }
                    ],
                },
            ],
            "output": [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Vier – 4"}]}],
            "tools": [
                {
                    "name": "add",
                    "description": "adds",
                    "type": "function",
                    "input_schema_json": "eyJhIjoxfQ==",
                    "deferred": True,
                }
            ],
            "usage": {
                "input_tokens": "10",
                "output_tokens": "20",
                "total_tokens": "30",
                "cache_read_input_tokens": "3",
                "cache_write_input_tokens": "7",
                "reasoning_tokens": "5",
            },
            "stop_reason": "stop",
            "started_at": "2026-01-02T03:04:05.123Z",
            "completed_at": "2026-01-02T03:04:06.123Z",
            "tags": {"team": "blue", "k": "result", "only": "start"},
            "metadata": {
                "n": 2,
                "nested": {"list": [1, "a", None]},
                "sigil.conversation.title": "A title",
                "sigil.user.id": "user-1",
                "sigil.sdk.name": "sdk-python",
                "sigil.sdk.content_capture_mode": "no_tool_content",
            },
            "raw_artifacts": [
                {
                    "kind": "ARTIFACT_KIND_REQUEST",
                    "name": "raw",
                    "content_type": "application/json",
                    "payload": "e30=",
                    "record_id": "rec-1",
                    "uri": "uri-1",
                }
            ],
            "agent_name": "agent",
            "agent_version": "2",
            "max_tokens": "10",
            "temperature": 0.0,
            "top_p": 0.5,
            "tool_choice": "auto",
            "thinking_enabled": True,
            "parent_generation_ids": ["gen-0"],
            "effective_version": "sha256:c47f5b18b8a430e698b9fe15e51f6119984e78334bcf3f45e210d30c37ef2f9e",
        }
    ]


def test_the_request_carries_the_product_and_the_authentication(sigil_client: Any, server: Any) -> None:
    auth = sigil_sdk.AuthConfig(mode="basic", tenant_id="tenant-1", basic_password="secret")
    record_everything(client := sigil_client({"auth": auth, "headers": {"X-Extra": "yes"}}))
    client.flush()
    headers = server.requests[0].headers
    assert headers["user-agent"].split()[0] == f"sigil-sdk-python/{sigil_sdk.version.SDK_VERSION}"
    assert headers["authorization"] == "Basic dGVuYW50LTE6c2VjcmV0"
    assert headers["x-scope-orgid"] == "tenant-1"
    assert headers["x-extra"] == "yes"


def test_metadata_only_withholds_the_content_and_keeps_the_shape(sigil_client: Any, server: Any) -> None:
    client = sigil_client(content_capture=ContentCaptureMode.METADATA_ONLY)
    with pytest.raises(ValueError, match="429"), client.start_generation(start_everything()) as recorder:
        recorder.set_result(input=[user_text_message("secret")], output=[assistant_text_message("secret")])
        raise ValueError("429 secret")
    client.flush()
    (generation,) = server.generations()
    assert "secret" not in str(generation)
    assert generation["call_error"] == "rate_limit"
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": ""}]}]
    assert generation["tools"] == [{"name": "add", "type": "function", "deferred": True}]
    assert "system_prompt" not in generation
    assert generation["metadata"]["sigil.sdk.content_capture_mode"] == "metadata_only"
    assert "sigil.conversation.title" not in generation["metadata"]
    assert generation["metadata"]["sigil.user.id"] == "user-1"


def test_a_stream_says_how_long_its_first_token_took(sigil_client: Any, server: Any) -> None:
    client = sigil_client()
    with client.start_streaming_generation(GenerationStart(model=MODEL, started_at=STARTED)) as recorder:
        recorder.set_first_token_at(STARTED + timedelta(milliseconds=250))
        recorder.set_result(output=[assistant_text_message("hi")])
    client.flush()
    (generation,) = server.generations()
    assert generation["mode"] == "GENERATION_MODE_STREAM"
    assert generation["operation_name"] == "streamText"
    assert generation["metadata"]["gen_ai.response.time_to_first_chunk"] == 0.25


def test_identity_comes_from_start_then_context_then_configuration(sigil_client: Any, server: Any) -> None:
    client = sigil_client(agent_name="config-agent", agent_version="config-version", user_id="config-user")
    with (
        sigil_context.with_conversation_id("context-conversation"),
        sigil_context.with_agent_name("context-agent"),
        sigil_context.with_user_id("context-user"),
        client.start_generation(GenerationStart(model=MODEL, user_id="start-user")) as recorder,
    ):
        recorder.set_result(output=[assistant_text_message("hi")])
    client.flush()
    (generation,) = server.generations()
    assert generation["conversation_id"] == "context-conversation"
    assert generation["agent_name"] == "context-agent"
    assert generation["agent_version"] == "config-version"
    assert generation["metadata"]["sigil.user.id"] == "start-user"
    assert generation["id"].startswith("gen_")


def test_the_callers_objects_are_neither_changed_nor_followed(sigil_client: Any, server: Any) -> None:
    client = sigil_client(content_capture=ContentCaptureMode.METADATA_ONLY)
    start, messages = start_everything(), [user_text_message("kept")]
    recorder = client.start_generation(start)
    start.tags["k"] = "changed later"
    recorder.set_result(input=messages, output=[assistant_text_message("x")])
    messages[0].parts[0].text = " "
    messages.clear()
    recorder.end()
    client.flush()
    assert recorder.err() is None
    assert server.generations()[0]["tags"]["k"] == "start"
    assert len(server.generations()[0]["input"]) == 1
    assert start.tools[0].description == "adds"
    assert recorder.last_generation == recorder.last_generation
    assert recorder.last_generation is not recorder.last_generation


@pytest.mark.parametrize(
    "metadata", [{"when": STARTED}, {"set": {1}}, {1: "int key"}, {"nan": float("nan")}, {"lock": object()}]
)
def test_odd_metadata_costs_no_generation(sigil_client: Any, server: Any, metadata: dict[Any, Any]) -> None:
    client = sigil_client()
    with client.start_generation(GenerationStart(model=MODEL, metadata=metadata)) as recorder:
        recorder.set_result(output=[assistant_text_message("a lone surrogate: \ud800")])
    assert recorder.err() is None
    client.flush()
    assert len(server.generations()) == 1
