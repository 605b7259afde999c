"""A server that accepts every export and remembers what came, and the fixture files that this becomes.

HTTP and gRPC listen on free loopback ports. A request is answered the way a Sigil or InsideLLM server answers, so that the
program under observation goes on; its body is kept byte for byte.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent
KEPT_HEADERS = ("authorization", "content-type", "user-agent", "x-scope-orgid")


@dataclass
class Request:
    """One request: where it went, the headers that matter, the bytes."""

    transport: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """Both listeners, and what they have received so far, in order of arrival."""

    http_endpoint: str = ""
    grpc_endpoint: str = ""
    requests: list[Request] = field(default_factory=list)

    def take(self) -> list[Request]:
        """Hand out what came since the last call."""
        taken, self.requests[:] = list(self.requests), []
        return taken


@contextmanager
def recording(*, grpc: bool = True) -> Iterator[Recorder]:
    """Listen until the block ends. Without ``grpc`` the grpcio package is not needed."""
    recorder = Recorder()
    server = _http_server(recorder)
    stop_grpc = _start_grpc(recorder) if grpc else lambda: None
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        stop_grpc()


def write(dialect: str, name: str, package: str, request: Request) -> None:
    """Write one fixture: ``conformance/<dialect>/<name>.json``. What it means is added by the Rust tests."""
    content_type = request.headers.get("content-type", "")
    fixture: dict[str, Any] = {
        "source": f"{package} {metadata.version(package)}",
        "transport": request.transport,
        "content_type": content_type,
        "path": request.path,
        "headers": {key: value for key, value in request.headers.items() if key != "content-type"},
    }
    if content_type.startswith("application/json"):
        fixture["body"] = json.loads(request.body)
    else:
        fixture["body_base64"] = base64.b64encode(request.body).decode()
    path = FIXTURES / dialect / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(fixture, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(path.relative_to(FIXTURES))


def _kept(headers: Iterator[tuple[str, str]] | Any) -> dict[str, str]:
    lowered = {key.lower(): value for key, value in headers}
    return {key: lowered[key] for key in KEPT_HEADERS if key in lowered}


def _http_server(recorder: Recorder) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, b'{"status":"ok"}')

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            recorder.requests.append(Request("http", self.path, _kept(self.headers.items()), body))
            self._answer(202, _accept_all(json.loads(body)))

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.http_endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def _accept_all(body: Any) -> bytes:
    if isinstance(body, dict) and "generations" in body:
        results = [{"generation_id": item.get("id", ""), "accepted": True} for item in body["generations"]]
    elif isinstance(body, dict) and "workflow_steps" in body:
        results = [{"step_id": item.get("id", ""), "accepted": True} for item in body["workflow_steps"]]
    else:
        results = []
    return json.dumps({"results": results}).encode()


def _start_grpc(recorder: Recorder) -> Callable[[], object]:
    import grpc

    class Everything(grpc.GenericRpcHandler):
        """Takes any unary method as bytes. Field 1 of a request and of its answer are repeated, one for one."""

        def service(self, details: Any) -> Any:
            def accept(body: bytes, context: Any) -> bytes:
                headers = _kept(context.invocation_metadata())
                headers["content-type"] = "application/grpc"
                recorder.requests.append(Request("grpc", details.method, headers, body))
                # result {accepted: true}, once for each item
                return b"\x0a\x02\x10\x01" * _count_items(body)

            return grpc.unary_unary_rpc_method_handler(accept)

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2), handlers=(Everything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    recorder.grpc_endpoint = f"127.0.0.1:{port}"
    server.start()
    return lambda: server.stop(0).wait()


def _count_items(body: bytes) -> int:
    count = at = 0
    while at < len(body):
        length = shift = 0
        at += 1
        while True:
            byte = body[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += length
        count += 1
    return count
