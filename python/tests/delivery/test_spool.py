"""The spool from outside: processes that are killed, forked, crowded and short of disk, and what the server gets in the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from conftest import Server, interpreter
from sink import PRELUDE, line_of, run, sink, start
from waiting import wait_for

#: Records, says so, and waits to be killed; flushes and says so for each line it reads. `SPOOL` is the folder, `NAMES` the ids.
RECORDER = """
spooling = pipeline(spool_dir=os.environ["SPOOL"], backoff_factor=0.01, flush_interval=0.05)
record(spooling, *os.environ["NAMES"].split())
print("recorded", flush=True)
for _ in sys.stdin:
    print("flushed" if spooling.flush(30) else "still pending", flush=True)
"""

#: What a restart does at the least: it makes a pipeline, and ends.
RESTART = """
import json
again = pipeline(spool_dir=os.environ["SPOOL"], backoff_factor=0.01)
complete = again.shutdown(20)
print(json.dumps({"complete": complete, "notices": again.take_notices(), **again.stats()}))
"""


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:03}" for number in range(count)]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def port() -> int:
    """A port on which nobody listens yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def recorder(folder: Path, port: int, spool: Path, ids: list[str]) -> subprocess.Popen[str]:
    """A process that has recorded these, to a server that is not there."""
    folder.mkdir(exist_ok=True)
    process = start(RECORDER, folder, f"http://127.0.0.1:{port}", SPOOL=str(spool), NAMES=" ".join(ids))
    assert line_of(process) == "recorded"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=30)


def restart(folder: Path, port: int, spool: Path) -> dict[str, Any]:
    out, _ = run(RESTART, folder, f"http://127.0.0.1:{port}", SPOOL=str(spool))
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def files(spool: Path) -> list[Path]:
    return [path for path in spool.rglob("*") if path.is_file()]


def segments(spool: Path) -> list[Path]:
    return sorted(spool.rglob("*.seg"))


def test_both_packages_killed_in_an_outage_leave_everything_to_the_next_start(
    new_server: Callable[..., Server], tmp_path: Path, spool: Path, port: int
) -> None:
    program = """
import os, signal, sys
import insidellm
from sigil_sdk import Client, GenerationStart, ModelRef, user_text_message
from sigil_sdk.config import ClientConfig, GenerationExportConfig

url = sys.argv[1]
client = Client(ClientConfig(generation_export=GenerationExportConfig(protocol="http", endpoint=url)))
insidellm.initialize(api_key="any", base_url=url)
if sys.argv[2] == "record":
    for number in range(40):
        start = GenerationStart(model=ModelRef(provider="p", name="m"), conversation_id=f"chat-{number % 4}")
        with client.start_generation(start) as recorder:
            recorder.set_result(input=[user_text_message(f"question {number}")])
        assert recorder.err() is None
        with insidellm.InsideLLMTracker(user_id="u", run_id=f"run-{number}") as tracker:
            tracker.log_user_input(f"input {number}")
    os.kill(os.getpid(), signal.SIGKILL)
client.shutdown()
insidellm.shutdown()
"""
    path = tmp_path / "program.py"
    path.write_text(program)
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "LIGHTWELL_SPOOL_DIR": str(spool), "HOME": str(tmp_path)}

    def go(what: str) -> int:
        command = [interpreter("ours"), "-W", "ignore", str(path), url, what]
        return subprocess.run(command, env=environment, cwd=tmp_path, timeout=60, check=False).returncode

    assert go("record") == -signal.SIGKILL
    assert len(segments(spool)) == 2, "one for each package"
    server = new_server().start(f"127.0.0.1:{port}")
    assert go("deliver") == 0
    counts = [len(server.conversation(f"chat-{number}")["generations"]) for number in range(4)]
    assert counts == [10, 10, 10, 10]
    events = [server.conversation(f"run-{number}")["events"] for number in range(40)]
    inputs = [[event for event in run if "input" in json.dumps(event)] for run in events]
    assert all(inputs), "an input is missing"
    assert files(spool) == [], "what is delivered is gone"
    totals = server.get("/api/v1/delivery")["totals"]
    assert (totals["missing"], totals["pending"], totals["duplicates"]) == (0, 0, 0), totals
    assert totals["received"] >= 80, "each under the number that its dead process gave it"


def test_each_record_of_a_killed_process_comes_once(tmp_path: Path, spool: Path, port: int) -> None:
    kill(recorder(tmp_path / "first", port, spool, names("a", 200)))
    with sink(port) as server:
        told = restart(tmp_path, port, spool)
        assert server.ids() == names("a", 200)
    assert (told["complete"], told["adopted"], told["adopted_delivered"], told["accepted"]) == (True, 200, 200, 0)
    assert files(spool) == []


def test_a_torn_tail_costs_the_torn_record_and_nothing_else(tmp_path: Path, spool: Path, port: int) -> None:
    kill(recorder(tmp_path / "first", port, spool, names("a", 50)))
    (segment,) = segments(spool)
    os.truncate(segment, segment.stat().st_size - 3)
    with sink(port) as server:
        told = restart(tmp_path, port, spool)
        assert server.ids() == names("a", 49)
    assert (told["adopted_delivered"], told["adopted_dropped"]) == (49, 1)
    assert "1 damaged records of the spool are skipped" in str(told["notices"])


def test_a_flipped_bit_costs_its_record_and_nothing_else(tmp_path: Path, spool: Path, port: int) -> None:
    kill(recorder(tmp_path / "first", port, spool, names("a", 50)))
    (segment,) = segments(spool)
    content = bytearray(segment.read_bytes())
    content[content.index(b'"a020"') + 2] ^= 1
    segment.write_bytes(content)
    with sink(port) as server:
        restart(tmp_path, port, spool)
        assert server.ids() == [name for name in names("a", 50) if name != "a020"]


def test_the_quota_is_kept_and_the_ledger_says_what_it_cost(tmp_path: Path, spool: Path, port: int) -> None:
    program = """
import json
from lightwell import QueueFull
tight = pipeline(spool_dir=os.environ["SPOOL"], spool_max_bytes=200_000, queue_size=5, backoff_factor=0.01)
refused = 0
for number in range(100):
    try:
        tight.record_event({"event_id": str(number), "text": "x" * 5000})
    except QueueFull:
        refused += 1
print(json.dumps({"refused": refused, **tight.stats()}))
"""
    out, _ = run(program, tmp_path, f"http://127.0.0.1:{port}", SPOOL=str(spool))
    told = json.loads(out)
    assert told["refused"] == told["dropped_spool_full"] > 50
    assert told["accepted"] == 100 == told["pending"] + told["dropped_spool_full"]
    assert sum(path.stat().st_size for path in files(spool)) <= 200_000
    with sink(port) as server:
        restart(tmp_path, port, spool)
        assert len(server.ids()) == told["spooled"]


def test_two_processes_on_one_folder(tmp_path: Path, spool: Path, port: int) -> None:
    both = [recorder(tmp_path / name, port, spool, names(name, 60)) for name in ("a", "b")]
    kill(both[0])
    with sink(port) as server:
        # The living one keeps its own, and takes over nothing that it was not asked for; the new one gets the dead one's.
        told = restart(tmp_path, port, spool)
        assert told["adopted"] == 60
        wait_for(lambda: server.ids() == names("a", 60) + names("b", 60), "both processes' records are there")
        # Killed between the answer and the note of it, it would leave what has arrived, to be sent again.
        both[1].stdin.write("\n")
        both[1].stdin.flush()
        assert line_of(both[1]) == "flushed"
        kill(both[1])
        assert restart(tmp_path, port, spool)["adopted"] == 0
        assert server.ids() == names("a", 60) + names("b", 60)
    assert files(spool) == []


def test_two_restarts_at_once_share_without_repeating(tmp_path: Path, spool: Path, port: int) -> None:
    for number in range(6):
        kill(recorder(tmp_path / "first", port, spool, names(f"p{number}-", 20)))
    url = f"http://127.0.0.1:{port}"
    with sink(port) as server:
        folders = [tmp_path / f"again{number}" for number in range(3)]
        for folder in folders:
            folder.mkdir()
        processes = [start(RESTART, folder, url, SPOOL=str(spool)) for folder in folders]
        told = [json.loads(process.communicate(timeout=60)[0].splitlines()[-1]) for process in processes]
        assert sum(one["adopted_delivered"] for one in told) == 120
        assert server.ids() == sorted(name for number in range(6) for name in names(f"p{number}-", 20))


FORK = """
both = pipeline(spool_dir=os.environ["SPOOL"], backoff_factor=0.01)
record(both, "parent-before")
child = os.fork()
if child == 0:
    record(both, "child")
    print("child", os.getpid(), both.stats()["accepted"], flush=True)
    {child}
record(both, "parent-after")
{parent}
"""


def test_parent_and_child_each_deliver_their_own(tmp_path: Path, spool: Path) -> None:
    program = FORK.format(
        child="assert both.shutdown(20); os._exit(0)", parent="assert both.shutdown(20); assert os.waitpid(child, 0)[1] == 0"
    )
    with sink() as server:
        run(program, tmp_path, server.url, SPOOL=str(spool))
        assert server.ids() == ["child", "parent-after", "parent-before"]
    assert files(spool) == []


def test_parent_and_child_that_are_both_killed(tmp_path: Path, spool: Path, port: int) -> None:
    wait = 'print("done", flush=True); sys.stdin.read()'
    process = start(FORK.format(child=wait, parent=wait), tmp_path, f"http://127.0.0.1:{port}", SPOOL=str(spool))
    lines = [line_of(process) for _ in range(3)]
    child = next(line for line in lines if line.startswith("child"))
    assert child.endswith(" 1"), "a child begins with an account of its own"
    os.kill(int(child.split()[1]), signal.SIGKILL)
    kill(process)
    with sink(port) as server:
        restart(tmp_path, port, spool)
        assert server.ids() == ["child", "parent-after", "parent-before"]


def test_a_child_that_never_records_does_not_keep_its_dead_parents_folder(
    tmp_path: Path, spool: Path, port: int
) -> None:
    program = """
idle = pipeline(spool_dir=os.environ["SPOOL"], backoff_factor=0.01)
record(idle, "parent")
if os.fork() == 0:
    print("child", os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
idle()
"""
    process = start(program, tmp_path, f"http://127.0.0.1:{port}", SPOOL=str(spool))
    child = int(line_of(process).split()[1])
    process.kill()
    process.wait(timeout=30)
    try:
        with sink(port) as server:
            assert restart(tmp_path, port, spool)["adopted"] == 1
            assert server.ids() == ["parent"]
            os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate(timeout=30)


def in_a_mount(tmp_path: Path, spool: Path, url: str, mount: str, program: str) -> dict[str, Any]:
    """Runs a program in a namespace of its own, where `mount` made the spool's folder what it is."""
    prefix = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us have a file system of our own (unshare and mount)")
    spool.mkdir()
    path = tmp_path / "program.py"
    path.write_text(PRELUDE + program)
    script = f'mount -t tmpfs -o {mount} lightwell "$SPOOL" && exec "$@"'
    environment = {**os.environ, "SINK": url, "SPOOL": str(spool)}
    command = [*prefix, "sh", "-c", script, "sh", interpreter("ours"), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


ON_A_BAD_DISK = """
import json
limited = pipeline(spool_dir=os.environ["SPOOL"], queue_size=1000, backoff_factor=0.01)
for number in range(60):
    limited.record_event({"event_id": f"{number:03}", "text": "x" * 5000})
complete = limited.flush(20)
print(json.dumps({"complete": complete, "notices": limited.take_notices(), **limited.stats()}))
"""


@pytest.mark.parametrize(("mount", "why"), [("size=100k", "No space left"), ("ro", "Read-only file system")])
def test_a_disk_that_takes_nothing_costs_the_spool_and_no_record(
    tmp_path: Path, spool: Path, mount: str, why: str
) -> None:
    with sink() as server:
        told = in_a_mount(tmp_path, spool, server.url, mount, ON_A_BAD_DISK)
        assert server.ids() == [f"{number:03}" for number in range(60)]
    assert (told["complete"], told["delivered"], told["pending"]) == (True, 60, 0)
    assert told["unspooled"] > 40
    (notice,) = [text for _, text in told["notices"] if "kept in memory only" in text]
    assert why in notice, notice


def test_kills_amid_recording_threads_and_forks(tmp_path: Path, spool: Path) -> None:
    """What a process had recorded when it was killed comes, whatever its threads and its child were at."""
    program = """
busy = pipeline(
    spool_dir=os.environ["SPOOL"], spool_max_bytes=1 << 28, batch_size=20, queue_size=int(os.environ["QUEUE"]),
    flush_interval=0.02, backoff_factor=0.01,
)
def go(name):
    done = os.open(os.environ["DONE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(10**9):
        busy.record_event({"event_id": f"{name}-{number}", "text": "x" * (number * 37 % 4000)})
        os.write(done, f"{name}-{number}\\n".encode())
name = os.environ["NAME"]
for thread in "ab":
    threading.Thread(target=go, args=(name + thread,), daemon=True).start()
if os.fork() == 0:
    name += "child"
go(name + "c")
"""
    done = tmp_path / "done"
    done.touch()
    with sink() as server:
        for kills in range(4):
            folder = tmp_path / f"killed{kills}"
            folder.mkdir()
            (server.gate.clear if kills % 2 else server.gate.set)()
            already = done.stat().st_size
            variables = {"SPOOL": str(spool), "QUEUE": "10" if kills < 2 else "1000", "DONE": str(done), "NAME": f"k{kills}"}
            process = start(program, folder, server.url, **variables)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            wait_for(lambda: done.stat().st_size > already + 20_000 and children.read_text(), "they record")
            family = [*map(int, children.read_text().split()), process.pid]
            for pid in family:
                os.kill(pid, signal.SIGKILL)
            process.communicate(timeout=30)
        server.gate.set()
        out, _ = run(RESTART, tmp_path, server.url, SPOOL=str(spool), timeout=90)
        assert json.loads(out.splitlines()[-1])["complete"], out
        missing = set(done.read_text().split()) - set(server.arrived)
    assert not missing, f"{len(missing)} records are lost"
    assert files(spool) == []
