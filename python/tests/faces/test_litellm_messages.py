"""The quick way of reading the usual messages gives what the thorough way gives."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("sigil_sdk_litellm", reason="the handler needs Python 3.10")

from sigil_sdk_litellm import _messages  # noqa: E402
from sigil_sdk_litellm._blocks import Gaps  # noqa: E402

ABSENT = object()
FUNCTION = {"name": "f", "arguments": "{}"}
ROLES = ["user", "assistant", "tool", "function", "system", None, "odd"]
CONTENTS = [None, "", " ", "hi", " hi ", "é", 5, ["x"], [{"type": "text", "text": "a"}]]
NAMES = [ABSENT, None, "n", " n ", 3]
EXTRAS: list[dict[str, Any]] = [
    {},
    {"tool_call_id": "c "},
    {"tool_call_id": None},
    *({"tool_calls": calls} for calls in ([], None, "abc", {"id": 1}, 5)),
    {"tool_calls": [{"id": "i", "function": FUNCTION}, {"id": " j ", "function": {"name": " g", "arguments": ""}}]},
    {"tool_calls": ({"id": "i", "function": FUNCTION},)},
    {"tool_calls": [{"id": None, "function": FUNCTION}]},
    {"tool_calls": [{"id": "i", "function": {"name": " ", "arguments": "é"}}]},
    {"tool_calls": [{"id": "i", "function": {"name": "f", "arguments": {"a": 1}}}]},
    {"tool_calls": [None, {"id": "i", "custom": {"name": "f", "input": "x"}}]},
    {"refusal": "no"},
    {"reasoning_content": "because"},
]


def read(message: dict[str, Any]) -> tuple[Any, list[str]]:
    gaps = Gaps()
    return _messages.input_messages([message], gaps), list(gaps)


def test_both_ways_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = list(itertools.product(ROLES, CONTENTS, NAMES, EXTRAS))
    messages: list[dict[str, Any]] = [
        {"role": role, "content": content, **({} if name is ABSENT else {"name": name}), **extra}
        for role, content, name, extra in shapes
    ]
    quick = [read(message) for message in messages]
    assert sum(_messages._usual_message(message) is not None for message in messages) > 30
    monkeypatch.setattr(_messages, "_usual_message", lambda _message: None)
    for message, told in zip(messages, quick):
        assert read(message) == told, message
