"""People's ratings of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._records import dataclass, field
from .enums import ConversationRatingValue


@dataclass(slots=True)
class ConversationRatingInput:
    """A rating to submit. `rating_id` makes a re-sent rating the same rating."""

    rating_id: str
    rating: ConversationRatingValue
    comment: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    generation_id: str = ""
    rater_id: str = ""
    source: str = ""


@dataclass(slots=True)
class ConversationRating:
    """A rating as the server keeps it."""

    rating_id: str
    conversation_id: str
    rating: ConversationRatingValue
    created_at: datetime
    comment: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    generation_id: str = ""
    rater_id: str = ""
    source: str = ""


@dataclass(slots=True)
class ConversationRatingSummary:
    """The ratings of one conversation, counted."""

    total_count: int
    good_count: int
    bad_count: int
    latest_rated_at: datetime
    has_bad_rating: bool
    latest_rating: ConversationRatingValue | None = None
    latest_bad_at: datetime | None = None


@dataclass(slots=True)
class SubmitConversationRatingResponse:
    """The server's answer to a rating."""

    rating: ConversationRating
    summary: ConversationRatingSummary
