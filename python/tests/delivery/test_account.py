"""The server's account of what arrived, from outside: real programs, and `lightwell delivery` says exactly what they did."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from conftest import NewProxy, RunProgram, Server, interpreter
from loss.proxy import Action, Answer, Forward, LoseAnswer, Request
from waiting import wait_for

#: `client(...)` and `record(client, id)` for both faces; `False` when the record was not taken. Ids end a UUID.
PRELUDES = {
    "insidellm": """
import os, sys, json, insidellm

def client(address=os.environ["SERVER"], **settings):
    settings = {"auto_flush_interval": 3600, "backoff_factor": 0.01, "raise_on_error": True, **settings}
    return insidellm.InsideLLMClient("key", "http://" + address, **settings)

def record(into, number, run_id="run-1", text="hi"):
    event = insidellm.Event.create_user_input(run_id=run_id, user_id="u", input_text=text)
    event.event_id = f"00000000-0000-4000-8000-{number:012x}"
    try:
        into.log_event(event)
    except insidellm.QueueError:
        return False
    return True

def bad(into, number):
    "An event that the server refuses: its run has no possible id."
    return record(into, number, run_id="r" * 300)

QUEUE = "max_queue_size"
""",
    "sigil": """
import os, sys, json, datetime, sigil_sdk
from sigil_sdk.config import ClientConfig, GenerationExportConfig

def client(address=os.environ["SERVER"], **settings):
    settings = {"flush_interval": datetime.timedelta(hours=1), "initial_backoff": datetime.timedelta(milliseconds=10), **settings}
    endpoint = address if os.environ["PROTOCOL"] == "grpc" else "http://" + address
    export = GenerationExportConfig(protocol=os.environ["PROTOCOL"], endpoint=endpoint, insecure=True, **settings)
    return sigil_sdk.Client(ClientConfig(generation_export=export))

def record(into, number, conversation_id="run-1", text="hi"):
    start = sigil_sdk.GenerationStart(
        model=sigil_sdk.ModelRef(provider="p", name="m"),
        id=f"00000000-0000-4000-8000-{number:012x}", conversation_id=conversation_id,
    )
    recorder = into.start_generation(start)
    recorder.set_result(output=[sigil_sdk.assistant_text_message(text)])
    recorder.end()
    return recorder.err() is None

def bad(into, number):
    "A generation that the server refuses: its conversation has no possible id."
    return record(into, number, conversation_id="c" * 300)

QUEUE = "queue_size"
""",
}
LANES = ["insidellm", "sigil-http", "sigil-grpc"]

Account = Callable[..., list[dict[str, Any]]]


class Program:
    """A program that says what it does, line by line, and goes on when it is told."""

    def __init__(self, lane: str, text: str, folder: Path, server: str) -> None:
        face, _, protocol = lane.partition("-")
        path = folder / "account_program.py"
        path.write_text(PRELUDES[face] + text)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SERVER": server, "PROTOCOL": protocol}
        self.process = subprocess.Popen(
            [interpreter("ours"), str(path)],
            env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ends(self, code: int = 0) -> str:
        """What it said last."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == code, err
        return out.strip()


RunHere = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[RunHere]:
    """Starts programs that are gone when the test ends."""
    programs: list[Program] = []

    def begin(lane: str, text: str, server: str) -> Program:
        programs.append(Program(lane, text, tmp_path, server))
        return programs[-1]

    yield begin
    for program in programs:
        program.process.kill()
        program.process.communicate()


def delivery(server: Server, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What `lightwell delivery` says; nobody is waited for any more."""
    binary = os.environ["LIGHTWELL_BINARY"]
    quiet = () if "--quiet-after" in arguments else ("--quiet-after", "0")
    command = [binary, "delivery", "--server", server.url, "--json", *quiet, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert finished.returncode == code, finished.stdout + finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def only(server: Server, code: int = 0) -> dict[str, Any]:
    """The one process that the server has heard of, and whether `--check` is content with it."""
    answer = delivery(server, "--check", code=code)
    assert len(answer["processes"]) == 1, answer
    process: dict[str, Any] = answer["processes"][0]
    return process


def counts(process: dict[str, Any]) -> dict[str, Any]:
    """What is counted, without what is nought."""
    names = ["accepted", "received", "duplicates", "refused", "dropped", "pending", "elsewhere", "missing", "missing_ranges"]
    return {name: process[name] for name in names if process[name]}


@pytest.mark.parametrize("lane", LANES)
def test_what_a_bound_drops_is_told(lane: str, server: Server, start: RunHere) -> None:
    program = start(
        lane,
        """
it = client(**{QUEUE: 40, "batch_size": 30})
taken = [record(it, n) for n in range(1, 1001)]
it.flush()
taken += [record(it, n) for n in range(1001, 1031)]
it.flush()
taken += [record(it, n) for n in range(1031, 2001)]
it.shutdown()
print(json.dumps({"pid": os.getpid(), "taken": sum(taken), "dropped": len(taken) - sum(taken)}))
""",
        server.address,
    )
    said = json.loads(program.ends())
    process = only(server)
    assert said["dropped"] > 0
    assert counts(process) == {"accepted": 2000, "received": said["taken"], "dropped": {"queue_full": said["dropped"]}}
    assert (process["pid"], process["host"], process["product"]) == (said["pid"], socket.gethostname(), lane.split("-")[0])


@pytest.mark.parametrize("lane", LANES)
def test_what_the_server_refuses_is_told_by_its_reason(lane: str, server: Server, start: RunHere) -> None:
    program = start(
        lane,
        """
it = client(batch_size=10)
for n in range(1, 26):
    (bad if n in (3, 17) else record)(it, n)
it.flush()
record(it, 1, text="the same id with another content")
it.shutdown()
""",
        server.address,
    )
    program.ends()
    assert counts(only(server)) == {"accepted": 26, "received": 23, "refused": {"conflict": 1, "invalid": 2}}


@pytest.mark.parametrize("lane", LANES)
def test_an_answer_that_was_lost_makes_copies_and_nothing_else(
    lane: str, server: Server, new_proxy: NewProxy, start: RunHere
) -> None:
    proxy = new_proxy(server, lane)
    requests: list[Request] = []

    def lose_the_first_answer(request: Request) -> Action:
        requests.append(request)
        return LoseAnswer() if len(requests) == 1 else Forward()

    proxy.rule = lose_the_first_answer
    program = start(
        lane,
        """
it = client(batch_size=10)
for n in range(1, 11):
    record(it, n)
it.flush()
record(it, 11)
it.shutdown()
""",
        proxy.address,
    )
    program.ends()
    assert len(requests) == 3
    assert counts(only(server)) == {"accepted": 11, "received": 11, "duplicates": 10}


@pytest.mark.parametrize("lane", LANES)
def test_a_killed_server_knows_what_it_acknowledged(
    lane: str, new_server: Callable[..., Server], start: RunHere
) -> None:
    server = new_server().start()
    program = start(
        lane,
        """
it = client(batch_size=5)
for n in range(1, 500):
    record(it, n)
    if n % 50 == 0:
        it.flush()
        print(n, flush=True)
        sys.stdin.readline()
it.shutdown()
""",
        server.address,
    )
    for acknowledged in range(50, 500, 50):
        assert program.line() == str(acknowledged)
        # What was acknowledged a moment ago, and nothing more.
        server.kill()
        server.start(listen=server.address)
        assert counts(only(server)) == {"accepted": acknowledged, "received": acknowledged}
        program.go_on()
    program.ends()
    assert counts(only(server)) == {"accepted": 499, "received": 499}


@pytest.mark.parametrize("lane", LANES)
def test_a_killed_program_leaves_what_it_told(lane: str, server: Server, start: RunHere) -> None:
    program = start(
        lane,
        """
it = client(batch_size=10)
for n in range(1, 21):
    record(it, n)
it.flush()
for n in range(21, 26):
    record(it, n)
it.flush()
for n in range(26, 34):
    record(it, n)
print("recorded", flush=True)
sys.stdin.readline()
""",
        server.address,
    )
    assert program.line() == "recorded"
    told = only(server)
    program.process.kill()
    assert counts(told) == {"accepted": 25, "received": 25}, "what was never told of cannot be missed"


def test_what_a_killed_program_told_of_and_never_sent_is_missing(
    server: Server, new_proxy: NewProxy, start: RunHere
) -> None:
    proxy = new_proxy(server, "insidellm")
    late: list[Request] = []
    recorded = threading.Event()

    def pass_one(request: Request) -> Action:
        if recorded.is_set():
            late.append(request)
        # The first late one may have been on its way before everything was recorded.
        return Forward() if len(late) == 2 else Answer(503)

    proxy.rule = pass_one
    program = start(
        "insidellm",
        """
it = client(batch_size=10, max_retries=100_000)
for n in range(1, 41):
    record(it, n)
print("recorded", flush=True)
sys.stdin.readline()
""",
        proxy.address,
    )
    assert program.line() == "recorded"
    recorded.set()
    wait_for(lambda: len(late) > 2, "a request passes, and the next one fails")
    program.process.kill()
    assert counts(only(server, code=1)) == {"accepted": 40, "received": 10, "missing": 30, "missing_ranges": [[11, 40]]}
    held = delivery(server, "--quiet-after", "3600")["processes"][0]
    assert counts(held) == {"accepted": 40, "received": 10, "pending": 30}, "it may still come"


@pytest.mark.parametrize("lane", LANES)
def test_what_a_killed_program_left_on_disk_makes_its_account_whole(
    lane: str, server: Server, new_proxy: NewProxy, start: RunHere
) -> None:
    proxy = new_proxy(server, lane)
    passed: list[Request] = []

    def pass_the_first(request: Request) -> Action:
        passed.append(request)
        return Forward() if len(passed) == 1 else Answer(503)

    proxy.rule = pass_the_first
    killed = start(
        lane,
        """
it = client(batch_size=10, spool_dir=os.environ["HOME"] + "/spool")
for n in range(1, 11):
    record(it, n)
it.flush()
for n in range(11, 41):
    record(it, n)
print("recorded", flush=True)
sys.stdin.readline()
""",
        proxy.address,
    )
    assert killed.line() == "recorded"
    wait_for(lambda: len(passed) > 1, "a request fails")
    killed.process.kill()
    killed.process.wait()
    assert counts(only(server)) == {"accepted": 10, "received": 10}
    proxy.rule = lambda _: Forward()
    successor = start(
        lane,
        """
it = client(batch_size=10, spool_dir=os.environ["HOME"] + "/spool")
record(it, 100)
it.flush()
it.shutdown()
""",
        proxy.address,
    )
    successor.ends()
    processes = {process["pid"]: process for process in delivery(server, "--check")["processes"]}
    assert counts(processes[killed.process.pid]) == {"accepted": 40, "received": 40}
    assert counts(processes[successor.process.pid]) == {"accepted": 1, "received": 1}


def test_a_fork_is_another_process(server: Server, start: RunHere) -> None:
    program = start(
        "sigil-http",
        """
it = client()
for n in range(1, 8):
    record(it, n)
child = os.fork()
for n in range(100, 105) if child == 0 else range(200, 203):
    record(it, n)
it.shutdown()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print(json.dumps({"parent": os.getpid(), "child": child}))
""",
        server.address,
    )
    pids = json.loads(program.ends())
    processes = {process["pid"]: process for process in delivery(server, "--check")["processes"]}
    assert set(processes) == set(pids.values())
    assert counts(processes[pids["parent"]]) == {"accepted": 10, "received": 10}
    assert counts(processes[pids["child"]]) == {"accepted": 5, "received": 5}
    assert processes[pids["parent"]]["client"] != processes[pids["child"]]["client"]


def test_two_clients_of_a_process_are_two(server: Server, start: RunHere) -> None:
    start("insidellm", "a, b = client(), client()\nrecord(a, 1)\nrecord(b, 2)\na.shutdown()\nb.shutdown()", server.address).ends()
    processes = delivery(server, "--check")["processes"]
    assert [counts(process) for process in processes] == [{"accepted": 1, "received": 1}] * 2
    assert len({process["client"] for process in processes}) == 2
    assert len({process["pid"] for process in processes}) == 1


def test_a_server_that_was_not_there_before_misses_nothing(
    new_server: Callable[..., Server], start: RunHere, tmp_path: Path
) -> None:
    first = new_server(data=tmp_path / "first").start()
    program = start(
        "sigil-http",
        """
it = client(batch_size=10)
for n in range(1, 31):
    record(it, n)
it.flush()
print("delivered", flush=True)
sys.stdin.readline()
for n in range(31, 36):
    record(it, n)
it.shutdown()
""",
        first.address,
    )
    assert program.line() == "delivered"
    first.kill()
    second = new_server(data=tmp_path / "second").start(listen=first.address)
    program.go_on()
    program.ends()
    assert counts(only(second)) == {"accepted": 35, "received": 5, "elsewhere": 30}


@pytest.mark.parametrize("env", ["original-sigil-0.9.3", "original-insidellm"])
def test_originals_are_served_and_not_listed(env: str, server: Server, run_program: RunProgram) -> None:
    program = "insidellm_at.py" if "insidellm" in env else "sigil_at.py"
    run_program(program, env=env, SERVER=server.url, PROTOCOL="http")
    status, page = server.request("GET", "/api/v1/conversations", headers={"X-Scope-OrgID": "team-a"})
    assert server.conversations() or (status == 200 and page["items"]), "nothing arrived"
    assert delivery(server, "--check")["processes"] == []
