"""Logging an event of its parts: in one native call where the client is ours and nothing needs coercion."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from ._event_client import EventClient
from .client import InsideLLMClient
from .models import Event, EventType

Emitter = Callable[..., Optional[str]]


def emitter(client: EventClient) -> Emitter:
    """What makes and logs an event of its parts at once: `InsideLLMClient.emit`; for other clients, what never does."""
    # A program may have put a function of its own in the place of `log_event`.
    if type(client) is InsideLLMClient and "log_event" not in client.__dict__:
        return client.emit
    return _never


def _never(*_parts: Any) -> None:
    return None


def emit(
    client: EventClient,
    event_type: EventType,
    run_id: Optional[str],
    user_id: Optional[str],
    parent_event_id: Optional[str],
    metadata: Optional[Dict[str, Any]],
    payload: Dict[str, Any],
    event_id: Optional[str] = None,
) -> str:
    """The same as `client.log_event(Event(...))`, which it is for clients of other classes. Returns the event's id."""
    emitted = emitter(client)(event_type.schema, event_id, run_id, user_id, parent_event_id, metadata, payload)
    if emitted is not None:
        return emitted
    return make_and_log(client, event_type, run_id, user_id, parent_event_id, metadata, payload, event_id)


def make_and_log(
    client: EventClient,
    event_type: EventType,
    run_id: Optional[str],
    user_id: Optional[str],
    parent_event_id: Optional[str],
    metadata: Optional[Dict[str, Any]],
    payload: Dict[str, Any],
    event_id: Optional[str] = None,
) -> str:
    """The long way: coerces, or raises with the reason."""
    event = Event(
        event_type=event_type,
        event_id=event_id,
        run_id=run_id,
        user_id=user_id,
        parent_event_id=parent_event_id,
        metadata=metadata,
        payload=payload,
    )
    client.log_event(event)
    return event.event_id
