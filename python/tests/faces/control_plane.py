"""A scripted HTTP server for the control plane: it keeps what it is asked and answers what the test says."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable


@dataclass
class Asked:
    """One request; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON that it brought."""
        return json.loads(self.raw)


@dataclass
class Answer:
    """What is answered: JSON unless bytes are given. `promised` is the Content-Length that is told, if not the true one."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    #: The answer is not given before this is set.
    held: threading.Event | None = None


class ControlPlane:
    """Answers from `script`, in order, then from `otherwise`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: list[Answer] = []
        self.otherwise: Callable[[Asked], Answer] = lambda _asked: Answer()
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        plane = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, raw)
                plane.asked.append(asked)
                answer = plane.script.pop(0) if plane.script else plane.otherwise(asked)
                if answer.held is not None:
                    answer.held.wait(20)
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                try:
                    self.send_response(answer.status)
                    self.send_header("content-length", str(answer.promised or len(body)))
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    # The client has given up, which is what some tests want.
                    self.close_connection = True

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_args: Any) -> None:
                """Silent."""

        return Handler
