"""The same small agent told in six ways is the same conversation at a server, whether its tool works or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import Server, program_runner
from integrations.shape import check, kinds, texts
from provider import running_provider

QUIET = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}
ENVS = {
    "tracker": "ours",
    "decorators": "ours",
    "langchain": "langchain-1",
    "crewai": "crewai",
    "litellm": "ours",
    "sigil": "ours",
}
PRICED = {"crewai", "litellm", "sigil"}
"""LiteLLM knows prices; the others are told none."""
KEPT = {"litellm", "sigil"}
"""LiteLLM calls the first handler that it was given for as long as the process lives: a process asks once."""
BELOW = {"tracker", "langchain", "crewai"}
"""What happens is told below the question; decorators and LiteLLM know of none."""
SESSIONS = {"tracker", "decorators", "litellm"}
"""The program begins and ends the run; the callbacks leave one that they are given as it is."""
TOOL = {"Paris": "sunny in Paris", "Atlantis": "no such city"}


class Told:
    """What a program has left at a server, told in one way."""

    def __init__(self, way: str, server: Server) -> None:
        self.way = way
        self.server = server


@pytest.fixture(scope="module", params=ENVS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One program asks about every city, where it can: most of its time is that of its imports."""
    way = request.param
    folder: Path = tmp_path_factory.mktemp(way)
    server = Server(folder / "data").start()
    try:
        with running_provider() as provider:
            provider.chats = [reply for city in TOOL for reply in (("forecast", {"city": city}), "It is sunny.")]
            places = {"PROVIDER": provider.url, "INSIDELLM_BASE_URL": server.url, "SIGIL_ENDPOINT": server.url}
            for cities in [[city] for city in TOOL] if way in KEPT else [list(TOOL)]:
                settings = {"WAY": way, "CITIES": " ".join(cities), "SIGIL_PROTOCOL": "http", **QUIET}
                finished = program_runner(folder)("same_agent.py", env=ENVS[way], **settings, **places)
                assert finished.out.splitlines().count("It is sunny.") == len(cities), finished.out
        yield Told(way, server)
    finally:
        server.kill()


@pytest.mark.parametrize("city", TOOL)
def test_the_conversation(told: Told, city: str) -> None:
    way = told.way
    assert sorted(item["id"] for item in told.server.conversations()) == sorted(TOOL)
    conversation = told.server.conversation(city)
    check(conversation)
    question = check_generations(conversation, way, city)
    check_tool(conversation, city)
    assert conversation["user_id"] == "user-123"
    if way == "sigil":
        assert conversation["events"] == [], "Sigil has no events"
        return
    said = [kind for kind in kinds(conversation) if not kind.startswith("run.")]
    sessions = [kind for kind in kinds(conversation) if kind.startswith("run.")]
    assert sessions == (["run.start", "run.end"] if way in SESSIONS else [])
    assert said == ["user.input", "agent.response"]
    asked, answered = (event for event in conversation["events"] if event["kind"] in said)
    assert asked["text"] == (city if way == "crewai" else question)
    assert answered["text"] == "It is sunny."
    if way in BELOW:
        assert roots(conversation) == {asked["event_id"]}


def check_generations(conversation: dict[str, Any], way: str, city: str) -> str:
    """Two calls of the model, whole. Returns the question."""
    first, second = conversation["generations"]
    [(role, question)] = texts(first["input"])
    assert role == "user" and f"How is {city}?" in question
    [asked, wanted, result] = second["input"]
    assert texts([asked]) == [("user", question)]
    for message in (first["output"][0], wanted):
        [call] = [part["tool_call"] for part in message["parts"] if "tool_call" in part]
        assert (call["id"], call["name"], call["arguments"]) == ("call_1", "forecast", {"city": city})
    [part] = result["parts"]
    assert part["tool_result"]["tool_call_id"] == "call_1" and TOOL[city] in part["tool_result"]["content"]
    assert texts(second["output"]) == [("assistant", "It is sunny.")]
    for generation in (first, second):
        assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
        usage = generation["usage"]
        assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (20, 10, 30)
        assert (generation.get("reported_cost_usd") is not None) == (way in PRICED)
        assert not generation["error"]
    assert second["mode"] == "STREAM"
    assert second["started_at"] <= second["first_token_at"] <= second["completed_at"]
    return question


def check_tool(conversation: dict[str, Any], city: str) -> None:
    """One call of the tool: what went in, and what came out or why nothing did."""
    [step] = [step for step in conversation["steps"] if step["name"] == "forecast"]
    assert city in str(step["input"])
    if city == "Atlantis":
        assert step["error"]["message"] == "no such city"
    else:
        assert step["error"] is None and TOOL[city] in str(step["output"])


def roots(conversation: dict[str, Any]) -> set[str]:
    """What the calls of the model and of the tool are below, at whatever depth."""
    parents: dict[str, Any] = {}
    for kind, name in (("generations", "generation_id"), ("steps", "step_id"), ("events", "event_id")):
        parents.update((record[name], record.get("parent_id")) for record in conversation[kind])
    found = {generation["generation_id"] for generation in conversation["generations"]}
    found |= {step["step_id"] for step in conversation["steps"] if step["name"] == "forecast"}
    while any(parents[record] for record in found):
        found = {parents[record] or record for record in found}
    return found
