"""InsideLLM events: any Python value becomes JSON that a strict parser takes."""

from __future__ import annotations

import collections
import decimal
import math
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from types import MappingProxyType
from typing import Any, Callable, ClassVar, Dict

import pytest
from native.scripted import Scripted

from lightwell import EncodeError, Pipeline


def test_values(insidellm: Callable[..., Pipeline], http_server: Scripted) -> None:
    class Model:
        def __str__(self) -> str:
            return "model!"

    given: Dict[Any, Any] = {
        "event_id": "e", "none": None, "flags": [True, False], "int": -5, "big": 2**80, "float": 0.1, "exp": 1e300,
        "text": 'quote " slash \\ line \n tab \t bell \x07 é \U0001f600 \ud800', "nan": [math.nan, math.inf, -math.inf],
        "datetime": datetime(2026, 1, 2, 3, 4, 5, 6, timezone.utc), "date": date(2026, 1, 2), "time": time(3, 4),
        "bytes": [b"caf\xc3\xa9", b"\xff", bytearray(b"x"), memoryview(b"y")], "tuple": (1, (2,)), "set": frozenset({3}),
        "uuid": uuid.UUID(int=1), "decimal": decimal.Decimal("1.10"), "object": Model(),
        "ordered": collections.OrderedDict(b=1, a=2), "proxy": MappingProxyType({"k": 1}), "deque": collections.deque([1]),
        "keys": {1: 1, 1.5: 2, None: 3, False: 4, (1, 2): 5, b"b": 6}, "dict_keys": {"x": 1}.keys(), "empty": [[], {}, ""],
    }  # fmt: skip
    pipeline = insidellm()
    pipeline.record_event(given)
    assert pipeline.flush(10.0), pipeline.take_notices()
    arrived = http_server.requests[0].json()
    assert list(arrived) == list(given), "the order of keys is kept"
    assert arrived == {
        "event_id": "e", "none": None, "flags": [True, False], "int": -5, "big": 2**80, "float": 0.1, "exp": 1e300,
        "text": 'quote " slash \\ line \n tab \t bell \x07 é \U0001f600 \ufffd', "nan": ["NaN", "Infinity", "-Infinity"],
        "datetime": "2026-01-02T03:04:05.000006+00:00", "date": "2026-01-02", "time": "03:04:00",
        "bytes": ["café", "/w==", "x", "y"], "tuple": [1, [2]], "set": [3],
        "uuid": "00000000-0000-0000-0000-000000000001", "decimal": "1.10", "object": "model!",
        "ordered": {"b": 1, "a": 2}, "proxy": {"k": 1}, "deque": [1],
        "keys": {"1": 1, "1.5": 2, "null": 3, "false": 4, "(1, 2)": 5, "b": 6}, "dict_keys": ["x"], "empty": [[], {}, ""],
    }  # fmt: skip


def test_dataclasses_are_objects_of_what_they_show(
    insidellm: Callable[..., Pipeline], http_server: Scripted
) -> None:
    @dataclass
    class Leaf:
        when: date
        key: str = field(default="secret", repr=False)
        kind: ClassVar[str] = "leaf"

    @dataclass
    class Tree:
        leaves: Any
        parent: Any = None

    class Strange(Tree):
        @property
        def parent(self) -> Any:  # type: ignore[override]
            raise RuntimeError("no parent")

        @parent.setter
        def parent(self, _value: Any) -> None: ...

        def __str__(self) -> str:
            return "strange"

    tree = Tree(leaves=[Leaf(date(2026, 1, 2))])
    tree.parent = tree
    pipeline = insidellm()
    pipeline.record_event({"event_id": "e", "tree": tree, "class": Tree, "strange": Strange(leaves=1)})
    assert pipeline.flush(10.0), pipeline.take_notices()
    assert http_server.requests[0].json() == {
        "event_id": "e",
        "tree": {"leaves": [{"when": "2026-01-02"}], "parent": "<cycle>"},
        "class": str(Tree),
        "strange": "strange",
    }


def test_texts_of_every_length_with_every_character(
    insidellm: Callable[..., Pipeline], http_server: Scripted
) -> None:
    awkward = "".join(map(chr, range(0x100))) + "\u2028\u20ac\U0001f600"
    given = {
        "event_id": "e",
        # What is to be escaped stands at each place of the blocks that texts are looked at in, and around their ends.
        "texts": [f"{'x' * before}{character}{'é' * 20}" for character in awkward for before in range(70)],
        "lengths": ["y" * length for length in range(140)],
        awkward: awkward * 3,
    }
    pipeline = insidellm()
    pipeline.record_event(given)
    assert pipeline.flush(10.0), pipeline.take_notices()
    assert http_server.requests[0].json() == given


def test_one_bad_value_takes_nothing_along(insidellm: Callable[..., Pipeline], http_server: Scripted) -> None:
    class Hostile(Dict[str, Any]):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    class Changes:
        def __init__(self, host: Dict[str, Any]) -> None:
            self.host = host

        def __str__(self) -> str:
            self.host.clear()
            return "changed"

    changing: Dict[str, Any] = {}
    changing.update(a=Changes(changing), b=1)
    cycle: list[Any] = []
    cycle.append(cycle)
    pipeline = insidellm()
    for event_id, value in enumerate([1, cycle, changing, Hostile(x=1), "last"]):
        pipeline.record_event({"event_id": str(event_id), "payload": value})
    assert pipeline.flush(10.0)
    (request,) = http_server.requests
    assert [event["payload"] for event in request.json()] == [1, ["<cycle>"], {"a": "changed", "b": 1}, {"x": 1}, "last"]


def test_an_event_must_be_a_mapping(insidellm: Callable[..., Pipeline]) -> None:
    pipeline = insidellm()
    for given in [None, 7, "text", [1]]:
        with pytest.raises(EncodeError, match="event is not a mapping but"):
            pipeline.record_event(given)  # type: ignore[arg-type]
    assert pipeline.stats()["accepted"] == 0


def test_batches_and_headers(insidellm: Callable[..., Pipeline], http_server: Scripted) -> None:
    pipeline = insidellm(batch_size=2, user_agent="InsideLLM-Python-SDK/1.0.0")
    for event_id in range(3):
        pipeline.record_event({"event_id": event_id})
    assert pipeline.shutdown(10.0)
    bodies = [request.json() for request in http_server.requests]
    assert sorted(bodies, key=str) == [[{"event_id": 0}, {"event_id": 1}], {"event_id": 2}]
    headers = http_server.requests[0].headers
    assert headers["authorization"] == "Bearer secret"
    assert headers["user-agent"] == "InsideLLM-Python-SDK/1.0.0"
    assert headers["content-type"] == "application/json"
