"""A scripted HTTP server inside the test process, and the equation of the counters."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, NamedTuple

from lightwell import Pipeline


class Request(NamedTuple):
    """One request as it came. Header names in lower case."""

    path: str
    headers: Dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed strictly: NaN and the like are refused."""
        return json.loads(self.body, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


class Scripted(ThreadingHTTPServer):
    """Answers each request with what `script` says: a status, or None for no answer while the server lives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests: List[Request] = []
        self.script: Callable[[Request], Any] = lambda request: 200
        self.closing = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, self.rfile.read(length))
        self.server.requests.append(request)
        status = self.server.script(request)
        if status is None:
            self.server.closing.wait()
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


def balanced(pipeline: Pipeline) -> Dict[str, int]:
    """The counters, after checking their equation."""
    stats = pipeline.stats()
    dropped = sum(count for name, count in stats.items() if name.startswith("dropped_"))
    assert stats["accepted"] == stats["delivered"] + dropped + stats["pending"], stats
    return stats
