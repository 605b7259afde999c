"""An experiment: a run of trials that the server knows from its first moment to its last."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..models.experiment import CreateExperimentRequest
from ._artifact import artifact_content as _artifact_content
from ._artifact import kind_from_mime as _kind_from_mime
from ._ids import stable_id
from ._trial import Trial
from .client import Client
from .types import Candidate, Evaluator, ExperimentStatus, TestCase, TestSuite, TrialRef

if TYPE_CHECKING:
    from ..models.experiment import ExperimentReport

__all__ = ["Experiment", "Trial", "_artifact_content", "_kind_from_mime", "experiment", "stable_id"]

_LOGGER = logging.getLogger("sigil_sdk")


class Experiment:
    """A run. As a context manager it is created on entry and finalized on exit: completed, or failed with what was raised."""

    def __init__(
        self,
        client: Client,
        *,
        experiment_id: str = "",
        name: str = "",
        suite: TestSuite | None = None,
        candidate: Candidate | Mapping[str, Any] | None = None,
        default_evaluator: Evaluator | None = None,
        description: str = "",
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        auto_finalize: bool = True,
        use_experimental_otel: bool | None = None,
    ) -> None:
        self._client = client
        self.experiment_id = experiment_id or stable_id("exp", name, uuid.uuid4().hex)
        self.name = name or self.experiment_id
        self.suite = suite
        self.candidate = Candidate.from_obj(candidate)
        self.default_evaluator = default_evaluator
        self.description = description
        self.tags = list(tags or [])
        self.metadata = dict(metadata or {})
        self.status: str = ExperimentStatus.RUNNING.value
        self._auto_finalize = auto_finalize
        self._use_experimental_otel = use_experimental_otel
        self._owns_client = False
        self._finalized = False
        self._accepted = 0
        self._lock = threading.Lock()

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.experiment_id

    @property
    def client(self) -> Client:
        """The client that the experiment talks through."""
        return self._client

    @property
    def accepted_scores(self) -> int:
        """How many scores of its trials the server has."""
        return self._accepted

    @property
    def url(self) -> str:
        """Where a person looks at the experiment."""
        return self._client.experiment_url(self.experiment_id)

    def __enter__(self) -> Experiment:
        metadata = dict(self.metadata)
        if self.suite is not None:
            metadata.setdefault("suite_id", self.suite.suite_id)
            metadata.setdefault("suite_version", self.suite.version)
        if self.candidate is not None:
            metadata.update(self.candidate.as_metadata())
        self._client.upsert_experiment(
            CreateExperimentRequest(
                self.name,
                run_id=self.experiment_id,
                description=self.description,
                tags=self.tags,
                metadata=metadata,
            )
        )
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._auto_finalize:
                self._finalize_on_exit(exc)
        finally:
            if self._owns_client:
                self._client.shutdown()

    def trial(
        self,
        case: TestCase | str,
        *,
        attempt: int = 1,
        trajectory_id: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> Trial:
        """An attempt at a test case, to be used as a context manager."""
        suite = self.suite
        known = suite.case(case) if isinstance(case, str) and suite is not None else case
        id_ = case if isinstance(case, str) else case.test_case_id
        name = (known.name if isinstance(known, TestCase) else "") or id_
        ref = TrialRef(
            experiment_id=self.experiment_id,
            test_case_id=id_,
            attempt=attempt,
            suite_id=suite.suite_id if suite is not None else "",
            suite_version=suite.version if suite is not None else "",
            suite_name=suite.name if suite is not None else "",
            test_case_name=name,
            trajectory_id=trajectory_id,
        )
        return Trial(
            self._client,
            ref,
            experiment=self,
            candidate=self.candidate,
            default_evaluator=self.default_evaluator,
            metadata=metadata,
            use_experimental_otel=self._use_experimental_otel,
        )

    def finalize(self, status: ExperimentStatus | str = ExperimentStatus.COMPLETED, *, error: str = "") -> None:
        """Ends the run; only the first call does."""
        if self._finalized:
            return
        final = str(getattr(status, "value", status))
        self._client.finalize(self.experiment_id, final, score_count=self._accepted, error=error)
        self._finalized = True
        self.status = final

    def report(self) -> ExperimentReport:
        """The run, its numbers and its rows, as the server has them."""
        return self._client.get_report(self.experiment_id)

    def _record_accepted(self, count: int) -> None:
        with self._lock:
            self._accepted += count

    def _finalize_on_exit(self, exc: BaseException | None) -> None:
        if exc is None:
            self.finalize(ExperimentStatus.COMPLETED)
            return
        try:
            self.finalize(ExperimentStatus.FAILED, error=str(exc) or type(exc).__name__)
        except Exception as error:
            # What the program raised matters more than that it could not be told.
            _LOGGER.warning("sigil: the failed experiment %s could not be finalized: %s", self.experiment_id, error)


def experiment(
    name: str = "",
    *,
    suite: TestSuite | None = None,
    candidate: Candidate | Mapping[str, Any] | None = None,
    experiment_id: str = "",
    client: Client | None = None,
    endpoint: str = "",
    tenant_id: str = "",
    ingest_token: str = "",
    actor: str = "",
    grafana_url: str = "",
    use_experimental_otel: bool | None = None,
    default_evaluator: Evaluator | None = None,
    description: str = "",
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Experiment:
    """An experiment with a client of its own unless one is given.

    What is not given comes from SIGIL_ENDPOINT or SIGIL_API_ENDPOINT, SIGIL_AUTH_TENANT_ID or SIGIL_TENANT_ID,
    SIGIL_AUTH_TOKEN and SIGIL_INGEST_ACTOR. `ValueError` without endpoint or token.
    """
    owned = client is None
    if client is None:
        endpoint = endpoint or _env("SIGIL_ENDPOINT", "SIGIL_API_ENDPOINT")
        if not endpoint:
            raise ValueError("Sigil endpoint is required: pass endpoint= or set SIGIL_ENDPOINT to the server's address")
        ingest_token = ingest_token or _env("SIGIL_AUTH_TOKEN")
        if not ingest_token:
            raise ValueError("ingest_token is required: pass ingest_token= or set SIGIL_AUTH_TOKEN")
        client = Client(
            endpoint,
            tenant_id=tenant_id or _env("SIGIL_AUTH_TENANT_ID", "SIGIL_TENANT_ID"),
            ingest_token=ingest_token,
            actor=actor or _env("SIGIL_INGEST_ACTOR"),
            grafana_url=grafana_url,
            use_experimental_otel=use_experimental_otel,
        )
    made = Experiment(
        client,
        experiment_id=experiment_id,
        name=name,
        suite=suite,
        candidate=candidate,
        default_evaluator=default_evaluator,
        description=description,
        tags=tags,
        metadata=metadata,
        use_experimental_otel=use_experimental_otel,
    )
    made._owns_client = owned
    return made


def _env(*names: str) -> str:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), "")
