"""`Event` and `EventType`: what is logged, and how it is spelt on the wire."""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type

from lightwell import EventSchema, new_event_id, utc_now

from ._payloads import (
    AgentPlanningPayload,
    AgentReasoningPayload,
    AgentResponsePayload,
    APIRequestPayload,
    APIResponsePayload,
    ErrorPayload,
    FunctionExecutionPayload,
    LLMRequestPayload,
    LLMResponsePayload,
    LLMStreamingChunkPayload,
    PerformanceMetricPayload,
    SessionEndPayload,
    SessionStartPayload,
    TimeoutErrorPayload,
    ToolCallPayload,
    ToolResponsePayload,
    UserFeedbackPayload,
    UserInputPayload,
    ValidationErrorPayload,
)
from ._schema import Model, as_dict, as_primitive, as_text
from .exceptions import ValidationError
from .utils import validate_uuid

__all__ = [
    "APIRequestPayload",
    "APIResponsePayload",
    "AgentPlanningPayload",
    "AgentReasoningPayload",
    "AgentResponsePayload",
    "ErrorPayload",
    "Event",
    "EventType",
    "FunctionExecutionPayload",
    "LLMRequestPayload",
    "LLMResponsePayload",
    "LLMStreamingChunkPayload",
    "PAYLOADS",
    "PerformanceMetricPayload",
    "SessionEndPayload",
    "SessionStartPayload",
    "TimeoutErrorPayload",
    "ToolCallPayload",
    "ToolResponsePayload",
    "UserFeedbackPayload",
    "UserInputPayload",
    "ValidationErrorPayload",
    "checked_metadata",
]


class EventType(str, Enum):
    """The kinds of events; each member is its wire string.

    `EventType(x)` also takes the README's names (`user_input`, `session_start`) and the member names in any case.
    """

    schema: EventSchema
    begin: Callable[[Dict[str, Any]], Optional[Tuple[str, str, Dict[str, Any]]]]

    USER_INPUT = "user.input"
    USER_FEEDBACK = "user.feedback"
    AGENT_REASONING = "agent.reasoning"
    AGENT_PLANNING = "agent.planning"
    AGENT_RESPONSE = "agent.response"
    LLM_REQUEST = "llm.request"
    LLM_RESPONSE = "llm.response"
    LLM_STREAMING_CHUNK = "llm.streaming_chunk"
    TOOL_CALL = "tool.call"
    TOOL_RESPONSE = "tool.response"
    FUNCTION_EXECUTION = "function_execution"
    API_REQUEST = "api.request"
    API_RESPONSE = "api.response"
    ERROR = "error"
    VALIDATION_ERROR = "validation_error"
    TIMEOUT_ERROR = "timeout_error"
    SESSION_START = "run.start"
    SESSION_END = "run.end"
    PERFORMANCE_METRIC = "performance_metric"

    @classmethod
    def _missing_(cls, value: object) -> Optional[EventType]:
        return _SPELLINGS.get(value.lower().replace(".", "_")) if isinstance(value, str) else None


_SPELLINGS: Dict[str, EventType] = {
    **{member.value.replace(".", "_"): member for member in EventType},
    **{member.name.lower(): member for member in EventType},
}

PAYLOADS: Dict[EventType, Type[Model]] = {
    EventType.USER_INPUT: UserInputPayload,
    EventType.USER_FEEDBACK: UserFeedbackPayload,
    EventType.AGENT_REASONING: AgentReasoningPayload,
    EventType.AGENT_PLANNING: AgentPlanningPayload,
    EventType.AGENT_RESPONSE: AgentResponsePayload,
    EventType.LLM_REQUEST: LLMRequestPayload,
    EventType.LLM_RESPONSE: LLMResponsePayload,
    EventType.LLM_STREAMING_CHUNK: LLMStreamingChunkPayload,
    EventType.TOOL_CALL: ToolCallPayload,
    EventType.TOOL_RESPONSE: ToolResponsePayload,
    EventType.FUNCTION_EXECUTION: FunctionExecutionPayload,
    EventType.API_REQUEST: APIRequestPayload,
    EventType.API_RESPONSE: APIResponsePayload,
    EventType.ERROR: ErrorPayload,
    EventType.VALIDATION_ERROR: ValidationErrorPayload,
    EventType.TIMEOUT_ERROR: TimeoutErrorPayload,
    EventType.SESSION_START: SessionStartPayload,
    EventType.SESSION_END: SessionEndPayload,
    EventType.PERFORMANCE_METRIC: PerformanceMetricPayload,
}
"""The schema of each event type."""

for _member, _payload_class in PAYLOADS.items():
    _member.schema = _payload_class.native(_member.value)
    _member.begin = _member.schema.begin

# Looking a member up costs more than the rest of a factory.
_USER_INPUT = EventType.USER_INPUT
_LLM_REQUEST = EventType.LLM_REQUEST
_LLM_RESPONSE = EventType.LLM_RESPONSE
_ERROR = EventType.ERROR

_EVENT_FIELDS = ("event_id", "timestamp", "parent_event_id", "metadata")


class Event:
    """One event. `ValidationError` (a `ValueError`) for fields that do not fit; unknown keywords are ignored.

    `run_id` and `user_id` may be left out: logging fills in those of the current run. `payload` and `metadata` are copied
    (one level); later changes to the caller's dicts have no effect. Attributes may be assigned afterwards.
    """

    __slots__ = (
        "event_id",
        "event_type",
        "metadata",
        "parent_event_id",
        "payload",
        "run_id",
        "timestamp",
        "user_id",
    )

    def __init__(
        self,
        *,
        event_type: Any,
        payload: Any,
        run_id: Optional[str] = None,
        user_id: Optional[str] = None,
        event_id: Optional[str] = None,
        timestamp: Optional[str] = None,
        parent_event_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        **_ignored: Any,
    ) -> None:
        self.event_id: str = new_event_id() if event_id is None else _uuid_text("event_id", event_id)
        self.run_id: Optional[str] = None if run_id is None else _run_id(run_id)
        self.timestamp: str = utc_now() if timestamp is None else _timestamp(timestamp)
        self.event_type: EventType = event_type if type(event_type) is EventType else _event_type(event_type)
        self.user_id: Optional[str] = user_id if user_id is None or type(user_id) is str else _text("user_id", user_id)
        self.parent_event_id: Optional[str] = (
            None if parent_event_id is None else _uuid_text("parent_event_id", parent_event_id)
        )
        self.metadata: Optional[Dict[str, Any]] = None if metadata is None else checked_metadata(metadata)
        self.payload: Dict[str, Any] = _payload(payload)

    def validate(self) -> None:
        """`ValidationError` when the payload does not fit the schema of its type. Extra keys are allowed."""
        try:
            PAYLOADS[self.event_type].check(self.payload)
        except ValueError as error:
            raise ValidationError(f"invalid payload of {self.event_type.value}: {error}") from None

    def to_dict(self) -> Dict[str, Any]:
        """The wire object: `parent_event_id` and `metadata` are left out when None, nulls in the payload stay."""
        wire: Dict[str, Any] = {
            "event_id": self.event_id,
            "run_id": self.run_id,
            "timestamp": self.timestamp,
            "event_type": self.event_type,
            "user_id": self.user_id,
        }
        if self.parent_event_id is not None:
            wire["parent_event_id"] = self.parent_event_id
        if self.metadata is not None:
            wire["metadata"] = self.metadata
        wire["payload"] = self.payload
        return wire

    def model_dump(self) -> Dict[str, Any]:
        """All fields, None included."""
        return {
            "event_id": self.event_id,
            "run_id": self.run_id,
            "timestamp": self.timestamp,
            "event_type": self.event_type,
            "user_id": self.user_id,
            "parent_event_id": self.parent_event_id,
            "metadata": self.metadata,
            "payload": self.payload,
        }

    def dict(self) -> Dict[str, Any]:
        """As `model_dump`."""
        return self.model_dump()

    def model_dump_json(self) -> str:
        """All fields as JSON text."""
        return json.dumps(self.model_dump())

    def json(self) -> str:
        """As `model_dump_json`."""
        return self.model_dump_json()

    @classmethod
    def model_validate(cls, values: Mapping[str, Any]) -> Event:
        """An event from a mapping of its fields."""
        return cls(**values)

    def copy(self) -> Event:
        """An equal event with its own payload and metadata dicts."""
        return Event(**self.model_dump())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self.model_dump() == other.model_dump()

    def __repr__(self) -> str:
        return f"Event({', '.join(f'{name}={value!r}' for name, value in self.model_dump().items())})"

    @classmethod
    def create_user_input(
        cls, run_id: Optional[str], user_id: Optional[str], input_text: str, input_type: str = "text", **kwargs: Any
    ) -> Event:
        """What a person said. Keywords are fields of the payload or of the event."""
        fields: Dict[str, Any] = {"input_text": input_text, "input_type": input_type}
        return _create(_USER_INPUT, run_id, user_id, None, fields, kwargs)

    @classmethod
    def create_llm_request(
        cls, run_id: Optional[str], user_id: Optional[str], model_name: str, provider: str, prompt: str, **kwargs: Any
    ) -> Event:
        """A call to a model."""
        fields = {"model_name": model_name, "provider": provider, "prompt": prompt}
        return _create(_LLM_REQUEST, run_id, user_id, None, fields, kwargs)

    @classmethod
    def create_llm_response(
        cls,
        run_id: Optional[str],
        user_id: Optional[str],
        model_name: str,
        provider: str,
        response_text: str,
        parent_event_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Event:
        """A model's reply to the request `parent_event_id`."""
        fields = {"model_name": model_name, "provider": provider, "response_text": response_text}
        return _create(_LLM_RESPONSE, run_id, user_id, parent_event_id, fields, kwargs)

    @classmethod
    def create_error(
        cls,
        run_id: Optional[str],
        user_id: Optional[str],
        error_type: str,
        error_message: str,
        parent_event_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Event:
        """A failure, of the event `parent_event_id` if given."""
        fields = {"error_type": error_type, "error_message": error_message}
        return _create(_ERROR, run_id, user_id, parent_event_id, fields, kwargs)


def checked_metadata(metadata: Mapping[str, Any]) -> Dict[str, Any]:
    """A copy of event or run metadata; `ValidationError` unless keys are strings and values are primitives."""
    try:
        return {as_text(key): as_primitive(value) for key, value in metadata.items()}
    except (AttributeError, ValueError) as error:
        raise ValidationError(f"metadata: {error}") from None


def _create(
    event_type: EventType,
    run_id: Optional[str],
    user_id: Optional[str],
    parent_event_id: Optional[str],
    fields: Dict[str, Any],
    extra: Dict[str, Any],
) -> Event:
    if not extra and parent_event_id is None and type(run_id) is str and run_id and type(user_id) is str:
        begun = event_type.begin(fields)
        if begun is not None:
            event = _new_event(Event)
            event.event_id, event.timestamp, event.payload = begun
            event.run_id = run_id
            event.event_type = event_type
            event.user_id = user_id
            event.parent_event_id = None
            event.metadata = None
            return event
    if "event_type" in extra or "payload" in extra:
        raise TypeError("a factory makes event_type and payload itself")
    event_fields = {name: extra[name] for name in _EVENT_FIELDS if name in extra}
    if parent_event_id is not None:
        event_fields["parent_event_id"] = parent_event_id
    payload = filled(event_type, fields, extra)
    return Event(event_type=event_type, payload=payload, run_id=run_id, user_id=user_id, **event_fields)


def filled(event_type: EventType, fields: Dict[str, Any], extra: Mapping[str, Any]) -> Dict[str, Any]:
    """A payload with every field of its schema, of `fields` and of what `extra` has of them, coerced."""
    schema = PAYLOADS[event_type]
    if extra:
        fields.update((name, value) for name, value in extra.items() if name in schema.model_fields)
    payload = event_type.schema.fill(fields)
    return schema.coerce(fields) if payload is None else payload


_new_event = Event.__new__


def _payload(payload: Any) -> Dict[str, Any]:
    if isinstance(payload, Model):
        return payload.model_dump()
    try:
        return as_dict(payload)
    except ValueError as error:
        raise ValidationError(f"payload {error}") from None


def _event_type(value: Any) -> EventType:
    try:
        return EventType(value)
    except ValueError:
        raise ValidationError(f"event_type {value!r} is not one of {', '.join(t.value for t in EventType)}") from None


def _run_id(value: Any) -> str:
    text = _text("run_id", value)
    if not text:
        raise ValidationError("run_id must not be empty")
    return text


def _text(name: str, value: Any) -> str:
    try:
        return as_text(value)
    except ValueError as error:
        raise ValidationError(f"{name} {error}") from None


def _uuid_text(name: str, value: Any) -> str:
    """Any spelling that `uuid.UUID` reads, kept as it is."""
    text = _text(name, value)
    if not validate_uuid(text):
        raise ValidationError(f"{name} {text!r} is not a UUID")
    return text


def _timestamp(value: Any) -> str:
    """ISO 8601, kept as it is."""
    text = _text("timestamp", value)
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValidationError(f"timestamp {text!r} is not ISO 8601") from None
    return text
