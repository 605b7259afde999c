"""What `InsideLLMCallback` remembers of a run of LangChain."""

from __future__ import annotations

from time import monotonic
from typing import Any, Dict, Optional


class LangChainRun:
    """A run that has begun and not ended."""

    __slots__ = (
        "above",
        "anchor",
        "answered",
        "asked_at",
        "before",
        "fields",
        "logged_error",
        "metadata",
        "owner",
        "parent",
        "root",
        "started",
        "tokens",
    )

    def __init__(self, owner: type, above: Optional[LangChainRun], metadata: Dict[str, Any]) -> None:
        self.owner = owner
        """Whose hook saw it begin, when a run is told to a callback twice."""
        self.above = above
        """The run that this one is inside of."""
        self.parent: Optional[str] = above.anchor if above is not None else None
        """The event that this run's event is a child of."""
        self.anchor: Optional[str] = self.parent
        """The event that is the parent of what runs inside."""
        self.root: LangChainRun = above.root if above is not None else self
        self.metadata = metadata
        self.fields: Dict[str, Any] = {}
        self.started = monotonic()
        self.tokens = 0
        self.answered = False
        self.asked_at: Optional[str] = None
        """Of a root whose input is not known yet: when it began."""
        self.before: Any = None
        """What `_inherited` was before this run set it."""
        self.logged_error: Optional[BaseException] = None
        """Of a root: the failure that was logged where it happened."""

    def is_inside(self, other: LangChainRun) -> bool:
        """Whether it runs, at any depth, inside of the other."""
        above = self.above
        while above is not None and above is not other:
            above = above.above
        return above is other
