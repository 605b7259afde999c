"""The models are dataclasses to everybody who looks, and an import makes none of what the look needs."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any

import pytest

sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from sigil_sdk import GenerationStart, ModelRef, TokenUsage, user_text_message  # noqa: E402  (after the check)

MODEL = ModelRef("openai", "gpt-4o")


def test_every_model_and_setting_is_a_dataclass_with_slots() -> None:
    classes = [value for name in sigil_sdk.__all__ if isinstance(value := getattr(sigil_sdk, name), type)]
    records = [each for each in classes if dataclasses.is_dataclass(each)]
    assert len(records) > 35
    for each in records:
        names = tuple(field.name for field in dataclasses.fields(each))
        assert names == each.__slots__ == each.__match_args__
        assert tuple(inspect.signature(each).parameters) == names
        assert not hasattr(each, "__dict__") or "__dict__" not in each.__slots__


def test_the_standard_functions_work_on_a_model() -> None:
    start = GenerationStart(MODEL, "g", tags={"k": "v"})
    assert dataclasses.replace(start, id="h") == GenerationStart(MODEL, "h", tags={"k": "v"})
    assert dataclasses.asdict(start)["model"] == {"provider": "openai", "name": "gpt-4o"}
    by_name = {field.name: field for field in dataclasses.fields(start)}
    assert by_name["model"].default is dataclasses.MISSING and by_name["tags"].default_factory is dict
    assert copy.deepcopy(start) == pickle.loads(pickle.dumps(start)) == start != GenerationStart(MODEL)
    assert start != "another class"
    assert repr(MODEL) == "ModelRef(provider='openai', name='gpt-4o')"
    with pytest.raises(TypeError, match="unhashable"):
        hash(start)
    with pytest.raises(AttributeError):
        start.no_such_field = 1
    with pytest.raises(TypeError, match="no_such_field"):
        GenerationStart(MODEL, no_such_field=1)
    with pytest.raises(TypeError, match="model"):
        GenerationStart()


def test_defaults_are_not_shared() -> None:
    assert GenerationStart(MODEL).tags is not GenerationStart(MODEL).tags
    assert GenerationStart(MODEL, tags=None).tags is None


def test_a_model_can_be_subclassed() -> None:
    class Plain(TokenUsage):
        def __init__(self) -> None:
            super().__init__(1, 2)

    @dataclasses.dataclass
    class Standard(TokenUsage):
        extra: int = 0

    assert Plain().normalize().total_tokens == 3
    assert Standard(1, 2, extra=3).extra == 3
    assert [field.name for field in dataclasses.fields(Standard)][-1] == "extra"


def test_names_that_recording_does_not_need_are_imported_when_named(run_program: Any) -> None:
    program = """
import sys
import sigil_sdk
assert "sigil_sdk.models.rating" not in sys.modules
heavy = {"dataclasses", "inspect", "logging", "base64", "asyncio", "ssl", "urllib", "grpc", "google", "opentelemetry"}
print(sorted(heavy & set(sys.modules)))
from sigil_sdk import ConversationRating, ScoreItem, WorkflowStep
from sigil_sdk.models import Experiment
from sigil_sdk import *
assert all(getattr(sigil_sdk, name) is not None for name in sigil_sdk.__all__)
assert all(getattr(sigil_sdk.models, name) is not None for name in sigil_sdk.models.__all__)
try:
    sigil_sdk.no_such_name
except AttributeError as error:
    print(error)
"""
    assert run_program(program).stdout.splitlines() == ["[]", "module 'sigil_sdk' has no attribute 'no_such_name'"]


def test_importing_warns_of_nothing(run_program: Any) -> None:
    assert run_program("import warnings; warnings.simplefilter('error'); import sigil_sdk").stderr == ""


def test_messages_are_equal_by_value() -> None:
    assert user_text_message("a") == user_text_message("a") != user_text_message("b")
