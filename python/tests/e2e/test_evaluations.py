"""A program that rates, scores and experiments works against our server from end to end, and what it said survives a crash."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from conftest import RunProgram, Server

CLIENT = """
import os, json
from sigil_sdk import *
from sigil_sdk import experiments
from sigil_sdk.experiments import Experiment, TestCase, TestSuite
url = os.environ["SIGIL_ENDPOINT"]
export = GenerationExportConfig(protocol="http", endpoint=url)
client = Client(ClientConfig(generation_export=export, api=ApiConfig(url), ingest_actor="me"))
"""

RATING = (
    CLIENT
    + """
answers = []
for id, value in [("r1", "GOOD"), ("r2", "BAD"), ("r1", "GOOD")]:
    rating = ConversationRatingInput(id, ConversationRatingValue[value], "said", {"k": [1]}, "g1", "u1", "web")
    answers.append(client.submit_conversation_rating("c/1 é", rating))
assert answers[0].rating == answers[2].rating
assert (answers[2].summary.total_count, answers[2].summary.has_bad_rating) == (2, True)
try:
    client.submit_conversation_rating("c/1 é", ConversationRatingInput("r1", ConversationRatingValue.BAD))
except RatingConflictError as conflict:
    print(conflict)
try:
    client.list_collection_members("c")
except NotFoundError as missing:
    print(missing)
client.shutdown()
"""
)

EXPERIMENT = (
    CLIENT
    + """
suite = TestSuite("s", "Suite", test_cases=[TestCase("a", "Case a", input="2+2?"), TestCase("b")])
runner = experiments.Client(url, ingest_token="x", tenant_id="default", actor="tester")
with Experiment(runner, experiment_id="exp/1", name="N", suite=suite, candidate={"agent_name": "adder"}) as run:
    for case, passed in [("a", True), ("b", False)]:
        for attempt in (1, 2):
            with run.trial(suite.case(case), attempt=attempt) as trial:
                trial.record_io(input="2+2?", output="4", input_tokens=3, output_tokens=1)
                trial.set_usage(input_tokens=3, output_tokens=1, cost=0.5)
                trial.rubric_score("tone", 0.5, explanation="flat")
                trial.final_score(passed)
                trial.artifact("log.txt", text="hello")
                if (case, attempt) == ("a", 1):
                    # What was sent before is not sent twice.
                    trial.flush()
                    again = trial.final_score(passed)
                    assert runner.export_scores([again]) == 1
                    trial._buffer.clear()
try:
    runner.upsert_experiment(CreateExperimentRequest("N", run_id="exp/1"))
except ConflictError as ended:
    print(ended)
report = run.report()
print(json.dumps([report.run.status, report.run.score_count, report.run.created_by]))
print(json.dumps([report.summary.pass_rate, report.summary.pass_at_k, report.summary.total_cost, report.summary.total_tokens]))
scores, cursor = runner.list_scores("exp/1", limit=5)
rest, end = runner.list_scores("exp/1", limit=5, cursor=cursor)
print(len(scores), len(rest), end)
runner.shutdown()

try:
    with Experiment(runner, experiment_id="exp/2") as failing:
        with failing.trial("c"):
            raise RuntimeError("broken")
except RuntimeError:
    print(runner.get_report("exp/2").run.status, runner.get_report("exp/2").run.error)
"""
)


def test_ratings_survive_a_crash(server: Server, run_program: RunProgram) -> None:
    done = run_program(RATING, SIGIL_ENDPOINT=server.url)
    assert "idempotency conflict" in done.out
    assert "this server keeps no collections" in done.out
    server.kill()
    server.start()
    page = get(server, f"/api/v1/conversations/{quote('c/1 é', safe='')}/ratings")
    assert [item["rating_id"] for item in page["items"]] == ["r2", "r1"]
    assert page["items"][0]["metadata"] == {"k": [1]}
    # The program may be run again: nothing changes.
    run_program(RATING, SIGIL_ENDPOINT=server.url)
    assert get(server, f"/api/v1/conversations/{quote('c/1 é', safe='')}/ratings") == page


def test_an_experiment_from_beginning_to_report(server: Server, run_program: RunProgram) -> None:
    done = run_program(EXPERIMENT, SIGIL_ENDPOINT=server.url)
    ended, run, summary, pages, failed = done.out.splitlines()
    assert "already finalized" in ended
    assert json.loads(run) == ["completed", 8, "tester"]
    assert json.loads(summary) == [0.5, {"1": 0.5, "2": 0.5}, 2.0, 16]
    assert pages == "5 3 None"
    assert failed == "failed broken"
    server.kill()
    server.start()
    report = get(server, "/api/v1/eval/experiments/exp%2F1/report")
    [first, _second] = report["rows"]
    assert first["test_case_snapshot"] == {"test_case_id": "a", "name": "Case a"}
    trial = first["trials"][0]
    assert (trial["trial"]["status"], trial["final_score"]["value"]) == ("completed", {"bool": True})
    assert trial["artifacts"][0]["size_bytes"] == 5
    # What went in and out is a generation, whose scores are found by it; deleting its conversation deletes them.
    generation_id = trial["final_score"]["generation_id"]
    conversation = trial["trial"]["conversation_id"]
    assert get(server, f"/api/v1/conversations/{conversation}")["generations"][0]["generation_id"] == generation_id
    assert len(get(server, f"/api/v1/generations/{generation_id}/scores")["items"]) == 2
    assert server.request("DELETE", f"/api/v1/conversations/{conversation}")[0] == 200
    assert get(server, f"/api/v1/generations/{generation_id}/scores")["items"] == []


def get(server: Server, path: str) -> Any:
    status, answer = server.request("GET", path)
    assert status == 200, answer
    return answer
