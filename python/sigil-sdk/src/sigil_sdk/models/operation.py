"""The other operations around an LLM call: embeddings, tool executions, workflow steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._records import dataclass, field
from .enums import ContentCaptureMode
from .generation import ModelRef


@dataclass(slots=True)
class EmbeddingStart:
    """What is known before an embedding call."""

    model: ModelRef
    agent_name: str = ""
    agent_version: str = ""
    dimensions: int | None = None
    encoding_format: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    started_at: datetime | None = None


@dataclass(slots=True)
class EmbeddingResult:
    """What an embedding call returned, without the vectors."""

    input_count: int = 0
    input_tokens: int = 0
    input_texts: list[str] = field(default_factory=list)
    response_model: str = ""
    dimensions: int | None = None


@dataclass(slots=True)
class WorkflowStep:
    """One step of a graph or chain. States must be JSON objects."""

    id: str = ""
    conversation_id: str = ""
    step_name: str = ""
    framework: str = ""
    agent_name: str = ""
    agent_version: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    input_state: dict[str, Any] = field(default_factory=dict)
    output_state: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    linked_generation_ids: list[str] = field(default_factory=list)
    parent_step_ids: list[str] = field(default_factory=list)
    trace_id: str = ""
    span_id: str = ""


@dataclass(slots=True)
class ToolExecutionStart:
    """What is known before a tool runs."""

    tool_name: str
    tool_call_id: str = ""
    tool_type: str = ""
    tool_description: str = ""
    conversation_id: str = ""
    conversation_title: str = ""
    agent_name: str = ""
    agent_version: str = ""
    request_model: str = ""
    request_provider: str = ""
    include_content: bool = False
    content_capture: ContentCaptureMode = ContentCaptureMode.DEFAULT
    started_at: datetime | None = None


@dataclass(slots=True)
class ToolExecutionEnd:
    """What a tool was given and what it returned."""

    arguments: Any = None
    result: Any = None
    completed_at: datetime | None = None


@dataclass(slots=True)
class ExecuteToolCallsOptions:
    """Identity and capture for `Client.execute_tool_calls`."""

    conversation_id: str = ""
    conversation_title: str = ""
    agent_name: str = ""
    agent_version: str = ""
    content_capture: ContentCaptureMode = ContentCaptureMode.DEFAULT
    request_model: str = ""
    request_provider: str = ""
    tool_type: str = "function"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ExportWorkflowStepsRequest:
    """A batch of steps, as a custom exporter receives it."""

    workflow_steps: list[WorkflowStep]


@dataclass(slots=True)
class ExportWorkflowStepResult:
    """What became of one step of a batch."""

    step_id: str
    accepted: bool
    error: str = ""


@dataclass(slots=True)
class ExportWorkflowStepsResponse:
    """One result per step, in order."""

    results: list[ExportWorkflowStepResult]
