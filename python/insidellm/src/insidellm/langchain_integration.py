"""LangChain callbacks. Not made yet (issue 5): the class resolves and says so when constructed."""

from __future__ import annotations

from importlib.util import find_spec

from ._unavailable import UnavailableIntegration

LANGCHAIN_AVAILABLE = find_spec("langchain_core") is not None


class InsideLLMCallback(UnavailableIntegration):
    """Records LangChain runs as events."""

    _reason = (
        "this version of insidellm has no LangChain integration yet; "
        "use InsideLLMTracker or the track_* decorators instead"
    )
