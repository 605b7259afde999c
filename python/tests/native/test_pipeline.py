"""Bounds, waits, counters and threads of a pipeline."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from native.scripted import Scripted, balanced
from native.shapes import generation

import lightwell
from lightwell import Closed, Pipeline, QueueFull

Make = Callable[..., Pipeline]


def test_construction_refuses_what_cannot_work() -> None:
    for protocol, endpoint, words in [
        ("smtp", "h", r"^unsupported generation export protocol 'smtp'$"),
        ("http", " ", r"^endpoint is required$"),
        ("http", "http://", r"^endpoint host is required$"),
    ]:
        with pytest.raises(ValueError, match=words):
            Pipeline.sigil(protocol=protocol, endpoint=endpoint)
    with pytest.raises(ValueError, match="header 'X-A' cannot be sent"):
        Pipeline.sigil(protocol=" GRPC ", endpoint="localhost:4317", headers={"X-A": "a\nb"})
    with pytest.raises(ValueError, match="flush_interval is not a number"):
        Pipeline.sigil(protocol="none", endpoint="", flush_interval=float("nan"))
    with pytest.raises(ValueError, match="endpoint is required"):
        Pipeline.insidellm(base_url="", api_key="k")


def test_headers_and_user_agent(sigil: Make, http_server: Scripted) -> None:
    pipeline = sigil(headers={"X-Scope-OrgID": "t", "user-agent": "mine/1"}, user_agent="theirs/1")
    pipeline.record_generation(generation())
    assert pipeline.flush(10.0)
    assert http_server.requests[0].headers["x-scope-orgid"] == "t"
    assert http_server.requests[0].headers["user-agent"] == "mine/1"


def test_the_full_queue_refuses_and_counts(sigil: Make, http_server: Scripted) -> None:
    pipeline = sigil(queue_size=1, batch_size=10)
    pipeline.record_generation(generation())
    with pytest.raises(QueueFull):
        pipeline.record_generation(generation())
    assert pipeline.queue_len() == 1
    stats = balanced(pipeline)
    assert (stats["accepted"], stats["dropped_queue_full"], stats["pending"]) == (2, 1, 1)
    assert pipeline.shutdown(10.0)
    with pytest.raises(Closed):
        pipeline.record_generation(generation())
    assert balanced(pipeline)["delivered"] == 1
    assert len(http_server.requests) == 1


def test_flush_reports_what_became_of_the_records(sigil: Make, http_server: Scripted) -> None:
    http_server.script = lambda request: 401
    pipeline = sigil()
    pipeline.record_generation(generation())
    report = pipeline.flush_report(10.0)
    assert (report.complete, report.delivered, report.gave_up) == (True, 0, 1)
    assert report.error == "HTTP 401 Unauthorized"
    assert pipeline.take_notices() == [("warning", "sigil generation export failed: HTTP 401 Unauthorized")]
    assert pipeline.take_notices() == []
    assert "gave_up=1" in repr(report)


def test_attempts_are_retries_and_one(sigil: Make, http_server: Scripted) -> None:
    http_server.script = lambda request: 503
    pipeline = sigil(max_retries=2, initial_backoff=0.001)
    pipeline.record_generation(generation())
    assert pipeline.flush(10.0)
    stats = balanced(pipeline)
    assert (stats["requests"], stats["retries"], stats["dropped_gave_up"]) == (3, 2, 1)


def test_deadlines_hold_against_a_black_hole(sigil: Make, http_server: Scripted) -> None:
    http_server.script = lambda request: None
    pipeline = sigil()
    pipeline.record_generation(generation())
    begun = time.monotonic()
    assert not pipeline.flush(0.1)
    assert not pipeline.shutdown(0.1)
    assert time.monotonic() - begun < 0.3
    assert balanced(pipeline)["dropped_shutdown"] == 1


def test_an_idle_shutdown_is_quick(sigil: Make, http_server: Scripted) -> None:
    pipeline = sigil()
    begun = time.monotonic()
    assert pipeline.shutdown() and pipeline.shutdown()
    assert time.monotonic() - begun < 0.02
    assert not http_server.requests


def run_program(program: str, *arguments: str) -> str:
    """What a program prints, that ends well, in a process that finds the modules of these tests."""
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    path = os.pathsep.join(entry for entry in (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")) if entry)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("wait", ["flush", "shutdown", "probe"])
def test_signals_interrupt_every_wait(wait: str, sigil: Make, http_server: Scripted) -> None:
    def interrupt(*_: Any) -> None:
        raise Interrupted

    http_server.script = lambda request: None
    pipeline = sigil()
    pipeline.record_generation(generation())
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupted):
            getattr(pipeline, wait)(60.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_probe_is_exactly_200(insidellm: Make, http_server: Scripted) -> None:
    pipeline = insidellm()
    assert pipeline.probe()
    http_server.script = lambda request: 202
    assert not pipeline.probe()
    assert http_server.requests[0].path == "/health"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert not Pipeline.insidellm(base_url=f"http://127.0.0.1:{port}", api_key="k").probe(1.0)


# In a process of their own, where no thread is another test's.
THREADS = """
import gc, sys, threading
from pathlib import Path
from lightwell import Pipeline
from native.shapes import generation
from waiting import wait_for

def threads():
    "All of the kernel's, by name."
    return sorted(path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm"))

def native_threads():
    "Those that deliver. The one that waits for SIGTERM does not: it stays."
    return [name for name in threads() if name.startswith("lightwell") and name != "lightwell-term"]

pipeline = Pipeline.sigil(protocol="http", endpoint=sys.argv[1], flush_interval=3600)
"""
ONE_THREAD = """
assert not native_threads(), "no thread before the first record"
for _ in range(3):
    pipeline.record_generation(generation())
    assert pipeline.flush(10.0)
assert threading.active_count() == 1
assert native_threads() == ["lightwell-send"]
assert len(threads()) == threading.active_count() + 2, "the runtime has no helper threads, not for names either"
pipeline.shutdown(10.0)
wait_for(lambda: not native_threads(), "the thread ends")
"""
COLLECTED = """
pipeline.record_generation(generation())
del pipeline
gc.collect()
wait_for(lambda: not native_threads(), "the thread ends")
"""


def test_one_native_thread_and_no_python_thread(http_server: Scripted) -> None:
    run_program(THREADS + ONE_THREAD, http_server.url.replace("127.0.0.1", "localhost"))
    assert len(http_server.requests) == 3


def test_a_collected_pipeline_delivers_and_frees_its_thread(http_server: Scripted) -> None:
    run_program(THREADS + COLLECTED, http_server.url)
    assert len(http_server.requests) == 1


def test_many_threads(sigil: Make, http_server: Scripted) -> None:
    pipeline = sigil(batch_size=7)

    def work() -> None:
        for _ in range(100):
            pipeline.record_generation(generation())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipeline.shutdown(20.0)
    assert balanced(pipeline)["delivered"] == 400
    assert sum(len(request.json()["generations"]) for request in http_server.requests) == 400


def test_import_is_light() -> None:
    program = (
        "import sys; before = set(sys.modules); import lightwell;"
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('lightwell')))"
    )
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    heavy = {"asyncio", "grpc", "google", "requests", "urllib", "http", "ssl", "logging", "threading", "dataclasses"}
    assert not heavy & {name.split(".")[0] for name in out.split()}, out
    assert lightwell.__version__


FORK = """
import os, sys
from lightwell import Pipeline

def send(pipeline, who, count):
    for n in range(count):
        pipeline.record_event({"event_id": f"{who}-{n}"})

pipeline = Pipeline.insidellm(base_url=sys.argv[1], api_key="k", flush_interval=3600)
if sys.argv[2] == "warm":
    send(pipeline, "before", 1)
    assert pipeline.flush(10)
send(pipeline, "queued", 5)
child = os.fork()
if child == 0:
    assert pipeline.stats()["accepted"] == 0
    send(pipeline, "child", 3)
    grandchild = os.fork()
    if grandchild == 0:
        send(pipeline, "grandchild", 2)
        os._exit(0 if pipeline.shutdown(10) else 1)
    ended = os.waitpid(grandchild, 0)[1]
    os._exit(0 if pipeline.flush(10) and pipeline.shutdown(10) and ended == 0 else 1)
send(pipeline, "parent", 2)
ended = os.waitpid(child, 0)[1]
assert pipeline.shutdown(10) and ended == 0, ended
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_fork(state: str, http_server: Scripted) -> None:
    run_program(FORK, http_server.url, state)
    events = [request.json() for request in http_server.requests]
    ids = sorted(event["event_id"] for body in events for event in (body if isinstance(body, list) else [body]))
    expected = [("queued", 5), ("child", 3), ("grandchild", 2), ("parent", 2)] + [("before", 1)] * (state == "warm")
    assert ids == sorted(f"{who}-{n}" for who, count in expected for n in range(count))


FORK_WHILE_RECORDING = """
import os, sys, threading
from lightwell import Pipeline

pipeline = Pipeline.insidellm(base_url=sys.argv[1], api_key="k", flush_interval=0.01, queue_size=10**6)
stop = threading.Event()
counts = [0, 0, 0]

def record(thread):
    while not stop.is_set():
        pipeline.record_event({"event_id": f"thread-{thread}-{counts[thread]}"})
        counts[thread] += 1
        stop.wait(0.0005)

threads = [threading.Thread(target=record, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
for n in range(20):
    child = os.fork()
    if child == 0:
        pipeline.record_event({"event_id": f"child-{n}"})
        os._exit(0 if pipeline.flush(20) and pipeline.shutdown(20) else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
assert pipeline.shutdown(20), pipeline.stats()
print(*counts)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork_while_others_record(http_server: Scripted) -> None:
    out = run_program(FORK_WHILE_RECORDING, http_server.url)
    bodies = [request.json() for request in http_server.requests]
    ids = [event["event_id"] for body in bodies for event in (body if isinstance(body, list) else [body])]
    counts = [int(count) for count in out.split()]
    expected = [f"thread-{thread}-{n}" for thread, count in enumerate(counts) for n in range(count)]
    assert sorted(ids) == sorted(expected + [f"child-{n}" for n in range(20)])
