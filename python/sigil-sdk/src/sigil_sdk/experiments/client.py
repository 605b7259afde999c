"""The experiments' own client: endpoint, credentials, and one method a call."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .. import _experiments_transport as transport
from .._api import RetryPolicy, base_url, quoted
from ..errors import ExperimentTransportError, ScoreExportError

if TYPE_CHECKING:
    from .. import client as core_client
    from ..models.experiment import CreateExperimentRequest, Experiment, ExperimentReport, ScoreItem

__all__ = ["INGEST_ACTOR_HEADER", "TENANT_HEADER", "Client"]

INGEST_ACTOR_HEADER = "X-Sigil-Ingest-Actor"
TENANT_HEADER = "X-Scope-OrgID"
_TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
_TRIAL_PARENT = "test_case_trial"
_GENERATIONS_PATH = "/api/v1/generations:export"


class Client:
    """Talks to a server about experiments. Construction never connects.

    With `tenant_id`, requests authenticate as tenant and token (Basic); without, with the token (Bearer). The token may come
    from SIGIL_AUTH_TOKEN. Errors of the calls: see `sigil_sdk._experiments_transport`.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        tenant_id: str = "",
        ingest_token: str = "",
        actor: str = "",
        trusted: bool = True,
        grafana_url: str = "",
        timeout: float = 30.0,
        generation_endpoint: str = "",
        generation_protocol: str = "http",
        insecure: bool | None = None,
        use_experimental_otel: bool | None = None,
    ) -> None:
        self.endpoint = (endpoint or "").strip().rstrip("/")
        if not self.endpoint:
            raise ValueError("Sigil endpoint is required: the address of the server, such as http://localhost:8080")
        self.ingest_token = ingest_token.strip() or _env("SIGIL_AUTH_TOKEN")
        if not self.ingest_token:
            raise ValueError("ingest_token is required: pass an API key of the server, or set SIGIL_AUTH_TOKEN")
        self.tenant_id = tenant_id.strip()
        self.actor = actor.strip()
        self.trusted = trusted
        self.grafana_url = (grafana_url.strip() or _env("SIGIL_GRAFANA_URL")).rstrip("/")
        self.timeout = timeout
        self.generation_endpoint = (generation_endpoint.strip() or self.endpoint).rstrip("/")
        self.generation_protocol = generation_protocol
        self.use_experimental_otel = (
            _env("SIGIL_USE_EXPERIMENTAL_OTEL").lower() in _TRUE_WORDS
            if use_experimental_otel is None
            else use_experimental_otel
        )
        self._insecure = self.endpoint.lower().startswith("http://") if insecure is None else insecure
        self._core: core_client.Client | None = None
        self._core_lock = threading.Lock()

    def upsert_experiment(self, request: CreateExperimentRequest) -> Experiment:
        """Makes the run, or finds it by its id."""
        return transport.create_experiment(**self._where(), request=request)

    def finalize(
        self, experiment_id: str, status: str = "completed", *, score_count: int | None = None, error: str = ""
    ) -> Experiment:
        """Ends the run."""
        return transport.finalize_experiment(
            **self._where(), run_id=experiment_id, status=status, score_count=score_count, error=error
        )

    def upsert_trial(
        self,
        experiment_id: str,
        *,
        trial_id: str,
        test_case_id: str,
        attempt: int = 1,
        status: str = "running",
        conversation_id: str = "",
        trace_id: str = "",
        span_id: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Makes the trial, or finds it by its id."""
        body: dict[str, Any] = {"trial_id": trial_id, "test_case_id": test_case_id, "attempt": attempt, "status": status}
        body.update(
            _given(conversation_id=conversation_id, trace_id=trace_id, span_id=span_id, metadata=metadata or None)
        )
        return transport.create_test_case_trial(**self._where(), experiment_id=experiment_id, request=body)

    def update_trial(
        self,
        experiment_id: str,
        trial_id: str,
        *,
        status: str = "",
        error: str = "",
        cost: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        duration_ms: int | None = None,
        conversation_id: str = "",
        trace_id: str = "",
    ) -> dict[str, Any]:
        """Changes what is given of a trial. `cost` is in the currency that the program counts in."""
        body = _given(
            status=status,
            error=error,
            cost=cost,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            duration_ms=duration_ms,
            conversation_id=conversation_id,
            trace_id=trace_id,
        )
        return transport.update_test_case_trial(
            **self._where(), experiment_id=experiment_id, trial_id=trial_id, request=body
        )

    def export_scores(self, scores: list[ScoreItem], *, raise_on_reject: bool = True) -> int:
        """Sends scores and says how many the server has now, those that it had before among them.

        `ScoreExportError` when some were rejected, unless `raise_on_reject` is off.
        """
        response = transport.export_scores(**self._where(), scores=scores)
        rejected = response.rejected
        if rejected and raise_on_reject:
            reasons = "; ".join(f"{result.score_id}: {result.error or 'rejected'}" for result in rejected)
            raise ScoreExportError(f"sigil score export rejected {len(rejected)} score(s): {reasons}")
        return response.accepted_count + response.duplicate_count

    def export_generation(
        self,
        *,
        generation_id: str,
        conversation_id: str,
        input_text: str = "",
        output_text: str = "",
        model_provider: str = "eval",
        model_name: str = "experiment",
        agent_name: str = "",
        operation_name: str = "invoke_agent",
        tags: dict[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> str:
        """Sends one generation at once and by itself, and returns its id."""
        generation: dict[str, Any] = {
            "id": generation_id,
            "conversation_id": conversation_id,
            "operation_name": operation_name,
            "model": {"provider": model_provider, "name": model_name},
        }
        generation.update(
            _given(
                agent_name=agent_name,
                input=_message("MESSAGE_ROLE_USER", input_text),
                output=_message("MESSAGE_ROLE_ASSISTANT", output_text),
                tags=tags or None,
                metadata=metadata or None,
            )
        )
        target = transport.Target(self.endpoint, self._insecure, self._headers(), RetryPolicy(0, timeout=self.timeout))
        answer = transport.send_json(
            target, "POST", _GENERATIONS_PATH, {"generations": [generation]}, "generation export"
        )
        results = answer.get("results") if isinstance(answer, dict) else None
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and not result.get("accepted") and result.get("error"):
                raise ExperimentTransportError(f"sigil generation export rejected: {result['error']}")
        return generation_id

    def record_generation(
        self,
        generation_id: str,
        *,
        conversation_id: str = "",
        input_text: str = "",
        output_text: str = "",
        model_provider: str = "eval",
        model_name: str = "experiment",
        agent_name: str = "",
        operation_name: str = "invoke_agent",
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        tags: dict[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> str:
        """Records a generation through the core client, waits until it is delivered, and returns its id."""
        from ..models import GenerationStart, ModelRef, TokenUsage, assistant_text_message, user_text_message

        start = GenerationStart(
            ModelRef(model_provider, model_name),
            id=generation_id,
            conversation_id=conversation_id,
            agent_name=agent_name,
            operation_name=operation_name,
            tags=dict(tags or {}),
            metadata=dict(metadata or {}),
        )
        recorder = self.core.start_generation(start)
        recorder.set_result(
            input=[user_text_message(input_text)] if input_text.strip() else [],
            output=[assistant_text_message(output_text)] if output_text.strip() else [],
            usage=TokenUsage(input_tokens or 0, output_tokens or 0),
        )
        recorder.end()
        error = recorder.err()
        if error is not None:
            raise error
        self.flush_generations()
        return generation_id

    @property
    def core(self) -> core_client.Client:
        """The client that records generations, made when first needed."""
        with self._core_lock:
            if self._core is None:
                self._core = self._make_core()
            return self._core

    def flush_generations(self) -> None:
        """Waits until what was recorded is delivered."""
        if self._core is not None:
            self._core.flush()

    def upload_artifact(
        self,
        *,
        parent_id: str,
        name: str,
        kind: str,
        content: bytes,
        mime: str = "",
        parent_kind: str = _TRIAL_PARENT,
        experiment_id: str = "",
    ) -> dict[str, Any]:
        """Keeps bytes with a trial: `parent_id` is its id."""
        if parent_kind != _TRIAL_PARENT:
            raise ValueError("only test_case_trial artifacts are supported by the experiments ingest client")
        return transport.upload_trial_artifact(
            **self._where(),
            experiment_id=experiment_id,
            trial_id=parent_id,
            name=name,
            kind=kind,
            content=content,
            mime=mime,
        )

    def get_report(self, experiment_id: str) -> ExperimentReport:
        """The run, its numbers and its rows."""
        return transport.get_experiment_report(**self._where(), run_id=experiment_id)

    def list_scores(
        self, experiment_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the run's scores, and the cursor of the next one or None."""
        return transport.list_experiment_scores(**self._where(), run_id=experiment_id, limit=limit, cursor=cursor)

    def experiment_url(self, experiment_id: str) -> str:
        """Where a person looks at the experiment."""
        base = self.grafana_url or self.endpoint
        return f"{base}/a/grafana-sigil-app/offline-experiments/experiments/{quoted(experiment_id)}"

    def shutdown(self) -> None:
        """Delivers what was recorded and stops. Idempotent."""
        if self._core is not None:
            self._core.shutdown()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()

    def _headers(self) -> dict[str, str]:
        from ..config import AuthConfig, auth_headers

        auth = AuthConfig(self._auth_mode(), self.tenant_id, self.ingest_token, self.tenant_id, self.ingest_token)
        headers = auth_headers(auth)
        if self.actor:
            headers[INGEST_ACTOR_HEADER] = self.actor
        return headers

    def _auth_mode(self) -> str:
        return "basic" if self.tenant_id else "bearer"

    def _where(self) -> dict[str, Any]:
        return {
            "api_endpoint": self.endpoint,
            "insecure": self._insecure,
            "headers": self._headers(),
            "retry": RetryPolicy(timeout=self.timeout),
        }

    def _make_core(self) -> core_client.Client:
        from ..client import Client as CoreClient
        from ..config import ApiConfig, AuthConfig, ClientConfig, GenerationExportConfig

        auth = AuthConfig(self._auth_mode(), self.tenant_id, self.ingest_token, self.tenant_id, self.ingest_token)
        export = GenerationExportConfig(
            protocol=self.generation_protocol,
            endpoint=self.generation_endpoint,
            auth=auth,
            insecure=self._insecure,
        )
        base = base_url(self.endpoint, self._insecure)
        return CoreClient(ClientConfig(generation_export=export, api=ApiConfig(endpoint=base)))


def _message(role: str, text: str) -> list[dict[str, Any]]:
    return [{"role": role, "parts": [{"text": text}]}] if text else []


def _given(**fields: Any) -> dict[str, Any]:
    """Without None, empty texts and empty lists; zeros stay."""
    return {name: value for name, value in fields.items() if value is not None and value != "" and value != []}


def _env(name: str) -> str:
    return os.environ.get(name, "").strip()
