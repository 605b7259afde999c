"""What the exporters over HTTP and gRPC have in common."""

from __future__ import annotations

from ..models import (
    ExportGenerationsRequest,
    ExportGenerationsResponse,
    ExportWorkflowStepsRequest,
    ExportWorkflowStepsResponse,
)
from ._native import NativeDelivery
from ._results import generation_results, workflow_step_results


class SendingExporter:
    """Sends each request at once, with one attempt, and waits for its answer: at most some ten seconds."""

    def __init__(self, delivery: NativeDelivery) -> None:
        self._delivery = delivery

    def export_generations(self, request: ExportGenerationsRequest) -> ExportGenerationsResponse:
        """Sends a batch. `RuntimeError` when it could not be delivered as a whole."""
        refusals = self._delivery.generations(request.generations)
        return generation_results((each.id for each in request.generations), refusals)

    def export_workflow_steps(self, request: ExportWorkflowStepsRequest) -> ExportWorkflowStepsResponse:
        """Sends a batch of workflow steps, as `export_generations`."""
        refusals = self._delivery.workflow_steps(request.workflow_steps)
        return workflow_step_results((each.id for each in request.workflow_steps), refusals)

    def shutdown(self) -> None:
        """Ends the connection. Idempotent."""
        self._delivery.shutdown()
