"""SIGTERM and SIGINT: what is queued is delivered, the program ends as it would have, and its own handlers are its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable

import pytest

from delivery.sink import line_of, run, sink, start
from waiting import wait_for

TERMINATED = -signal.SIGTERM

WAITS = """
signal.signal(signal.SIGINT, signal.default_int_handler)
p = pipeline()
record(p, "a", "b")
print("ready", flush=True)
idle()
"""


def terminate(process: "subprocess.Popen[str]") -> tuple[int, float, str]:
    """Sends SIGTERM; the exit code, the seconds until then, and stderr."""
    begun = time.monotonic()
    process.terminate()
    _, err = process.communicate(timeout=30)
    return process.returncode, time.monotonic() - begun, err


def while_it_runs(process: "subprocess.Popen[str]", condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition; the program must not end before it holds."""

    def holds() -> bool:
        assert process.poll() is None
        return condition()

    wait_for(holds, what)


def test_sigterm_delivers_and_then_ends_the_program(tmp_path: Path) -> None:
    with sink() as server:
        process = start(WAITS, tmp_path, server.url)
        assert line_of(process) == "ready"
        code, _, _ = terminate(process)
        assert (code, server.ids()) == (TERMINATED, ["a", "b"])


def test_the_interpreter_sees_nothing_of_it(tmp_path: Path) -> None:
    with sink() as server:
        program = """
p = pipeline()
record(p, "a")
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
assert signal.signal(signal.SIGTERM, signal.SIG_IGN) is signal.SIG_DFL
assert signal.signal(signal.SIGTERM, lambda *_: print("mine", flush=True)) is signal.SIG_IGN
signal.raise_signal(signal.SIGTERM)
"""
        out, _ = run(program, tmp_path, server.url)
        assert out == "mine\n"
        assert server.ids() == ["a"], "at the normal end"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_handler_of_the_program_is_left_alone(when: str, tmp_path: Path) -> None:
    with sink() as server:
        handle = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        steps = [handle, "p = pipeline()\nrecord(p, 'a')\n"]
        program = "".join(steps if when == "before" else reversed(steps)) + "print('ready', flush=True)\nidle()\n"
        process = start(program, tmp_path, server.url)
        assert line_of(process) == "ready"
        code, _, _ = terminate(process)
        assert (code, server.ids()) == (7, ["a"]), "sys.exit runs the exit handlers, and they deliver"


def test_a_default_that_is_put_back_delivers_again(tmp_path: Path) -> None:
    """As uvicorn does: its own handler while it serves, then the default, then the signal once more."""
    with sink() as server:
        program = """
before = signal.signal(signal.SIGTERM, lambda *_: None)
p = pipeline()
record(p, "a")
signal.signal(signal.SIGTERM, before)
signal.raise_signal(signal.SIGTERM)
idle()
"""
        run(program, tmp_path, server.url, code=TERMINATED)
        assert server.ids() == ["a"]


def test_the_grace_is_bounded_and_can_be_set(tmp_path: Path) -> None:
    with sink() as server:
        server.gate.clear()
        process = start(WAITS, tmp_path, server.url, LIGHTWELL_SIGTERM_SECONDS="0.3")
        assert line_of(process) == "ready"
        code, seconds, _ = terminate(process)
        assert code == TERMINATED
        assert 0.25 < seconds < 2.0


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with sink() as server:
        process = start(WAITS, tmp_path, server.url, LIGHTWELL_SIGTERM_SECONDS="0")
        assert line_of(process) == "ready"
        code, _, _ = terminate(process)
        assert (code, server.ids()) == (TERMINATED, [])


def test_a_second_sigterm_ends_at_once(tmp_path: Path) -> None:
    with sink() as server:
        server.gate.clear()
        process = start(WAITS, tmp_path, server.url, LIGHTWELL_SIGTERM_SECONDS="60")
        assert line_of(process) == "ready"
        process.terminate()
        while_it_runs(process, lambda: server.requests > 0, "the delivery begins")
        process.terminate()
        process.communicate(timeout=10)
        assert process.returncode == TERMINATED


def test_children_of_a_fork(tmp_path: Path) -> None:
    """One that recorded nothing dies at once; one that recorded delivers; the parent is not disturbed by either."""
    program = """
p = pipeline()
record(p, "parent")
for names in [(), ("child",)]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        record(p, *names)
        os.write(write, b".")
        idle()
    os.read(read, 1)
    os.kill(child, signal.SIGTERM)
    assert os.waitpid(child, 0)[1] == signal.SIGTERM
print("ready", flush=True)
idle()
"""
    with sink() as server:
        process = start(program, tmp_path, server.url)
        assert line_of(process) == "ready"
        assert server.ids() == ["child"]
        code, _, _ = terminate(process)
        assert (code, server.ids()) == (TERMINATED, ["child", "parent"])


def test_ctrl_c_delivers(tmp_path: Path) -> None:
    with sink() as server:
        process = start(WAITS, tmp_path, server.url)
        assert line_of(process) == "ready"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == -signal.SIGINT
        assert "KeyboardInterrupt" in err
        assert server.ids() == ["a", "b"]


STRESS = """
# The handler interrupts the main thread anywhere in record(), also while an object of the program is being read.
count = 0
p = pipeline(flush_interval=0.001, batch_size=7)
threading.Thread(target=lambda: [record(p, f"other-{n}") for n in range(200)], daemon=True).start()

def end(*_):
    complete = p.shutdown(20.0)
    stats = p.stats()
    assert complete and stats["pending"] == 0, stats
    print(count, flush=True)
    os._exit(0)

class Slow:
    def __str__(self):
        return "x" * 100

signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    p.record_event({"event_id": f"main-{count}", "payload": {"objects": [Slow() for _ in range(20)]}})
    count += 1
"""


def test_a_handler_may_shut_down_at_any_moment(tmp_path: Path) -> None:
    """Many processes, each interrupted somewhere else: none hangs, none loses what was recorded before."""
    with sink() as server:
        for round in range(12):
            server.arrived.clear()
            process = start(STRESS, tmp_path, server.url)
            assert line_of(process) == "ready"
            while_it_runs(process, lambda: len(server.arrived) >= 10 * round, "records arrive")
            process.terminate()
            out, err = process.communicate(timeout=30)
            assert process.returncode == 0, err
            arrived: list[Any] = [name for name in server.arrived if name.startswith("main-")]
            # The record in the middle of which the handler came may have been queued already.
            assert len(set(arrived)) == len(arrived)
            assert int(out) <= len(arrived) <= int(out) + 1


UVICORN = """
import uvicorn

p = pipeline()

async def app(scope, receive, send):
    if scope["type"] == "http":
        record(p, scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

if __name__ == "__main__":
    uvicorn.run("program:app", port=int(os.environ["PORT"]), lifespan="off", log_level="warning", workers=WORKERS)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_uvicorn_and_its_workers(workers: int, tmp_path: Path) -> None:
    """It handles SIGTERM while it serves, then puts the default back and raises the signal again."""
    with sink() as server, socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        held.close()
        program = UVICORN.replace("WORKERS", str(workers))
        process = start(program, tmp_path, server.url, PORT=str(port))
        answers = wait_for(lambda: [get(port, f"/{n}") for n in range(8)] if get(port, "/ready") else [], "it serves")
        assert answers == [204] * 8
        process.terminate()
        _, err = process.communicate(timeout=30)
        assert process.returncode in (0, TERMINATED), err
        assert sorted(set(server.arrived) - {"/ready"}) == sorted(f"/{n}" for n in range(8)), err
        assert all(server.arrived.count(f"/{n}") == 1 for n in range(8))


def get(port: int, path: str) -> int:
    """Status of a request to the program; 0 when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return int(response.status)
    except OSError:
        return 0


SIGIL_STRESS = """
from sigil_sdk import Client, GenerationStart, ModelRef, user_text_message
from sigil_sdk.config import ClientConfig, GenerationExportConfig

client = Client(ClientConfig(generation_export=GenerationExportConfig(protocol="grpc", endpoint="127.0.0.1:9")))

def end(*_):
    client.shutdown(0.2)
    stats = client.stats()
    assert stats["pending"] == 0 and stats["accepted"] == sum(v for k, v in stats.items() if k.startswith("dropped_")), stats
    os._exit(0)

signal.signal(signal.SIGTERM, end)
messages = [user_text_message("x" * 50) for _ in range(100)]
count = 0
while True:
    if count == int(os.environ["AFTER"]):
        print("ready", flush=True)
    count += 1
    with client.start_generation(GenerationStart(model=ModelRef(provider="p", name="m"))) as recorder:
        recorder.set_result(input=messages)
"""


def test_a_handler_may_shut_a_sigil_client_down_at_any_moment(tmp_path: Path) -> None:
    """The original hangs in one of ten of these."""
    with sink() as server:
        for round in range(8):
            process = start(SIGIL_STRESS, tmp_path, server.url, AFTER=str(round * 5))
            assert line_of(process) == "ready"
            process.terminate()
            _, err = process.communicate(timeout=30)
            assert process.returncode == 0, err
