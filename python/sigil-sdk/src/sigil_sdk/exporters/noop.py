"""An exporter that accepts everything and sends nothing."""

from __future__ import annotations

from ..models import (
    ExportGenerationResult,
    ExportGenerationsRequest,
    ExportGenerationsResponse,
    ExportWorkflowStepResult,
    ExportWorkflowStepsRequest,
    ExportWorkflowStepsResponse,
)


class NoopGenerationExporter:
    """Accepts and forgets."""

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        """Accepts every generation."""
        results = [ExportGenerationResult(generation.id, True) for generation in request.generations]
        return ExportGenerationsResponse(results)

    def export_workflow_steps(self, request: ExportWorkflowStepsRequest) -> ExportWorkflowStepsResponse:
        """Accepts every step."""
        return ExportWorkflowStepsResponse([ExportWorkflowStepResult(step.id, True) for step in request.workflow_steps])

    def shutdown(self) -> None:
        """Nothing to end."""
