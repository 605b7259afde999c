"""The calls of experiments and scores, one function each.

All take keywords: `api_endpoint`, `insecure` (for endpoints without a scheme), `headers`, `retry`. They raise `ValidationError`
(also for 400 and 422), `NotFoundError` (404), `ConflictError` (409), and for everything else `ExperimentTransportError`, or
`ScoreExportError` when scores are sent. 429, 5xx and connection errors are tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ._api import ApiFailure, Call, RetryPolicy, base_url, call_again, decode_json, encode_json, quoted
from ._experiments_wire import (
    parse_experiment,
    parse_report,
    parse_run,
    parse_scores_response,
    score_body,
)
from ._experiments_wire import parse_report as _parse_report
from ._records import dataclass
from .errors import ConflictError, ExperimentTransportError, NotFoundError, ScoreExportError, SigilError, ValidationError
from .models import ExperimentSource, ExperimentStatus
from .models.experiment import (
    CreateExperimentRequest,
    Experiment,
    ExperimentReport,
    ExportScoresResponse,
    ScoreItem,
)

if TYPE_CHECKING:
    from .config import GenerationExportConfig

__all__ = [
    "RetryPolicy",
    "_parse_report",
    "create_experiment",
    "create_test_case_trial",
    "export_scores",
    "finalize_experiment",
    "get_experiment",
    "get_experiment_report",
    "list_experiment_scores",
    "update_test_case_trial",
    "upload_trial_artifact",
]

DEFAULT_PATH_PREFIX = "/api/v1"
_RUNS = "/api/v1/experiment-runs"
_SCORES_PATH = "/api/v1/scores:export"
_SOURCE = {"kind": "sdk", "id": "python"}
_FINAL_STATUSES = {"completed": "completed", "succeeded": "completed", "failed": "failed"}
_CLIENT_TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Target:
    """Where calls go and how."""

    api_endpoint: str
    insecure: bool | None
    headers: dict[str, str]
    retry: RetryPolicy | None = None


def client_retry(export: GenerationExportConfig) -> RetryPolicy:
    """The retry settings of exports, for calls that wait for an answer."""
    return RetryPolicy(
        max_retries=export.max_retries,
        initial_backoff=export.initial_backoff.total_seconds(),
        max_backoff=export.max_backoff.total_seconds(),
        timeout=_CLIENT_TIMEOUT_SECONDS,
    )


def create_experiment(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    request: CreateExperimentRequest,
    retry: RetryPolicy | None = None,
) -> Experiment:
    """Makes the run, or finds it by its id."""
    name = request.name.strip()
    if not name:
        raise _invalid("experiment", "name is required")
    if request.source != ExperimentSource.EXTERNAL:
        raise _invalid("experiment", "experiment-run ingest requires source=external")
    body: dict[str, Any] = {"name": name, "source": _SOURCE}
    optional = {
        "experiment_id": request.run_id,
        "description": request.description,
        "tags": request.tags,
        "metadata": request.metadata,
    }
    body.update({key: value for key, value in optional.items() if value})
    target = Target(api_endpoint, insecure, headers, retry)
    return parse_run(send_json(target, "POST", f"{_RUNS}:upsert", body, "experiment create"))


def get_experiment(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    run_id: str,
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> Experiment:
    """The run as the server keeps it."""
    path = _experiment_path(path_prefix, run_id)
    target = Target(api_endpoint, insecure, headers, retry)
    return parse_experiment(send(target, "GET", path, label="experiment get", error=ExperimentTransportError))


def finalize_experiment(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    run_id: str,
    status: ExperimentStatus | str,
    score_count: int | None = None,
    error: str | None = None,
    retry: RetryPolicy | None = None,
) -> Experiment:
    """Ends the run: `completed` (or its other name `succeeded`) or `failed`."""
    path = f"{_RUNS}/{quoted(_run_id(run_id))}:finalize"
    final = _FINAL_STATUSES.get(str(getattr(status, "value", status)).strip().lower())
    if final is None:
        raise _invalid("experiment", "status must be completed or failed")
    body: dict[str, Any] = {"status": final, "source": _SOURCE}
    if score_count is not None:
        body["score_count"] = score_count
    if error:
        body["error"] = error
    target = Target(api_endpoint, insecure, headers, retry)
    return parse_run(send_json(target, "POST", path, body, "experiment finalize"))


def export_scores(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    scores: list[ScoreItem],
    scores_path: str = _SCORES_PATH,
    retry: RetryPolicy | None = None,
) -> ExportScoresResponse:
    """Sends scores, one result each. No scores, no request."""
    if not scores:
        return ExportScoresResponse()
    body = _encode({"scores": [score_body(score) for score in scores]}, "score")
    target = Target(api_endpoint, insecure, headers, retry)
    answer = send(target, "POST", scores_path, body, label="score export", error=ScoreExportError)
    return parse_scores_response(answer)


def create_test_case_trial(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    experiment_id: str,
    request: dict[str, Any],
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> dict[str, Any]:
    """Makes the trial, or finds it by its id."""
    path = f"{_RUNS}/{quoted(_run_id(experiment_id))}/trials"
    target = Target(api_endpoint, insecure, headers, retry)
    return _object(send_json(target, "POST", path, request, "test case trial create"))


def update_test_case_trial(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    experiment_id: str,
    trial_id: str,
    request: dict[str, Any],
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> dict[str, Any]:
    """Changes the fields that are given."""
    path = f"{_RUNS}/{quoted(_run_id(experiment_id))}/trials"
    path = f"{path}/{quoted(_given('test case trial', 'trial_id', trial_id))}"
    target = Target(api_endpoint, insecure, headers, retry)
    return _object(send_json(target, "PATCH", path, request, "test case trial update"))


def upload_trial_artifact(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    experiment_id: str,
    trial_id: str,
    name: str,
    kind: str,
    content: bytes,
    mime: str = "",
    retry: RetryPolicy | None = None,
) -> dict[str, Any]:
    """Keeps bytes with a trial."""
    given = {"experiment_id": experiment_id, "trial_id": trial_id, "name": name, "kind": kind}
    ids = {key: _given("artifact", key, value) for key, value in given.items()}
    if not content:
        raise _invalid("artifact", "content is required")
    query = urlencode({"name": ids["name"], "kind": ids["kind"], "mime": mime})
    path = f"{_RUNS}/{quoted(ids['experiment_id'])}/trials/{quoted(ids['trial_id'])}/artifacts:upload?{query}"
    target = Target(api_endpoint, insecure, headers, retry)
    content_type = mime or "application/octet-stream"
    answer = send(
        target, "POST", path, content, content_type, label="artifact upload", error=ExperimentTransportError
    )
    return _object(answer)


def list_experiment_scores(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    run_id: str,
    limit: int = 50,
    cursor: str | None = None,
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the run's scores, and the cursor of the next one or None."""
    query: dict[str, Any] = {"limit": limit}
    if cursor:
        query["cursor"] = cursor
    path = f"{_experiment_path(path_prefix, run_id)}/scores?{urlencode(query)}"
    target = Target(api_endpoint, insecure, headers, retry)
    answer = send(target, "GET", path, label="experiment scores list", error=ExperimentTransportError)
    page = _object(answer)
    items = page.get("items")
    following = page.get("next_cursor")
    more = "" if following is None else str(following).strip()
    return (items if isinstance(items, list) else []), (None if more in ("", "0") else more)


def get_experiment_report(
    *,
    api_endpoint: str,
    insecure: bool | None,
    headers: dict[str, str],
    run_id: str,
    path_prefix: str = DEFAULT_PATH_PREFIX,
    retry: RetryPolicy | None = None,
) -> ExperimentReport:
    """The run, its numbers and its rows."""
    path = f"{_experiment_path(path_prefix, run_id)}/report"
    target = Target(api_endpoint, insecure, headers, retry)
    return parse_report(send(target, "GET", path, label="experiment report", error=ExperimentTransportError))


def send(
    target: Target,
    method: str,
    path: str,
    body: bytes | None = None,
    content_type: str = "application/json",
    *,
    label: str,
    error: type[SigilError],
) -> Any:
    """The decoded answer, `{}` for an empty one; failures as this module's head says, named by `label`."""
    try:
        base = base_url(target.api_endpoint, target.insecure)
    except ValueError as problem:
        raise error(f"sigil experiment transport failed: {problem}") from problem
    request = Call(method, f"{base}{path}", target.headers, body, content_type)
    try:
        answer = call_again(request, target.retry or RetryPolicy())
        return decode_json(answer) if answer.strip() else {}
    except ApiFailure as failure:
        raise _error_of(failure, label, error) from failure.__cause__ or failure


def prefixed(path_prefix: str) -> str:
    """A path prefix with one slash before and none behind it; blank is the default."""
    stripped = (path_prefix or "").strip().strip("/")
    return f"/{stripped}" if stripped else DEFAULT_PATH_PREFIX


def send_json(target: Target, method: str, path: str, body: dict[str, Any], label: str) -> Any:
    encoded = _encode(body, label)
    return send(target, method, path, encoded, label=label, error=ExperimentTransportError)


def _encode(body: dict[str, Any], label: str) -> bytes:
    try:
        return encode_json(body)
    except (TypeError, ValueError) as error:
        raise _invalid(label, f"not JSON: {error}") from error


def _error_of(failure: ApiFailure, label: str, error: type[SigilError]) -> SigilError:
    status, said = failure.status, str(failure)
    if status in (400, 422):
        return _invalid(label, said or str(status))
    if status == 404:
        return NotFoundError(f"sigil {label} not found: {said or status}")
    if status == 409:
        return ConflictError(f"sigil {label} conflict: {said or status}")
    if status is not None:
        said = f"status {status}: {said or 'unexpected status'}"
    return error(f"sigil {label} transport failed: {said}")


def _invalid(what: str, problem: str) -> ValidationError:
    return ValidationError(f"sigil {what} validation failed: {problem}")


def _experiment_path(path_prefix: str, run_id: str) -> str:
    return f"{prefixed(path_prefix)}/eval/experiments/{quoted(_run_id(run_id))}"


def _run_id(run_id: str) -> str:
    return _given("experiment", "run_id", run_id)


def _given(what: str, field: str, value: str) -> str:
    text = (value or "").strip()
    if not text:
        raise _invalid(what, f"{field} is required")
    return text


def _object(answer: Any) -> dict[str, Any]:
    return answer if isinstance(answer, dict) else {}
