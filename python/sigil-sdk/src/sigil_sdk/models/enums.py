"""The closed vocabularies of the records. Every member is also its wire string (`str` mix-in)."""

from __future__ import annotations

from enum import Enum


class GenerationMode(str, Enum):
    """Whether the reply came whole or in pieces."""

    SYNC = "SYNC"
    STREAM = "STREAM"


class MessageRole(str, Enum):
    """Who said it. System prompts are a field of the generation, not a role."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class PartKind(str, Enum):
    """Which one payload field of a `Part` is set."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"


class ContentCaptureMode(str, Enum):
    """How much of the content leaves the process. DEFAULT means: ask the next level."""

    DEFAULT = "default"
    FULL = "full"
    NO_TOOL_CONTENT = "no_tool_content"
    METADATA_ONLY = "metadata_only"
    FULL_WITH_METADATA_SPANS = "full_with_metadata_spans"


class ArtifactKind(str, Enum):
    """What a raw provider artifact is."""

    REQUEST = "request"
    RESPONSE = "response"
    TOOLS = "tools"
    PROVIDER_EVENT = "provider_event"


class ConversationRatingValue(str, Enum):
    """A person's verdict on a conversation."""

    GOOD = "CONVERSATION_RATING_VALUE_GOOD"
    BAD = "CONVERSATION_RATING_VALUE_BAD"


class ExperimentStatus(str, Enum):
    """Where an experiment run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class ExperimentSource(str, Enum):
    """Where the test cases of an experiment come from."""

    EXTERNAL = "external"
    COLLECTION = "collection"
