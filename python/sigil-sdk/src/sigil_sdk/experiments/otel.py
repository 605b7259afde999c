"""The names under which trials and scores appear on OpenTelemetry spans. Nothing here imports OpenTelemetry."""

from __future__ import annotations

from typing import Any

INSTRUMENTATION_NAME = "sigil_sdk.experiments"
SCHEMA_VERSION = "experiments-otel-2026-06"
TRIAL_SPAN_NAME = "eval.trial"

ATTR_SCHEMA_VERSION = "sigil.eval.schema.version"
OPERATION_NAME = "gen_ai.operation.name"
CONVERSATION_ID = "gen_ai.conversation.id"
RESPONSE_ID = "gen_ai.response.id"

TEST_SUITE_RUN_ID = "test.suite.run.id"
TEST_SUITE_RUN_STATUS = "test.suite.run.status"
TEST_SUITE_NAME = "test.suite.name"
TEST_SUITE_ID = "test.suite.id"
TEST_SUITE_VERSION = "test.suite.version"
TEST_CASE_ID = "test.case.id"
TEST_CASE_NAME = "test.case.name"
TEST_CASE_RESULT_STATUS = "test.case.result.status"
TEST_CASE_RUN_ID = "test.case.run.id"
TEST_CASE_RUN_ATTEMPT = "test.case.run.attempt"

EVENT_EVAL_RESULT = "gen_ai.evaluation.result"
EVAL_NAME = "gen_ai.evaluation.name"
EVAL_SCORE_VALUE = "gen_ai.evaluation.score.value"
EVAL_SCORE_LABEL = "gen_ai.evaluation.score.label"
EVAL_EXPLANATION = "gen_ai.evaluation.explanation"
EVAL_EVALUATOR_ID = "gen_ai.evaluation.evaluator.id"
EVAL_EVALUATOR_VERSION = "gen_ai.evaluation.evaluator.version"
EVAL_EVALUATOR_TYPE = "gen_ai.evaluation.evaluator.type"
EVAL_REFERENCE_SET_ID = "gen_ai.evaluation.reference_set.id"
EVAL_REFERENCE_SET_VERSION = "gen_ai.evaluation.reference_set.version"

EVENT_ARTIFACT = "sigil.eval.artifact"
ARTIFACT_NAME = "sigil.eval.artifact.name"
ARTIFACT_KIND = "sigil.eval.artifact.kind"

RUN_STATUS_MAP = {
    "running": "in_progress",
    "succeeded": "success",
    "completed": "success",
    "failed": "failure",
    "canceled": "aborted",
    "cancelled": "aborted",
}
TRIAL_STATUS_MAP = {"completed": "pass", "passed": "pass", "failed": "fail"}


def run_status_telemetry(status: str) -> str:
    """An experiment's status in OpenTelemetry's words."""
    return RUN_STATUS_MAP.get(status, "in_progress")


def trial_status_telemetry(status: str) -> str:
    """A trial's status in OpenTelemetry's words; empty while there is no result."""
    return TRIAL_STATUS_MAP.get(status, "")


def score_label(passed: bool | None) -> str:
    """A verdict in words; empty when there is none."""
    return "" if passed is None else ("pass" if passed else "fail")


def trial_identity_attributes(
    *,
    experiment_id: str,
    experiment_name: str = "",
    suite_id: str = "",
    suite_version: str = "",
    suite_name: str = "",
    test_case_id: str = "",
    test_case_name: str = "",
    attempt: int = 1,
    trial_id: str = "",
    run_status: str = "running",
    trial_status: str = "running",
    conversation_id: str = "",
    operation_name: str = "invoke_agent",
) -> dict[str, Any]:
    """The attributes of a trial's span. Empty values are left out."""
    return _told(
        {
            ATTR_SCHEMA_VERSION: SCHEMA_VERSION,
            OPERATION_NAME: operation_name,
            TEST_SUITE_RUN_ID: experiment_id,
            TEST_SUITE_NAME: suite_name or experiment_name,
            TEST_SUITE_RUN_STATUS: run_status_telemetry(run_status),
            TEST_SUITE_ID: suite_id,
            TEST_SUITE_VERSION: suite_version,
            TEST_CASE_ID: test_case_id,
            TEST_CASE_NAME: test_case_name or test_case_id,
            TEST_CASE_RESULT_STATUS: trial_status_telemetry(trial_status),
            TEST_CASE_RUN_ID: trial_id,
            TEST_CASE_RUN_ATTEMPT: attempt,
            CONVERSATION_ID: conversation_id,
        }
    )


def score_event_attributes(
    *,
    name: str,
    value: float | bool | str | None,
    passed: bool | None = None,
    explanation: str = "",
    evaluator_id: str = "",
    evaluator_version: str = "",
    evaluator_kind: str = "",
    reference_set_id: str = "",
    reference_set_version: str = "",
    response_id: str = "",
) -> dict[str, Any]:
    """The attributes of a score's event. A text is the label unless there is a verdict."""
    return _told(
        {
            EVAL_NAME: name,
            EVAL_SCORE_VALUE: float(value) if isinstance(value, (bool, int, float)) else None,
            EVAL_SCORE_LABEL: score_label(passed) or (value if isinstance(value, str) else ""),
            EVAL_EXPLANATION: explanation,
            RESPONSE_ID: response_id,
            EVAL_EVALUATOR_ID: evaluator_id,
            EVAL_EVALUATOR_VERSION: evaluator_version,
            EVAL_EVALUATOR_TYPE: evaluator_kind,
            EVAL_REFERENCE_SET_ID: reference_set_id,
            EVAL_REFERENCE_SET_VERSION: reference_set_version,
        }
    )


def _told(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None and value != ""}
