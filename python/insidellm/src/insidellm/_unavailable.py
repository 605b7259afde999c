"""Stand-ins for what is promised and not made yet: the name resolves, using it says plainly what is the case."""

from __future__ import annotations

from typing import Any


class UnavailableIntegration:
    """Base of an integration class whose construction raises `ImportError` with the reason."""

    _reason = ""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise ImportError(self._reason)
