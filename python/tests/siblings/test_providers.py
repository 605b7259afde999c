"""The wrappers of providers' own clients: what arrives at a real server."""

from __future__ import annotations

import pytest
from conftest import RunProgram, Server
from provider import Provider
from siblings.runs import CITY, RunSibling, messages, runner, usage

HI = [("user", ["Hi"])]
HELLO = [("assistant", ["Hello there!"])]


@pytest.fixture
def run_sibling(run_program: RunProgram, provider: Provider, server: Server) -> RunSibling:
    """Runs a program of `programs/siblings`."""
    return runner(run_program, provider, server)


def test_openai(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_openai.py", tools=[CITY])
    for conversation in ("chat", "async"):
        [generation] = ran.generations(conversation)
        assert generation["model"] == {"provider": "openai", "name": "gpt-5"}
        assert (messages(generation["input"]), messages(generation["output"])) == (HI, HELLO)
        assert generation["system_prompt"] == "Be brief."
        assert (generation["agent_name"], generation["agent_version"]) == ("assistant", "1.0.0")
        assert (generation["temperature"], generation["max_tokens"]) == (0.5, 99)
        assert generation["response_id"] and generation["stop_reason"] == "stop"
        assert generation["tags"] == {"env": "test"}
        assert usage(generation) == (20, 10, 30)
    [stream] = ran.generations("stream")
    assert (stream["mode"], messages(stream["output"])) == ("STREAM", HELLO)
    [tools] = ran.generations("tools")
    assert messages(tools["output"]) == [("assistant", [CITY])]
    assert tools["tools"][0]["name"] == "weather"
    for conversation, mode in (("responses", "SYNC"), ("responses-stream", "STREAM")):
        [generation] = ran.generations(conversation)
        assert (generation["mode"], messages(generation["output"])) == (mode, HELLO)
        assert (generation["usage"]["cache_read_input_tokens"], generation["usage"]["reasoning_tokens"]) == (4, 3)
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"] and ran.told["failure"] == "InternalServerError"


def test_anthropic(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_anthropic.py", tools=[CITY])
    thought = {"thought": "Let me think."}
    for conversation in ("plain", "async"):
        [generation] = ran.generations(conversation)
        assert generation["model"] == {"provider": "anthropic", "name": "claude-sonnet-4-5"}
        assert messages(generation["input"]) == HI
        assert messages(generation["output"]) == [("assistant", [thought, "Hello there!"])]
        assert (generation["system_prompt"], generation["stop_reason"]) == ("Be brief.", "end_turn")
        counts = generation["usage"]
        assert (counts["cache_read_input_tokens"], counts["cache_write_input_tokens"]) == (4, 2)
        assert usage(generation)[:2] == (20, 10)
    [stream] = ran.generations("stream")
    assert (stream["mode"], messages(stream["output"])) == ("STREAM", HELLO)
    asked, answered = ran.generations("tools")
    assert messages(asked["output"]) == [("assistant", [thought, CITY])]
    assert messages(answered["input"])[1:] == [
        ("assistant", [CITY]),
        ("tool", [{"result_of": "toolu_1", "is": "sunny"}]),
    ]
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"] and ran.told["failure"] == "InternalServerError"


def test_gemini(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_gemini.py", tools=[CITY])
    thought = {"thought": "Let me think."}
    for conversation in ("plain", "async"):
        [generation] = ran.generations(conversation)
        assert generation["model"] == {"provider": "gemini", "name": "gemini-2.5-pro"}
        assert generation["response_model"] == "gemini-2.5-pro-001"
        assert messages(generation["input"]) == HI
        assert messages(generation["output"]) == [("assistant", [thought, "Hello there!"])]
        assert generation["thinking_enabled"] is True
        assert generation["metadata"]["sigil.gen_ai.request.thinking.budget_tokens"] == 1024
        assert usage(generation) == (20, 10, 30)
    [stream] = ran.generations("stream")
    assert stream["mode"] == "STREAM" and "Hello there!" in str(messages(stream["output"]))
    [tools] = ran.generations("tools")
    assert messages(tools["output"]) == [("assistant", [thought, CITY])]
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"] and ran.told["failure"] == "ServerError"
