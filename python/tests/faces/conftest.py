"""A recording HTTP server on a free port, and clients that send to it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from control_plane import ControlPlane
from serving import serving

# LiteLLM reads it when it is imported, which is while the tests are collected: no test asks the internet for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

GENERATIONS_PATH = "/api/v1/generations:export"
EVENTS_PATH = "/api/v1/ingest"


@dataclass
class Request:
    """One request as it arrived; header names are lower case."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class RecordingServer:
    """Keeps every request. `respond` may be replaced: it gets a request and returns status and JSON body."""

    url: str
    requests: list[Request] = field(default_factory=list)
    respond: Callable[[Request], tuple[int, Any]] = field(default=lambda request: accept(request))

    def generations(self) -> list[dict[str, Any]]:
        """All generations that arrived, in order."""
        sent = [request for request in self.requests if request.path == GENERATIONS_PATH]
        return [generation for request in sent for generation in request.body["generations"]]

    def events(self) -> list[dict[str, Any]]:
        """All InsideLLM events that arrived, in order."""
        bodies = [request.body for request in self.requests if request.path == EVENTS_PATH]
        return [event for body in bodies for event in (body if isinstance(body, list) else [body])]


def accept(request: Request) -> tuple[int, Any]:
    """Accepts everything, as a Sigil or InsideLLM server does."""
    if request.path == GENERATIONS_PATH:
        ids = [generation.get("id", "") for generation in request.body["generations"]]
        return 200, {"results": [{"generation_id": id_, "accepted": True} for id_ in ids]}
    return (202 if request.path == EVENTS_PATH else 200), {}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A running recording server."""
    recorder = RecordingServer(url="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                raw = gzip.decompress(raw)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, json.loads(raw))
            status, body = recorder.respond(request)
            if status < 300:
                recorder.requests.append(request)
            self._answer(status, body)

        def do_GET(self) -> None:
            self._answer(200, {})

        def log_message(self, *_args: Any) -> None:
            """Silent."""

        def _answer(self, status: int, body: Any) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    recorder.url = f"http://127.0.0.1:{httpd.server_port}"
    with serving(httpd):
        yield recorder


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SIGIL_", "INSIDELLM_")):
            monkeypatch.delenv(name)


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a Python program in a process of its own, with these variables added to the environment."""

    def run(program: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "program.py"
        script.write_text(program)
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def sigil_client(server: RecordingServer) -> Iterator[Callable[..., Any]]:
    """Makes `sigil_sdk` clients that send to the server over HTTP; keywords are fields of `ClientConfig`."""
    sigil_sdk = pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")
    clients: list[Any] = []

    def make(export: dict[str, Any] | None = None, **fields: Any) -> Any:
        settings = {"protocol": "http", "endpoint": server.url, "initial_backoff": timedelta(milliseconds=1)}
        config = sigil_sdk.ClientConfig(
            generation_export=sigil_sdk.GenerationExportConfig(**{**settings, **(export or {})}), **fields
        )
        clients.append(sigil_sdk.Client(config))
        return clients[-1]

    yield make
    for client in clients:
        client.shutdown(timeout=1.0)


@pytest.fixture
def litellm_client(sigil_client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that sends when it is flushed, with the only handler that LiteLLM calls during the test."""
    import litellm

    from sigil_sdk_litellm import SigilLiteLLMLogger

    client = sigil_client({"flush_interval": timedelta(hours=1)})
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    for name in ("success_callback", "failure_callback", "_async_success_callback", "_async_failure_callback"):
        monkeypatch.setattr(litellm, name, [])
    monkeypatch.setattr(litellm, "input_callback", [])
    monkeypatch.setattr(litellm, "callbacks", [SigilLiteLLMLogger(client=client)])
    return client


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    """A scripted server of the control plane."""
    made = ControlPlane()
    with serving(made.httpd):
        yield made
