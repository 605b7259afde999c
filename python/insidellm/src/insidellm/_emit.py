"""Making and logging an event of its parts, for clients of any class."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ._event_client import EventClient
from .models import Event, EventType


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
    """`client.log_event(Event(...))`, which coerces, or raises with the reason. Returns the event's id."""
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
