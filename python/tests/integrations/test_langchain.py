"""LangChain of three ages, LangGraph and classic agents, with `InsideLLMCallback`: what arrives at a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import PROGRAMS, ROOT, RunProgram, Server, program_runner
from integrations.shape import check, kinds, texts
from provider import Provider

#: Those with LangGraph first: tests that share an environment are put together by its place in the list.
ENVS = ["langchain-0.3", "langchain-1", "langchain-0.1"]
GRAPHS = ENVS[:2]
with_langgraph = pytest.mark.parametrize("told", GRAPHS, indirect=True)


class Told:
    """What the program of all scenarios printed, and the server that it sent to."""

    def __init__(self, server: Server, out: str) -> None:
        self.server = server
        told = json.loads(out.strip().splitlines()[-1])
        self.scenarios, self.statistics = told["scenarios"], told["statistics"]

    def conversation(self, scenario: str) -> dict[str, Any]:
        return self.server.conversation(scenario)


@pytest.fixture(scope="module", params=ENVS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    server = Server(folder / "data").start()
    graphs = {"GRAPHS": "1"} if request.param in GRAPHS else {}
    try:
        run = program_runner(folder)
        finished = run("langchain_scenarios.py", env=request.param, SERVER=server.url, **graphs)
        yield Told(server, finished.out)
    finally:
        server.kill()


def test_everything_is_delivered_whole_and_forgotten(told: Told) -> None:
    assert told.statistics["events_sent"] == told.statistics["events_queued"] > 60
    assert told.statistics["events_failed"] == 0
    assert {name: each["remembered"] for name, each in told.scenarios.items() if each["remembered"]} == {}
    for name in told.scenarios:
        conversation = told.conversation(name)
        assert conversation["user_id"] == "user-123"
        check(conversation)


def test_a_chat_model(told: Told) -> None:
    """W-32: messages, usage, the model's and the provider's real names; W-31: tags, lists and dicts as metadata."""
    [generation] = told.conversation("chat")["generations"]
    assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert generation["response_model"] == "gpt-4o-mini-2024-07-18"
    assert generation["system_prompt"] == "Be brief."
    assert texts(generation["input"]) == [("user", "Hi")]
    assert texts(generation["output"]) == [("assistant", "Hello!")]
    assert generation["stop_reason"] == "stop"
    usage = generation["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 7, 18)
    metadata = generation["metadata"]
    assert metadata["team"] == "qa" and metadata["plan"] == "pro" and metadata["tags"] == "one,two"
    assert metadata["list"] == "[1]" and metadata["dict"] == '{"a": 1}'
    assert "sk-secret" not in json.dumps(generation)


def test_a_stream_has_its_first_token(told: Told) -> None:
    [generation] = told.conversation("stream")["generations"]
    assert generation["mode"] == "STREAM"
    assert texts(generation["output"]) == [("assistant", "one two three")]
    assert generation["started_at"] <= generation["first_token_at"] <= generation["completed_at"]


def test_a_chain_of_runnables(told: Told) -> None:
    conversation = told.conversation("lcel")
    [asked] = conversation["events"]
    assert (asked["kind"], asked["text"]) == ("user.input", "Capital of France?")
    [generation] = conversation["generations"]
    assert generation["parent_id"] == asked["event_id"]
    assert generation["system_prompt"] == "You know maps."
    assert texts(generation["output"]) == [("assistant", "Paris")]


def test_parallel_branches_of_a_batch(told: Told) -> None:
    conversation = told.conversation("parallel")
    asked = {event["event_id"]: event["text"] for event in conversation["events"]}
    assert sorted(asked.values()) == ["first?", "second?"]
    pairs = [
        (asked[generation["parent_id"]], texts(generation["input"])[0][1], texts(generation["output"])[0][1])
        for generation in conversation["generations"]
    ]
    assert sorted(pairs) == [(q, q, branch) for q in ("first?", "second?") for branch in ("left", "right")]


def test_retrievers(told: Told) -> None:
    conversation = told.conversation("retrieval")
    [step] = conversation["steps"]
    assert (step["name"], step["subtype"], step["input"]) == ("Library", "retriever", {"query": "Where is Paris?"})
    assert step["output"][0]["page_content"] == "Paris is in France."
    [broken] = told.conversation("broken_retriever")["steps"]
    assert broken["error"]["message"] == "no index"


def test_tools(told: Told) -> None:
    """W-34: whatever a tool returns is delivered."""
    conversation = told.conversation("tools")
    good, bad = sorted(conversation["steps"], key=lambda step: bool(step["error"]))
    assert (good["name"], good["output"]) == ("multiply", 42)
    assert (bad["name"], bad["error"]["message"]) == ("fail", "cannot 1")
    assert conversation["events"] == [], "a failure is told once"


def test_failures_reach_the_program_and_are_told_once(told: Told) -> None:
    assert told.scenarios["broken_model"]["answer"] == "RuntimeError: overloaded"
    conversation = told.conversation("broken_model")
    [generation] = conversation["generations"]
    assert generation["error"]["message"] == "overloaded" and generation["error"]["code"] == "RuntimeError"
    assert kinds(conversation) == ["user.input"]

    assert told.scenarios["broken_chain"]["answer"] == "KeyError: 'no such answer'"
    conversation = told.conversation("broken_chain")
    assert kinds(conversation) == ["user.input", "error"]
    assert conversation["generations"][0]["error"] is None


def test_a_retry_is_two_calls(told: Told) -> None:
    failed, succeeded = sorted(told.conversation("retried")["generations"], key=lambda each: not each["error"])
    assert failed["error"]["message"] == "overloaded"
    assert texts(succeeded["output"]) == [("assistant", "Now.")]
    assert failed["parent_id"] == succeeded["parent_id"]


def test_tasks_of_one_loop_do_not_mix(told: Told) -> None:
    conversation = told.conversation("in_a_loop")
    asked = {event["event_id"]: event["text"] for event in conversation["events"]}
    chains = [generation for generation in conversation["generations"] if generation.get("parent_id")]
    assert len(chains) == 5 and len(conversation["generations"]) == 6
    for generation in chains:
        number = asked[generation["parent_id"]].removeprefix("question ")
        assert texts(generation["output"]) == [("assistant", f"answer {number}")]


def test_a_classic_agent(told: Told) -> None:
    """All of it, though the callback was given to the constructors only."""
    conversation = told.conversation("classic_agent")
    asked, answered = conversation["events"]
    assert (asked["kind"], asked["text"]) == ("user.input", "What's the weather like today?")
    assert (answered["kind"], answered["text"]) == ("agent.response", "It is sunny.")
    assert len(conversation["generations"]) == 2
    thought, searched = sorted(conversation["steps"], key=lambda step: step["kind"])
    assert (thought["kind"], thought["name"]) == ("agent", "agent_action")
    assert (searched["name"], searched["output"]) == ("search", "sunny (weather)")
    records = [answered, thought, searched, *conversation["generations"]]
    assert {record["parent_id"] for record in records} == {asked["event_id"]}


@with_langgraph
@pytest.mark.parametrize(("scenario", "product"), [("graph_agent", 42), ("graph_agent_async", 6)])
def test_an_agent_graph(told: Told, scenario: str, product: int) -> None:
    """W-31: two calls of the model and one of a tool are all of it, and nothing dangles."""
    conversation = told.conversation(scenario)
    assert kinds(conversation) == ["user.input", "agent.response"]
    first, second = sorted(conversation["generations"], key=lambda generation: len(generation["input"]))
    [call] = [part["tool_call"] for part in first["output"][0]["parts"] if "tool_call" in part]
    assert call["name"] == "multiply"
    assert [message["role"] for message in second["input"]][-1] == "MESSAGE_ROLE_TOOL"
    assert texts(second["output"]) == [("assistant", f"It is {product}.")]
    [step] = conversation["steps"]
    assert step["name"] == "multiply" and int(step["output"]) == product
    assert conversation["generations"][0]["metadata"]["langgraph_node"] in ("agent", "model")


@with_langgraph
def test_a_graph_that_waits_for_a_person(told: Told) -> None:
    """The pause is no failure, and what the person answers is what the rest is below."""
    conversation = told.conversation("graph_interrupted")
    assert told.scenarios["graph_interrupted"]["answer"] == "It is sent."
    assert kinds(conversation) == ["user.input", "user.input", "agent.response"]
    asked, answered, _last = conversation["events"]
    assert (asked["text"], answered["text"]) == ("Mail Ann.", "Yes.")
    paused, sent = conversation["steps"]
    assert paused["error"] is None and paused["output"] == {"interrupt": ["Really?"]}
    assert sent["output"] == "sent to Ann: Yes."
    assert (paused["parent_id"], sent["parent_id"]) == (asked["event_id"], answered["event_id"])
    assert [each["parent_id"] for each in conversation["generations"]] == [asked["event_id"], answered["event_id"]]


@with_langgraph
def test_a_cancelled_request_leaves_nothing_open(told: Told) -> None:
    """LangChain tells chains of a cancellation, but neither the model nor the tool that is waited for."""
    conversation = told.conversation("graph_cancelled")
    assert told.scenarios["graph_cancelled"]["answer"] == ["cancelled", "cancelled"]
    assert kinds(conversation) == ["user.input", "user.input"], "told where it happened, and once"
    thinking, digging = conversation["generations"]
    assert thinking["error"]["code"] == "CancelledError" and digging["error"] is None
    [dig] = conversation["steps"]
    assert (dig["name"], dig["error"]["message"]) == ("dig", "CancelledError")


def test_the_seeds_program(server: Server, run_program: RunProgram, provider: Provider) -> None:
    """As it is written, with the `tools` that it leaves out, on the LangChain that still has its imports."""
    provider.completions = [
        "I should look.\nAction: forecast\nAction Input: today",
        "I now know the final answer\nFinal Answer: It is sunny.",
    ]
    run_program(
        (PROGRAMS / "seed" / "insidellm_langchain.py").read_text(),
        env="langchain-0.1",
        INSIDELLM_BASE_URL=server.url,
        OPENAI_API_BASE=provider.url,
    )
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    check(conversation)
    assert kinds(conversation) == ["user.input", "agent.response"]
    assert [generation["usage"]["total_tokens"] for generation in conversation["generations"]] == [30, 30]
    assert {generation["model"]["provider"] for generation in conversation["generations"]} == {"openai"}
    [tool] = [step for step in conversation["steps"] if step["kind"] == "tool"]
    assert tool["output"] == "sunny today"


def test_a_real_provider_class_streams(server: Server, run_program: RunProgram, provider: Provider) -> None:
    """`ChatOpenAI` against a server that answers as OpenAI's does."""
    provider.chats = ["It is sunny."]
    program = """
        import os
        import insidellm
        from langchain_openai import ChatOpenAI

        with insidellm.InsideLLMClient(api_key="any") as client:
            callback = insidellm.InsideLLMCallback(client=client, user_id="user-123")
            model = ChatOpenAI(model="gpt-4o-mini", base_url=os.environ["PROVIDER"], stream_usage=True)
            print("".join(chunk.text for chunk in model.stream("How is it?", config={"callbacks": [callback]})))
    """
    lines = "\n".join(line[8:] for line in program.splitlines())
    finished = run_program(lines, env="langchain-1", INSIDELLM_BASE_URL=server.url, PROVIDER=provider.url)
    assert finished.out.strip() == "It is sunny."
    [generation] = server.generations()
    assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert generation["usage"]["total_tokens"] == 30 and generation["stop_reason"] == "stop"
    assert generation["mode"] == "STREAM" and generation["first_token_at"]


def test_without_langchain(run_program: RunProgram) -> None:
    """W-30: an ImportError that says what to install, and only when it is constructed."""
    program = "from insidellm import *\ntry:\n    InsideLLMCallback(None, 'u')\nexcept ImportError as e:\n    print(e)\n"
    finished = run_program(program, env="vertex")
    assert "pip install 'insidellm[langchain]'" in finished.out


def test_the_example(server: Server, run_program: RunProgram) -> None:
    """Also: a chain that is streamed tells its input at the end."""
    program = (ROOT / "examples" / "langchain_example.py").read_text()
    run_program(program, env="langchain-1", INSIDELLM_BASE_URL=server.url)
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    check(conversation)
    assert [event["text"] for event in conversation["events"]] == ["When is my order sent?"]
    assert len(conversation["generations"]) == len(conversation["steps"]) == 1
