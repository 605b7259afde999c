"""A workflow step, completed for export. Steps carry no capture mode and take no identity from the context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ._copies import copy_metadata
from ._normalise import to_utc
from ._records import replace
from .errors import ValidationError
from .models import WorkflowStep
from .validation import is_blank


def prepare_step(step: WorkflowStep, client_tags: Mapping[str, str], now: Callable[[], datetime]) -> WorkflowStep:
    """A complete copy of `step`; `ValidationError` when it cannot be exported."""
    problem = _problem(step)
    if problem is not None:
        raise ValidationError(f"sigil workflow step validation failed: {problem}")
    started_at = to_utc(step.started_at) if step.started_at is not None else now()
    return replace(
        step,
        started_at=started_at,
        completed_at=to_utc(step.completed_at) if step.completed_at is not None else started_at,
        tags={**client_tags, **step.tags},
        input_state=copy_metadata(step.input_state),
        output_state=copy_metadata(step.output_state),
        metadata=copy_metadata(step.metadata),
        linked_generation_ids=list(step.linked_generation_ids),
        parent_step_ids=list(step.parent_step_ids),
    )


def _problem(step: WorkflowStep) -> str | None:
    for name in ("id", "conversation_id", "step_name"):
        if is_blank(getattr(step, name)):
            return f"{name} is required"
    if step.started_at is not None and step.completed_at is not None:
        if to_utc(step.completed_at) < to_utc(step.started_at):
            return "completed_at must not be earlier than started_at"
    return None
