"""The table of scenarios: one entry each."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from . import faults
from .scenario import ALL, Scenario, Size

QUEUE_FULL = frozenset({"dropped_queue_full"})
GAVE_UP = frozenset({"dropped_gave_up"})
AT_SHUTDOWN = frozenset({"dropped_shutdown", "dropped_gave_up"})
REJECTED = frozenset({"dropped_rejected"})
NOTHING: frozenset[str] = frozenset()
SPOOL_FULL = frozenset({"dropped_queue_full", "dropped_spool_full", "dropped_spool"})


def scenarios(size: Size) -> list[Scenario]:
    """All of them, as large as `size` says."""
    return [*server_faults(size), *data_faults(size), *exits(size), *forks(size), *process_models(size), *disks(size)]


def server_faults(size: Size) -> list[Scenario]:
    """The server or the way to it fails."""
    steady = {"COUNT": str(size.steady), "INTERVAL_S": "0.002"}
    hopeless = {**steady, **({"SHUTDOWN_S": str(size.shutdown_s)} if size.shutdown_s else {})}
    found = [
        Scenario(
            "overflow", f"{size.stream} at 500/s, {size.overflow_s:g} s a request", "steady.py", faults.slow(size.overflow_s),
            {"COUNT": str(size.stream), "INTERVAL_S": str(size.stream_interval_s)},
            lanes=("sigil-http", "sigil-grpc"), exceeded=QUEUE_FULL, waits=True,
        ),
        Scenario(
            "overflow-events", f"{size.burst} at once", "steady.py", faults.slow(size.slow_s), {"COUNT": str(size.burst)},
            lanes=("insidellm",), exceeded=QUEUE_FULL, waits=True,
        ),
        outage("outage", size.outage_s, size),
        Scenario(
            "retry-after", f"429, Retry-After: {size.retry_after_s}", "steady.py", faults.too_many_requests(size.retry_after_s),
            steady, waits=True,
        ),
        Scenario("slow-server", "slow server", "steady.py", faults.slow(size.slow_s), steady, waits=True),
        Scenario(
            "black-hole", "black-hole server", "steady.py", faults.black_hole, hopeless, spool="too",
            exceeded=AT_SHUTDOWN, waits=True,
        ),
        Scenario(
            "refused", "nobody listens", "steady.py", faults.nobody_listens, hopeless, spool="too",
            exceeded=AT_SHUTDOWN, waits=True,
        ),
        Scenario(
            "server-killed", "server killed, restarted", "in_two_parts.py", faults.server_killed, steady,
            again=True, owns_server=True,
        ),
        Scenario("cut", "cut in mid-body", "steady.py", faults.cut_in_body(2), steady),
        Scenario("answer-lost", "answer lost", "steady.py", faults.answer_lost, steady, again=True),
    ]  # fmt: skip
    if size.long_outage_s is not None:
        found.insert(3, outage("long-outage", size.long_outage_s, size))
    return found


def outage(name: str, seconds: float, size: Size) -> Scenario:
    """503 for so long; the program records before, within and after."""
    interval_s = max(0.002, (seconds + 3) / 600)
    count = max(size.steady, int((seconds + 3) / interval_s) if seconds else 0)
    return Scenario(
        name, f"outage of {seconds:.0f} s" if seconds else "outage", "steady.py", faults.outage(seconds, size.refusals),
        {"COUNT": str(count), "INTERVAL_S": str(interval_s)},
        spool="too", exceeded=GAVE_UP if seconds > 1 else NOTHING, waits=True,
    )  # fmt: skip


def data_faults(size: Size) -> list[Scenario]:
    """What is recorded is odd."""
    return [
        Scenario(
            "bad-item", "400 for one bad item", "steady.py", faults.bad_item(5), {"COUNT": "20"}, exceeded=REJECTED, waits=True
        ),
        Scenario("not-a-number", "NaN in metadata", "not_a_number.py", waits=True),
        Scenario(
            "giant", f"an item of {size.giant_bytes // 1_000_000} MB", "giant.py", environment={"GIANT_BYTES": str(size.giant_bytes)}
        ),
    ]


def exits(size: Size) -> list[Scenario]:
    """The program ends, in every way that programs end."""
    some = {"COUNT": str(min(size.steady, 50))}
    return [
        Scenario("exit", "exit without shutdown", "exit_plain.py", environment=some, spool="too"),
        Scenario("sys-exit", "sys.exit", "exit_sys.py", environment=some),
        Scenario("exception", "unhandled exception", "exit_exception.py", environment=some, exit_codes=(1,)),
        Scenario("ctrl-c", "Ctrl-C", "signalled.py", faults.signalled(signal.SIGINT), some, exit_codes=(-signal.SIGINT, 130)),
        Scenario("sigterm", "SIGTERM", "signalled.py", faults.signalled(signal.SIGTERM), some, exit_codes=(-signal.SIGTERM,)),
        Scenario("sigterm-exits", "SIGTERM, sys.exit", "signal_exits.py", faults.signalled(signal.SIGTERM), some),
        Scenario("sigterm-shuts-down", "SIGTERM, shutdown()", "signal_shuts_down.py", faults.signalled(signal.SIGTERM)),
        Scenario(
            "sigkill", "SIGKILL", "killed.py", faults.signalled(signal.SIGKILL), some,
            spool="only", again=True, exit_codes=(-signal.SIGKILL,),
        ),
        Scenario(
            "sigkill-outage", "SIGKILL in an outage", "killed.py", faults.killed_in_outage, some,
            spool="only", exit_codes=(-signal.SIGKILL,),
        ),
    ]  # fmt: skip


def forks(size: Size) -> list[Scenario]:
    """The program forks."""
    found = [
        Scenario("fork-queued", "fork, queue full", "fork_queued.py", spool="too", waits=True),
        Scenario("fork-child", "fork, child records", "fork_child_records.py", spool="too", waits=True),
        Scenario("fork-request", "fork in a request", "fork_in_request.py", faults.held_request, waits=True),
        Scenario("fork-threads", "fork among threads", "fork_in_threads.py", environment={"COUNT": str(size.forks)}, spool="too"),
        Scenario("fork-twice", "double fork", "fork_twice.py", waits=True),
    ]
    for method in ("fork", "forkserver", "spawn"):
        found.append(
            Scenario(f"multiprocessing-{method}", f"multiprocessing {method}", "multiprocess.py", environment={"METHOD": method})
        )
    return found


def process_models(size: Size) -> list[Scenario]:
    """Servers that fork their workers."""
    python = os.environ.get("LIGHTWELL_WEB_SERVERS", "")
    folders = sorted(Path(python).parents[1].glob("lib/python3.*/site-packages")) if python else []
    assert folders, "LIGHTWELL_WEB_SERVERS is not set: run this with scripts/bench or scripts/python-test"
    common = {"SERVERS_PATH": str(folders[0])}
    return [
        Scenario(
            "gunicorn", "gunicorn --preload, 4 workers", "gunicorn_preload.py",
            environment={**common, "COUNT": str(size.steady * 2)}, spool="too",
        ),
        Scenario(
            "celery", "celery prefork", "celery_prefork.py", environment={**common, "COUNT": str(min(size.steady, 60))},
            lanes=("sigil-http",) if size.few_lanes else ALL, waits=True,
        ),
    ]  # fmt: skip


def disks(size: Size) -> list[Scenario]:
    """A disk is full."""
    return [
        Scenario(
            "server-disk-full", "server's disk full", "large_records.py", faults.server_disk_full, {"COUNT": "120"},
            lanes=("sigil-grpc",) if size.few_lanes else ALL, spool="no" if size.few_lanes else "too", exceeded=GAVE_UP, owns_server=True, server_disk_bytes=64 << 20, waits=True,
        ),
        Scenario(
            "spool-disk-full", "spool's disk full", "large_records.py", faults.nobody_listens_for_a_while, {"COUNT": "120", "WAITS": "1"},
            spool="only", exceeded_with_spool=SPOOL_FULL, spool_disk_bytes=1 << 20, waits=True,
        ),
    ]  # fmt: skip
