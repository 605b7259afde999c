"""Events, their spellings, their validation and their shape on the wire."""

from __future__ import annotations

import json
import uuid

import pytest

import insidellm
from insidellm import Event, EventType, ValidationError
from insidellm.models import PAYLOADS

RUN = "run-1"


@pytest.mark.parametrize("member", list(EventType))
def test_every_spelling_is_read_and_the_wire_string_is_written(member: EventType) -> None:
    for spelling in (member.value, member.name, member.name.lower(), member.value.replace(".", "_")):
        assert EventType(spelling) is member
    assert member == member.value
    assert json.dumps(member) == json.dumps(member.value)


def test_there_are_19_types_with_a_schema_each() -> None:
    assert set(PAYLOADS) == set(EventType)
    assert len(EventType) == 19
    assert EventType("session_start").value == "run.start"
    assert EventType("function.execution") is EventType.FUNCTION_EXECUTION
    with pytest.raises(ValueError, match="no_such_type"):
        EventType("no_such_type")


def test_a_factory_fills_every_field_and_routes_keywords() -> None:
    parent = str(uuid.uuid4())
    event = Event.create_llm_response(
        RUN, "u", "gpt-4o", "openai", "hi", parent, usage={"total_tokens": 3}, cost="0.5", metadata={"a": 1}, unknown=1
    )
    assert event.payload == {
        "model_name": "gpt-4o",
        "provider": "openai",
        "response_text": "hi",
        "finish_reason": None,
        "usage": {"total_tokens": 3},
        "response_time_ms": None,
        "cost": 0.5,
    }
    assert event.parent_event_id == parent
    assert event.metadata == {"a": 1}
    with pytest.raises(TypeError):
        Event.create_user_input(RUN, "u", "hi", payload={})


def test_the_wire_object_leaves_out_what_is_none_but_not_in_the_payload() -> None:
    event = Event.create_user_input(RUN, "u", "hi")
    wire = event.to_dict()
    assert list(wire) == ["event_id", "run_id", "timestamp", "event_type", "user_id", "payload"]
    assert wire["payload"] == {"input_text": "hi", "input_type": "text", "channel": None, "session_context": None}
    assert uuid.UUID(event.event_id).version == 4
    assert event.timestamp.endswith("Z")


@pytest.mark.parametrize("run_id", ["your-run-id", "vertex_interaction_run_001", str(uuid.uuid4())])
def test_any_run_id_is_accepted(run_id: str) -> None:
    assert Event(run_id=run_id, user_id="u", event_type="error", payload={}).run_id == run_id


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"event_type": "nonsense"}, "event_type"),
        ({"run_id": ""}, "run_id"),
        ({"user_id": 7}, "user_id must be a string"),
        ({"event_id": "x"}, "event_id 'x' is not a UUID"),
        ({"parent_event_id": "x"}, "parent_event_id 'x' is not a UUID"),
        ({"timestamp": "yesterday"}, "timestamp 'yesterday' is not ISO 8601"),
        ({"metadata": {"a": [1]}}, "metadata"),
        ({"payload": [1]}, "payload must be a dictionary"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(fields: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Event(**{"run_id": RUN, "user_id": "u", "event_type": "error", "payload": {}, **fields})


@pytest.mark.parametrize("event_id", ["{12345678-1234-5678-1234-567812345678}", "12345678123456781234567812345678"])
def test_uuid_spellings_are_kept(event_id: str) -> None:
    assert Event(run_id=RUN, user_id="u", event_type="error", payload={}, event_id=event_id).event_id == event_id


@pytest.mark.parametrize(
    ("event_type", "payload", "problem"),
    [
        ("tool.response", {"tool_name": "t", "tool_type": "f"}, "response_data is required"),
        ("llm.streaming_chunk", {"model_name": "m", "provider": "p", "chunk_text": "", "chunk_index": 1.5}, "whole"),
        ("performance_metric", {"metric_name": "m", "metric_value": "fast"}, "PerformanceMetricPayload.metric_value"),
        ("agent.reasoning", {"reasoning_type": "t", "reasoning_steps": "one"}, "must be a list"),
        ("error", {"error_type": "t", "error_message": None}, "error_message must be a string"),
    ],
)
def test_payloads_are_validated(event_type: str, payload: dict, problem: str) -> None:
    event = Event(run_id=RUN, user_id="u", event_type=event_type, payload=payload)
    with pytest.raises(ValidationError, match=problem):
        event.validate()


def test_lax_values_are_accepted_and_extra_keys_allowed() -> None:
    chunk = {"model_name": "m", "provider": "p", "chunk_text": b"x", "chunk_index": "2", "is_final": "yes", "more": 1}
    event = Event(run_id=RUN, user_id="u", event_type="llm_streaming_chunk", payload=chunk)
    event.validate()
    assert event.payload == chunk, "what was given is sent as it was given"
    tool = {"tool_name": "t", "tool_type": "f", "response_data": None}
    Event(run_id=RUN, user_id="u", event_type="tool_response", payload=tool).validate()


def test_payload_models_behave_as_models() -> None:
    payload = insidellm.LLMStreamingChunkPayload(model_name="m", provider="p", chunk_text="x", chunk_index="2")
    assert payload.chunk_index == 2
    assert payload.is_final is False
    assert payload.model_dump() == payload.dict() == json.loads(payload.json())
    assert payload == insidellm.LLMStreamingChunkPayload.model_validate(payload.dict())
    assert list(insidellm.ErrorPayload.model_fields)[0] == "error_type"
    with pytest.raises(ValidationError, match="ToolCallPayload.parameters is required"):
        insidellm.ToolCallPayload(tool_name="t", tool_type="f")
    event = Event(run_id=RUN, user_id="u", event_type="llm_streaming_chunk", payload=payload)
    assert event.payload == payload.dict()


def test_events_compare_by_value_and_copy() -> None:
    event = Event.create_error(RUN, "u", "t", "m")
    twin = event.copy()
    assert twin == event
    twin.payload["error_type"] = "other"
    assert twin != event
    assert event.payload["error_type"] == "t"


def test_star_import_needs_no_optional_package() -> None:
    namespace: dict = {}
    exec("from insidellm import *", namespace)
    for name in insidellm.__all__:
        assert name in namespace
    with pytest.raises(ImportError, match="LangChain"):
        insidellm.InsideLLMCallback(client=None, user_id="u")
