"""The tracker and the decorators: what they log, and that they never change what a function does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import insidellm
from insidellm import InsideLLMClient, InsideLLMTracker

USER = "user-1"


@pytest.fixture
def client(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InsideLLMClient]:
    made = InsideLLMClient(api_key="k", base_url=server.url, max_retries=0)
    monkeypatch.setattr(insidellm, "_default_client", made)
    yield made
    made.shutdown(timeout=1.0)


def logged(client: InsideLLMClient, server: Any) -> list[dict[str, Any]]:
    """The events that arrived, with the parent named by its position and times set to 0."""
    assert client.flush()
    events = server.events()
    position = {event["event_id"]: number for number, event in enumerate(events)}
    for event in events:
        parent = event.get("parent_event_id")
        event["parent"] = None if parent is None else position[parent]
        for name, value in event["payload"].items():
            if name.endswith("_time_ms") and value is not None:
                assert isinstance(value, int) and value >= 0
                event["payload"][name] = 0
    return events


def shape(events: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(event["event_type"], event["parent"]) for event in events]


def test_the_readmes_tracker_block(client: InsideLLMClient, server: Any) -> None:
    with InsideLLMTracker(user_id="user-123") as tracker:
        input_id = tracker.log_user_input("Hello, how can you help?")
        with tracker.track_llm_call("gpt-4", "openai", "User greeting") as log_response:
            log_response({"text": "not a string"}, usage={"total_tokens": 3})
        with tracker.track_tool_call("calculator", {"expression": "2+2"}) as log_response:
            log_response(4)
        tracker.log_agent_response("Hello!", parent_event_id=input_id)
    events = logged(client, server)
    assert shape(events) == [
        ("run.start", None),
        ("user.input", None),
        ("llm.request", 1),
        ("llm.response", 2),
        ("tool.call", 3),
        ("tool.response", 4),
        ("agent.response", 1),
        ("run.end", None),
    ]
    assert events[3]["payload"] == {
        "model_name": "gpt-4",
        "provider": "openai",
        "response_text": "{'text': 'not a string'}",
        "finish_reason": None,
        "usage": {"total_tokens": 3},
        "response_time_ms": 0,
        "cost": None,
    }
    assert events[5]["payload"] == {
        "tool_name": "calculator",
        "tool_type": "function",
        "response_data": 4,
        "execution_time_ms": 0,
        "success": True,
        "error_message": None,
    }
    assert {event["user_id"] for event in events} == {"user-123"}


def test_failures_in_blocks_are_logged_and_passed_on(client: InsideLLMClient, server: Any) -> None:
    with pytest.raises(ValueError, match="boom"), InsideLLMTracker(client, user_id=USER) as tracker:
        with pytest.raises(KeyError), tracker.track_tool_call("t", {}):
            raise KeyError("missing")
        with tracker.track_llm_call("m", "p", "q"):
            raise ValueError("boom")
    events = logged(client, server)
    assert shape(events) == [
        ("run.start", None),
        ("tool.call", None),
        ("tool.response", 1),
        ("llm.request", 2),
        ("error", 3),
        ("error", 4),
        ("run.end", None),
    ]
    assert events[2]["payload"]["success"] is False
    assert events[4]["payload"]["error_type"] == "llm_call_error"
    assert events[4]["payload"]["error_code"] == "ValueError"
    assert "boom" in events[4]["payload"]["stack_trace"]
    assert events[5]["payload"]["error_type"] == "context_error"


def test_a_tracker_in_a_coroutine(client: InsideLLMClient, server: Any) -> None:
    async def agent() -> None:
        async with InsideLLMTracker(client, user_id=USER) as tracker:
            async with tracker.track_llm_call("m", "p", "q") as log_response:
                log_response("a")

    asyncio.run(agent())
    assert shape(logged(client, server)) == [
        ("run.start", None),
        ("llm.request", None),
        ("llm.response", 1),
        ("run.end", None),
    ]


def test_a_new_run_has_no_parent_from_the_last(client: InsideLLMClient, server: Any) -> None:
    for _ in range(3):
        with InsideLLMTracker(client, user_id=USER) as tracker:
            tracker.log_llm_request("m", "p", "q", metadata={"extra": 1})
    assert {parent for _, parent in shape(logged(client, server))} == {None}


@insidellm.track_llm_call("gpt-4", "openai", metadata={"m": 1})
def call_llm(prompt: str, temperature: float = 0.0) -> str:
    return f"reply to {prompt}"


@insidellm.track_tool_use("search", "api")
def search(query: str, limit: int = 1) -> dict[str, str]:
    return {"found": query}


@insidellm.track_agent_step("planning")
def plan(task: str) -> str:
    return call_llm(task)


@insidellm.track_function_execution()
def add(a: int, b: int = 2) -> int:
    return a + b


def test_the_readmes_decorators(client: InsideLLMClient, server: Any) -> None:
    client.start_run(user_id=USER)
    assert plan("p") == "reply to p"
    assert call_llm(prompt="q", temperature=0.5) == "reply to q"
    assert search("s", limit=2) == {"found": "s"}
    assert add(1, b=3) == 4
    events = logged(client, server)[1:]
    assert shape(events) == [
        ("llm.request", None),
        ("llm.response", 1),
        ("agent.reasoning", None),
        ("llm.request", 3),
        ("llm.response", 4),
        ("tool.call", 5),
        ("tool.response", 6),
        ("function_execution", 7),
    ]
    assert events[3]["payload"] == {
        "model_name": "gpt-4",
        "provider": "openai",
        "prompt": "q",
        "parameters": {"temperature": 0.5},
    }
    assert events[3]["metadata"] == {"m": 1}
    call, response = events[5], events[6]
    assert call["payload"]["parameters"] == {"args": ["s"], "kwargs": {"limit": 2}}
    assert call["payload"]["call_id"] == response["payload"]["call_id"] == call["event_id"]
    assert response["payload"]["response_data"] == {"found": "s"}
    assert events[7]["payload"]["return_value"] == "4"


def test_failing_functions_raise_and_are_logged(client: InsideLLMClient, server: Any) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError("nope")

    decorators = [
        insidellm.track_llm_call("m", "p"),
        insidellm.track_tool_use("t"),
        insidellm.track_agent_step("s"),
        insidellm.track_function_execution(),
    ]
    client.start_run(user_id=USER)
    for decorate in decorators:
        with pytest.raises(RuntimeError, match="nope"):
            decorate(fail)("x")
    events = logged(client, server)
    assert [event["event_type"] for event in events[1:]] == [
        "llm.request",
        "error",
        "tool.call",
        "tool.response",
        "error",
        "function_execution",
    ]
    assert events[2]["payload"]["context"] == {"model_name": "m", "provider": "p", "function_name": "fail"}
    assert events[4]["payload"]["error_message"] == "nope"
    assert events[5]["payload"]["error_type"] == "agent_step_error"
    assert events[6]["payload"]["success"] is False


def test_coroutines_are_timed_and_awaited(client: InsideLLMClient, server: Any) -> None:
    @insidellm.track_llm_call("m", "p")
    async def ask(prompt: str) -> str:
        await asyncio.sleep(0)
        return f"async {prompt}"

    @insidellm.track_llm_call("m", "p")
    async def hang() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        client.start_run(user_id=USER)
        assert await ask("q") == "async q"
        task = asyncio.ensure_future(hang())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert inspect.iscoroutinefunction(ask)
    asyncio.run(main())
    events = logged(client, server)
    assert events[2]["payload"]["response_text"] == "async q"
    assert events[4]["payload"]["error_code"] == "CancelledError"


def test_generators_are_followed_to_their_end(client: InsideLLMClient, server: Any) -> None:
    @insidellm.track_llm_call("m", "p")
    def stream(prompt: str) -> Any:
        received = yield "one "
        assert received == "sent"
        yield "two"
        return "returned"

    @insidellm.track_llm_call("m", "p")
    async def async_stream(prompt: str) -> Any:
        for piece in ("three ", {"choices": [{"delta": {"content": "four"}}]}):
            yield piece

    async def consume() -> None:
        async for _piece in async_stream("q"):
            pass

    client.start_run(user_id=USER)
    pieces = stream("q")
    assert next(pieces) == "one "
    assert pieces.send("sent") == "two"
    with pytest.raises(StopIteration, match="returned"):
        next(pieces)
    closed = stream("q")
    next(closed)
    closed.close()
    asyncio.run(consume())
    texts = [e["payload"]["response_text"] for e in logged(client, server) if e["event_type"] == "llm.response"]
    assert texts == ["one two", "one ", "three four"]


def test_methods_do_not_report_self(client: InsideLLMClient, server: Any) -> None:
    class Agent:
        @insidellm.track_llm_call("m", "p")
        def ask(self, prompt: str) -> str:
            return "a"

        @insidellm.track_tool_use("t")
        def use(self, query: str) -> str:
            return "b"

    client.start_run(user_id=USER)
    Agent().ask("what?")
    Agent().use("it")
    events = logged(client, server)
    assert events[1]["payload"]["prompt"] == "what?"
    assert events[3]["payload"]["parameters"] == {"args": ["it"], "kwargs": {}}


def test_a_providers_reply_is_understood(client: InsideLLMClient, server: Any) -> None:
    reply = {
        "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    client.start_run(user_id=USER)
    assert insidellm.track_llm_call("m", "p")(lambda prompt: reply)("q") is reply
    payload = logged(client, server)[2]["payload"]
    assert (payload["response_text"], payload["finish_reason"]) == ("hi", "stop")
    assert payload["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}


def test_telemetry_never_changes_the_function(client: InsideLLMClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise KeyError("extractor")

    client.start_run(user_id=USER)
    assert insidellm.track_llm_call("m", "p", extract_response=broken)(lambda prompt: "ok")("q") == "ok"
    assert insidellm.track_llm_call("m", "p", extract_prompt=broken)(lambda prompt: "ok")("q") == "ok"
    assert insidellm.track_tool_use("t", extract_parameters=lambda q: [1])(lambda q: "ok")("q") == "ok"
    client.end_run()
    assert call_llm("without a run") == "reply to without a run"
    monkeypatch.setattr(insidellm, "_default_client", None)
    assert call_llm("without a client") == "reply to without a client"


def test_a_history_and_a_stream_of_a_provider(client: InsideLLMClient, server: Any) -> None:
    """Messages as messages, wherever they stand; calls of tools; the first piece, and what the last ones tell of usage."""
    history = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "q"}]
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    reply = {"choices": [{"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}

    @insidellm.track_llm_call("m", "p")
    def ask(messages: Any, **_options: Any) -> Any:
        return reply

    @insidellm.track_llm_call("m", "p")
    def stream(**_options: Any) -> Any:
        yield {"choices": [{"delta": {"content": "one "}, "finish_reason": None}]}
        yield {"choices": [{"delta": {"content": "two"}, "finish_reason": "stop"}]}
        yield {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}

    client.start_run(user_id=USER)
    ask(history)
    ask(messages=history, seed=1)
    assert len(list(stream(messages=history))) == 3
    events = logged(client, server)[1:]
    assert [event["event_type"] for event in events] == ["llm.request", "llm.response"] * 2 + [
        "llm.request",
        "llm.streaming_chunk",
        "llm.response",
    ]
    for request in (events[0], events[2], events[4]):
        payload = request["payload"]
        assert (payload["messages"], payload["prompt"], payload["system_message"]) == (history, "q", "Be brief.")
    assert (events[0]["payload"]["parameters"], events[2]["payload"]["parameters"]) == ({}, {"seed": 1})
    assert events[1]["payload"]["tool_calls"] == [call] and events[1]["payload"]["response_text"] == ""
    request, chunk, response = events[4:]
    assert (chunk["payload"]["chunk_text"], chunk["payload"]["chunk_index"]) == ("one ", 0)
    assert chunk["parent_event_id"] == response["parent_event_id"] == request["event_id"]
    assert response["payload"]["response_text"] == "one two" and response["payload"]["finish_reason"] == "stop"
    assert response["payload"]["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}


@pytest.mark.parametrize(("kind", "told"), [("mute", "Mute"), ("broken", "<unprintable Broken>")])
def test_an_exception_that_cannot_be_printed_is_raised_and_told(server: Any, kind: str, told: str) -> None:
    class Mute(Exception):
        """Says nothing."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    error = {"mute": Mute, "broken": Broken}[kind]()

    def work(prompt: str) -> None:
        raise error

    with insidellm.InsideLLMClient(api_key="k", base_url=server.url) as client:
        client.start_run(user_id="u")
        tracker = insidellm.InsideLLMTracker(client=client, user_id="u")
        decorators = [
            insidellm.track_llm_call("m", "p", client=client),
            insidellm.track_tool_use("t", client=client),
            insidellm.track_agent_step("s", client=client),
            insidellm.track_function_execution(client=client),
        ]
        for decorator in decorators:
            with pytest.raises(type(error)):
                decorator(work)("x")
        for block in (tracker, tracker.track_llm_call("m", "p", "x"), tracker.track_tool_call("t", {})):
            with pytest.raises(type(error)), block:
                raise error
        assert client.flush()
    messages = [event["payload"]["error_message"] for event in server.events() if "error_message" in event["payload"]]
    assert [message for message in messages if message is not None] == [told] * 7


def test_a_reply_that_cannot_be_printed_is_told_as_such(server: Any) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with insidellm.InsideLLMClient(api_key="k", base_url=server.url) as client:
        tracker = insidellm.InsideLLMTracker(client=client, user_id="u")
        with tracker.track_llm_call("m", "p", "x") as log_response:
            log_response(Broken())
        with tracker.track_tool_call("t", {"x": Broken()}) as log_response:
            log_response(Broken())
        assert client.flush()
    _request, reply, call, found = (event["payload"] for event in server.events())
    told = [reply["response_text"], call["parameters"]["x"], found["response_data"]]
    assert told == ["<unprintable Broken>"] * 3
