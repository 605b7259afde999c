"""The records that a program makes and that exporters, sanitizers and resolvers receive.

Real, mutable, comparable, deep-copyable dataclasses: nothing native hides behind them. What recording a generation does not
need is imported when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .builders import (
    assistant_text_message,
    text_part,
    thinking_part,
    tool_call_part,
    tool_result_message,
    tool_result_part,
    user_text_message,
    utc_now,
)
from .enums import (
    ArtifactKind,
    ContentCaptureMode,
    ConversationRatingValue,
    ExperimentSource,
    ExperimentStatus,
    GenerationMode,
    MessageRole,
    PartKind,
)
from .generation import (
    Artifact,
    ExportGenerationResult,
    ExportGenerationsRequest,
    ExportGenerationsResponse,
    Generation,
    GenerationStart,
    Message,
    ModelRef,
    Part,
    PartMetadata,
    TokenUsage,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

if TYPE_CHECKING:
    from .experiment import (
        CreateExperimentRequest,
        Experiment,
        ExperimentEvaluator,
        ExperimentReport,
        ExperimentReportSummary,
        ExportScoreResult,
        ExportScoresResponse,
        ScoreItem,
        ScoreSource,
        ScoreValue,
    )
    from .operation import (
        EmbeddingResult,
        EmbeddingStart,
        ExecuteToolCallsOptions,
        ExportWorkflowStepResult,
        ExportWorkflowStepsRequest,
        ExportWorkflowStepsResponse,
        ToolExecutionEnd,
        ToolExecutionStart,
        WorkflowStep,
    )
    from .rating import (
        ConversationRating,
        ConversationRatingInput,
        ConversationRatingSummary,
        SubmitConversationRatingResponse,
    )

__all__ = [
    "Artifact",
    "ArtifactKind",
    "ContentCaptureMode",
    "ConversationRating",
    "ConversationRatingInput",
    "ConversationRatingSummary",
    "ConversationRatingValue",
    "CreateExperimentRequest",
    "EmbeddingResult",
    "EmbeddingStart",
    "ExecuteToolCallsOptions",
    "Experiment",
    "ExperimentEvaluator",
    "ExperimentReport",
    "ExperimentReportSummary",
    "ExperimentSource",
    "ExperimentStatus",
    "ExportGenerationResult",
    "ExportGenerationsRequest",
    "ExportGenerationsResponse",
    "ExportScoreResult",
    "ExportScoresResponse",
    "ExportWorkflowStepResult",
    "ExportWorkflowStepsRequest",
    "ExportWorkflowStepsResponse",
    "Generation",
    "GenerationMode",
    "GenerationStart",
    "Message",
    "MessageRole",
    "ModelRef",
    "Part",
    "PartKind",
    "PartMetadata",
    "ScoreItem",
    "ScoreSource",
    "ScoreValue",
    "SubmitConversationRatingResponse",
    "TokenUsage",
    "ToolCall",
    "ToolDefinition",
    "ToolExecutionEnd",
    "ToolExecutionStart",
    "ToolResult",
    "WorkflowStep",
    "assistant_text_message",
    "text_part",
    "thinking_part",
    "tool_call_part",
    "tool_result_message",
    "tool_result_part",
    "user_text_message",
    "utc_now",
]

#: Modules that recording does not need: imported when a name that is not here yet is looked for.
_LATE_MODULES = ("operation", "rating", "experiment")


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        for module in _LATE_MODULES:
            found = getattr(import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
