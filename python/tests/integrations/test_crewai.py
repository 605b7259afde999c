"""CrewAI and LiteLLM with the handler and the seed's recipe, against a provider of the test's own. W-36, W-37."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import ROOT, RunProgram, Server, program_runner
from integrations.shape import check, kinds, texts
from provider import Provider, Reply, running_provider

QUIET = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}
SCRIPTS: dict[str, list[Reply]] = {
    "native": [("forecast", {"city": "Paris"}), "It is sunny.", "A poem."],
    "solo": [("forecast", {"city": "Paris"}), "It is sunny."],
    "through_litellm": ["It is sunny.", "A poem."],
    "tool_through_litellm": [
        'Thought: I look.\nAction: forecast\nAction Input: {"city": "Paris"}\n',
        "Thought: I know.\nFinal Answer: It is sunny.",
        "Thought: I can.\nFinal Answer: A poem.",
    ],
    **{
        f"{way}_tool_through_litellm": [("forecast", {"city": "Paris"}), "It is sunny.", "A poem."]
        for way in ("native", "streamed", "awaited")
    },
    "at_once": [("forecast", {"city": "Rome"}), "Rome is sunny.", "A poem of Rome."],
    "streamed": ["It is sunny.", "A poem."],
    "broken_tool": [("forecast", {"city": "Atlantis"}), "I cannot know.", "Sad."],
    "broken_model": [400],
    "broken_model_through_litellm": [400],
    "litellm_fails": [500],
    "litellm_alone": ["Hello!"],
}
Scenario = Callable[[str], tuple[Any, dict[str, Any]]]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """What the program saw of a scenario, and its conversation. They run in one process: CrewAI takes long to import."""
    folder: Path = tmp_path_factory.mktemp("crewai")
    server = Server(folder / "data").start()
    with running_provider() as provider:
        provider.scripts = {name: list(replies) for name, replies in SCRIPTS.items()}
        provider.scripts["broken_solo"] = [400]
        provider.scripts["at_once_left"] = [("forecast", {"city": "Oslo"}), "Oslo is sunny.", "A poem of Oslo."]
        places = {"SERVER": server.url, "PROVIDER": provider.url, "SCENARIOS": " ".join(SCRIPTS)}
        finished = program_runner(folder)("crewai_scenarios.py", env="crewai", timeout=110, **places, **QUIET)
    told = json.loads(finished.out.strip().splitlines()[-1])

    def look(name: str) -> tuple[Any, dict[str, Any]]:
        conversation = server.conversation(told[name]["run_id"])
        check(conversation)
        assert conversation["user_id"] == "crewai_system"
        assert "sk-secret" not in str(conversation)
        return told[name]["answer"], conversation

    yield look
    server.kill()


def test_a_crew(scenario: Scenario) -> None:
    """Two agents, two tasks and a tool, with a model that CrewAI calls past LiteLLM."""
    answer, conversation = scenario("native")
    assert answer == "A poem."
    assert kinds(conversation) == ["run.start", "user.input", "agent.response", "agent.response", "run.end"]
    start, asked, first, second, end = conversation["events"]
    assert (asked["text"], first["text"], second["text"]) == ("Paris", "It is sunny.", "A poem.")
    assert end["payload"]["exit_reason"] == "completed"

    steps = {(step["kind"], step["name"], str(step["output"])[:20]): step for step in conversation["steps"]}
    plans = [step for step in conversation["steps"] if step["name"] == "crewai_task"]
    agents = [step for step in conversation["steps"] if step["name"] == "agent_start"]
    assert {plan["parent_id"] for plan in plans} == {asked["event_id"]}
    assert [agent["parent_id"] for agent in agents] == [plan["step_id"] for plan in plans]
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert (tool["name"], tool["input"], tool["output"]) == ("forecast", {"city": "Paris"}, "sunny in Paris")
    assert tool["parent_id"] == agents[0]["step_id"]
    done = [step for step in conversation["steps"] if step["kind"] == "function"]
    assert [(step["name"], step["output"]) for step in done] == [("report", "It is sunny."), ("write", "A poem.")]
    assert len(steps) == 7

    generations = conversation["generations"]
    assert [generation["parent_id"] for generation in generations] == [agents[i]["step_id"] for i in (0, 0, 1)]
    for generation in generations:
        assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
        assert generation["usage"]["total_tokens"] == 30
        assert generation["reported_cost_usd"] is not None
    [call] = [part["tool_call"] for part in generations[0]["output"][0]["parts"] if "tool_call" in part]
    assert call["name"] == "forecast"
    [definition] = generations[0]["tools"]
    city = definition["input_schema"]["properties"]["city"]
    assert (definition["input_schema"]["required"], city["type"]) == (["city"], "string"), "as it is sent to the model"


def test_agents_without_a_crew(scenario: Scenario) -> None:
    answers, conversation = scenario("solo")
    assert answers[0] == "It is sunny." and answers[1] != "nothing"
    assert kinds(conversation) == ["user.input", "agent.response", "user.input"], "the failure is the call's"
    asked, answered, asked_again = conversation["events"]
    assert [each["text"] for each in (asked, answered, asked_again)] == ["How is Paris?", "It is sunny.", "Write it up"]
    agents = [step for step in conversation["steps"] if step["name"] == "agent_start"]
    assert [agent["parent_id"] for agent in agents] == [asked["event_id"], asked_again["event_id"]]
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert (tool["output"], tool["parent_id"]) == ("sunny in Paris", agents[0]["step_id"])
    generations = conversation["generations"]
    assert [each["parent_id"] for each in generations] == [agents[i]["step_id"] for i in (0, 0, 1)]
    assert [bool(each["error"]) for each in generations] == [False, False, True]


def test_a_crew_through_litellm(scenario: Scenario) -> None:
    """LiteLLM's hooks and the bus both know these calls; they are recorded once."""
    answer, conversation = scenario("through_litellm")
    assert answer == "A poem."
    assert [texts(each["output"])[0][1] for each in conversation["generations"]] == ["It is sunny.", "A poem."]
    assert {each["usage"]["total_tokens"] for each in conversation["generations"]} == {30}


def test_a_tool_through_litellm(scenario: Scenario) -> None:
    """A model that writes its calls as text."""
    answer, conversation = scenario("tool_through_litellm")
    assert answer == "A poem."
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert (tool["name"], tool["input"], tool["output"]) == ("forecast", {"city": "Paris"}, "sunny in Paris")
    agents = [step["step_id"] for step in conversation["steps"] if step["name"] == "agent_start"]
    assert tool["parent_id"] == agents[0]
    assert [each["parent_id"] for each in conversation["generations"]] == [agents[0], agents[0], agents[1]]


@pytest.mark.parametrize("way", ["native", "streamed", "awaited"])
def test_calls_of_tools_through_litellm(scenario: Scenario, way: str) -> None:
    """CrewAI's bus tells no end of a call whose reply is calls of tools, LiteLLM does; each call is recorded once."""
    answer, conversation = scenario(f"{way}_tool_through_litellm")
    assert answer == "A poem."
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert (tool["name"], tool["input"], tool["output"]) == ("forecast", {"city": "Paris"}, "sunny in Paris")
    agents = [step["step_id"] for step in conversation["steps"] if step["name"] == "agent_start"]
    assert tool["parent_id"] == agents[0]
    wanted, told, written = conversation["generations"]
    assert [each["parent_id"] for each in (wanted, told, written)] == [agents[0], agents[0], agents[1]]
    [call] = [part["tool_call"] for part in wanted["output"][0]["parts"] if "tool_call" in part]
    assert (call["id"], call["name"], call["arguments"]) == ("call_1", "forecast", {"city": "Paris"})
    *_, answered = told["input"]
    if way == "streamed":  # CrewAI forgets the call's id there, and sends none.
        assert texts([answered]) == [("tool", "sunny in Paris")]
    else:
        [result] = [part["tool_result"] for part in answered["parts"]]
        assert (result["tool_call_id"], result["content"]) == ("call_1", "sunny in Paris")
    assert [texts(each["output"])[0][1] for each in (told, written)] == ["It is sunny.", "A poem."]
    assert wanted["completed_at"] <= told["started_at"]
    for generation in (wanted, told, written):
        assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
        assert generation["usage"]["total_tokens"] == 30 and generation["reported_cost_usd"] is not None
        assert (generation["mode"] == "STREAM") == (way == "streamed")


def test_a_model_that_fails_through_litellm(scenario: Scenario) -> None:
    answer, conversation = scenario("broken_model_through_litellm")
    assert answer == "BadRequestError"
    [generation] = conversation["generations"]
    assert "told to fail" in generation["error"]["message"]
    assert kinds(conversation) == ["user.input"]


def test_two_crews_at_once(scenario: Scenario) -> None:
    """Of one handler: each crew's work is below its own question."""
    answer, conversation = scenario("at_once")
    assert answer == ["A poem of Oslo.", "A poem of Rome."]
    asked = {event["event_id"]: event["text"] for event in conversation["events"] if event["kind"] == "user.input"}
    assert sorted(asked.values()) == ["Oslo", "Rome"]
    above = {record["step_id"]: record["parent_id"] for record in conversation["steps"]}

    def city(record: dict[str, Any]) -> str:
        parent = record["parent_id"]
        while parent not in asked:
            parent = above[parent]
        return asked[parent]

    tools = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert sorted((city(tool), tool["output"]) for tool in tools) == [
        ("Oslo", "sunny in Oslo"),
        ("Rome", "sunny in Rome"),
    ]
    poems = [(city(each), texts(each["output"])[0][1]) for each in conversation["generations"]]
    assert sorted(poem for poem in poems if "poem" in poem[1]) == [
        ("Oslo", "A poem of Oslo."),
        ("Rome", "A poem of Rome."),
    ]
    assert len(poems) == 6


def test_a_stream_has_its_first_token(scenario: Scenario) -> None:
    _answer, conversation = scenario("streamed")
    for generation in conversation["generations"]:
        assert generation["mode"] == "STREAM"
        assert generation["started_at"] <= generation["first_token_at"] <= generation["completed_at"]


def test_a_tool_that_fails(scenario: Scenario) -> None:
    _answer, conversation = scenario("broken_tool")
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert tool["error"]["message"] == "no such city"
    assert "error" not in kinds(conversation)


def test_a_model_that_fails(scenario: Scenario) -> None:
    """The program gets its exception; the failure is told where it happened, the task ends with it."""
    answer, conversation = scenario("broken_model")
    assert answer == "BadRequestError"
    assert kinds(conversation) == ["user.input"], "a run that was given is neither begun nor ended"
    [generation] = conversation["generations"]
    assert "told to fail" in generation["error"]["message"]
    [task] = [step for step in conversation["steps"] if step["kind"] == "function"]
    assert "told to fail" in task["error"]["message"]


def test_litellm_by_itself(scenario: Scenario) -> None:
    """Whole, streamed and in a loop that ends before LiteLLM tells of it."""
    answer, conversation = scenario("litellm_alone")
    assert answer == ["Hello!", "Hello!", "Hello!"]
    whole, streamed, awaited = conversation["generations"]
    for generation in (whole, streamed, awaited):
        assert texts(generation["input"]) == [("user", "Hi")] and generation["system_prompt"] == "Be brief."
        assert texts(generation["output"]) == [("assistant", "Hello!")]
        assert generation["usage"]["total_tokens"] == 30 and generation["reported_cost_usd"] is not None
        assert generation["stop_reason"] == "stop"
    assert whole["temperature"] == 0.5
    assert (whole["metadata"]["plan"], whole["metadata"]["list"]) == ("pro", "[1]")
    assert streamed["mode"] == "STREAM" and streamed["first_token_at"] <= streamed["completed_at"]


def test_litellm_that_fails(scenario: Scenario) -> None:
    answer, conversation = scenario("litellm_fails")
    assert answer == "InternalServerError"
    [generation] = conversation["generations"]
    assert generation["error"]["code"] == "InternalServerError"
    assert generation["error"]["context"]["status_code"] == 500


def test_the_example(server: Server, run_program: RunProgram, provider: Provider) -> None:
    provider.chats = [("order_status", {"order_id": "1007"}), "It was sent on Friday."]
    program = (ROOT / "examples" / "crewai_example.py").read_text()
    run_program(program, env="crewai", INSIDELLM_BASE_URL=server.url, OPENAI_BASE_URL=provider.url, **QUIET)
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    check(conversation)
    assert len(conversation["generations"]) == 2


def test_without_litellm(run_program: RunProgram) -> None:
    program = "import insidellm as i\ntry:\n    i.CrewAIInsideLLMCallbackHandler(None)\nexcept ImportError as e: print(e)\n"
    assert "pip install 'insidellm[crewai]'" in run_program(program, env="vertex").out
