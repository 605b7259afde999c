"""One LLM call and its parts. All classes are mutable, comparable and take their fields positionally in the order shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._records import dataclass, field
from .enums import ArtifactKind, ContentCaptureMode, GenerationMode, MessageRole, PartKind


@dataclass(slots=True)
class ModelRef:
    """Provider and model name, as the program asked for them."""

    provider: str = ""
    name: str = ""


@dataclass(slots=True)
class ToolDefinition:
    """A tool that was offered to the model. `input_schema_json` is UTF-8 JSON."""

    name: str = ""
    description: str = ""
    type: str = ""
    input_schema_json: bytes = b""
    deferred: bool = False


@dataclass(slots=True)
class TokenUsage:
    """Token counts as the provider reports them.

    `cache_creation_input_tokens` is the 0.2 name of `cache_write_input_tokens`: it is folded into it when that is 0.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    reasoning_tokens: int = 0
    cache_creation_input_tokens: int = 0

    def normalize(self) -> TokenUsage:
        """A copy whose total is input + output when no total was given. None counts as 0."""
        input_tokens, output_tokens = self.input_tokens or 0, self.output_tokens or 0
        return TokenUsage(
            input_tokens,
            output_tokens,
            self.total_tokens or input_tokens + output_tokens,
            self.cache_read_input_tokens or 0,
            self.cache_write_input_tokens or 0,
            self.reasoning_tokens or 0,
            self.cache_creation_input_tokens or 0,
        )


@dataclass(slots=True)
class PartMetadata:
    """What the provider called this part."""

    provider_type: str = ""


@dataclass(slots=True)
class ToolCall:
    """The model asks for a tool. `input_json` is UTF-8 JSON."""

    name: str
    id: str = ""
    input_json: bytes = b""


@dataclass(slots=True)
class ToolResult:
    """What a tool answered, as text or as UTF-8 JSON."""

    tool_call_id: str = ""
    name: str = ""
    content: str = ""
    content_json: bytes = b""
    is_error: bool = False


@dataclass(slots=True)
class Part:
    """A piece of a message; exactly the payload field that `kind` names is set."""

    kind: PartKind
    text: str = ""
    thinking: str = ""
    tool_call: ToolCall | None = None
    tool_result: ToolResult | None = None
    metadata: PartMetadata = field(default_factory=PartMetadata)


@dataclass(slots=True)
class Message:
    """One turn of a conversation."""

    role: MessageRole
    parts: list[Part]
    name: str = ""


@dataclass(slots=True)
class Artifact:
    """A raw provider payload that is kept with the generation."""

    kind: ArtifactKind
    name: str = ""
    content_type: str = ""
    payload: bytes = b""
    record_id: str = ""
    uri: str = ""


@dataclass(slots=True)
class GenerationStart:
    """What is known before the call. Empty identity fields are filled from the context, then from the configuration."""

    model: ModelRef
    id: str = ""
    conversation_id: str = ""
    conversation_title: str = ""
    user_id: str = ""
    agent_name: str = ""
    agent_version: str = ""
    mode: GenerationMode | None = None
    operation_name: str = ""
    system_prompt: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tool_choice: str | None = None
    thinking_enabled: bool | None = None
    tools: list[ToolDefinition] = field(default_factory=list)
    content_capture: ContentCaptureMode = ContentCaptureMode.DEFAULT
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    parent_generation_ids: list[str] = field(default_factory=list)
    effective_version: str = ""
    started_at: datetime | None = None


@dataclass(slots=True)
class Generation:
    """A finished LLM call, as it is exported. Times are UTC."""

    id: str = ""
    conversation_id: str = ""
    conversation_title: str = ""
    user_id: str = ""
    agent_name: str = ""
    agent_version: str = ""
    mode: GenerationMode | None = None
    operation_name: str = ""
    trace_id: str = ""
    span_id: str = ""
    model: ModelRef = field(default_factory=ModelRef)
    response_id: str = ""
    response_model: str = ""
    system_prompt: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tool_choice: str | None = None
    thinking_enabled: bool | None = None
    input: list[Message] = field(default_factory=list)
    output: list[Message] = field(default_factory=list)
    tools: list[ToolDefinition] = field(default_factory=list)
    usage: TokenUsage = field(default_factory=TokenUsage)
    stop_reason: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    call_error: str = ""
    parent_generation_ids: list[str] = field(default_factory=list)
    effective_version: str = ""


@dataclass(slots=True)
class ExportGenerationsRequest:
    """A batch, as a custom exporter receives it."""

    generations: list[Generation]


@dataclass(slots=True)
class ExportGenerationResult:
    """What became of one generation of a batch."""

    generation_id: str
    accepted: bool
    error: str = ""


@dataclass(slots=True)
class ExportGenerationsResponse:
    """One result per generation, in order."""

    results: list[ExportGenerationResult]
