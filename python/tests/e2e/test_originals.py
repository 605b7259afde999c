"""The original packages, unmodified, send to our server, and the records are the same as from ours."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import RunProgram, Server
from records import comparable, differences

#: Environment and the name of the package in it.
SIGIL = [
    ("original-sigil-0.9.3", "sigil_sdk"),
    ("original-sigil-0.2.0", "sigil_sdk"),
    ("original-agento11y", "agento11y"),
]


#: What ours tells and the originals do not: when the first token came.
MORE = [
    ".generations[0].first_token_at: only right: '2026-11-20T12:00:00.323456Z'",
    ".generations[0].metadata.gen_ai.response.time_to_first_chunk: only right: 0.2",
]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize(("original", "package"), SIGIL)
def test_sigil_sdk(
    new_server: Any, run_program: RunProgram, tmp_path: Any, original: str, package: str, protocol: str
) -> None:
    told = {}
    for env, sdk in ((original, package), ("ours", "sigil_sdk")):
        server = new_server(data=tmp_path / env).start()
        address = server.url if protocol == "http" else server.address
        run_program("sigil_at.py", env=env, PROTOCOL=protocol, SERVER=address, SDK=sdk)
        _, told[env] = server.request("GET", "/api/v1/conversations/conv-1", headers={"X-Scope-OrgID": "team-a"})
    check_sigil_program(told[original])
    assert differences(comparable(told[original]), comparable(told["ours"])) == MORE


def check_sigil_program(conversation: dict[str, Any]) -> None:
    """The records say what programs/sigil_at.py did, field by field."""
    first, second = conversation["generations"]
    assert first["generation_id"] == "gen-1"
    assert first["conversation_id"] == "conv-1"
    assert first["agent_name"] == "forecaster"
    assert first["agent_version"] == "1.2.3"
    assert first["operation_name"] == "streamText"
    assert first["mode"] == "STREAM"
    assert first["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert first["system_prompt"] == "Be brief."
    assert (first["max_tokens"], first["temperature"], first["top_p"]) == (256, 0.25, 0.9)
    assert (first["tool_choice"], first["thinking_enabled"]) == ("auto", True)
    [tool] = first["tools"]
    assert (tool["name"], tool["description"], tool["type"]) == ("weather", "Looks it up", "function")
    asked, called, answered = first["input"]
    assert asked == {"role": "MESSAGE_ROLE_USER", "parts": [{"text": "How is Paris?"}]}
    assert called["parts"][0] == {"thinking": "I should look."}
    assert called["parts"][1]["tool_call"]["name"] == "weather"
    assert called["parts"][1]["tool_call"]["input_json"] == "eyJjaXR5IjogIlBhcmlzIn0="
    assert answered["parts"][0]["tool_result"]["content"] == "18 °C"
    assert answered["parts"][0]["tool_result"]["tool_call_id"] == "call-1"
    assert first["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Mild, 18 °C ☀"}]}]
    usage = first["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (100, 20, 120)
    assert (usage["cache_read_input_tokens"], usage["cache_write_input_tokens"]) == (40, 8)
    assert usage["reasoning_tokens"] == 5
    assert (first["response_id"], first["response_model"]) == ("resp-1", "gpt-4o-mini-2024-07-18")
    assert first["stop_reason"] == "stop"
    assert first["started_at"] == "2026-11-20T12:00:00.123456Z"
    assert first["completed_at"] == "2026-11-20T12:00:01.623456Z"
    assert first["tags"] == {"env": "test", "größe": "groß"}
    told = {key: first["metadata"][key] for key in ("n", "ok", "none", "list", "nested")}
    assert told == {"n": 1.5, "ok": True, "none": None, "list": [1, "two"], "nested": {"a": {"b": "c"}}}
    assert (first["conversation_title"], first["user_id"]) == ("Weather", "user-1")
    assert first["error"] is None
    assert second["generation_id"] == "gen-2"
    assert second["error"]["message"] == "429 rate limited"
    assert second["output"] == []
    assert conversation["title"] == "Weather"


def test_insidellm(new_server: Any, run_program: RunProgram, tmp_path: Any) -> None:
    told = {}
    for env in ("original-insidellm", "ours"):
        server: Server = new_server(data=tmp_path / env).start()
        run_program("insidellm_at.py", env=env, SERVER=server.url)
        [item] = server.conversations()
        told[env] = server.conversation(item["id"])
    check_insidellm_program(told["original-insidellm"])
    assert differences(comparable(told["original-insidellm"]), comparable(told["ours"])) == []


def check_insidellm_program(conversation: dict[str, Any]) -> None:
    """The records say what programs/insidellm_at.py did: halves are one call, one step."""
    [generation] = conversation["generations"]
    assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "What is 2+2?"}]}]
    assert generation["output"] == [
        {"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "4, naturellement — “four” 🙂"}]}
    ]
    assert (generation["temperature"], generation["max_tokens"]) == (0.5, 64)
    usage = generation["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (10, 4, 14)
    assert generation["reported_cost_usd"] == 0.00021
    assert generation["stop_reason"] == "stop"
    [step] = conversation["steps"]
    assert (step["kind"], step["name"]) == ("tool", "calculator")
    assert (step["input"], step["output"]) == ({"expression": "2+2"}, {"value": 4})
    kinds = [event["kind"] for event in conversation["events"]]
    assert kinds == ["run.start", "user.input", "agent.response", "run.end"]
    assert conversation["user_id"] == "user-123"
    assert conversation["ended_at"] is not None
