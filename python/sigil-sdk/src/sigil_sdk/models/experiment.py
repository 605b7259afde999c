"""Scores and experiment runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._records import dataclass, field
from .enums import ExperimentSource, ExperimentStatus


@dataclass(slots=True)
class ScoreValue:
    """A score: exactly one of the three is set."""

    number: float | None = None
    boolean: bool | None = None
    string: str | None = None


@dataclass(slots=True)
class ScoreSource:
    """What produced a score."""

    kind: str = ""
    id: str = ""


@dataclass(slots=True)
class ScoreItem:
    """One judgement on a generation or a trial."""

    score_id: str
    evaluator_id: str
    evaluator_version: str
    score_key: str
    value: ScoreValue
    generation_id: str = ""
    conversation_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    rule_id: str = ""
    experiment_id: str = ""
    trial_id: str = ""
    test_case_id: str = ""
    grader_conversation_id: str = ""
    grader_generation_id: str = ""
    grader_trace_id: str = ""
    run_id: str = ""
    evaluator_kind: str = ""
    passed: bool | None = None
    explanation: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    source: ScoreSource | None = None

    @property
    def resolved_experiment_id(self) -> str:
        """`experiment_id`, or its old name `run_id`."""
        return (self.experiment_id or self.run_id).strip()


@dataclass(slots=True)
class ExportScoreResult:
    """What became of one score."""

    score_id: str
    accepted: bool
    status: str = ""
    error: str = ""


@dataclass(slots=True)
class ExportScoresResponse:
    """The server's answer to a batch of scores."""

    results: list[ExportScoreResult] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    rejected_count: int = 0

    @property
    def accepted_count(self) -> int:
        """The server's count, else the accepted results."""
        return self.accepted or sum(1 for result in self.results if result.accepted)

    @property
    def duplicate_count(self) -> int:
        """The server's count, else the results with status `duplicate`."""
        return self.duplicates or sum(1 for result in self.results if result.status == "duplicate")

    @property
    def rejected(self) -> list[ExportScoreResult]:
        """Results that are neither accepted nor duplicates."""
        return [result for result in self.results if not result.accepted and result.status != "duplicate"]


@dataclass(slots=True)
class ExperimentEvaluator:
    """An evaluator of an experiment and what it applies to."""

    id: str
    selector: str


@dataclass(slots=True)
class CreateExperimentRequest:
    """An experiment run to create."""

    name: str
    source: ExperimentSource = ExperimentSource.EXTERNAL
    run_id: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    collection_id: str = ""
    evaluators: list[ExperimentEvaluator] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Experiment:
    """An experiment run as the server keeps it."""

    run_id: str
    name: str
    source: ExperimentSource
    status: ExperimentStatus
    tenant_id: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    collection_id: str = ""
    evaluators: list[ExperimentEvaluator] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    score_count: int = 0
    error: str = ""
    created_by: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True)
class ExperimentReportSummary:
    """An experiment in numbers."""

    test_case_count: int = 0
    trial_count: int = 0
    completed_count: int = 0
    failed_count: int = 0
    canceled_count: int = 0
    pass_rate: float = 0.0
    pass_at_k: dict[str, float] = field(default_factory=dict)
    pass_power_k: dict[str, float] = field(default_factory=dict)
    final_score_avg: float = 0.0
    total_cost: float = 0.0
    total_tokens: int = 0


@dataclass(slots=True)
class ExperimentReport:
    """An experiment run, its numbers and its rows."""

    run: Experiment
    summary: ExperimentReportSummary
    rows: list[dict[str, Any]] = field(default_factory=list)
