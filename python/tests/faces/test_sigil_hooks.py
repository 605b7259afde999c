"""Hooks: when the server is asked, what it is told, and what its answers mean."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, ControlPlane
from sigil_sdk import (
    ApiConfig,
    Client,
    ClientConfig,
    ClientShutdownError,
    GenerationExportConfig,
    HookContext,
    HookEvaluateRequest,
    HookEvaluateResponse,
    HookEvaluation,
    HookInput,
    HookModel,
    HooksConfig,
    HookTransportError,
    Message,
    MessageRole,
    Part,
    PartKind,
    ToolCall,
    ToolDefinition,
    ToolResult,
    assistant_text_message,
    hook_denied_from_response,
    text_part,
    thinking_part,
    tool_call_part,
    tool_result_part,
)
from sigil_sdk.hooks import DEFAULT_HOOK_TIMEOUT, HOOK_TIMEOUT_HEADER, HOOKS_EVALUATE_PATH, evaluate_hook

QUESTION = HookEvaluateRequest("preflight", HookContext(), HookInput())


def make(plane: ControlPlane, **hooks: Any) -> Client:
    return Client(
        ClientConfig(
            generation_export=GenerationExportConfig(protocol="none", headers={"x-a": "b"}),
            api=ApiConfig(plane.url),
            hooks=HooksConfig(**{"enabled": True, **hooks}),
        )
    )


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_the_question_has_everything(plane: ControlPlane) -> None:
    messages = [
        Message(MessageRole.USER, [text_part("hi"), text_part("")], name="bob"),
        Message(
            MessageRole.ASSISTANT,
            [thinking_part("hm"), tool_call_part(ToolCall("f", "1", b'{"a":1}')), tool_call_part(ToolCall("g"))],
        ),
        Message(MessageRole.TOOL, [tool_result_part(ToolResult("1", "f", "res", b"[2]", True))]),
        Message("system", [Part(PartKind.TOOL_CALL)]),
    ]
    tools = [ToolDefinition("t", "d", "function", b"{}", True), ToolDefinition("u")]
    given = HookInput(messages, tools, "sys", [assistant_text_message("o")], "preview")
    context = HookContext(HookModel("openai", "gpt"), "agent", "1", {"k": "v"})
    make(plane, timeout_seconds=2.5).evaluate_hook(HookEvaluateRequest("preflight", context, given))
    [asked] = plane.asked
    assert (asked.method, asked.path) == ("POST", HOOKS_EVALUATE_PATH)
    assert (asked.headers[HOOK_TIMEOUT_HEADER.lower()], asked.headers["x-a"]) == ("2500", "b")
    assert asked.body == {
        "phase": "preflight",
        "context": {
            "model": {"provider": "openai", "name": "gpt"},
            "agent_name": "agent",
            "agent_version": "1",
            "tags": {"k": "v"},
        },
        "input": {
            "messages": [
                {"role": "user", "parts": [{"text": "hi"}], "name": "bob"},
                {
                    "role": "assistant",
                    "parts": [
                        {"thinking": "hm"},
                        {"tool_call": {"id": "1", "name": "f", "input_json": encoded(b'{"a":1}')}},
                        {"tool_call": {"id": "", "name": "g"}},
                    ],
                },
                {
                    "role": "tool",
                    "parts": [
                        {
                            "tool_result": {
                                "is_error": True,
                                "content": "res",
                                "tool_call_id": "1",
                                "name": "f",
                                "content_json": encoded(b"[2]"),
                            }
                        }
                    ],
                },
                {"role": "user", "parts": []},
            ],
            "tools": [
                {"name": "t", "description": "d", "type": "function", "input_schema_json": encoded(b"{}"), "deferred": True},
                {"name": "u"},
            ],
            "system_prompt": "sys",
            "output": [{"role": "assistant", "parts": [{"text": "o"}]}],
            "conversation_preview": "preview",
        },
    }


def test_nobody_is_asked_unless_it_is_configured(plane: ControlPlane) -> None:
    assert not make(plane, enabled=False).evaluate_hook(QUESTION).is_deny
    other = HookEvaluateRequest("postflight", HookContext(), HookInput())
    assert make(plane).evaluate_hook(other) == HookEvaluateResponse("allow")
    assert plane.asked == []
    # Empty fields are left out.
    make(plane, phases=["postflight"]).evaluate_hook(other)
    assert plane.asked[0].body == {"phase": "postflight", "context": {}, "input": {}}
    assert plane.asked[0].headers[HOOK_TIMEOUT_HEADER.lower()] == str(int(DEFAULT_HOOK_TIMEOUT * 1000))


def test_a_denial(plane: ControlPlane) -> None:
    evaluations = [
        {"rule_id": "r", "evaluator_id": "e", "evaluator_kind": "regex", "passed": False, "latency_ms": 3.7, "reason": "y"},
        5,
        {"latency_ms": "7", "passed": True},
    ]
    plane.script.append(Answer(200, {"action": "deny", "rule_id": "r", "reason": "no", "evaluations": evaluations}))
    response = make(plane).evaluate_hook(QUESTION)
    assert response.is_deny
    assert response.evaluations == [
        HookEvaluation("r", "e", "regex", False, 3, "", "y"),
        HookEvaluation("", "", "", True, 7),
    ]
    denied = hook_denied_from_response(response)
    assert denied is not None
    assert (str(denied), denied.rule_id) == ("sigil hook denied by rule r: no", "r")
    assert denied.evaluations == response.evaluations
    assert hook_denied_from_response(None) is None
    assert hook_denied_from_response(HookEvaluateResponse("allow")) is None


@pytest.mark.parametrize("body", [{"action": "DENY"}, {"action": 5}, {}, [], 5, {"evaluations": "x", "rule_id": None}])
def test_what_is_no_denial_allows(plane: ControlPlane, body: Any) -> None:
    plane.script.append(Answer(200, body))
    assert make(plane, fail_open=False).evaluate_hook(QUESTION) == HookEvaluateResponse("allow")


def test_another_input_to_go_on_with(plane: ControlPlane) -> None:
    transformed = {
        "messages": [
            {"role": "USER", "parts": [{"text": "a"}, 5, {"text": ""}], "name": "n"},
            {"role": 2, "parts": [{"thinking": "b"}, {"tool_call": {"name": "f", "id": "1", "input_json": encoded(b"{}")}}]},
            {"role": 3, "parts": [{"tool_result": {"tool_call_id": "1", "content": "[REDACTED]", "content_json": {"a": 1}}}]},
            {"parts": "x"},
            7,
        ],
        "system_prompt": "s",
        "tools": [{"name": "t", "input_schema_json": "not base64!"}],
    }
    plane.script.append(Answer(200, {"action": "allow", "transformed_input": transformed}))
    made = make(plane).evaluate_hook(QUESTION).transformed_input
    assert made == HookInput(
        messages=[
            Message(MessageRole.USER, [text_part("a")], "n"),
            Message(MessageRole.ASSISTANT, [thinking_part("b"), tool_call_part(ToolCall("f", "1", b"{}"))]),
            Message(
                MessageRole.TOOL,
                [tool_result_part(ToolResult("1", content="[REDACTED]", content_json=b'{"a": 1}'))],
            ),
            Message(MessageRole.USER, []),
        ],
        tools=[ToolDefinition("t", input_schema_json=b"not base64!")],
        system_prompt="s",
    )
    for nothing in ({}, {"messages": []}, 5):
        plane.script.append(Answer(200, {"transformed_input": nothing}))
        assert make(plane).evaluate_hook(QUESTION).transformed_input is None


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Answer(200, b""), "empty hook response payload"),
        (Answer(200, b"junk"), "invalid JSON response"),
        (Answer(500, b"boom"), "status 500: boom"),
        (Answer(404, b""), "status 404: HTTP 404"),
        (Answer(200, b" " * (4 * 1024 * 1024 + 1)), "hook response too large"),
    ],
)
def test_without_a_usable_answer_the_configuration_decides(plane: ControlPlane, answer: Answer, detail: str) -> None:
    plane.script.append(answer)
    assert make(plane).evaluate_hook(QUESTION) == HookEvaluateResponse("allow")
    plane.script.append(answer)
    with pytest.raises(HookTransportError) as failed:
        make(plane, fail_open=False).evaluate_hook(QUESTION)
    assert str(failed.value).startswith(f"sigil hook evaluation failed: {detail}")


def test_a_slow_server_and_none_at_all(plane: ControlPlane) -> None:
    held = threading.Event()
    plane.script.append(Answer(held=held))
    with pytest.raises(HookTransportError, match="timed out"):
        make(plane, fail_open=False, timeout_seconds=0.05).evaluate_hook(QUESTION)
    held.set()
    hooks = HooksConfig(enabled=True, fail_open=False)
    for endpoint, detail in [(" ", "api endpoint is required"), ("http://127.0.0.1:1", "refused")]:
        with pytest.raises(HookTransportError, match=detail):
            evaluate_hook(api_endpoint=endpoint, insecure=True, extra_headers={}, hooks=hooks, request=QUESTION)


def test_what_cannot_be_asked_never_raises_when_open(plane: ControlPlane) -> None:
    question = HookEvaluateRequest("preflight", HookContext(tags={"k": object()}), HookInput())  # type: ignore[dict-item]
    assert not make(plane).evaluate_hook(question).is_deny
    with pytest.raises(HookTransportError, match="not JSON serializable"):
        make(plane, fail_open=False).evaluate_hook(question)


def test_nothing_is_asked_after_shutdown(plane: ControlPlane) -> None:
    client = make(plane)
    client.shutdown()
    with pytest.raises(ClientShutdownError):
        client.evaluate_hook(QUESTION)
