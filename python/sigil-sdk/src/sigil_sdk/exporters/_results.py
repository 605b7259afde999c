"""One result a record, in the order of the request."""

from __future__ import annotations

from collections.abc import Iterable

from ..models import (
    ExportGenerationResult,
    ExportGenerationsResponse,
    ExportWorkflowStepResult,
    ExportWorkflowStepsResponse,
)


def generation_results(ids: Iterable[str], refusals: dict[str, list[str]]) -> ExportGenerationsResponse:
    """Accepted, but for those with a reason."""
    return ExportGenerationsResponse([ExportGenerationResult(each, *_verdict(each, refusals)) for each in ids])


def workflow_step_results(ids: Iterable[str], refusals: dict[str, list[str]]) -> ExportWorkflowStepsResponse:
    """The same for workflow steps."""
    return ExportWorkflowStepsResponse([ExportWorkflowStepResult(each, *_verdict(each, refusals)) for each in ids])


def _verdict(record_id: str, refusals: dict[str, list[str]]) -> tuple[bool, str]:
    reasons = refusals.get(record_id)
    return (False, reasons.pop(0)) if reasons else (True, "")
