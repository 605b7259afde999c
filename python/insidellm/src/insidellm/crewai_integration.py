"""CrewAI and LiteLLM callbacks. Not made yet (issue 5): the class resolves and says so when constructed."""

from __future__ import annotations

from ._unavailable import UnavailableIntegration


class CrewAIInsideLLMCallbackHandler(UnavailableIntegration):
    """Records CrewAI and LiteLLM calls as events."""

    _reason = (
        "this version of insidellm has no CrewAI integration yet; "
        "use InsideLLMTracker or the track_* decorators instead"
    )
