"""Experiments: their transport, trials, scores, value types, telemetry."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any

from ..server import Answer, Request, always, answers
from . import HTTP, scenario

if TYPE_CHECKING:
    from ..stage import Stage


def respond(request: Request) -> Answer | None:
    """As a server does that knows experiments."""
    path = request.path.split("?")[0]
    body = json.loads(request.body) if request.body and request.headers.get("content-type") == "application/json" else {}
    if path.endswith("scores:export"):
        results = [{"score_id": each["score_id"], "accepted": True, "status": "accepted"} for each in body["scores"]]
        return Answer(200, {"results": results, "accepted": len(results)})
    if path.endswith("generations:export"):
        return None
    if path.endswith(":upsert"):
        return Answer(
            200, {"run": {"experiment_id": body.get("experiment_id", "made"), "name": body["name"], "status": "running"}}
        )
    if path.endswith("report"):
        return Answer(
            200, {"experiment": {"experiment_id": "e1", "name": "n", "status": "completed"}, "summary": {"pass_rate": 1}}
        )
    if request.method == "GET" and path.endswith("scores"):
        return Answer(200, {"items": [{"score_id": "s"}], "next_cursor": "n2"})
    return Answer(200, {**body, "ok": True} if isinstance(body, dict) else {})


def client(s: Stage, **keywords: Any) -> Any:
    from sigil_sdk import experiments

    given = {"tenant_id": "acme", "ingest_token": "token", "actor": "me", **keywords}
    return s.keep(experiments.Client(s.server.http_endpoint, **given))


def without_durations(s: Stage) -> None:
    """Trials measure by the machine's clock: what they measured is set aside."""
    for request in s.server.requests:
        request.body = re.sub(rb'"duration_ms": ?\d+', b'"duration_ms": 0', request.body)


@scenario(protocols=HTTP)
def experiment_transport(s: Stage) -> None:
    """Each function with everything, and what it sends."""
    transport, sdk = importlib.import_module("sigil_sdk._experiments_transport"), s.sdk
    s.server.script = respond
    common = {"api_endpoint": s.server.http_endpoint, "insecure": True, "headers": {"x-own": "1"}}

    def call(name: str, function: str, /, **keywords: Any) -> None:
        s.attempt(name, getattr(transport, function), **common, **keywords)

    full = sdk.CreateExperimentRequest(
        name=" n ", run_id="e1", description="d", tags=["a"], metadata={"m": 1}, evaluators=[sdk.ExperimentEvaluator("e", "s")]
    )
    call("create", "create_experiment", request=full)
    call("create small", "create_experiment", request=sdk.CreateExperimentRequest(name="n"))
    call("create blank", "create_experiment", request=sdk.CreateExperimentRequest(name=" "))
    collection = sdk.CreateExperimentRequest(name="n", source=sdk.ExperimentSource.COLLECTION)
    call("create of a collection", "create_experiment", request=collection)
    call("get", "get_experiment", run_id="e/1")
    call("get blank", "get_experiment", run_id=" ")
    call("finalize", "finalize_experiment", run_id="e1", status="succeeded", score_count=3)
    call("finalize failed", "finalize_experiment", run_id="e1", status="failed", error="why")
    call("finalize odd", "finalize_experiment", run_id="e1", status="canceled")
    call("trial", "create_test_case_trial", experiment_id="e1", request={"trial_id": "t1"})
    call("update", "update_test_case_trial", experiment_id="e1", trial_id="t/1", request={"status": "completed"})
    upload = {"experiment_id": "e1", "trial_id": "t1", "name": "ä b", "kind": "text"}
    call("artifact", "upload_trial_artifact", **upload, content=b"\x00x", mime="text/plain")
    call("artifact without mime", "upload_trial_artifact", **upload, content=b"x")
    call("artifact of nothing", "upload_trial_artifact", **upload, content=b"")
    call("scores of a run", "list_experiment_scores", run_id="e1", limit=5, cursor="c")
    call("report", "get_experiment_report", run_id="e1")
    call("no scores", "export_scores", scores=[])


def score_item(s: Stage, **fields: Any) -> Any:
    number = s.sdk.ScoreValue(number=0.5)
    base = {"score_id": "s1", "evaluator_id": "e", "evaluator_version": "1", "score_key": "k", "value": number}
    return s.sdk.ScoreItem(**{**base, "trial_id": "t1", **fields})


@scenario(
    protocols=HTTP,
    differs={"seen.400.raised.message": "texts of the API"},
)
def exporting_scores(s: Stage) -> None:
    """Every field, each kind of value, what is missing, what the server says."""
    from datetime import datetime, timezone

    transport, sdk = importlib.import_module("sigil_sdk._experiments_transport"), s.sdk
    common = {"api_endpoint": s.server.http_endpoint, "insecure": True, "headers": {}}
    s.server.script = respond
    full = score_item(
        s,
        generation_id="g",
        conversation_id="c",
        trace_id="t",
        span_id="sp",
        rule_id="r",
        run_id="run",
        test_case_id="tc",
        grader_conversation_id="gc",
        grader_generation_id="gg",
        grader_trace_id="gt",
        evaluator_kind="llm_judge",
        passed=False,
        explanation="why",
        metadata={"m": 1},
        created_at=datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=timezone.utc),
        source=sdk.ScoreSource("experiment", "e1"),
    )
    values = [sdk.ScoreValue(boolean=True), sdk.ScoreValue(string="good"), sdk.ScoreValue(number=0)]
    items = [full, *[score_item(s, score_id=f"v{index}", value=value) for index, value in enumerate(values)]]
    response = s.attempt("accepted", transport.export_scores, **common, scores=items)
    s.see("counts", [response.accepted_count, response.duplicate_count, response.rejected] if response else None)
    for name, fields in {
        "no value": {"value": sdk.ScoreValue()},
        "no id": {"score_id": " "},
        "nowhere": {"trial_id": ""},
        "no key": {"score_key": "", "evaluator_id": ""},
    }.items():
        s.attempt(name, transport.export_scores, **common, scores=[score_item(s, **fields)])
    s.see("resolved", [full.resolved_experiment_id, score_item(s, experiment_id=" e ").resolved_experiment_id])
    told = {"results": [{"score_id": "s1", "accepted": False, "status": "rejected", "error": "no"}, {"status": "duplicate"}]}
    for name, answer in {
        "rejected": Answer(200, told),
        "counts only": Answer(200, {"accepted": 1, "duplicates": 2, "rejected": 3}),
        "400": Answer(400, {"error": "bad"}),
        "422": Answer(422, b"bad"),
        "404": Answer(404, b""),
        "409": Answer(409, b"twice"),
        "401": Answer(401, b"who"),
        "empty": Answer(200, b""),
        "no json": Answer(200, b"<html>"),
        "list": Answer(200, []),
    }.items():
        s.server.script = answers(answer)
        s.attempt(name, transport.export_scores, **common, scores=[score_item(s)], retry=transport.RetryPolicy(max_retries=0))


@scenario(protocols=HTTP)
def experiment_transport_retries(s: Stage) -> None:
    """429 and 5xx are tried again, others not."""
    transport = importlib.import_module("sigil_sdk._experiments_transport")
    policy = transport.RetryPolicy(max_retries=2, initial_backoff=0.001, max_backoff=0.002, timeout=5)
    common = {"api_endpoint": s.server.http_endpoint, "insecure": True, "headers": {}, "run_id": "e1", "retry": policy}
    for status in (429, 500, 503, 404):
        s.server.script = always(Answer(status, b"no"))
        s.attempt(f"{status}", transport.get_experiment, **common)
    s.server.script = answers(Answer(503), Answer(429), Answer(200, {"experiment_id": "e1", "name": "n"}))
    s.attempt("recovers", transport.get_experiment, **common)
    s.attempt("nobody", transport.get_experiment, **{**common, "api_endpoint": "http://127.0.0.1:9"})


@scenario(protocols=HTTP)
def experiment_reports(s: Stage) -> None:
    """How a report and an experiment are read."""
    transport = importlib.import_module("sigil_sdk._experiments_transport")
    summary = {"test_case_count": 3, "trial_count": "4", "pass_rate": 0.5, "pass_at_k": {"1": 0.5}, "total_cost": 1, "odd": 1}
    run = {
        "run_id": "r",
        "name": "n",
        "status": "succeeded",
        "created_at": "2026-01-02T03:04:05Z",
        "tags": ["a"],
        "score_count": 2,
    }
    for name, payload in {
        "experiment": {"experiment": run, "summary": summary, "rows": [{"a": 1}]},
        "run": {"run": run, "summary": {}},
        "empty": {},
        "odd": {"experiment": {"status": "unheard of"}, "summary": None, "rows": "x"},
    }.items():
        s.attempt(name, transport._parse_report, payload)


@scenario(
    protocols=HTTP,
    differs={
        "seen.no endpoint.raised.message": "texts of the API",
        "seen.no token.raised.message": "texts of the API",
    },
)
def experiment_client(s: Stage) -> None:
    """Construction, headers, each method."""
    from sigil_sdk import experiments

    s.server.script = respond
    s.attempt("no endpoint", experiments.Client, "")
    s.attempt("no token", experiments.Client, "http://h")
    with s.environment(SIGIL_AUTH_TOKEN="t", SIGIL_GRAFANA_URL="https://g/", SIGIL_USE_EXPERIMENTAL_OTEL="1"):
        made = s.keep(experiments.Client("https://h/", generation_endpoint="https://g2"))
    names = "endpoint tenant_id ingest_token actor trusted grafana_url timeout generation_endpoint generation_protocol"
    s.see("attributes", {name: getattr(made, name) for name in [*names.split(), "use_experimental_otel"]})
    s.see("url", made.experiment_url("e /1"))
    bearer = client(s, tenant_id="")
    s.attempt("bearer", bearer.get_report, "e1")
    c = client(s)
    s.attempt("upsert", c.upsert_experiment, s.sdk.CreateExperimentRequest(name="n", run_id="e1"))
    s.attempt("upsert trial", c.upsert_trial, "e1", trial_id="t1", test_case_id="c1", conversation_id="cv", metadata={"a": 1})
    s.attempt("update trial", c.update_trial, "e1", "t1", status="completed", cost=0.5, input_tokens=0, duration_ms=3)
    s.attempt("scores", c.export_scores, [score_item(s)])
    s.attempt("generation", c.export_generation, generation_id="g1", conversation_id="cv", input_text="in", output_text="out")
    recorded = {"input_text": "in", "output_text": "out", "input_tokens": 3, "output_tokens": 4, "tags": {"a": "b"}}
    s.attempt("record", c.record_generation, "g2", conversation_id="cv", metadata={"m": 1}, **recorded)
    s.attempt("artifact", c.upload_artifact, parent_id="t1", name="a", kind="text", content=b"x", experiment_id="e1")
    s.attempt("odd parent", c.upload_artifact, parent_id="t", name="a", kind="k", content=b"x", parent_kind="run")
    s.attempt("list", c.list_scores, "e1", limit=2)
    s.attempt("finalize", c.finalize, "e1", "failed", score_count=1, error="x")
    s.server.script = answers(Answer(200, {"results": [{"score_id": "s1", "accepted": False, "error": "no"}]}))
    s.attempt("rejected", c.export_scores, [score_item(s)])
    s.server.script = answers(Answer(200, {"results": [{"score_id": "s1", "accepted": False, "error": "no"}]}))
    s.attempt("rejected quietly", c.export_scores, [score_item(s)], raise_on_reject=False)
    s.attempt("flush", c.flush_generations)
    _fixed_times(s)


def _fixed_times(s: Stage) -> None:
    """Times of the machine's clock in what a client of experiments records by itself."""
    for request in s.server.requests:
        request.body = re.sub(rb'"(started_at|completed_at|created_at)": ?"20\d\d-[^"]*"', rb'"\1": "now"', request.body)


@scenario(protocols=HTTP)
def experiment_value_types(s: Stage) -> None:
    """Suites, cases, candidates, evaluators, references, ids."""
    from sigil_sdk import experiments as e

    s.see("ids", [e.stable_id("exp", "a", 1, None), e.stable_id("x")])
    s.see(
        "kinds", [e.normalize_evaluator_kind(kind) for kind in ("LLM-judge", "rubric", "check", "exact", "annotator", "?", "")]
    )
    suite = {
        "id": "s",
        "version": "2",
        "cases": [{"id": "c1", "input": {"a": 1}, "weight": 2}, {"test_case_id": "c2"}],
        "odd": 1,
    }
    made = s.attempt("suite", e.TestSuite.from_dict, suite)
    s.attempt("case", made.case, "c2")
    s.attempt("no case", made.case, "c9")
    s.attempt("suite without id", e.TestSuite.from_dict, {})
    s.attempt("case without id", e.TestCase.from_dict, {"name": "x"})
    s.see(
        "candidates", [e.Candidate.from_obj(each) for each in (None, {"agent_name": "a", "odd": 1}, e.Candidate(git_sha="g"))]
    )
    s.see("metadata", e.Candidate(agent_name="a", model_name="m").as_metadata())
    s.see("evaluator", [e.Evaluator("e", kind="llm"), e.Evaluator("e", kind="llm").normalized_kind()])
    ref = e.TrialRef("exp", "case", 2, "suite", "1", trajectory_id="tr")
    s.see("ref", [ref, ref.run_id, ref.to_json(), ref.to_env()])
    s.attempt("from json", e.TrialRef.from_json, {"run_id": "r", "test_case_id": "c", "attempt": "3", "odd": 1})
    environment = {"SIGIL_RUN_ID": "r", "SIGIL_TEST_CASE_ID": "c", "SIGIL_ATTEMPT": "x", "SIGIL_SUITE_ID": "s"}
    with s.environment(**environment):
        s.attempt("from env", e.TrialRef.from_env)
    s.attempt("from empty env", e.TrialRef.from_env)
    s.see("scores", [e.score.number(1), e.score.boolean(False), e.score.string("x")])


@scenario(protocols=HTTP)
def experiment_from_end_to_end(s: Stage) -> None:
    """A suite, trials that pass, fail, raise and say nothing; scores, artifacts, usage."""
    from sigil_sdk import experiments as e

    s.server.script = respond
    cases = [e.TestCase(f"c{index}", name=f"Case {index}" * (index < 3)) for index in range(4)]
    suite = e.TestSuite("suite", "Suite", "2", test_cases=cases)
    candidate = e.Candidate(agent_name="agent", agent_version="1", model_provider="openai", model_name="gpt-5")
    given = {"experiment_id": "exp-1", "suite": suite, "candidate": candidate, "client": client(s), "metadata": {"m": 1}}
    with e.experiment("My experiment", **given, tags=["nightly"], description="d") as experiment:
        with experiment.trial(cases[0], metadata={"t": 1}) as trial:
            trial.record_io(input="question", output="answer", model_provider="openai", model_name="gpt-5", input_tokens=3)
            trial.check_score("format", passed=True)
            trial.rubric_score("helpful", 0.75, explanation="good")
            trial.set_usage(cost=0.01, input_tokens=3, output_tokens=4)
            trial.artifact("out.json", text='{"a": 1}')
            trial.final_score(True)
        with experiment.trial("c1", attempt=2, trajectory_id="tr") as trial:
            trial.bind_conversation("conv-own").bind_trace("a" * 32, "b" * 16)
            trial.final_score(0.2, passed=False, explanation="wrong")

        def raising() -> None:
            with experiment.trial(cases[2]) as trial:
                trial.bind_generation("gen-own", conversation_id="conv-2")
                trial.score("partial", "some text", metadata={"x": 1})
                raise ValueError("agent broke")

        s.attempt("raising", raising)
        with experiment.trial(cases[3]):
            pass
        s.see("accepted", experiment.accepted_scores)
        s.see("properties", [experiment.run_id, experiment.url, experiment.status, experiment.name])
        s.attempt("report", experiment.report)
    without_durations(s)
    _fixed_times(s)


@scenario(
    protocols=HTTP,
    differs={"seen.no endpoint.raised.message": "texts of the API"},
)
def experiment_that_fails(s: Stage) -> None:
    """The block raises; the experiment is finalised as failed. Settings of the environment."""
    from sigil_sdk import experiments as e

    s.server.script = respond

    def failing(error: Exception) -> None:
        with e.experiment("x", experiment_id="exp-1"):
            raise error

    s.attempt("no endpoint", failing, ValueError("x"))
    variables = {"SIGIL_API_ENDPOINT": s.server.http_endpoint, "SIGIL_TENANT_ID": "acme", "SIGIL_AUTH_TOKEN": "t"}
    with s.environment(**variables, SIGIL_INGEST_ACTOR="ci"):
        s.attempt("text", failing, ValueError("went wrong"))
        s.attempt("no text", failing, ValueError())


@scenario(
    protocols=HTTP,
    differs={
        "wire.[1-7].headers.content-type": "artifact bytes",
        "wire.[1-7].path": "artifact bytes",
        "seen.two sources.ok": "artifact bytes",
    },
)
def trials_that_are_odd(s: Stage) -> None:
    """Without reference, explicit outcomes, artifacts of several kinds, a server that refuses scores."""
    from sigil_sdk import experiments as e

    s.server.script = respond
    c = client(s)
    s.attempt("no ref", e.Trial.from_ref, c, None)
    ref = e.TrialRef("exp", "case")
    with e.Trial.from_ref(c, ref) as trial:
        s.see("ids", [trial.trial_id, trial.generation_id])
        s.attempt("two sources", trial.artifact, "a", text="x", data=b"y")
        s.attempt("no source", trial.artifact, "a")
        for name, data in {
            "a.png": b"\x89PNG",
            "b.md": b"#",
            "c.pdf": b"%",
            "d.csv": b"a,b",
            "e.bin": b"\x00",
            "f.txt": b"x",
        }.items():
            s.attempt(name, lambda name=name, data=data: type(trial.artifact(name, data=data)).__name__)
        trial.succeed()
    with e.Trial(c, e.TrialRef("exp", "case2")) as trial:
        trial.running().fail("because")
    with e.Trial(c, e.TrialRef("exp", "case3")) as trial:
        s.attempt("nothing to flush", trial.flush)
        s.see("score", trial.score("k", 1, evaluator=e.Evaluator("e", "2", kind="human"), passed=True))
        s.attempt("flush", trial.flush)

    def refused() -> None:
        with e.Trial(c, e.TrialRef("exp", "case4")) as trial:
            trial.final_score(True)
            s.server.script = lambda r: Answer(401, b"no") if "scores" in r.path else respond(r)

    s.attempt("refused", refused)
    without_durations(s)
    _fixed_times(s)


@scenario(
    protocols=HTTP,
    differs={"seen.constants.ARTIFACT_*": "additions", "seen.constants.EVENT_ARTIFACT": "additions"},
)
def experiment_telemetry(s: Stage) -> None:
    """The experimental spans, and the functions that make their attributes."""
    from opentelemetry import trace

    from sigil_sdk import experiments as e

    otel = e.otel
    s.see("constants", {name: value for name, value in vars(otel).items() if name.isupper() and isinstance(value, (str, dict))})
    s.see("run", [otel.run_status_telemetry(each) for each in ("running", "succeeded", "failed", "canceled", "cancelled", "?")])
    s.see("trial", [otel.trial_status_telemetry(each) for each in ("completed", "passed", "failed", "errored", "?")])
    s.see("label", [otel.score_label(each) for each in (True, False, None)])
    identity = {"experiment_id": "e", "experiment_name": "n", "suite_id": "s", "suite_version": "1", "suite_name": "S"}
    case = {"test_case_id": "c", "test_case_name": "C", "trial_id": "t", "conversation_id": ""}
    s.attempt("identity", otel.trial_identity_attributes, **identity, **case)
    scored = {"explanation": "x", "evaluator_id": "e", "evaluator_version": "1", "evaluator_kind": "human"}
    rest = {"reference_set_id": "r", "reference_set_version": "", "response_id": ""}
    for name, value in {"number": 0.5, "bool": True, "text": "good"}.items():
        made = s.sdk.ScoreValue(**{{"text": "string", "bool": "boolean"}.get(name, name): value})
        s.attempt(f"score {name}", otel.score_event_attributes, name="k", value=made, passed=None, **scored, **rest)
    s.server.script = respond
    s.telemetry.use_globally()
    c = client(s, use_experimental_otel=True)
    with e.experiment("X", experiment_id="exp", client=c, candidate={"agent_name": "a", "model_name": "m"}) as experiment:
        with experiment.trial(e.TestCase("c1", name="C")) as trial:
            s.see("current", trace.get_current_span().get_span_context().span_id)
            trial.check_score("format", passed=False, explanation="no")
            trial.artifact("a.txt", text="x")
            trial.final_score(0.5, passed=True)

        def raising() -> None:
            with experiment.trial("c2"):
                raise ValueError("broke")

        s.attempt("raising", raising)
    without_durations(s)
    _fixed_times(s)
