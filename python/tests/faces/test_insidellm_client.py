"""The client: settings, runs, delivery, statistics, exit and fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import Any

import pytest
from waiting import wait_for

import insidellm
from insidellm import (
    ConfigurationError,
    Event,
    InsideLLMClient,
    InsideLLMConfig,
    NetworkError,
    QueueError,
    track_tool_use,
)


@pytest.fixture
def client(server: Any) -> Iterator[InsideLLMClient]:
    made = InsideLLMClient(api_key="key-1", base_url=server.url + "/", max_retries=0)
    yield made
    made.shutdown(timeout=1.0)


def user_input(run_id: Any = "run-1", user_id: Any = "user-1", **fields: Any) -> Event:
    return Event.create_user_input(run_id, user_id, "hello", **fields)


def test_models_of_pydantic_are_sent_as_objects(client: InsideLLMClient, server: Any) -> None:
    import pydantic
    from pydantic import v1

    class Place(pydantic.BaseModel):
        city: str
        token: str = pydantic.Field(default="secret", repr=False)

    class Old(v1.BaseModel):
        place: Any
        key: Any

    class Listed(pydantic.RootModel[list]):
        pass

    old = Old(place=Place(city="Oslo"), key=v1.SecretStr("secret"))
    called = {"tool_name": "t", "tool_type": "function", "parameters": {"old": old, "listed": Listed([1])}}
    client.log_event(Event(run_id="r", user_id="u", event_type="tool.call", payload=called))
    assert client.flush()
    assert server.events()[0]["payload"]["parameters"] == {
        "old": {"place": {"city": "Oslo"}, "key": "**********"},
        "listed": {"root": [1]},
    }


def test_the_quick_start_arrives(server: Any, run_program: Any) -> None:
    run_program(
        """
import insidellm
insidellm.initialize(api_key="your-api-key")
client = insidellm.get_client()
run_id = client.start_run(user_id="user-123")
client.log_event(insidellm.Event.create_user_input(run_id=run_id, user_id="user-123", input_text="Hello!"))
client.end_run(run_id)
insidellm.shutdown()
""",
        INSIDELLM_BASE_URL=server.url,
    )
    start, said, end = server.events()
    run_id = start["run_id"]
    assert [start["event_type"], said["event_type"], end["event_type"]] == ["run.start", "user.input", "run.end"]
    assert start["payload"] == end["payload"] == {"session_id": run_id}
    assert start["metadata"] == {} and "metadata" not in said
    assert {event["user_id"] for event in (start, said, end)} == {"user-123"}
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer your-api-key"
    assert headers["user-agent"] == f"InsideLLM-Python-SDK/{insidellm.__version__}"


def test_one_event_is_an_object_and_more_are_an_array(client: InsideLLMClient, server: Any) -> None:
    client.log_event(user_input())
    assert client.flush()
    client.log_event(first := user_input())
    client.log_event(second := user_input())
    assert client.flush()
    single, pair = server.requests
    assert isinstance(single.body, dict)
    assert [event["event_id"] for event in pair.body] == [first.event_id, second.event_id]


def test_any_value_can_be_a_payload_value(client: InsideLLMClient, server: Any) -> None:
    circle: list[Any] = []
    circle.append(circle)
    values = {"when": datetime(2026, 1, 2), "bytes": b"x", "set": {1}, "nan": float("nan"), "circle": circle, "o": object()}
    for value in values.values():
        client.log_event(Event(run_id="r", user_id="u", event_type="tool_call", payload=tool_call({"value": value})))
    client.log_event(user_input())
    assert client.flush()
    assert len(server.events()) == len(values) + 1


def tool_call(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"tool_name": "t", "tool_type": "f", "parameters": parameters}


def test_settings_come_from_keywords_then_config_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError):
        InsideLLMClient()
    monkeypatch.setenv("INSIDELLM_API_KEY", "env-key")
    monkeypatch.setenv("INSIDELLM_BASE_URL", "http://env.example/")
    monkeypatch.setenv("INSIDELLM_BATCH_SIZE", "7")
    monkeypatch.setenv("INSIDELLM_MAX_RETRIES", "many")
    monkeypatch.setenv("INSIDELLM_RAISE_ON_ERROR", "Yes")
    from_env = InsideLLMClient()
    assert (from_env.api_key, from_env.base_url) == ("env-key", "http://env.example")
    assert (from_env.config.batch_size, from_env.config.max_retries, from_env.config.raise_on_error) == (7, 3, True)
    config = InsideLLMConfig(batch_size=8, max_retries=1)
    both = InsideLLMClient(config=config, max_retries=2)
    assert (both.config.batch_size, both.config.max_retries) == (8, 2)
    with pytest.raises(TypeError):
        InsideLLMClient(no_such_setting=1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_queue_size", 0),
        ("batch_size", 0),
        ("batch_size", 10001),
        ("auto_flush_interval", -1),
        ("request_timeout", 0),
        ("max_retries", -1),
        ("backoff_factor", 0),
        ("log_level", "LOUD"),
    ],
)
def test_settings_out_of_range_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        InsideLLMConfig(**{setting: value})


def test_the_default_client(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insidellm, "_default_client", None)
    with pytest.raises(ConfigurationError):
        insidellm.get_client()
    insidellm.shutdown()
    first = insidellm.initialize(api_key="k", base_url=server.url)
    insidellm.log_event(user_input())
    second = insidellm.initialize(api_key="k", base_url=server.url)
    assert insidellm.get_client() is second is not first
    wait_for(lambda: len(server.events()) == 1, "what the first client held arrives")
    run_id = insidellm.start_run(user_id="u")
    insidellm.end_run()
    assert insidellm.flush()
    assert [event["run_id"] for event in server.events()[1:]] == [run_id, run_id]
    insidellm.shutdown()


def test_run_and_user_are_filled_in_and_the_runs_own_metadata_is_merged(client: InsideLLMClient, server: Any) -> None:
    outer = client.start_run(user_id="outer-user", metadata={"run": "outer", "both": "run"})
    inner = client.start_run(user_id="inner-user", metadata={"run": "inner"})
    client.log_event(user_input(None, None))
    client.log_event(user_input(outer, "outer-user", metadata={"both": "event"}))
    client.end_run(outer)
    client.end_run()
    assert client.get_current_run_id() is None
    with pytest.raises(ValueError, match="run_id and user_id"):
        client.log_event(user_input(None, None))
    client.flush()
    filled, merged, outer_end, inner_end = server.events()[2:]
    assert (filled["run_id"], filled["user_id"], filled["metadata"]) == (inner, "inner-user", {"run": "inner"})
    assert merged["metadata"] == {"run": "outer", "both": "event"}
    assert (outer_end["run_id"], outer_end["user_id"]) == (outer, "outer-user")
    assert (inner_end["run_id"], inner_end["user_id"]) == (inner, "inner-user")


def test_a_run_that_cannot_start_leaves_nothing_behind(client: InsideLLMClient) -> None:
    with pytest.raises(ValueError, match="metadata"):
        client.start_run(user_id="u", metadata={"a": [1]})
    assert client.get_current_run_id() is None
    client.start_run()
    assert client.get_current_user_id() == "anonymous"


def test_concurrent_runs_never_mix(client: InsideLLMClient, server: Any) -> None:
    def in_thread(name: str, barrier: threading.Barrier) -> None:
        client.start_run(run_id=name, user_id=f"user-{name}", metadata={"name": name})
        barrier.wait()
        client.log_event(user_input(None, None))
        barrier.wait()
        client.end_run()

    async def in_task(name: str) -> None:
        client.start_run(run_id=name, user_id=f"user-{name}", metadata={"name": name})
        await asyncio.sleep(0)
        client.log_event(user_input(None, None))
        await asyncio.sleep(0)
        client.end_run()

    async def tasks() -> None:
        await asyncio.gather(*(in_task(f"task-{number}") for number in range(20)))

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=in_thread, args=(f"thread-{number}", barrier)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(tasks())
    client.flush()
    events = server.events()
    assert len(events) == 28 * 3
    for event in events:
        assert event["user_id"] == f"user-{event['run_id']}"
        assert event["metadata"] == {"name": event["run_id"]}


def test_a_plain_thread_sees_the_run_that_was_started_last(client: InsideLLMClient) -> None:
    run_id = client.start_run(user_id="u")
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(client.get_current_run_id()))
    thread.start()
    thread.join()
    assert seen == [run_id]


def test_a_plain_thread_is_in_nobodys_run_while_several_users_have_one(client: InsideLLMClient, server: Any) -> None:
    look = track_tool_use("look", client=client)(str.upper)

    def work() -> list[Any]:
        return [client.get_current_run_id(), client.get_current_user_id(), look("a")]

    def request(user_id: str) -> list[Any]:
        run_id = client.start_run(user_id=user_id)
        together.wait()
        seen = workers.submit(work).result()
        copied = workers.submit(copy_context().run, work).result()
        together.wait()
        client.end_run(run_id)
        return [seen, [copied[0] == run_id, *copied[1:]]]

    together = threading.Barrier(2)
    with ThreadPoolExecutor(2) as workers, ThreadPoolExecutor(2) as requests:
        seen = list(requests.map(request, ["ann", "bob"]))
    assert seen == [[[None, None, "A"], [True, user_id, "A"]] for user_id in ("ann", "bob")]
    assert client.flush()
    calls = [event["user_id"] for event in server.events() if event["event_type"] == "tool.call"]
    assert sorted(calls) == ["ann", "bob"]


def test_an_invalid_event_raises_or_is_counted(server: Any) -> None:
    bad = Event(run_id="r", user_id="u", event_type="error", payload={})
    with InsideLLMClient(api_key="k", base_url=server.url) as strict, pytest.raises(ValueError, match="error_type"):
        strict.log_event(bad)
    with InsideLLMClient(api_key="k", base_url=server.url, strict_validation=False) as lax:
        lax.log_event(bad)
        statistics = lax.queue_manager.get_statistics()
    assert (statistics["events_failed"], statistics["events_queued"]) == (1, 0)


def test_statistics_and_a_full_queue(server: Any) -> None:
    settings = {"max_queue_size": 2, "batch_size": 2, "auto_flush_interval": 3600.0}
    gate = threading.Event()
    respond = server.respond
    server.respond = lambda request: (gate.wait(20), respond(request))[1]
    client = InsideLLMClient(api_key="k", base_url=server.url, raise_on_error=True, **settings)
    refused = 0
    for _ in range(10):
        try:
            client.log_event(user_input())
        except QueueError:
            refused += 1
    gate.set()
    assert client.flush()
    statistics = client.queue_manager.get_statistics()
    assert refused > 0
    assert statistics["events_failed"] == statistics["dropped_queue_full"] == refused
    assert statistics["events_queued"] == statistics["events_sent"] == 10 - refused == len(server.events())
    assert statistics["success_rate"] == pytest.approx((10 - refused) * 10)
    assert statistics["queue_size"] == client.get_queue_size() == 0
    client.shutdown()


def test_send_events_works_past_the_queue_and_after_shutdown(client: InsideLLMClient, server: Any) -> None:
    client.shutdown()
    client.log_event(user_input())
    assert client.send_events([])
    assert client.send_events([user_input(), user_input()])
    assert len(server.events()) == 2
    server.respond = lambda _request: (401, {})
    assert not client.send_events([user_input()])
    failing = InsideLLMClient(api_key="k", base_url=server.url, raise_on_error=True)
    with pytest.raises(NetworkError):
        failing.send_events([user_input()])


def test_health_is_exactly_200(client: InsideLLMClient) -> None:
    assert client.is_healthy()
    assert not InsideLLMClient(api_key="k", base_url="http://127.0.0.1:1").is_healthy()


PROGRAM = """
import os, sys, insidellm
def main():
    client = insidellm.InsideLLMClient(api_key="k", auto_flush_interval=3600)
    for number in range(120):
        client.log_event(insidellm.Event.create_user_input("r", "u", str(number)))
    {ending}
main()
"""


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "raise RuntimeError('boom')"])
def test_exit_without_shutdown_loses_nothing(run_program: Any, server: Any, ending: str) -> None:
    run_program(PROGRAM.format(ending=ending), check=False, INSIDELLM_BASE_URL=server.url)
    # Batches may overtake each other on their way.
    assert sorted(int(event["payload"]["input_text"]) for event in server.events()) == list(range(120))


FORKING = """
import multiprocessing, os, insidellm
client = insidellm.InsideLLMClient(api_key="k", auto_flush_interval=3600)
def log(who):
    for _ in range(5):
        client.log_event(insidellm.Event.create_user_input("r", "u", who))
if __name__ == "__main__":
    log("parent")
    child = multiprocessing.get_context("fork").Process(target=log, args=("worker",))
    child.start()
    child.join()
    pid = os.fork()
    if pid == 0:
        log("forked")
        client.shutdown(timeout=5.0)
        os._exit(0)
    os.waitpid(pid, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_every_process_delivers_its_own_events_once(run_program: Any, server: Any) -> None:
    run_program(FORKING, INSIDELLM_BASE_URL=server.url)
    texts = sorted(event["payload"]["input_text"] for event in server.events())
    assert texts == ["forked"] * 5 + ["parent"] * 5 + ["worker"] * 5
