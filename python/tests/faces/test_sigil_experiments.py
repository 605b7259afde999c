"""Experiments as programs write them: what a run, its trials and its scores tell the server, and when it fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, Asked, ControlPlane
from sigil_sdk import ExperimentTransportError, ScoreExportError, ScoreValue, ValidationError, experiments
from sigil_sdk.experiments import (
    Candidate,
    Client,
    Evaluator,
    EvaluatorKind,
    Experiment,
    TestCase,
    TestSuite,
    Trial,
    TrialRef,
    normalize_evaluator_kind,
    otel,
    stable_id,
)
from sigil_sdk.experiments.experiment import _artifact_content, _kind_from_mime

SUITE = TestSuite("su", "Suite", "2", test_cases=[TestCase("c1", "Case 1")])
TRIAL = stable_id("trial", "e1", "c1", 1)


def accept(asked: Asked) -> Answer:
    if asked.path.endswith("scores:export"):
        return Answer(202, {"results": [{"score_id": item["score_id"], "accepted": True} for item in asked.body["scores"]]})
    if asked.path.endswith("generations:export"):
        return Answer(202, {"results": [{"generation_id": "g", "accepted": True}]})
    return Answer(200, {"run": {"experiment_id": "e1"}, "trial_id": "t"})


@pytest.fixture
def client(plane: ControlPlane) -> Client:
    plane.otherwise = accept
    return Client(plane.url, ingest_token="x")


def told(plane: ControlPlane) -> list[tuple[str, str]]:
    """What happened, in order: the method and the last word of the path."""
    return [(asked.method, asked.path.split("?")[0].rsplit("/", 1)[1]) for asked in plane.asked]


def outcome(plane: ControlPlane) -> dict[str, Any]:
    [asked] = [asked for asked in plane.asked if asked.method == "PATCH"]
    body: dict[str, Any] = asked.body
    assert body.pop("duration_ms") >= 0
    return body


def test_the_function_and_the_module_of_one_name() -> None:
    import sigil_sdk.experiments.experiment as found

    assert callable(experiments.experiment)
    assert found is experiments.experiment
    assert sys.modules["sigil_sdk.experiments.experiment"].Trial is Trial


def test_importing_costs_nothing_that_is_not_needed(run_program: Any) -> None:
    program = """
import sys, sigil_sdk
late = [name for name in sys.modules if name.startswith("sigil_sdk.") and any(word in name for word in ("api", "hook", "experiment", "rating"))]
assert late == [], late
import sigil_sdk.experiments
for name in ("opentelemetry", "yaml", "grpc"):
    assert name not in sys.modules, name
"""
    run_program(program)


def test_ids_are_those_of_every_sdk() -> None:
    assert stable_id("trial", "abc") == "trial-a9993e364706816a"
    assert stable_id("trial", "a", None, "b") == "trial-e69b7ae7f775b317"
    assert stable_id("trial", "conformance-run", "capital-france", 1) == "trial-e82b5e46a40a37e5"
    score = stable_id("score", "conformance-run", "trial-e82b5e46a40a37e5", "final", "exact")
    assert score == "score-06b71bce427d6b90"


def test_a_run_of_one_trial(client: Client, plane: ControlPlane) -> None:
    candidate = {"agent_name": "a", "model_name": "m", "unknown": 1}
    run = Experiment(
        client,
        experiment_id="e1",
        name="N",
        suite=SUITE,
        candidate=candidate,
        default_evaluator=Evaluator("ev", "1", "judge"),
        metadata={"suite_id": "mine"},
        tags=["t"],
    )
    with run, run.trial(SUITE.cases[0], metadata={"tm": 1}) as trial:
        trial.record_io(input="in", output="out", input_tokens=1).set_usage(cost=0.0, output_tokens=2)
        trial.check_score("chk", passed=True)
        trial.rubric_score("rub", 0.7, grader_generation_id="gg")
        trial.final_score(True, explanation="why", metadata={"x": 1})
    assert told(plane) == [
        ("POST", "experiment-runs:upsert"),
        ("POST", "trials"),
        ("POST", "generations:export"),
        ("POST", "scores:export"),
        ("PATCH", TRIAL),
        ("POST", "e1:finalize"),
    ]
    upserted, began, generation, scored, _, ended = plane.asked
    assert upserted.headers["authorization"] == "Bearer x"
    metadata = {"suite_id": "mine", "suite_version": "2", "agent_name": "a", "model_name": "m"}
    assert (upserted.body["experiment_id"], upserted.body["metadata"]) == ("e1", metadata)
    assert began.body == {
        "trial_id": TRIAL,
        "test_case_id": "c1",
        "attempt": 1,
        "status": "running",
        "metadata": {"test_case_name": "Case 1"},
    }
    assert b"experiment.run_id" in generation.raw
    assert [item["evaluator_id"] for item in scored.body["scores"]] == ["ev.chk", "ev.rub", "ev"]
    final = scored.body["scores"][2]
    assert final["score_id"] == stable_id("score", "e1", TRIAL, "final", "ev")
    assert (final["generation_id"], final["passed"]) == (stable_id("gen", "e1", "c1", 1), True)
    assert final["metadata"] == {"task_id": "c1", "trial_id": TRIAL, "attempt": 1, "tm": 1, "x": 1}
    assert final["source"] == {"kind": "experiment", "id": "e1"}
    conversation = stable_id("conv", "e1", "c1", 1)
    assert outcome(plane) == {"status": "completed", "cost": 0.0, "output_tokens": 2, "conversation_id": conversation}
    assert ended.body == {"status": "completed", "source": {"kind": "sdk", "id": "python"}, "score_count": 3}
    assert (trial.status, trial.accepted_scores, run.accepted_scores, run.status) == ("passed", 3, 3, "completed")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (lambda _trial: None, "failed", "trial exited without a final score"),
        (lambda trial: trial.final_score(False), "failed", None),
        (lambda trial: trial.final_score(0.3), "failed", None),
        (lambda trial: trial.final_score(0.3, passed=True), "passed", None),
        (lambda trial: trial.score("final", True), "passed", None),
        (lambda trial: trial.succeed(), "passed", None),
        (lambda trial: trial.fail("bad"), "failed", "bad"),
        (lambda trial: trial.fail("bad").running().final_score(True), "passed", "bad"),
    ],
)
def test_what_decides_a_trial(client: Client, plane: ControlPlane, body: Any, status: str, error: str | None) -> None:
    with Trial(client, TrialRef("e1", "c1")) as trial:
        body(trial)
    assert trial.status == status
    assert outcome(plane) == {"status": "completed", **({} if error is None else {"error": error})}


@pytest.mark.parametrize(("raised", "said"), [(RuntimeError("boom"), "boom"), (ValueError(), "ValueError")])
def test_what_is_raised_is_told(client: Client, plane: ControlPlane, raised: Exception, said: str) -> None:
    run = Experiment(client, experiment_id="e1")
    with pytest.raises(type(raised)), run, run.trial("c1") as trial:
        trial.final_score(True)
        raise raised
    assert outcome(plane) == {"status": "failed", "error": said}
    assert plane.asked[-1].body == {
        "status": "failed",
        "source": {"kind": "sdk", "id": "python"},
        "score_count": 1,
        "error": said,
    }
    assert (trial.status, run.status) == ("errored", "failed")


def test_scores_that_could_not_be_sent_stay(client: Client, plane: ControlPlane) -> None:
    trial = Trial(client, TrialRef("e1", "c1"))
    trial.score("k", 1)
    plane.script.append(Answer(400, b"bad"))
    with pytest.raises(ValidationError):
        trial.flush()
    rejected = {"results": [{"score_id": "s", "accepted": False, "error": "no"}]}
    plane.script.append(Answer(202, rejected))
    with pytest.raises(ScoreExportError, match="sigil score export rejected 1 score"):
        trial.flush()
    assert len(trial._buffer) == 1
    assert (trial.flush(), trial.flush(), trial._buffer) == (1, 0, [])


def test_a_trial_is_reported_though_its_scores_could_not_be_sent(client: Client, plane: ControlPlane) -> None:
    run = Experiment(client, experiment_id="e1")
    plane.script += [accept(Asked("POST", "", {}, b"")), Answer(200, {}), Answer(400, b"bad")]
    with pytest.raises(ValidationError, match="score export"), run, run.trial("c1") as trial:
        trial.final_score(True)
    assert outcome(plane) == {"status": "completed"}
    assert plane.asked[-1].body["status"] == "failed"


def test_what_the_program_raised_is_not_hidden(
    client: Client, plane: ControlPlane, caplog: pytest.LogCaptureFixture
) -> None:
    run = Experiment(client, experiment_id="e1")
    plane.script += [Answer(200, {}), Answer(200, {}), *[Answer(400, b"bad")] * 9]
    with pytest.raises(ZeroDivisionError), run, run.trial("c1") as trial:
        trial.final_score(True)
        _ = 1 / 0
    assert "could not be reported" in caplog.text
    assert "could not be finalized" in caplog.text


def test_bound_records_are_not_made_anew(client: Client, plane: ControlPlane) -> None:
    with Trial(client, TrialRef("e1", "c1")) as trial:
        trial.bind_generation("gg", conversation_id="cc").bind_trace("tt", "ss").record_io(input="in")
        item = trial.final_score(True)
    assert ("POST", "generations:export") not in told(plane)
    assert (item.generation_id, item.conversation_id, item.trace_id, item.span_id) == ("gg", "cc", "tt", "ss")
    assert outcome(plane) == {"status": "completed", "conversation_id": "cc", "trace_id": "tt"}


def test_what_went_in_and_out_is_kept_without_scores(client: Client, plane: ControlPlane) -> None:
    with Trial(client, TrialRef("e1", "c1")) as trial:
        trial.record_io(input={"a": 1}, output=None)
    assert ("POST", "generations:export") in told(plane)
    assert ("POST", "scores:export") not in told(plane)


def test_a_run_ends_once(client: Client, plane: ControlPlane) -> None:
    with Experiment(client, experiment_id="e1") as run:
        run.finalize("failed", error="early")
        run.finalize("completed")
    assert told(plane) == [("POST", "experiment-runs:upsert"), ("POST", "e1:finalize")]
    plane.asked.clear()
    with Experiment(client, experiment_id="e1", auto_finalize=False) as run:
        pass
    assert (told(plane), run.status) == ([("POST", "experiment-runs:upsert")], "running")


def test_another_process_goes_on(client: Client, plane: ControlPlane) -> None:
    ref = TrialRef("e1", "c1", 3, "s", "v", "sn", "cn", "tj")
    assert TrialRef.from_env(ref.to_env()) == TrialRef("e1", "c1", 3, "s", "v", "", "", "tj")
    assert TrialRef.from_json(json.loads(json.dumps(ref.to_json()))) == ref
    assert TrialRef.from_env({}) is None
    assert TrialRef.from_env({"SIGIL_RUN_ID": "r", "SIGIL_TEST_CASE_ID": "c", "SIGIL_ATTEMPT": "x"}) == TrialRef("r", "c")
    assert (ref.run_id, hash(ref) == hash(TrialRef("e1", "c1", 3, "s", "v", "sn", "cn", "tj"))) == ("e1", True)
    with Trial.from_ref(client, ref) as trial:
        trial.final_score(True)
    assert plane.asked[0].body["attempt"] == 3
    with pytest.raises(ValueError, match="trial ref is required"):
        Trial.from_ref(client, None)


def test_the_environment_makes_the_client(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.otherwise = accept
    with pytest.raises(ValueError, match="endpoint is required"):
        experiments.experiment("n")
    with pytest.raises(ValueError, match="ingest_token is required"):
        experiments.experiment("n", endpoint=plane.url)
    for name, value in {"SIGIL_API_ENDPOINT": plane.url, "SIGIL_TENANT_ID": "t", "SIGIL_AUTH_TOKEN": "p"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SIGIL_INGEST_ACTOR", "me")
    with experiments.experiment("n", experiment_id="e1") as run:
        assert run._owns_client
    headers = plane.asked[0].headers
    assert (headers["authorization"], headers["x-scope-orgid"]) == ("Basic dDpw", "t")
    assert headers["x-sigil-ingest-actor"] == "me"
    assert not experiments.experiment("n", client=run.client)._owns_client
    assert run.url == f"{plane.url}/a/grafana-sigil-app/offline-experiments/experiments/e1"
    monkeypatch.setenv("SIGIL_GRAFANA_URL", "http://g/")
    assert Client(plane.url).experiment_url("a/b").startswith("http://g/a/grafana-sigil-app/")


def test_a_generation_by_itself(client: Client, plane: ControlPlane) -> None:
    given = {"generation_id": "g", "conversation_id": "c"}
    assert client.export_generation(**given, input_text="i", tags={"a": "b"}) == "g"
    [generation] = plane.asked[0].body["generations"]
    assert generation == {
        "id": "g",
        "conversation_id": "c",
        "operation_name": "invoke_agent",
        "model": {"provider": "eval", "name": "experiment"},
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": "i"}]}],
        "tags": {"a": "b"},
    }
    plane.script += [Answer(202, {"results": [{"accepted": False, "error": "no"}]}), Answer(500, b"boom")]
    with pytest.raises(ExperimentTransportError, match="rejected: no"):
        client.export_generation(**given)
    with pytest.raises(ExperimentTransportError, match="status 500: boom"):
        client.export_generation(**given)
    assert len(plane.asked) == 3
    with pytest.raises(ValueError, match="only test_case_trial"):
        client.upload_artifact(parent_id="t", name="n", kind="text", content=b"x", parent_kind="run")


def test_suites_and_candidates() -> None:
    cases = [{"id": "a", "weight": "2", "tags": ["t"]}, {"test_case_id": "b", "expected": 5}]
    suite = TestSuite.from_dict({"id": "s", "version": 2, "cases": cases})
    assert (suite.suite_id, suite.version, suite.cases is suite.test_cases) == ("s", "2", True)
    assert suite.case("a") == TestCase("a", weight=2.0, tags=["t"])
    assert suite.case("z") is None
    for broken, problem in [({}, "suite requires"), ({"id": "s", "cases": [{}]}, "test case requires")]:
        with pytest.raises(ValueError, match=problem):
            TestSuite.from_dict(broken)
    assert Candidate.from_obj({"agent_name": "a", "x": 1}) == Candidate("a")
    assert Candidate("a", git_sha="g").as_metadata() == {"agent_name": "a", "git_sha": "g"}
    with pytest.raises(TypeError, match="must be a Candidate or dict, got str"):
        Candidate.from_obj("x")  # type: ignore[arg-type]
    kinds = [normalize_evaluator_kind(kind) for kind in (" LLM-judge ", "exact", "manual", "x", "", EvaluatorKind.HUMAN)]
    assert kinds == ["llm_judge", "deterministic", "human", "custom", "custom", "human"]


def test_a_suite_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(json.dumps({"id": "s", "cases": [{"id": "a"}]}))  # JSON is YAML.
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match="needs PyYAML"):
        TestSuite.from_yaml(path)

    class Yaml:
        safe_load = staticmethod(json.load)

    monkeypatch.setitem(sys.modules, "yaml", Yaml)
    assert TestSuite.from_yaml(str(path)).case("a") == TestCase("a")
    path.write_text("[]")
    with pytest.raises(ValueError, match="suite YAML must be a mapping, got list"):
        TestSuite.from_yaml(path)


def test_artifacts_have_one_source(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# x")
    assert _artifact_content(str(file), None, "", "", "") == (b"# x", "markdown", "text/markdown")
    assert _artifact_content("", {"a": 1}, "", "", "") == (b'{"a": 1}', "json", "application/json")
    assert _artifact_content("", b"\x00", "", "", "image/png") == (b"\x00", "image", "image/png")
    assert _artifact_content("", None, "hi", "", "") == (b"hi", "text", "text/plain")
    with pytest.raises(ValueError, match="requires one of path=, data=, or text="):
        _artifact_content("", None, "", "", "")
    kinds = [_kind_from_mime(mime) for mime in ("IMAGE/PNG", "text/csv", "text/html; charset=x", "application/pdf", "")]
    assert kinds == ["image", "csv", "text", "pdf", "binary"]


def test_score_values() -> None:
    from sigil_sdk.experiments import score

    assert (score.number("2"), score.boolean(1), score.string(5)) == (  # type: ignore[arg-type]
        ScoreValue(number=2.0),
        ScoreValue(boolean=True),
        ScoreValue(string="5"),
    )


def test_scores_on_the_span_of_a_trial(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="needs the OpenTelemetry SDK")
    from opentelemetry import trace as api
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    finished = InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(finished))
    # Set for this test only: the others' programs have none.
    monkeypatch.setattr(api, "get_tracer_provider", lambda: provider)
    run = Experiment(client, experiment_id="e1", name="N", candidate=Candidate("a"), use_experimental_otel=True)
    with run, run.trial("c1") as trial:
        assert api.get_current_span().get_span_context().span_id == int(trial.span_id, 16)
        trial.score("label", "good", evaluator=Evaluator("q", "2", "judge", "rs"))
        trial.final_score(0.5, passed=True)
        trial.artifact("n", text="hi")
    assert api.get_current_span().get_span_context().span_id == 0
    [span] = [span for span in finished.get_finished_spans() if span.name == "eval.trial c1"]
    assert (span.attributes[otel.TEST_CASE_RESULT_STATUS], span.attributes["gen_ai.agent.name"]) == ("pass", "a")
    assert (span.attributes[otel.TEST_SUITE_RUN_ID], span.status.is_ok) == ("e1", True)
    label, final, artifact = span.events
    assert (label.attributes[otel.EVAL_SCORE_LABEL], label.attributes[otel.EVAL_REFERENCE_SET_ID]) == ("good", "rs")
    assert (final.attributes[otel.EVAL_SCORE_VALUE], final.attributes[otel.EVAL_SCORE_LABEL]) == (0.5, "pass")
    assert artifact.attributes["sigil.eval.artifact.kind"] == "text"


def test_attributes_are_those_that_say_something() -> None:
    assert otel.score_event_attributes(name="n", value=True) == {otel.EVAL_NAME: "n", otel.EVAL_SCORE_VALUE: 1.0}
    assert otel.score_event_attributes(name="n", value=None) == {otel.EVAL_NAME: "n"}
    assert [otel.run_status_telemetry(status) for status in ("completed", "canceled", "odd")] == [
        "success",
        "aborted",
        "in_progress",
    ]
