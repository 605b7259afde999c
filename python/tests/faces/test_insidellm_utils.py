"""`insidellm.utils`, which programs import: each function with what it says."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from insidellm import utils


def test_ids_and_times() -> None:
    assert uuid.UUID(utils.generate_uuid()).version == 4
    assert utils.validate_uuid(utils.generate_uuid())
    assert not utils.validate_uuid("x") and not utils.validate_uuid(7) and not utils.validate_uuid(None)
    moment = utils.parse_iso_timestamp("2026-11-22T05:20:58.757046Z")
    assert moment.utcoffset() == timedelta(0) and moment.microsecond == 757046
    assert utils.parse_iso_timestamp(utils.get_iso_timestamp()).utcoffset() == timedelta(0)


def test_metadata() -> None:
    given = {"text": "a", "number": 1, "share": 0.5, "flag": True, "none": None, "list": [1]}
    assert utils.sanitize_metadata(given) == {"text": "a", "number": 1, "share": 0.5, "flag": True, "list": "[1]"}
    assert utils.sanitize_metadata(None) == {} == utils.sanitize_metadata({})
    assert utils.merge_metadata({"a": 1, "b": 1}, None, {"b": 2, "c": None}) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "plain"),
    [(None, None), ("a", "a"), (1.5, 1.5), ((1, "b"), [1, "b"]), ({1: {"x": [None]}}, {"1": {"x": [None]}})],
)
def test_safe_serialize(value: Any, plain: Any) -> None:
    assert utils.safe_serialize(value) == plain


def test_safe_serialize_of_objects_is_their_text() -> None:
    assert utils.safe_serialize(uuid.UUID(int=1)) == str(uuid.UUID(int=1))


def test_texts() -> None:
    assert utils.truncate_string("short") == "short"
    assert utils.truncate_string("abcdefghij", 8) == "abcde..."
    assert len(utils.truncate_string("x" * 20_000)) == 10_000
    assert [utils.format_duration(ms) for ms in (999, 1500, 61_500)] == ["999ms", "1.5s", "1m 1.5s"]


def test_errors_and_signatures() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        context = utils.extract_error_context(error)
    assert (context["error_type"], context["error_message"]) == ("ValueError", "why")
    assert context["error_module"] == "builtins" and "raise ValueError" in context["stack_trace"]

    def greet(name: str, times: int = 1) -> None: ...

    signature = utils.get_function_signature(greet)
    assert signature.startswith("greet(") and "times" in signature


def test_delays_lists_and_dicts() -> None:
    assert [utils.calculate_batch_delay(attempt) for attempt in (0, 1, 5, 6, 60)] == [1.0, 2.0, 32.0, 60.0, 60.0]
    assert utils.chunk_list([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    first = {"a": {"x": 1, "y": 1}, "b": 1}
    assert utils.deep_merge_dicts(first, {"a": {"y": 2}, "b": {"z": 3}}) == {"a": {"x": 1, "y": 2}, "b": {"z": 3}}
    assert first == {"a": {"x": 1, "y": 1}, "b": 1}, "what was given stays as it is"
