"""Events of parts that need no coercion: what is taken, what is left to the long way, and what arrives."""

from __future__ import annotations

import os
import re
import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List

import pytest
from native.scripted import Scripted

from lightwell import EventSchema, Pipeline, QueueFull, new_event_id, utc_now

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


def test_what_arrives(insidellm: Callable[..., Pipeline], http_server: Scripted) -> None:
    payload = {**GOOD, "data": {"a": [1, {2: b"x"}]}, "ms": 5, "cost": 0.5, "more": "é\U0001f600\ud800"}
    parent = new_event_id()
    pipeline = insidellm()
    first = pipeline.emit_event(SCHEMA, None, "run", "user", parent, {"k": 1, "f": True}, payload)
    given = new_event_id()
    assert pipeline.emit_event(SCHEMA, given, "run", "user", None, None, GOOD) == given
    assert pipeline.record_event_parts(SCHEMA, "any id", "any time", "run", "user", None, {}, GOOD)
    assert pipeline.flush(10.0), pipeline.take_notices()
    one, two, three = (event for request in http_server.requests for event in _events(request.json()))
    assert list(one) == [
        "event_id", "run_id", "timestamp", "event_type", "user_id", "parent_event_id", "metadata", "payload",
    ]  # fmt: skip
    assert (one["event_id"], one["event_type"], one["parent_event_id"]) == (first, "tool.response", parent)
    assert one["metadata"] == {"k": 1, "f": True}
    assert one["payload"] == {**payload, "data": {"a": [1, {"2": "x"}]}, "more": "é\U0001f600\ufffd"}
    assert "parent_event_id" not in two and "metadata" not in two
    assert (three["event_id"], three["timestamp"], three["metadata"]) == ("any id", "any time", {})


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
def test_a_payload_that_needs_coercion_is_left_alone(insidellm: Callable[..., Pipeline], payload: Dict[Any, Any]) -> None:
    pipeline = insidellm()
    assert pipeline.emit_event(SCHEMA, None, "run", "user", None, None, payload) is None
    assert not pipeline.record_event_parts(SCHEMA, "e", "t", "run", "user", None, None, payload)
    assert pipeline.stats()["accepted"] == 0


@pytest.mark.parametrize(
    "parts",
    [
        (None, "", "user", None, None),
        (None, None, "user", None, None),
        (None, "run", None, None, None),
        (None, "run", 7, None, None),
        (None, "run", "user", "no-uuid", None),
        ("no-uuid", "run", "user", None, None),
        (None, "run", "user", None, {"k": None}),
        (None, "run", "user", None, {"k": [1]}),
        (None, "run", "user", None, {1: 1}),
        (None, "run", "user", None, []),
    ],
)
def test_other_parts_that_need_coercion(insidellm: Callable[..., Pipeline], parts: List[Any]) -> None:
    pipeline = insidellm()
    event_id, run_id, user_id, parent, metadata = parts
    assert pipeline.emit_event(SCHEMA, event_id, run_id, user_id, parent, metadata, GOOD) is None
    assert pipeline.stats()["accepted"] == 0


def test_a_full_queue_refuses(insidellm: Callable[..., Pipeline]) -> None:
    pipeline = insidellm(base_url="http://127.0.0.1:9", queue_size=1)
    assert pipeline.emit_event(SCHEMA, None, "run", "user", None, None, GOOD)
    with pytest.raises(QueueFull):
        while True:  # One may be on its way already.
            pipeline.emit_event(SCHEMA, None, "run", "user", None, None, GOOD)


def test_filling_copies_and_sets_defaults() -> None:
    about, steps = {"a": 1}, ["s"]
    filled = SCHEMA.fill({"data": 7, "name": "n", "about": about, "steps": steps, "more": 1})
    assert filled is not None
    assert list(filled) == ["name", "ms", "ok", "cost", "data", "about", "steps", "plans", "headers"]
    assert (filled["ok"], filled["ms"], filled["data"]) == (True, None, 7)
    assert filled["about"] == about and filled["about"] is not about
    assert filled["steps"] == steps and filled["steps"] is not steps
    assert SCHEMA.fill({"name": "n"}) is None
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


def _events(body: Any) -> List[Dict[str, Any]]:
    return body if isinstance(body, list) else [body]
