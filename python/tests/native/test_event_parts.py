"""Events of parts that need no coercion: what is taken, what is left to the long way, and what arrives."""

from __future__ import annotations

import os
import re
import uuid
from contextvars import ContextVar
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import pytest
from native.scripted import Scripted

from lightwell import EventContext, EventLog, EventSchema, Pipeline, Run, new_event_id, utc_now

SCHEMA = EventSchema(
    "tool.response",
    [
        ("name", "text", False, ()),
        ("ms", "whole", True, (None,)),
        ("ok", "flag", False, (True,)),
        ("cost", "real", True, (None,)),
        ("data", "any", True, ()),
        ("about", "object", True, (None,)),
        ("steps", "texts", True, (None,)),
        ("plans", "objects", True, (None,)),
        ("headers", "other", True, (None,)),
    ],
)
GOOD: Dict[str, Any] = {"name": "n", "data": None}


class Queue:
    """A queue manager; it is told of what is refused."""

    def __init__(self) -> None:
        self.refused: List[Tuple[str, str]] = []

    def after_refusal(self, event_id: str, error: Exception) -> None:
        self.refused.append((event_id, type(error).__name__))


class Client:
    """The parts of a client that the native core looks at."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.open_runs: Dict[Optional[str], Run] = {}
        self.queue_manager = Queue()
        self._closed = False
        self._events = EventLog(pipeline, self.queue_manager, 0, self.open_runs, lambda: None)

    def log_event(self, event: Any) -> None:
        """What is logged by Python."""

    def log(self, *parts: Any, whole: bool = False) -> Optional[str]:
        return CONTEXT.log(self, SCHEMA, *parts, whole)

    def add(self, *parts: Any, queue: Any = None) -> bool:
        self.event = SimpleNamespace()
        return self._events.add(queue or self.queue_manager, self.event, SCHEMA, *parts)

    def accepted(self) -> int:
        return self.pipeline.stats()["accepted"]


RUNS: ContextVar[Optional[Dict[int, Run]]] = ContextVar("runs", default=None)
PARENT: ContextVar[Optional[str]] = ContextVar("parent", default=None)
PARENT_RUN: ContextVar[Tuple[Optional[str], Optional[str]]] = ContextVar("parent_run", default=(None, None))
PACKAGE: Dict[str, Any] = {}
CONTEXT = EventContext(PACKAGE, Client, RUNS, PARENT, PARENT_RUN)


@pytest.fixture
def client(insidellm: Callable[..., Pipeline]) -> Iterator[Client]:
    """A client; nothing is the parent of its first event."""
    tokens = PARENT.set(None), PARENT_RUN.set((None, None))
    yield Client(insidellm())
    PARENT.reset(tokens[0])
    PARENT_RUN.reset(tokens[1])


def test_what_arrives(client: Client, http_server: Scripted) -> None:
    payload = {**GOOD, "data": {"a": [1, {2: b"x"}]}, "ms": 5, "cost": 0.5, "more": "é\U0001f600\ud800"}
    parent = new_event_id()
    client.open_runs["run"] = Run("run", "user", {"k": 0, "of": "run"}, None)
    first = client.log("run", "user", parent, {"k": 1, "f": True}, payload)
    second = client.log("run", "user", ..., None, GOOD, whole=True)
    assert PARENT.get() == second
    assert client.log("other", "user", ..., None, {**GOOD, "na" + "me": "m"})
    assert client.add("any id", "any time", "run", "user", None, {}, GOOD)
    assert client.event.metadata == {"k": 0, "of": "run"}
    one, two, three, four = arrived(client, http_server)
    assert list(one) == [
        "event_id", "run_id", "timestamp", "event_type", "user_id", "parent_event_id", "metadata", "payload",
    ]  # fmt: skip
    assert (one["event_id"], one["event_type"], one["parent_event_id"]) == (first, "tool.response", parent)
    assert one["metadata"] == {"k": 1, "of": "run", "f": True}
    assert one["payload"] == {**payload, "data": {"a": [1, {"2": "x"}]}, "more": "é\U0001f600\ufffd"}
    assert (two["event_id"], two["parent_event_id"]) == (second, first)
    assert list(two["payload"]) == ["name", "ms", "ok", "cost", "data", "about", "steps", "plans", "headers"]
    assert "parent_event_id" not in three and "metadata" not in three
    assert (four["event_id"], four["timestamp"], four["metadata"]) == ("any id", "any time", {"k": 0, "of": "run"})


def test_a_parent_that_the_program_sets_holds_for_any_run(client: Client) -> None:
    own = client.log("run", "user", ..., None, GOOD)
    given = new_event_id()
    PARENT.set(given)
    assert client.log("other", "user", ..., None, GOOD) not in (own, None)
    PARENT.set(None)
    assert client.log("other", "user", ..., None, GOOD)


def test_what_a_program_put_in_place_of_a_method_is_not_passed_by(insidellm: Callable[..., Pipeline]) -> None:
    parts = ("run", "user", None, None, GOOD)

    class Own(Client):
        pass

    def changed(change: Callable[[Client], None]) -> Client:
        client = Client(insidellm())
        assert client.log(*parts)
        change(client)
        return client

    def replace(name: str, value: Any) -> Callable[[Client], None]:
        return lambda client: setattr(client, name, value)

    for change in (
        replace("log_event", print),
        replace("queue_manager", Queue()),
        replace("_closed", True),
        lambda client: setattr(client.queue_manager, "add_event", print),
    ):
        client = changed(change)
        assert client.log(*parts) is None
    client = changed(lambda client: setattr(client.queue_manager, "add_event", print))
    assert not client.add("e", "t", *parts)
    assert not client.add("e", "t", *parts, queue=Queue())
    assert Own(insidellm()).log(*parts) is None
    assert CONTEXT.log(object(), SCHEMA, *parts, False) is None
    original = Client.log_event
    try:
        Client.log_event = print  # type: ignore[assignment,method-assign]
        assert Client(insidellm()).log(*parts) is None
    finally:
        Client.log_event = original  # type: ignore[method-assign]


class Text(str):
    """Not exactly a str."""


@pytest.mark.parametrize(
    "payload",
    [
        {"data": 1},
        {"name": "n"},
        {**GOOD, "name": Text("n")},
        {**GOOD, "name": None},
        {**GOOD, "name": b"n"},
        {**GOOD, "ms": 1.0},
        {**GOOD, "ms": True},
        {**GOOD, "ok": None},
        {**GOOD, "cost": 1},
        {**GOOD, "about": {1: 2}},
        {**GOOD, "steps": ["a", 1]},
        {**GOOD, "steps": ("a",)},
        {**GOOD, "plans": [{"a": 1}, []]},
        {**GOOD, "headers": {}},
        {**GOOD, 7: "a key that is no text"},
    ],
)
def test_a_payload_that_needs_coercion_is_left_alone(client: Client, payload: Dict[Any, Any]) -> None:
    assert client.log("run", "user", None, None, payload) is None
    assert client.log("run", "user", None, None, payload, whole=True) is None
    assert not client.add("e", "t", "run", "user", None, None, payload)
    assert client.accepted() == 0


@pytest.mark.parametrize(
    "parts",
    [
        ("", "user", None, None),
        (None, "user", None, None),
        ("run", None, None, None),
        ("run", 7, None, None),
        ("run", "user", "no-uuid", None),
        ("run", "user", 7, None),
        ("run", "user", None, {"k": None}),
        ("run", "user", None, {"k": [1]}),
        ("run", "user", None, {1: 1}),
        ("run", "user", None, []),
    ],
)
def test_other_parts_that_need_coercion(client: Client, parts: List[Any]) -> None:
    assert client.log(*parts, GOOD) is None
    assert not client.add("e", "t", *parts, GOOD)
    assert PARENT.get() is None and client.accepted() == 0


def test_a_full_queue_refuses(insidellm: Callable[..., Pipeline]) -> None:
    client = Client(insidellm(base_url="http://127.0.0.1:9", queue_size=1))
    given = [client.log("run", "user", None, None, GOOD)]
    while not client.queue_manager.refused:  # One may be on its way already.
        given.append(client.log("run", "user", None, None, GOOD))
    assert client.queue_manager.refused == [(given[-1], "QueueFull")]
    assert client.add("e", "t", "run", "user", None, None, GOOD)
    assert client.queue_manager.refused[-1] == ("e", "QueueFull")


def test_filling_copies_and_sets_defaults() -> None:
    about, steps = {"a": 1}, ["s"]
    filled = SCHEMA.fill({"data": 7, "name": "n", "about": about, "steps": steps, "more": 1})
    assert filled is not None
    assert list(filled) == ["name", "ms", "ok", "cost", "data", "about", "steps", "plans", "headers"]
    assert (filled["ok"], filled["ms"], filled["data"]) == (True, None, 7)
    assert filled["about"] == about and filled["about"] is not about
    assert filled["steps"] == steps and filled["steps"] is not steps
    assert SCHEMA.fill({"name": "n"}) is None


def test_an_event_that_begins_takes_the_dict_as_its_payload() -> None:
    schema = EventSchema("x", [("name", "text", False, ()), ("ms", "whole", True, (None,)), ("data", "any", True, (1,))])
    values: Dict[str, Any] = {"name": "n"}
    begun = schema.begin(values)
    assert begun is not None and begun[2] is values and len(begun[0]) == 36 and begun[1].endswith("Z")
    assert list(values.items()) == [("name", "n"), ("ms", None), ("data", 1)]
    for other in ({}, {"ms": 1}, {"ms": 1, "name": "n"}, {"name": 7}, {"name": "n", "ms": 1, "data": []}, {"name": "n", "x": 1}):
        before = dict(other)
        assert schema.begin(other) is None and other == before


def test_kinds_have_names() -> None:
    with pytest.raises(ValueError, match="no field has the kind"):
        EventSchema("x", [("a", "nonsense", False, ())])


def test_ids_and_times() -> None:
    ids = {new_event_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {uuid.UUID(each).version for each in ids} == {4}
    before = datetime.now(timezone.utc)
    said = utc_now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", said)
    assert before <= datetime.fromisoformat(said.replace("Z", "+00:00")) <= datetime.now(timezone.utc)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_does_not_repeat_its_parents_ids() -> None:
    new_event_id()  # Fills the parent's supply.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(new_event_id() for _ in range(100)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    theirs = {text[start : start + 36] for start in range(0, len(text), 36)}
    assert len(theirs) == 100
    assert not theirs & {new_event_id() for _ in range(100)}


def arrived(client: Client, server: Scripted) -> List[Dict[str, Any]]:
    """The events that the server got."""
    assert client.pipeline.flush(10.0), client.pipeline.take_notices()
    bodies = [request.json() for request in server.requests]
    return [event for body in bodies for event in (body if isinstance(body, list) else [body])]
