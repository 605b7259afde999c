"""The ends of a program and of its children: what was recorded arrives, without anybody calling shutdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.sink import line_of, run, sink, start

ENDS = {
    "at the end of the program": ("", 0),
    "by sys.exit": ("sys.exit(3)", 3),
    "by an exception": ("raise RuntimeError('on purpose')", 1),
    "in a function whose client is gone": ("def main(): record(pipeline(), 'c', 'd')\nmain()", 0),
    "with a daemon thread": ("threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()", 0),
}


@pytest.mark.parametrize("how", ENDS)
def test_whatever_is_recorded_arrives(how: str, tmp_path: Path) -> None:
    end, code = ENDS[how]
    with sink() as server:
        run(f"p = pipeline()\nrecord(p, 'a', 'b')\n{end}", tmp_path, server.url, code=code)
        assert server.ids() == (["a", "b", "c", "d"] if "client is gone" in how else ["a", "b"])


def test_the_end_is_not_held_up_for_ever(tmp_path: Path) -> None:
    with sink() as server:
        server.gate.clear()
        program = "p = pipeline()\nrecord(p, 'a')\nat_exit.EXIT_BUDGET_SECONDS = 0.3\n"
        _, err = run(program, tmp_path, server.url, timeout=10)
        assert "lightwell: 1 records were still undelivered when the process ended" in err


def test_one_server_that_hangs_does_not_keep_the_others_from_their_records(tmp_path: Path) -> None:
    with sink() as silent, sink() as server:
        silent.gate.clear()
        program = f"""
stuck = pipeline(base_url={silent.url!r})
record(stuck, "stuck")
p = pipeline()
record(p, "a")
at_exit.EXIT_BUDGET_SECONDS = 0.3
"""
        run(program, tmp_path, server.url, timeout=10)
        assert server.ids() == ["a"]


def test_what_was_dropped_is_said_in_one_line(tmp_path: Path) -> None:
    with sink() as server:
        program = """
import lightwell
p = pipeline(queue_size=1, batch_size=10)
record(p, "a")
for _ in range(3):
    try:
        record(p, "b")
    except lightwell.QueueFull:
        pass
"""
        _, err = run(program, tmp_path, server.url)
        assert server.ids() == ["a"]
        assert err.splitlines() == ["lightwell: 3 of 4 insidellm records were dropped (3 queue_full), 1 delivered"]


def test_a_program_that_lost_nothing_says_nothing(tmp_path: Path) -> None:
    with sink() as server:
        assert run("record(pipeline(), 'a')", tmp_path, server.url) == ("", "")


MULTIPROCESSING = """
import multiprocessing, sys

{module}

def work(name):
    {first}
    record(p, name)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1] if len(sys.argv) > 1 else os.environ["METHOD"])
    {before}
    children = [context.Process(target=work, args=(f"child-{{n}}",)) for n in range(3)]
    [child.start() for child in children]
    [child.join() for child in children]
    assert [child.exitcode for child in children] == [0, 0, 0]
    if context.get_start_method() != "spawn":
        with context.Pool(2) as pool:
            pool.map(work, ["pool-0", "pool-1", "pool-2"])
            pool.close()
            pool.join()
    {after}
"""

STYLES = {
    # The client is made by the module, so a forked child has the parent's and others make their own.
    "module": {"module": "p = pipeline()", "first": "", "before": "record(p, 'parent')", "after": ""},
    # The child makes its own.
    "function": {"module": "", "first": "p = pipeline()", "before": "", "after": ""},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_of_multiprocessing(method: str, style: str, tmp_path: Path) -> None:
    with sink() as server:
        run(MULTIPROCESSING.format(**STYLES[style]), tmp_path, server.url, METHOD=method)
        expected = ["child-0", "child-1", "child-2"]
        expected += [] if method == "spawn" else ["pool-0", "pool-1", "pool-2"]
        assert server.ids() == sorted(expected + (["parent"] if style == "module" else []))


def test_a_pool_that_is_terminated(tmp_path: Path) -> None:
    """Leaving a pool's block terminates its workers; what their tasks recorded is delivered first."""
    program = """
import multiprocessing

def work(name):
    record(p, name)

p = pipeline()
with multiprocessing.get_context("fork").Pool(2) as pool:
    pool.map(work, [str(n) for n in range(10)])
"""
    with sink() as server:
        run(program, tmp_path, server.url)
        assert server.ids() == sorted(str(n) for n in range(10))


def test_a_hundred_forgotten_clients_leave_no_thread(tmp_path: Path) -> None:
    program = """
from pathlib import Path

def threads():
    return len(list(Path("/proc/self/task").iterdir()))

record(pipeline(), "first")
made_by.clear()
deadline = time.monotonic() + 20
before = 2  # This one and the one that waits for SIGTERM.
for n in range(100):
    record(pipeline(flush_interval=0.001), n)
    made_by.clear()
while threads() > before and time.monotonic() < deadline:
    time.sleep(0.01)  # Between two looks.
    pipeline()  # Making one looks after those that were left with records.
print(threads(), flush=True)
"""
    with sink() as server:
        process = start(program, tmp_path, server.url)
        assert line_of(process) == "2"
        process.communicate(timeout=20)
        assert len(server.ids()) == 101
