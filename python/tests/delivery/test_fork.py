"""Forks: parent and child both go on, nothing arrives twice, nothing is lost, and the child keeps no connection open."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.sink import line_of, run, sink, start
from waiting import wait_for

WARM_UP = """
p = pipeline()
record(p, "warm")
assert p.flush(10)
"""


def test_a_fork_in_the_middle_of_a_request(tmp_path: Path) -> None:
    """The child neither waits for the parent's request nor repeats it, and ends in time."""
    program = """
p = pipeline()
record(p, "parent")
waiter = threading.Thread(target=p.flush, args=(30,))
waiter.start()
sys.stdin.readline()
child = os.fork()
if child == 0:
    begun = time.monotonic()
    assert p.shutdown(5) and time.monotonic() - begun < 1
    assert p.stats()["accepted"] == 0
    os._exit(0)
ended = os.waitpid(child, 0)[1]
print("forked", ended, flush=True)
waiter.join()
"""
    with sink() as server:
        server.gate.clear()
        process = start(program, tmp_path, server.url)
        wait_for(lambda: server.requests == 1, "the request is under way")
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert line_of(process) == "forked 0"
        server.gate.set()
        process.communicate(timeout=20)
        assert (process.returncode, server.ids()) == (0, ["parent"])


def test_a_child_that_is_forked_by_a_thread_while_another_waits(tmp_path: Path) -> None:
    program = """
p = pipeline()
record(p, "before")
codes = []

def fork():
    child = os.fork()
    if child == 0:
        record(p, "child")
        os._exit(0 if p.shutdown(10) else 1)
    codes.append(os.waitpid(child, 0)[1])

threads = [threading.Thread(target=fork) for _ in range(5)]
[thread.start() for thread in threads]
assert p.flush(20)
[thread.join() for thread in threads]
assert codes == [0] * 5, codes
"""
    with sink() as server:
        run(program, tmp_path, server.url)
        assert server.ids() == ["before"] + ["child"] * 5


@pytest.mark.parametrize("child", ["records", "does nothing"])
def test_the_child_keeps_no_connection_of_the_parent(child: str, tmp_path: Path) -> None:
    """The server sees the parent's connection end although the child lives on."""
    program = f"""
from pathlib import Path

def sockets():
    return [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if os.path.exists(path)
            and os.readlink(path).startswith("socket:")]

p = pipeline()
record(p, "parent")
assert p.flush(10)
assert len(sockets()) == 1
read, write = os.pipe()
child = os.fork()
if child == 0:
    assert sockets() == [], "closed before anything else happens"
    if {child == "records"}:
        record(p, "child")
        assert p.flush(10)
        assert len(sockets()) == 1
    os.read(read, 1)
    os._exit(0)
record(p, "again")
assert p.flush(10), "the parent's connection is as it was"
assert p.shutdown(10)
print("shut down", flush=True)
sys.stdin.readline()
os.write(write, b".")
assert os.waitpid(child, 0)[1] == 0
"""
    with sink() as server:
        process = start(program, tmp_path, server.url)
        assert line_of(process) == "shut down"
        wait_for(lambda: server.ended == 1, "the server sees the parent's connection end")
        _, err = process.communicate("\n", timeout=20)
        assert process.returncode == 0, err
        assert server.ids() == sorted(["again", "parent"] + (["child"] if child == "records" else []))
        assert server.accepted == (2 if child == "records" else 1), "parent's connection was kept alive through the fork"


def test_generations_of_forks_while_threads_record(tmp_path: Path) -> None:
    """A tree of processes, each forked while two threads record and one flushes."""
    program = """
p = pipeline(flush_interval=0.002, batch_size=5)
stop = threading.Event()

def name(what):
    return f"{os.getpid()}-{what}"

def tree(depth):
    counts = [0, 0]
    stop = threading.Event()

    def work(thread):
        while not stop.is_set():
            record(p, name(f"{thread}-{counts[thread]}"))
            counts[thread] += 1
            stop.wait(0.001)

    def flush():
        while not stop.is_set():
            p.flush(5)
            stop.wait(0.003)

    threads = [threading.Thread(target=work, args=(n,)) for n in (0, 1)] + [threading.Thread(target=flush)]
    [thread.start() for thread in threads]
    children = []
    for _ in range(2 if depth else 0):
        child = os.fork()
        if child == 0:
            tree(depth - 1)
        children.append(child)
    failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
    stop.set()
    [thread.join() for thread in threads]
    complete = p.shutdown(20)
    os.write(1, "".join(name(f"{n}-{k}") + "\\n" for n in (0, 1) for k in range(counts[n])).encode())
    os._exit(0 if complete and not failed else 1)

tree(3)
"""
    with sink() as server:
        out, _ = run(program, tmp_path, server.url, timeout=90)
        assert server.ids() == sorted(out.split())
        assert len({name.split("-")[0] for name in server.arrived}) == 15
