"""The JSON of experiments and scores. What a server leaves out is the field's empty value; nothing but a wrong shape raises."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from ._api import format_time, parse_time
from .errors import ExperimentTransportError, ScoreExportError, ValidationError
from .models import ExperimentSource, ExperimentStatus
from .models.experiment import (
    Experiment,
    ExperimentEvaluator,
    ExperimentReport,
    ExperimentReportSummary,
    ExportScoreResult,
    ExportScoresResponse,
    ScoreItem,
    ScoreValue,
)

_REQUIRED = ("score_id", "evaluator_id", "evaluator_version", "score_key")
_SCORE_TEXTS = (
    "trial_id",
    "test_case_id",
    "trace_id",
    "span_id",
    "grader_conversation_id",
    "grader_generation_id",
    "grader_trace_id",
    "rule_id",
)


def score_body(score: ScoreItem) -> dict[str, Any]:
    """A score as it is sent; `ValidationError` for one that no server would take."""
    missing = [name for name in _REQUIRED if not str(getattr(score, name) or "").strip()]
    if missing:
        raise _invalid_score(f"missing required field(s): {', '.join(missing)}")
    if not (score.generation_id.strip() or score.trial_id.strip()):
        raise _invalid_score("generation_id or trial_id is required")
    body: dict[str, Any] = {name: getattr(score, name) for name in _REQUIRED}
    body["value"] = _score_value(score.value)
    texts = {
        "generation_id": score.generation_id,
        "conversation_id": score.conversation_id,
        "experiment_id": score.resolved_experiment_id,
        **{name: getattr(score, name) for name in _SCORE_TEXTS},
    }
    body.update({name: text for name, text in texts.items() if text})
    if score.passed is not None:
        body["passed"] = score.passed
    if score.explanation:
        body["explanation"] = score.explanation
    if score.metadata:
        body["metadata"] = score.metadata
    if score.created_at is not None:
        body["created_at"] = format_time(score.created_at)
    source = score.source
    if source is not None and (source.kind or source.id):
        body["source"] = {"kind": source.kind, "id": source.id}
    return body


def parse_scores_response(payload: Any) -> ExportScoresResponse:
    """One result an item, and the counts where the server tells them."""
    if not isinstance(payload, dict):
        raise ScoreExportError("sigil score export transport failed: invalid response payload")
    return ExportScoresResponse(
        results=[
            ExportScoreResult(
                score_id=_text(item.get("score_id")),
                accepted=bool(item.get("accepted")),
                status=_text(item.get("status")),
                error=_text(item.get("error")),
            )
            for item in _objects(payload.get("results"))
        ],
        accepted=_integer(payload.get("accepted")),
        duplicates=_integer(payload.get("duplicates")),
        rejected_count=_integer(payload.get("rejected")),
    )


def parse_run(payload: Any) -> Experiment:
    """A run under `run`, or the object itself."""
    inner = payload.get("run") if isinstance(payload, dict) else None
    return parse_experiment(inner if isinstance(inner, dict) else payload)


def parse_experiment(payload: Any) -> Experiment:
    """A run. Its source and status are the texts that the server sent: new ones come."""
    if not isinstance(payload, dict):
        raise ExperimentTransportError("sigil experiment transport failed: invalid response payload")
    tags, metadata = payload.get("tags"), payload.get("metadata")
    return Experiment(
        run_id=_text(payload.get("experiment_id")) or _text(payload.get("run_id")),
        name=_text(payload.get("name")),
        source=cast(ExperimentSource, _text(payload.get("source"))),
        status=cast(ExperimentStatus, _text(payload.get("status"))),
        tenant_id=_text(payload.get("tenant_id")),
        description=_text(payload.get("description")),
        tags=[_text(tag) for tag in tags] if isinstance(tags, list) else [],
        collection_id=_text(payload.get("collection_id")),
        evaluators=[
            ExperimentEvaluator(_text(item.get("id")), _text(item.get("selector")))
            for item in _objects(payload.get("evaluators"))
        ],
        metadata=metadata if isinstance(metadata, dict) else {},
        score_count=_integer(payload.get("score_count")),
        error=_text(payload.get("error")),
        created_by=_text(payload.get("created_by")),
        created_at=_time(payload.get("created_at")),
        updated_at=_time(payload.get("updated_at")),
        started_at=_time(payload.get("started_at")),
        completed_at=_time(payload.get("completed_at")),
    )


def parse_report(payload: Any) -> ExperimentReport:
    """The run under `experiment` or `run`, its `summary` and its `rows`."""
    if not isinstance(payload, dict):
        raise ExperimentTransportError("sigil experiment report transport failed: invalid response payload")
    summary, rows = payload.get("summary"), payload.get("rows")
    told = summary if isinstance(summary, dict) else {}
    return ExperimentReport(
        run=parse_experiment(payload.get("experiment") or payload.get("run") or {}),
        summary=ExperimentReportSummary(
            test_case_count=_integer(told.get("test_case_count")),
            trial_count=_integer(told.get("trial_count")),
            completed_count=_integer(told.get("completed_count")),
            failed_count=_integer(told.get("failed_count")),
            canceled_count=_integer(told.get("canceled_count")),
            pass_rate=_number(told.get("pass_rate")),
            pass_at_k=_numbers(told.get("pass_at_k")),
            pass_power_k=_numbers(told.get("pass_power_k")),
            final_score_avg=_number(told.get("final_score_avg")),
            total_cost=_number(told.get("total_cost")),
            total_tokens=_integer(told.get("total_tokens")),
        ),
        rows=rows if isinstance(rows, list) else [],
    )


def _score_value(value: ScoreValue) -> dict[str, Any]:
    if value.number is not None:
        return {"number": value.number}
    if value.boolean is not None:
        return {"bool": value.boolean}
    if value.string is not None:
        return {"string": value.string}
    raise _invalid_score("value must set one of number/boolean/string")


def _invalid_score(problem: str) -> ValidationError:
    return ValidationError(f"sigil score validation failed: {problem}")


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _numbers(value: Any) -> dict[str, float]:
    return {str(key): _number(number) for key, number in value.items()} if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Any) -> int:
    return int(_number(value))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _time(value: Any) -> datetime | None:
    try:
        return parse_time(_text(value)) if _text(value) else None
    except ValueError:
        return None
