"""The programs of the two seed documents, as they are written, against a real server."""

from __future__ import annotations

from conftest import PROGRAMS, ROOT, RunProgram, Server

SEED = PROGRAMS / "seed"


def test_insidellm_quick_start(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_quick_start.py", INSIDELLM_BASE_URL=server.url)

    [item] = server.conversations()
    assert item["user_id"] == "user-123"
    conversation = server.conversation(item["id"])
    assert [event["kind"] for event in conversation["events"]] == ["run.start", "user.input", "run.end"]
    start, said, end = conversation["events"]
    assert said["payload"]["input_text"] == said["text"] == "Hello, AI assistant!"
    assert said["payload"]["input_type"] == "text"
    assert {start["payload"]["session_id"], end["payload"]["session_id"]} == {item["id"]}
    assert {event["user_id"] for event in conversation["events"]} == {"user-123"}
    assert conversation["ended_at"] is not None


def test_litellm_quickstart(server: Server, run_program: RunProgram) -> None:
    finished = run_program(
        mocked("litellm_quickstart.py"), SIGIL_ENDPOINT=server.url, MOCK_RESPONSE="Hello, you!"
    )
    assert finished.out.strip() == "Hello, you!"

    [generation] = server.generations()
    assert generation["model"] == {"provider": "openai", "name": "gpt-4o-mini"}
    assert generation["mode"] == "SYNC"
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Hello!"}]}]
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": "Hello, you!"}]}]
    assert generation["usage"]["input_tokens"] == 10
    assert generation["usage"]["output_tokens"] == 20
    assert generation["usage"]["total_tokens"] == 30
    assert generation["stop_reason"] == "stop"
    assert generation["error"] is None
    assert generation["tags"]["sigil.framework.name"] == "litellm"


def test_litellm_streaming(server: Server, run_program: RunProgram) -> None:
    tips = "Retry with jitter. Bound every queue. Measure."
    finished = run_program(mocked("litellm_streaming.py"), SIGIL_ENDPOINT=server.url, MOCK_RESPONSE=tips)
    assert finished.out.strip() == tips

    [generation] = server.generations()
    assert generation["mode"] == "STREAM"
    assert generation["operation_name"] == "streamText"
    assert generation["output"] == [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": tips}]}]
    assert generation["started_at"] <= generation["first_token_at"] <= generation["completed_at"]


def test_litellm_per_request_metadata(server: Server, run_program: RunProgram) -> None:
    """The seed's call, after the lines of its quickstart that register the handler."""
    quickstart = (SEED / "litellm_quickstart.py").read_text().partition("response = ")[0]
    program = quickstart + (SEED / "litellm_metadata.py").read_text() + "client.shutdown()\n"
    mock = "import functools, litellm\nlitellm.completion = functools.partial(litellm.completion, mock_response='Yes.')\n"
    run_program(mock + program, SIGIL_ENDPOINT=server.url)
    [generation] = server.conversation("conv-abc-123")["generations"]
    assert (generation["agent_name"], generation["agent_version"]) == ("search-agent", "v2")
    assert generation["input"] == [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "Continue our chat."}]}]


def mocked(program: str) -> str:
    """Text of a program that runs the seed's `program` with LiteLLM's mock response."""
    return f"import sys\nsys.argv = ['mocked', {str(SEED / program)!r}]\nexec(open({str(PROGRAMS / 'mocked.py')!r}).read())\n"


def test_insidellm_decorators(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_decorators.py", INSIDELLM_BASE_URL=server.url)
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    [generation] = conversation["generations"]
    assert generation["model"] == {"provider": "openai", "name": "gpt-4"}
    assert {(step["kind"], step["name"]) for step in conversation["steps"]} == {("tool", "web_search"), ("agent", "planning")}


def test_insidellm_context_managers(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_context_managers.py", INSIDELLM_BASE_URL=server.url)
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    said = [event["kind"] for event in conversation["events"]]
    assert said == ["run.start", "user.input", "agent.response", "run.end"]
    assert len(conversation["generations"]) == len(conversation["steps"]) == 1


def test_insidellm_manual_event(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_manual_event.py", INSIDELLM_BASE_URL=server.url)
    [event] = server.conversation("your-run-id")["events"]
    assert (event["kind"], event["payload"]["metric_value"]) == ("performance_metric", 250)


def test_insidellm_error_handling(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_error_handling.py", INSIDELLM_BASE_URL=server.url)
    events = server.conversation("your-run-id")["events"]
    assert [event["kind"] for event in events] == ["run.start", "error"]
    assert events[1]["payload"]["error_code"] == "TimeoutError"


def test_insidellm_configuration_and_statistics(server: Server, run_program: RunProgram) -> None:
    run_program("seed/insidellm_config.py", INSIDELLM_BASE_URL=server.url)
    finished = run_program("seed/insidellm_performance.py", INSIDELLM_BASE_URL=server.url)
    assert finished.out.splitlines() == ["Events queued: 1", "Success rate: 100.0%", "Client is healthy"]


def test_insidellm_crewai(server: Server, run_program: RunProgram) -> None:
    """The recipe; what it records is in integrations/test_crewai.py."""
    finished = run_program("seed/insidellm_crewai.py", env="crewai", INSIDELLM_BASE_URL=server.url)
    assert "CrewAIInsideLLMCallbackHandler registered with LiteLLM." in finished.out


def test_insidellm_vertex(server: Server, run_program: RunProgram) -> None:
    """Its request is commented out there, and wrong; the right one is in docs/vertex.md."""
    run_program("seed/insidellm_vertex.py", env="vertex", INSIDELLM_BASE_URL=server.url)


def test_the_basic_example(server: Server, run_program: RunProgram) -> None:
    run_program((ROOT / "examples" / "basic_usage.py").read_text(), INSIDELLM_BASE_URL=server.url)
    [item] = server.conversations()
    conversation = server.conversation(item["id"])
    said = [event["kind"] for event in conversation["events"]]
    assert said == ["run.start", "user.input", "agent.response", "run.end"]
    assert conversation["generations"][0]["usage"]["total_tokens"] == 10
