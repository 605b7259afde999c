"""A server inside the test process that remembers which records came, and how; and programs that send to it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator

from conftest import interpreter
from serving import serving

PRELUDE = """
import os, signal, sys, threading, time
from lightwell import Pipeline, at_exit

class Owner:
    "Whoever makes a pipeline and forgets it."

def pipeline(**settings):
    made = Pipeline.insidellm(**{"base_url": os.environ["SINK"], "api_key": "k", "flush_interval": 3600.0, **settings})
    owner = Owner()
    at_exit.watch(owner, made)
    made_by.append(owner)
    return made

made_by = []

def record(into, *names):
    for name in names:
        into.record_event({"event_id": str(name)})

def idle():
    "Goes on until a signal. In short steps: a signal that comes just before a long wait begins does not end that."
    while True:
        time.sleep(0.05)
"""


Answer = Callable[[int, list[dict[str, Any]]], tuple[int, dict[str, str]]]


def _take(_number: int, _events: list[dict[str, Any]]) -> tuple[int, dict[str, str]]:
    return 202, {}


class Sink(ThreadingHTTPServer):
    """Takes events. `gate` closed: a request is read and not answered before the gate opens."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.gate = threading.Event()
        self.gate.set()
        self.arrived: list[str] = []
        """Ids of all events, in the order of their coming, again if they came again."""
        self.batches: list[list[dict[str, Any]]] = []
        """The events of each request, taken or not."""
        self.times: list[float] = []
        """When each request came, in seconds."""
        self.answer: Answer = _take
        """Says status and headers of the answer to a request: of its number, from 0, and its events."""
        self.requests = 0
        self.ended = 0
        """Connections that the other side has closed."""
        self.accepted = 0

    def ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted(self.arrived)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def setup(self) -> None:
        self.server.accepted += 1
        super().setup()

    def finish(self) -> None:
        self.server.ended += 1
        super().finish()

    def do_POST(self) -> None:
        body: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events = body if isinstance(body, list) else [body]
        status, headers = self.server.answer(self.server.requests, events)
        self.server.requests += 1
        self.server.batches.append(events)
        self.server.times.append(time.monotonic())
        self.server.gate.wait()
        if status < 400:
            # Before the answer: whoever is acknowledged has arrived.
            self.server.arrived += [event["event_id"] for event in events]
        self._send(status, b"", headers)

    def do_GET(self) -> None:
        """How many events have arrived."""
        self._send(200, str(len(self.server.arrived)).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def sink(port: int = 0) -> Iterator[Sink]:
    """A sink that is gone afterwards."""
    with serving(Sink(port)) as server:
        yield server
        server.gate.set()


def start(program: str, folder: Path, url: str, *, env: str = "ours", **variables: str) -> subprocess.Popen[str]:
    """A program of ours, with `PRELUDE` before it, sending to `url`; its output is read through pipes."""
    path = folder / "program.py"
    path.write_text(PRELUDE + program)
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and not k.startswith("LIGHTWELL_")}
    process = subprocess.Popen(
        [interpreter(env), "-W", "ignore", str(path)],
        env={**environment, "SINK": url, **variables},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    # What a failed test leaves behind ends with the tests.
    atexit.register(process.kill)
    return process


def run(program: str, folder: Path, url: str, *, code: int = 0, timeout: float = 60, **variables: str) -> tuple[str, str]:
    """Runs it to its end, which must have this code; its stdout and stderr."""
    process = start(program, folder, url, **variables)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it did not end within {timeout} s\n{out}\n{err}") from None
    assert process.returncode == code, f"code {process.returncode}\n{out}\n{err}"
    return out, err


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a running program prints."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, process.stderr.read() if process.stderr is not None else ""
    return line
