"""What a program's own exporter must offer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..models import ExportGenerationsRequest, ExportGenerationsResponse


@runtime_checkable
class GenerationExporter(Protocol):
    """Sends batches of generations. Called from a background thread, or from the caller of `flush()` and `shutdown()`.

    It may also have `export_workflow_steps(ExportWorkflowStepsRequest) -> ExportWorkflowStepsResponse`, needed only when
    steps are recorded, and `shutdown()`, which is called once. An exception means that the batch is tried again.
    """

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        """Sends a batch; answers with one result per generation, in order."""
        ...
