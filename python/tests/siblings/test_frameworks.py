"""The handlers of agent frameworks, on our `SigilFrameworkHandlerBase`: what arrives at a real server."""

from __future__ import annotations

import pytest
from conftest import RunProgram, Server
from provider import Provider
from siblings.runs import CITY, RunSibling, messages, runner, usage

HELLO = [("assistant", ["Hello there!"])]
ASKED = ("user", ["Weather in Oslo?"])
TOOLS = [CITY, "Sunny."]


@pytest.fixture
def run_sibling(run_program: RunProgram, provider: Provider, server: Server) -> RunSibling:
    """Runs a program of `programs/siblings`."""
    return runner(run_program, provider, server)


def test_langchain(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_langchain.py", tools=list(TOOLS))
    [plain] = ran.generations("plain")
    assert plain["system_prompt"] == "Be brief."
    assert (messages(plain["input"]), messages(plain["output"])) == ([("user", ["Hi"])], HELLO)
    assert plain["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert (plain["agent_name"], plain["agent_version"]) == ("forecaster", "1.2.3")
    assert (plain["response_id"], plain["stop_reason"], plain["temperature"]) == ("reply-1", "stop", 0.5)
    assert plain["tags"]["sigil.framework.name"] == "langchain"
    assert plain["metadata"]["sigil.framework.tags"] == ["qa"]
    assert usage(plain) == (20, 10, 30)
    [stream] = ran.generations("stream")
    assert messages(stream["output"]) == HELLO and usage(stream) == (20, 10, 30)
    first, second = ran.generations("tools")
    assert messages(first["output"]) == [("assistant", [CITY])] and first["tools"][0]["name"] == "weather"
    assert messages(second["input"]) == [
        ASKED,
        ("assistant", [CITY]),
        ("tool", [{"result_of": "call_1", "is": "sunny in Oslo"}]),
    ]
    [chain] = ran.generations("chain")
    assert messages(chain["input"]) == [("user", ["Say hello"])]
    assert chain["metadata"]["sigil.framework.parent_run_id"]
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"] and messages(failure["input"]) == [("user", ["Hi"])]
    parallel = ran.generations("parallel")
    assert sorted(messages(each["input"])[0][1][0] for each in parallel) == [f"question {n}" for n in range(5)]


def test_langgraph(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_langgraph.py")
    assert ran.told["remembered"] == [] and ran.told["failure"] == "the writer broke"
    thread = ran.server.conversation("thread-1")
    assert thread["title"] == "My run"
    steps = sorted(thread["steps"], key=lambda each: each["started_at"])
    assert [each["name"] for each in steps] == ["plan", "research", "write"] * 2
    plan, research, write, *_ = steps
    asked, looked_up, *_ = sorted(thread["generations"], key=lambda each: each["started_at"])
    assert plan["input"] == {"question": "Why is it slow?", "answer": ""}
    assert plan["output"] == {"question": "Why is it slow?", "answer": "Hello there!"}
    assert (plan.get("parent_step_ids", []), research["parent_step_ids"]) == ([], [plan["step_id"]])
    assert write["parent_step_ids"] == [research["step_id"]] and write["output"]["answer"] == "HELLO THERE!"
    # The second model is asked inside a tool of its node.
    assert plan["linked_generation_ids"] == [asked["generation_id"]]
    assert research["linked_generation_ids"] == [looked_up["generation_id"]]
    assert looked_up["parent_generation_ids"] == [asked["generation_id"]]
    assert asked["metadata"]["sigil.framework.langgraph.node"] == "plan"
    broken = next(each for each in ran.server.conversation("thread-2")["steps"] if each["name"] == "write")
    assert broken["error"]["message"] == "the writer broke"
    together = [ran.server.conversation(each["id"]) for each in ran.server.conversations() if "langgraph" in each["id"]]
    assert len(together) == 3
    for each in together:
        assert sorted(step["name"] for step in each["steps"]) == ["left", "middle", "right"]
        linked = [generation for step in each["steps"] for generation in step["linked_generation_ids"]]
        assert sorted(linked) == sorted(generation["generation_id"] for generation in each["generations"])


def test_openai_agents(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_openai_agents.py", tools=list(TOOLS), handoff=[("transfer_to_speaker", {}), "Spoken."])
    asked, answered = ran.of_agent("tools")
    assert messages(asked["input"])[-1] == ASKED and messages(answered["output"]) == [("assistant", ["Sunny."])]
    assert asked["model"] == {"provider": "openai", "name": "gpt-4o-mini"} and usage(answered) == (20, 10, 30)
    [responses] = ran.of_agent("responses")
    assert messages(responses["output"]) == HELLO
    assert [each["metadata"]["sigil.framework.component_name"] for each in ran.of_agent("handoff")] == ["Triage", "Speaker"]
    # This framework has no callback for a call that failed: it is recorded without its end.
    [failure] = ran.of_agent("failure")
    assert messages(failure["input"]) == [("user", ["Hi"])]
    assert "did not report the end" in failure["metadata"]["sigil.framework.incomplete"]


def test_pydantic_ai(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_pydantic_ai.py", tools=list(TOOLS))
    for conversation in ("plain", "stream"):
        [generation] = ran.generations(conversation)
        assert messages(generation["output"]) == HELLO and usage(generation) == (20, 10, 30)
        assert (generation["system_prompt"], generation["agent_version"]) == ("Be brief.", "1.0.0")
    first, second = ran.generations("tools")
    assert messages(first["output"]) == [("assistant", [CITY])]
    assert first["tools"][0]["input_schema"]["properties"] == {"city": {"type": "string"}}
    assert messages(second["input"]) == [ASKED, ("assistant", [CITY]), ("tool", ["sunny in Oslo"])]
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"]


def test_strands(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_strands.py", tools=list(TOOLS))
    first, second = ran.generations("plain")
    assert messages(first["output"]) == HELLO and usage(first) == (20, 10, 30)
    assert messages(second["input"]) == [("user", ["Hi"]), *HELLO, ("user", ["And now?"])]
    assert first["system_prompt"] == "Be brief." and first["tags"]["sigil.framework.name"] == "strands"
    asked, answered = ran.generations("tools")
    assert messages(asked["output"]) == [("assistant", [CITY])]
    assert messages(answered["input"])[-1] == ("tool", [{"result_of": "call_1", "is": "sunny in Oslo"}])
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"]


def test_llamaindex(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_llamaindex.py")
    said = {each["metadata"]["sigil.framework.run_type"]: each for each in ran.of_agent("reader") if each["output"]}
    assert messages(said["chat"]["input"]) == [("user", ["Hi"])] and said["chat"]["system_prompt"] == "Be brief."
    assert messages(said["llm"]["input"]) == [("user", ["Once upon"])] and messages(said["llm"]["output"]) == HELLO
    assert all("Hello there!" in str(messages(each["output"])) for each in said.values())
    assert len(ran.of_agent("reader")) == 4


def test_google_adk(run_sibling: RunSibling) -> None:
    ran = run_sibling("run_google_adk.py", tools=list(TOOLS))
    first, second = ran.generations("plain")
    assert first["model"] == {"provider": "gemini", "name": "gemini-2.5-pro"} and usage(first) == (20, 10, 30)
    assert [role for role, _ in messages(second["input"])] == ["user", "assistant", "user"]
    assert first["system_prompt"].startswith("Be brief.") and first["tools"][0]["name"] == "weather"
    asked, answered = ran.generations("tools")
    assert CITY in messages(asked["output"])[0][1]
    assert messages(answered["input"])[-1] == ("tool", [{"result_of": "weather", "is": {"result": "sunny in Oslo"}}])
    [failure] = ran.generations("failure")
    assert "told to fail" in failure["error"]["message"]
