"""Deadlines hold whatever the network does, and nothing waits for it with the interpreter lock in hand."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from delivery.sink import run, sink

GRACE_SECONDS = 0.05
"""What shutdown may take over its deadline."""

MEASURE = """
import json, lightwell

def make():
    if os.environ["PROTOCOL"] == "events":
        return lightwell.Pipeline.insidellm(base_url=os.environ["SINK"], api_key="k", flush_interval=3600)
    return lightwell.Pipeline.sigil(protocol=os.environ["PROTOCOL"], endpoint=os.environ["SINK"], flush_interval=3600)

def put(p):
    if os.environ["PROTOCOL"] == "events":
        p.record_event({"event_id": "e"})
    else:
        from sigil_sdk.models import Generation
        p.record_generation(Generation(id="g"))

ticks = []
def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.001)  # The beat: a gap between two is a stall.

p = make()
for _ in range(3):
    put(p)
threading.Thread(target=tick, daemon=True).start()
begun = time.monotonic()
flushed = p.flush(0.3)
flush = time.monotonic() - begun
begun = time.monotonic()
complete = p.shutdown(0.3)
shutdown = time.monotonic() - begun
stall = max(b - a for a, b in zip(ticks, ticks[1:]))
stats = p.stats()
print(json.dumps({"flush": flush, "shutdown": shutdown, "stall": stall, "answers": [flushed, complete], "stats": stats}))
os._exit(0)
"""


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a server whose queue of connections is full: connecting hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(4):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
            waiting.append(connection)
        yield listener.getsockname()[1]
        for connection in waiting:
            connection.close()


def check(folder: Path, url: str, protocol: str, **variables: str) -> None:
    """Runs the measurement against what does not answer."""
    out, _ = run(MEASURE, folder, url, PROTOCOL=protocol, **variables)
    seen = json.loads(out)
    assert seen["answers"] == [False, False]
    assert 0.29 <= seen["flush"] < 0.3 + GRACE_SECONDS
    assert 0.29 <= seen["shutdown"] < 0.3 + GRACE_SECONDS
    assert seen["stall"] < 0.1, "another thread of the program ran all the time"
    assert (seen["stats"]["accepted"], seen["stats"]["dropped_shutdown"], seen["stats"]["pending"]) == (3, 3, 0)


@pytest.mark.parametrize("protocol", ["grpc", "http", "events"])
def test_a_server_that_never_answers(protocol: str, silent: int, tmp_path: Path) -> None:
    check(tmp_path, f"http://127.0.0.1:{silent}", protocol)


@pytest.mark.parametrize("protocol", ["grpc", "http", "events"])
def test_a_tls_handshake_that_never_ends(protocol: str, silent: int, tmp_path: Path) -> None:
    check(tmp_path, f"https://127.0.0.1:{silent}", protocol)


@pytest.mark.parametrize("protocol", ["grpc", "events"])
def test_a_connection_that_is_never_made(protocol: str, full: int, tmp_path: Path) -> None:
    check(tmp_path, f"http://127.0.0.1:{full}", protocol)


SLOW_NAMES = """
#include <netdb.h>
#include <unistd.h>
/* Never comes back: what a resolver does that waits for servers that do not answer. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    for (;;) pause();
}
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="the resolver that never answers is compiled with cc")
@pytest.mark.parametrize("protocol", ["grpc", "http", "events"])
def test_a_name_that_is_never_found(protocol: str, tmp_path: Path) -> None:
    (tmp_path / "names.c").write_text(SLOW_NAMES)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "names.so", "names.c"], cwd=tmp_path, check=True)
    check(tmp_path, "http://collector.example:4318", protocol, LD_PRELOAD=str(tmp_path / "names.so"))


def test_the_idle_end_is_quick(tmp_path: Path) -> None:
    """Ten clients that have delivered everything, and one that has never recorded, are shut down one after another."""
    program = """
pipelines = [pipeline() for _ in range(10)]
for n, p in enumerate(pipelines):
    record(p, n)
    assert p.flush(10)
times = []
for p in [*pipelines, pipeline()]:
    begun = time.monotonic()
    assert p.shutdown(10)
    times.append(time.monotonic() - begun)
times.sort()
assert times[5] < 0.02, times
"""
    with sink() as server:
        run(program, tmp_path, server.url)


def test_the_memory_bound_holds_while_nobody_answers(silent: int, tmp_path: Path) -> None:
    """300 events of 1 MB each, with 8 MiB allowed: the process grows by little more."""
    program = """
import lightwell
p = lightwell.Pipeline.insidellm(base_url=os.environ["SINK"], api_key="k", queue_max_bytes=8 << 20, batch_size=1)
def rss(): return int(open("/proc/self/statm").read().split()[1]) * 4096
before = rss()
for n in range(300):
    try:
        p.record_event({"event_id": str(n), "payload": "x" * 1_000_000})
    except lightwell.QueueFull:
        pass
stats = p.stats()
assert stats["pending"] == 8 and stats["dropped_queue_full"] == 292, stats
assert rss() - before < 40 << 20, rss() - before
os._exit(0)
"""
    run(program, tmp_path, f"http://127.0.0.1:{silent}")


def test_a_record_of_100_megabytes_arrives_cut_and_the_rest_whole(tmp_path: Path) -> None:
    program = """
p = pipeline(batch_size=10)
record(p, "before")
p.record_event({"event_id": "big", "payload": {"response_text": "x" * 100_000_000}, "metadata": {"a": 1}})
record(p, "after")
"""
    with sink() as server:
        run(program, tmp_path, server.url)
        assert server.ids() == ["after", "before", "big"]
