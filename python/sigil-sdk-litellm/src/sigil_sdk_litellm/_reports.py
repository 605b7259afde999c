"""What was recorded lately, so that no call is recorded twice and no two calls share an id.

LiteLLM reports some calls to the synchronous and the asynchronous hook both, and gives several attempts of a call, or
several replies of a careless provider, one id; a server keeps one record of an id.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

_CAPACITY = 10_000


class RecentReports:
    """Usable from any thread, and after a fork: there is no lock, each step is one operation on a dict."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[str, str, datetime], str] = {}
        self._ids: dict[str, tuple[str, datetime]] = {}

    def is_repeated(self, hook: str, call_id: str, status: str, started_at: datetime | None) -> bool:
        """Whether the other one of the hooks `sync` and `async` was told of this attempt of the call."""
        if not call_id or started_at is None:
            return False
        told = self._hooks.setdefault((call_id, status, started_at), hook)
        _bound(self._hooks)
        return told != hook

    def own_id(self, record_id: str, call_id: str, started_at: datetime | None) -> str:
        """The id for a record: the given one, unless another attempt or call has it."""
        if not record_id or started_at is None:
            return record_id
        attempt = call_id, started_at
        owner = self._ids.setdefault(record_id, attempt)
        _bound(self._ids)
        if not call_id or owner == attempt:
            return record_id
        return f"{record_id}-{int(started_at.timestamp() * 1_000_000)}"


def _bound(recent: dict[Any, Any]) -> None:
    """Forgets the oldest when there are too many; another thread may do the same at the same time."""
    if len(recent) > _CAPACITY:
        with contextlib.suppress(KeyError, RuntimeError, StopIteration):
            del recent[next(iter(recent))]
