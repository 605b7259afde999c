"""The wrapper of Vertex AI Agent Builder over Google's own clients, against a gRPC server of the program's. W-36."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import ROOT, RunProgram, Server, program_runner
from integrations.shape import check, kinds

Scenario = Callable[[str], tuple[Any, dict[str, Any]]]
ANSWER = "Within two days."


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """What the program saw of a scenario, and its conversation."""
    folder: Path = tmp_path_factory.mktemp("vertex")
    server = Server(folder / "data").start()
    finished = program_runner(folder)("vertex_scenarios.py", env="vertex", SERVER=server.url)
    told = json.loads(finished.out.strip().splitlines()[-1])

    def look(name: str) -> tuple[Any, dict[str, Any]]:
        conversation = server.conversation(name)
        check(conversation)
        assert conversation["user_id"] == "u"
        return told[name], conversation

    yield look
    server.kill()


@pytest.mark.parametrize(("name", "asked"), [("async_converse", "Hello Vertex AI Agent!"), ("async_flattened", "Flat")])
def test_a_turn_of_a_conversation(scenario: Scenario, name: str, asked: str) -> None:
    seen, conversation = scenario(name)
    assert seen in ([("ConverseConversationResponse"), f"You said: {asked}"], f"You said: {asked}")
    question, response = conversation["events"]
    assert (question["kind"], question["text"]) == ("user.input", asked)
    assert (response["kind"], response["text"]) == ("agent.response", f"You said: {asked}")
    assert question["metadata"]["method"] == "converse_conversation"
    assert response["payload"]["response_metadata"]["conversation"].endswith("/conversations/7")
    [search] = conversation["steps"]
    assert (search["name"], search["input"]) == ("VertexAISearch", {"query": asked})
    assert search["output"] == [{"id": "r1", "document": "doc-1", "struct_data": {"title": "Delivery"}}]
    assert {search["parent_id"], response["parent_id"]} == {question["event_id"]}


@pytest.mark.parametrize("name", ["async_answer", "async_stream"])
def test_an_answer(scenario: Scenario, name: str) -> None:
    """Whole or streamed: the steps, what they searched and observed, and the answer, once."""
    seen, conversation = scenario(name)
    assert seen == (ANSWER if name == "async_answer" else ["Within ", "two days.", ANSWER])
    question, response = conversation["events"]
    assert (question["text"], response["text"]) == ("When?", ANSWER)
    assert response["payload"]["response_confidence"] == 0.75
    assert response["payload"]["response_metadata"]["related_questions"] == ["And abroad?"]
    thought, search, broken = conversation["steps"]
    assert (thought["kind"], thought["output"]) == ("agent", ["Think", "It is about delivery"])
    assert (search["input"], search["output"][0]["snippets"]) == ({"query": "delivery time"}, ["two days"])
    assert search["error"] is None and broken["error"]["message"] == "No index"
    assert {record["parent_id"] for record in (thought, search, broken, response)} == {question["event_id"]}


def test_a_stream_that_breaks(scenario: Scenario) -> None:
    seen, conversation = scenario("async_stream_cut")
    assert seen == ["Within ", "two days.", "ServiceUnavailable"]
    assert kinds(conversation) == ["user.input", "error"]
    assert conversation["events"][1]["payload"]["context"]["partial_response"] == ANSWER


def test_a_stream_that_is_left(scenario: Scenario) -> None:
    seen, conversation = scenario("async_stream_left")
    assert seen == "Within "
    assert [(event["kind"], event["text"]) for event in conversation["events"]] == [
        ("user.input", "When?"),
        ("agent.response", "Within "),
    ]


def test_an_error_of_googles(scenario: Scenario) -> None:
    seen, conversation = scenario("async_error")
    assert seen == ["PermissionDenied", 403]
    question, error = conversation["events"]
    assert error["kind"] == "error" and error["parent_id"] == question["event_id"]
    assert error["payload"]["error_code"] == "PermissionDenied"
    context = error["payload"]["context"]
    assert (context["method"], context["http_code"], context["grpc_status"]) == (
        "converse_conversation",
        403,
        "PERMISSION_DENIED",
    )


def test_everything_else_is_forwarded(scenario: Scenario) -> None:
    seen, conversation = scenario("async_forwarded")
    path = "projects/p/locations/l/collections/default_collection/dataStores/d/sessions/s"
    assert seen[:2] == ["someone", ANSWER] and seen[3] is True
    assert seen[2].endswith("/dataStores/d/sessions/s") or seen[2] == path
    assert kinds(conversation) == ["agent.response"], "an answer that was fetched was asked by nobody"


def test_the_client_that_is_not_asynchronous(scenario: Scenario) -> None:
    seen, conversation = scenario("sync_everything")
    assert seen == ["You said: Hi", ANSWER, ["Within ", "two days.", ANSWER]]
    assert kinds(conversation) == ["user.input", "agent.response"] * 3
    assert len(conversation["steps"]) == 1 + 3 + 3


def test_without_google(server: Server, run_program: RunProgram) -> None:
    """Anything that answers like Google's client will do, and what it answers is returned whatever it is."""
    program = '''
        import asyncio
        from types import SimpleNamespace
        from insidellm import InsideLLMClient, InsideLLMVertexAgentBuilderConversationalSearchClient as Wrapper

        class Fake:
            async def converse_conversation(self, request=None):
                return SimpleNamespace(reply=None, search_results=7)

        with InsideLLMClient(api_key="any") as client:
            wrapped = Wrapper(client=Fake(), insidellm_client=client, user_id="u", run_id="vertex_interaction_run_001")
            print(asyncio.run(wrapped.converse_conversation(request={"query": {"input": "Hi"}})).search_results)
    '''
    lines = "\n".join(line[8:] for line in program.splitlines())
    assert run_program(lines, INSIDELLM_BASE_URL=server.url).out.strip() == "7"
    assert kinds(server.conversation("vertex_interaction_run_001"))[0] == "user.input"


def test_the_example(server: Server, run_program: RunProgram) -> None:
    program = (ROOT / "examples" / "vertex_example.py").read_text()
    run_program(program, env="vertex", INSIDELLM_BASE_URL=server.url)
    check(server.conversation("vertex_interaction_run_001"))
    assert len(server.conversation("vertex_interaction_run_001")["steps"]) == 1
