"""A trial: one attempt at one test case, with what went in and out, its scores and its verdict."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..models.experiment import ScoreItem, ScoreSource, ScoreValue
from . import otel
from ._artifact import artifact_content
from ._ids import stable_id
from ._span import TrialSpan
from .score import coerced
from .types import Candidate, Evaluator, EvaluatorKind, TrialRef, TrialStatus

if TYPE_CHECKING:
    from .client import Client
    from .experiment import Experiment

_LOGGER = logging.getLogger("sigil_sdk")
_FINAL_KEY = "final"
_NO_FINAL_SCORE = "trial exited without a final score"


class Trial:
    """To be used as a context manager: the server knows the trial from entry on, and its outcome from exit on.

    The outcome is `errored` when something was raised, else what the score `final`, `succeed()` or `fail()` said last, else
    failed. Binders return the trial itself.
    """

    def __init__(
        self,
        client: Client,
        ref: TrialRef,
        *,
        experiment: Experiment | None = None,
        candidate: Candidate | None = None,
        default_evaluator: Evaluator | None = None,
        metadata: dict[str, Any] | None = None,
        use_experimental_otel: bool | None = None,
    ) -> None:
        self.ref = ref
        self.trial_id = stable_id("trial", ref.experiment_id, ref.test_case_id, ref.attempt)
        self.generation_id = stable_id("gen", ref.experiment_id, ref.test_case_id, ref.attempt)
        self.status: str = TrialStatus.RUNNING.value
        self.conversation_id = ""
        self.trace_id = ""
        self.span_id = ""
        self.error = ""
        self.artifacts: list[dict[str, Any]] = []
        self._client = client
        self._experiment = experiment
        self._candidate = candidate
        self._default_evaluator = default_evaluator or Evaluator("sdk")
        self._metadata = dict(metadata or {})
        self._buffer: list[ScoreItem] = []
        self._accepted = 0
        self._bound_generation = False
        #: What `record_io` said, until it is delivered.
        self._anchor: dict[str, Any] | None = None
        self._anchored = False
        self._usage: dict[str, Any] = {}
        self._began: float | None = None
        with_otel = use_experimental_otel
        if with_otel is None:
            with_otel = bool(getattr(client, "use_experimental_otel", False))
        self._span = TrialSpan() if with_otel else None

    @classmethod
    def from_ref(
        cls,
        client: Client,
        ref: TrialRef | None,
        *,
        candidate: Candidate | None = None,
        default_evaluator: Evaluator | None = None,
        use_experimental_otel: bool | None = None,
    ) -> Trial:
        """The trial that another process began: `TrialRef.from_env()`. `ValueError` when there is none."""
        if ref is None:
            raise ValueError("trial ref is required; set SIGIL_EXPERIMENT_ID and SIGIL_TEST_CASE_ID")
        return cls(
            client,
            ref,
            candidate=candidate,
            default_evaluator=default_evaluator,
            use_experimental_otel=use_experimental_otel,
        )

    @property
    def accepted_scores(self) -> int:
        """How many of its scores the server has."""
        return self._accepted

    def __enter__(self) -> Trial:
        self._began = time.monotonic()
        if self._span is not None:
            ids = self._span.start(self.ref.test_case_id, self._identity())
            self.trace_id, self.span_id = self.trace_id or ids[0], self.span_id or ids[1]
        try:
            self._client.upsert_trial(
                self.ref.experiment_id,
                trial_id=self.trial_id,
                test_case_id=self.ref.test_case_id,
                attempt=self.ref.attempt,
                status=TrialStatus.RUNNING.value,
                conversation_id=self.conversation_id,
                trace_id=self.trace_id,
                span_id=self.span_id,
                metadata={"test_case_name": self.ref.test_case_name} if self.ref.test_case_name else None,
            )
        except BaseException as error:
            self.error = str(error)
            self._end_span()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc is not None:
            self.status = TrialStatus.ERRORED.value
            self.error = str(exc) or type(exc).__name__
        elif self.status == TrialStatus.RUNNING.value:
            self.status = TrialStatus.FAILED.value
            self.error = self.error or _NO_FINAL_SCORE
        try:
            try:
                self._deliver_anchor()
                self.flush()
            finally:
                self._report_outcome()
        except Exception as error:
            if exc is None:
                raise
            # What the program raised matters more than that it could not be told.
            _LOGGER.warning("sigil: the failed trial %s could not be reported: %s", self.trial_id, error)
        finally:
            self._end_span()

    def bind_trace(self, trace_id: str, span_id: str = "") -> Trial:
        """The trial was run under this trace."""
        self.trace_id, self.span_id = trace_id, span_id or self.span_id
        return self

    def bind_conversation(self, conversation_id: str) -> Trial:
        """The trial was this conversation."""
        self.conversation_id = conversation_id
        return self

    def bind_generation(self, generation_id: str, *, conversation_id: str = "") -> Trial:
        """Scores are about this generation, which the program itself recorded."""
        self.generation_id = generation_id
        self._bound_generation = True
        self.conversation_id = conversation_id or self.conversation_id
        return self

    def record_io(
        self,
        *,
        input: Any = None,
        output: Any = None,
        model_provider: str = "",
        model_name: str = "",
        agent_name: str = "",
        input_tokens: int | None = None,
        output_tokens: int | None = None,
    ) -> Trial:
        """What went in and came out: recorded as a generation that the scores are about, unless one is bound."""
        candidate = self._candidate or Candidate()
        if not self.conversation_id:
            ref = self.ref
            self.conversation_id = stable_id("conv", ref.experiment_id, ref.test_case_id, ref.attempt)
        self._anchor = {
            "input_text": _text(input),
            "output_text": _text(output),
            "model_provider": model_provider or candidate.model_provider or "eval",
            "model_name": model_name or candidate.model_name or "experiment",
            "agent_name": agent_name or candidate.agent_name,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
        }
        return self

    def set_usage(
        self, *, input_tokens: int | None = None, output_tokens: int | None = None, cost: float | None = None
    ) -> Trial:
        """What the trial took; what is not given stays."""
        given = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cost": cost}
        self._usage.update({name: value for name, value in given.items() if value is not None})
        if self._span is not None:
            self._span.set_usage(input_tokens, output_tokens)
        return self

    def running(self, metadata: dict[str, Any] | None = None) -> Trial:
        """It is going on; `metadata` is added to later scores."""
        self.status = TrialStatus.RUNNING.value
        self._metadata.update(metadata or {})
        return self

    def succeed(self) -> Trial:
        """It passed, whatever its scores."""
        self.status = TrialStatus.PASSED.value
        return self

    def fail(self, error: str = "") -> Trial:
        """It failed, whatever its scores."""
        self.status = TrialStatus.FAILED.value
        self.error = error or self.error
        return self

    def score(
        self,
        score_key: str,
        value: ScoreValue | float | bool | str,
        *,
        evaluator: Evaluator | None = None,
        passed: bool | None = None,
        explanation: str = "",
        generation_id: str = "",
        grader_conversation_id: str = "",
        grader_generation_id: str = "",
        grader_trace_id: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> ScoreItem:
        """A judgement, sent by `flush()` or at exit. The key `final` decides the outcome."""
        judge = evaluator or self._default_evaluator
        given = coerced(value)
        if score_key == _FINAL_KEY:
            passed = given.boolean if passed is None else passed
            self.status = (TrialStatus.PASSED if passed else TrialStatus.FAILED).value
        ref = self.ref
        has_generation = self._bound_generation or self._anchor is not None or self._anchored
        item = ScoreItem(
            score_id=stable_id("score", ref.experiment_id, self.trial_id, score_key, judge.evaluator_id),
            evaluator_id=judge.evaluator_id,
            evaluator_version=judge.version,
            score_key=score_key,
            value=given,
            generation_id=generation_id or (self.generation_id if has_generation else ""),
            conversation_id=self.conversation_id,
            trace_id=self.trace_id,
            span_id=self.span_id,
            experiment_id=ref.experiment_id,
            trial_id=self.trial_id,
            test_case_id=ref.test_case_id,
            grader_conversation_id=grader_conversation_id,
            grader_generation_id=grader_generation_id,
            grader_trace_id=grader_trace_id,
            evaluator_kind=judge.normalized_kind(),
            passed=passed,
            explanation=explanation,
            metadata={**self._own_metadata(), **self._metadata, **(metadata or {})},
            source=ScoreSource("experiment", ref.experiment_id),
        )
        self._buffer.append(item)
        if self._span is not None:
            self._span.score(item, judge, generation_id)
        return item

    def final_score(
        self,
        value: ScoreValue | float | bool | str,
        *,
        passed: bool | None = None,
        explanation: str = "",
        evaluator: Evaluator | None = None,
        generation_id: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> ScoreItem:
        """The score that decides: by `passed`, or by itself when it is a boolean."""
        return self.score(
            _FINAL_KEY,
            value,
            passed=passed,
            explanation=explanation,
            evaluator=evaluator,
            generation_id=generation_id,
            metadata=metadata,
        )

    def check_score(
        self,
        name: str,
        *,
        passed: bool,
        value: ScoreValue | float | bool | str | None = None,
        explanation: str = "",
        evaluator: Evaluator | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> ScoreItem:
        """A check that passed or not; `value` is what it measured, if not that."""
        judge = evaluator or self._named_evaluator(name, EvaluatorKind.DETERMINISTIC)
        given = passed if value is None else value
        return self.score(name, given, passed=passed, explanation=explanation, evaluator=judge, metadata=metadata)

    def rubric_score(
        self,
        name: str,
        value: ScoreValue | float | bool | str,
        *,
        explanation: str = "",
        passed: bool | None = None,
        evaluator: Evaluator | None = None,
        grader_conversation_id: str = "",
        grader_generation_id: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> ScoreItem:
        """What a model judged by a rubric, and the conversation in which it did."""
        return self.score(
            name,
            value,
            explanation=explanation,
            passed=passed,
            evaluator=evaluator or self._named_evaluator(name, EvaluatorKind.LLM_JUDGE),
            grader_conversation_id=grader_conversation_id,
            grader_generation_id=grader_generation_id,
            metadata=metadata,
        )

    def artifact(
        self, name: str, *, path: str = "", data: Any = None, text: str = "", kind: str = "", mime: str = ""
    ) -> dict[str, Any]:
        """Sends a file, a value or a text to be kept with the trial, and returns the server's record of it."""
        content, kind, mime = artifact_content(path, data, text, kind, mime)
        record = self._client.upload_artifact(
            parent_id=self.trial_id,
            name=name,
            kind=kind,
            content=content,
            mime=mime,
            experiment_id=self.ref.experiment_id,
        )
        self.artifacts.append(record)
        if self._span is not None:
            self._span.artifact(name, kind)
        return record

    def flush(self) -> int:
        """Sends the scores so far and says how many the server has of them. What could not be sent stays for the next time."""
        if not self._buffer:
            return 0
        self._deliver_anchor()
        flush_generations = getattr(self._client, "flush_generations", None)
        if flush_generations is not None:
            flush_generations()
        accepted = self._client.export_scores(list(self._buffer))
        self._buffer.clear()
        self._accepted += accepted
        if self._experiment is not None:
            self._experiment._record_accepted(accepted)
        return accepted

    def _deliver_anchor(self) -> None:
        if self._anchor is None or self._bound_generation:
            return
        self._client.record_generation(
            self.generation_id,
            conversation_id=self.conversation_id,
            tags={"experiment.run_id": self.ref.experiment_id, "task_id": self.ref.test_case_id},
            metadata={"experiment_run_id": self.ref.experiment_id, **self._own_metadata()},
            **self._anchor,
        )
        self._anchor, self._anchored = None, True

    def _report_outcome(self) -> None:
        errored = self.status == TrialStatus.ERRORED.value
        self._client.update_trial(
            self.ref.experiment_id,
            self.trial_id,
            status="failed" if errored else "completed",
            error=self.error,
            duration_ms=None if self._began is None else int((time.monotonic() - self._began) * 1000),
            conversation_id=self.conversation_id,
            trace_id=self.trace_id,
            **self._usage,
        )

    def _end_span(self) -> None:
        if self._span is not None:
            self._span.end(self._identity(), self.error)

    def _identity(self) -> dict[str, Any]:
        ref, candidate = self.ref, self._candidate or Candidate()
        run = self._experiment
        attributes = otel.trial_identity_attributes(
            experiment_id=ref.experiment_id,
            experiment_name="" if run is None else run.name,
            suite_id=ref.suite_id,
            suite_version=ref.suite_version,
            suite_name=ref.suite_name,
            test_case_id=ref.test_case_id,
            test_case_name=ref.test_case_name,
            attempt=ref.attempt,
            trial_id=self.trial_id,
            run_status="running" if run is None else run.status,
            trial_status=self.status,
            conversation_id=self.conversation_id,
        )
        of_candidate = {
            "gen_ai.agent.name": candidate.agent_name,
            "gen_ai.agent.version": candidate.agent_version,
            "gen_ai.provider.name": candidate.model_provider,
            "gen_ai.request.model": candidate.model_name,
        }
        return {**attributes, **{name: value for name, value in of_candidate.items() if value}}

    def _own_metadata(self) -> dict[str, Any]:
        return {"task_id": self.ref.test_case_id, "trial_id": self.trial_id, "attempt": self.ref.attempt}

    def _named_evaluator(self, name: str, kind: EvaluatorKind) -> Evaluator:
        default = self._default_evaluator
        return Evaluator(f"{default.evaluator_id}.{name}", default.version, kind.value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
