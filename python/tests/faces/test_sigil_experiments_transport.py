"""The calls of experiments: what each sends and reads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, Asked, ControlPlane
from sigil_sdk import (
    CreateExperimentRequest,
    ExperimentEvaluator,
    ExperimentSource,
    ExperimentStatus,
    ExportScoreResult,
    ScoreExportError,
    ScoreItem,
    ScoreSource,
    ScoreValue,
    ValidationError,
)
from sigil_sdk import _experiments_transport as transport

SOURCE = {"kind": "sdk", "id": "python"}


@pytest.fixture
def ask(plane: ControlPlane) -> Callable[..., Any]:
    """Calls a function of the transport; the last member of the answer is the request."""
    where: dict[str, Any] = {
        "api_endpoint": plane.url,
        "insecure": True,
        "headers": {},
        "retry": transport.RetryPolicy(max_retries=0),
    }

    def call(function: Callable[..., Any], answer: Any = None, **arguments: Any) -> tuple[Any, Asked]:
        plane.script[:] = [answer if isinstance(answer, Answer) else Answer(200, {} if answer is None else answer)]
        result = function(**where, **arguments)
        return result, plane.asked[-1]

    return call


def score(**fields: Any) -> ScoreItem:
    given = {"score_id": "s", "evaluator_id": "e", "evaluator_version": "1", "score_key": "k", "generation_id": "g"}
    return ScoreItem(**{**given, "value": ScoreValue(boolean=False), **fields})


def test_a_run_is_made(ask: Any) -> None:
    answer = {
        "experiment_id": "e",
        "run_id": "r",
        "name": "n",
        "status": "running",
        "source": SOURCE,
        "tags": ["a"],
        "metadata": {"m": 1},
        "score_count": 3,
        "evaluators": [{"id": "a", "selector": "b"}, 5],
        "created_at": "2026-01-02T03:04:05.123456789Z",
        "completed_at": "",
    }
    request = CreateExperimentRequest(" n ", run_id="e", description="d", tags=["a"], metadata={"m": 1})
    run, asked = ask(transport.create_experiment, {"run": answer}, request=request)
    assert (asked.method, asked.path) == ("POST", "/api/v1/experiment-runs:upsert")
    sent = {"name": "n", "source": SOURCE, "experiment_id": "e", "description": "d", "tags": ["a"], "metadata": {"m": 1}}
    assert asked.body == sent
    assert (run.run_id, run.status, run.source, run.score_count) == ("e", "running", "", 3)
    assert run.evaluators == [ExperimentEvaluator("a", "b")]
    assert run.created_at == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc)
    assert run.completed_at is None
    # The object itself will do.
    assert ask(transport.get_experiment, answer, run_id=" e/1 ")[1].path == "/api/v1/eval/experiments/e%2F1"


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (CreateExperimentRequest(" "), "name is required"),
        (CreateExperimentRequest("n", ExperimentSource.COLLECTION), "requires source=external"),
        (CreateExperimentRequest("n", metadata={"k": object()}), "not JSON"),
    ],
)
def test_a_run_that_cannot_be(ask: Any, plane: ControlPlane, request_: CreateExperimentRequest, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ask(transport.create_experiment, request=request_)
    assert plane.asked == []


def test_a_run_ends(ask: Any, plane: ControlPlane) -> None:
    run, asked = ask(transport.finalize_experiment, {"run": {"run_id": "r"}}, run_id="e:1", status="succeeded")
    assert (asked.path, asked.body) == ("/api/v1/experiment-runs/e%3A1:finalize", {"status": "completed", "source": SOURCE})
    assert run.run_id == "r"
    _, asked = ask(
        transport.finalize_experiment, run_id="e", status=ExperimentStatus.FAILED, score_count=0, error="boom"
    )
    assert asked.body == {"status": "failed", "source": SOURCE, "score_count": 0, "error": "boom"}
    for status in ("canceled", "running", ""):
        with pytest.raises(ValidationError, match="status must be completed or failed"):
            ask(transport.finalize_experiment, run_id="e", status=status)
    with pytest.raises(ValidationError, match="run_id is required"):
        ask(transport.finalize_experiment, run_id=" ", status="failed")


def test_scores_are_sent_whole(ask: Any, plane: ControlPlane) -> None:
    east = timezone(timedelta(hours=2))
    everything = score(
        value=ScoreValue(number=0.5),
        conversation_id="c",
        trace_id="t",
        span_id="sp",
        rule_id="r",
        trial_id="tr",
        test_case_id="tc",
        grader_conversation_id="gc",
        grader_generation_id="gg",
        grader_trace_id="gt",
        run_id=" run ",
        evaluator_kind="human",
        passed=False,
        explanation="why",
        metadata={"m": 1},
        created_at=datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=east),
        source=ScoreSource("k"),
    )
    answer = {"results": [{"score_id": "s", "accepted": True}, {"score_id": "x", "status": "duplicate"}], "accepted": 1}
    response, asked = ask(transport.export_scores, Answer(202, answer), scores=[everything, score()])
    assert asked.path == "/api/v1/scores:export"
    assert asked.body["scores"][0] == {
        "score_id": "s",
        "evaluator_id": "e",
        "evaluator_version": "1",
        "score_key": "k",
        "value": {"number": 0.5},
        "generation_id": "g",
        "conversation_id": "c",
        "experiment_id": "run",
        "trial_id": "tr",
        "test_case_id": "tc",
        "trace_id": "t",
        "span_id": "sp",
        "rule_id": "r",
        "grader_conversation_id": "gc",
        "grader_generation_id": "gg",
        "grader_trace_id": "gt",
        "passed": False,
        "explanation": "why",
        "metadata": {"m": 1},
        "created_at": "2026-01-02T01:04:05.000600Z",
        "source": {"kind": "k", "id": ""},
    }
    assert asked.body["scores"][1]["value"] == {"bool": False}
    assert response.results[0] == ExportScoreResult("s", True)
    assert (response.accepted_count, response.duplicate_count, response.rejected) == (1, 1, [])
    before = len(plane.asked)
    ask(transport.export_scores, scores=[])
    assert len(plane.asked) == before


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"score_id": " ", "evaluator_id": ""}, r"missing required field\(s\): score_id, evaluator_id"),
        ({"generation_id": ""}, "generation_id or trial_id is required"),
        ({"value": ScoreValue()}, "value must set one of number/boolean/string"),
        ({"value": ScoreValue(number=float("nan"))}, "not JSON"),
        ({"metadata": {"k": object()}}, "not JSON"),
    ],
)
def test_scores_that_no_server_would_take(ask: Any, plane: ControlPlane, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ask(transport.export_scores, scores=[score(**fields)])
    assert plane.asked == []


def test_score_failures_are_their_own(ask: Any) -> None:
    with pytest.raises(ScoreExportError, match="sigil score export transport failed: status 401: no"):
        ask(transport.export_scores, Answer(401, b"no"), scores=[score()])
    with pytest.raises(ScoreExportError, match="invalid response payload"):
        ask(transport.export_scores, [], scores=[score()])


def test_trials_and_artifacts(ask: Any) -> None:
    trial, asked = ask(transport.create_test_case_trial, {"trial_id": "t"}, experiment_id="e/1", request={"a": 1})
    assert (trial, asked.method, asked.path) == ({"trial_id": "t"}, "POST", "/api/v1/experiment-runs/e%2F1/trials")
    _, asked = ask(transport.update_test_case_trial, experiment_id="e", trial_id="t:1/x", request={"a": 1})
    assert (asked.method, asked.path) == ("PATCH", "/api/v1/experiment-runs/e/trials/t%3A1%2Fx")
    given = {"experiment_id": "e", "trial_id": "t", "name": "a b&c", "kind": "text", "content": b"\x00\x01"}
    _, asked = ask(transport.upload_trial_artifact, **given)
    assert asked.path == "/api/v1/experiment-runs/e/trials/t/artifacts:upload?name=a+b%26c&kind=text&mime="
    assert (asked.raw, asked.headers["content-type"]) == (b"\x00\x01", "application/octet-stream")
    assert ask(transport.upload_trial_artifact, **given, mime="text/plain")[1].headers["content-type"] == "text/plain"
    for name in given:
        with pytest.raises(ValidationError, match=f"{name} is required"):
            ask(transport.upload_trial_artifact, **{**given, name: b"" if name == "content" else " "})
    with pytest.raises(ValidationError, match="trial_id is required"):
        ask(transport.update_test_case_trial, experiment_id="e", trial_id="", request={})


@pytest.mark.parametrize(("cursor", "following"), [("7", "7"), (12, "12"), ("0", None), (0, None), ("", None), (None, None)])
def test_pages_of_scores(ask: Any, cursor: Any, following: str | None) -> None:
    answer = {"items": [{"a": 1}], "next_cursor": cursor}
    page, asked = ask(transport.list_experiment_scores, answer, run_id="e", limit=7, cursor="a b")
    assert page == ([{"a": 1}], following)
    assert asked.path == "/api/v1/eval/experiments/e/scores?limit=7&cursor=a+b"


def test_a_report(ask: Any) -> None:
    answer = {
        "experiment": {"experiment_id": "e"},
        "summary": {"trial_count": 3, "pass_rate": 0.5, "pass_at_k": {"1": 0.5, "2": "x"}, "total_tokens": 7.9, "more": 1},
        "rows": [{"test_case_id": "a"}],
    }
    report, asked = ask(transport.get_experiment_report, answer, run_id="e")
    assert asked.path == "/api/v1/eval/experiments/e/report"
    assert (report.run.run_id, report.summary.trial_count, report.summary.total_tokens) == ("e", 3, 7)
    assert report.summary.pass_at_k == {"1": 0.5, "2": 0.0}
    assert report.rows == [{"test_case_id": "a"}]
    assert transport._parse_report({"run": {"run_id": "r"}}).run.run_id == "r"
