"""What a program's own exporter offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..models import (
    ExportGenerationsRequest,
    ExportGenerationsResponse,
    ExportWorkflowStepsRequest,
    ExportWorkflowStepsResponse,
)


@runtime_checkable
class GenerationExporter(Protocol):
    """Sends batches of records. Called from a background thread, or from the caller of `flush()` and `shutdown()`.

    An exception means that the batch is tried again. A client also takes an exporter that has only `export_generations`, as
    long as no workflow steps are recorded.
    """

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        """Sends a batch; answers with one result per generation, in order."""
        ...

    def export_workflow_steps(self, request: ExportWorkflowStepsRequest) -> ExportWorkflowStepsResponse:
        """The same for workflow steps."""
        ...

    def shutdown(self) -> None:
        """Called once, at the end."""
        ...
