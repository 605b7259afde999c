"""Wrapper of Google's conversational search client. Not made yet (issue 5): the class says so when constructed."""

from __future__ import annotations

from ._unavailable import UnavailableIntegration


class InsideLLMVertexAgentBuilderConversationalSearchClient(UnavailableIntegration):
    """Records conversations with Vertex AI Agent Builder as events."""

    _reason = (
        "this version of insidellm has no Vertex AI Agent Builder integration yet; "
        "use InsideLLMTracker or the track_* decorators instead"
    )
