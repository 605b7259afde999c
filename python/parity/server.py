"""A server for both protocols, in the process of the program under observation: it keeps what came and answers by script."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Optional

from .schema import wire_fields

ITEM_LISTS = {"generations": "generation_id", "workflow_steps": "step_id", "scores": "score_id"}


@dataclass
class Request:
    """One request; header names in lower case, the body decompressed."""

    transport: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    answered: str = ""

    def json(self) -> Any:
        """The body, when it is JSON."""
        return json.loads(self.body)

    def plain(self) -> dict[str, Any]:
        """What is written down of it. Protobuf is decoded where the recordings are compared."""
        told: dict[str, Any] = {"method": self.method, "path": self.path, "headers": self.headers, "answered": self.answered}
        if self.transport == "grpc":
            return {**told, "protobuf": base64.b64encode(self.body).decode()}
        try:
            return {**told, "body": self.json() if self.body else None}
        except ValueError:
            return {**told, "body": repr(self.body)}


@dataclass
class Answer:
    """What to answer a request with. `code` is for gRPC: the name of a status; a result for each item when empty."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    code: str = ""
    detail: str = ""


Script = Callable[[Request], Optional[Answer]]


class CaptureServer:
    """Listens on free loopback ports. `script` may answer a request; what it leaves is accepted."""

    def __init__(self, grpc: bool) -> None:
        self.requests: list[Request] = []
        self.script: Script = lambda request: None
        self._lock = threading.Lock()
        self.http = _listen(self)
        self.http_endpoint = f"http://127.0.0.1:{self.http.server_address[1]}"
        self._grpc: Any = None
        self.grpc_endpoint = ""
        if grpc:
            self.grpc_endpoint, self._grpc = _serve_grpc(self)

    def take(self, request: Request) -> Answer:
        """Keeps a request and says what to answer."""
        with self._lock:
            self.requests.append(request)
            answer = self.script(request)
        answered = answer or accepting(request)
        request.answered = answered.code or str(answered.status)
        return answered

    def reset(self) -> None:
        """Forgets what came, and the script."""
        with self._lock:
            self.requests = []
            self.script = lambda request: None

    def close(self) -> None:
        """Stops listening."""
        self.http.shutdown()
        self.http.server_close()
        if self._grpc is not None:
            self._grpc.stop(0).wait()


def answers(*given: Answer) -> Script:
    """A script: these in turn, then everything is accepted."""
    rest = list(given)
    return lambda request: rest.pop(0) if rest else None


def always(answer: Answer) -> Script:
    """A script: this, whatever comes."""
    return lambda request: answer


def accepting(request: Request) -> Answer:
    """One accepted result an item; an empty object for other requests."""
    if request.transport == "grpc":
        return Answer(body=b"".join(_accepted(id_) for id_ in first_fields(request.body)))
    try:
        body = request.json() if request.body else None
    except ValueError:
        body = None
    for name, id_name in ITEM_LISTS.items():
        if isinstance(body, dict) and name in body:
            ids = [item.get(id_name) or item.get("id", "") for item in body[name]]
            return Answer(body={"results": [{id_name: each, "accepted": True} for each in ids]})
    return Answer(body={})


def _accepted(id_: bytes) -> bytes:
    """Field 1 of a response: {1: id, 2: true}; an id of a test is short."""
    result = b"\x0a" + bytes([len(id_)]) + id_ + b"\x10\x01"
    return b"\x0a" + bytes([len(result)]) + result


def first_fields(message: bytes) -> list[bytes]:
    """The ids of the items of an export: field 1 of each field 1."""
    items = [value for number, value in wire_fields(message) if number == 1]
    return [next((value for number, value in wire_fields(item) if number == 1), b"") for item in items]


def _listen(capture: CaptureServer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = capture.take(Request("http", self.command, self.path, headers, body))
            payload = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_PATCH = do_PUT = do_DELETE = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def _serve_grpc(capture: CaptureServer) -> tuple[str, Any]:
    import grpc

    class Everything(grpc.GenericRpcHandler):
        """Takes any unary method as bytes."""

        def service(self, details: Any) -> Any:
            def answer(body: bytes, context: Any) -> bytes:
                headers = {str(key).lower(): str(value) for key, value in context.invocation_metadata()}
                told = capture.take(Request("grpc", "unary", details.method, headers, body))
                if told.code:
                    context.set_trailing_metadata(tuple(told.headers.items()))
                    context.abort(getattr(grpc.StatusCode, told.code), told.detail)
                assert isinstance(told.body, bytes)
                return told.body

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        handlers=(Everything(),),
        options=(("grpc.max_receive_message_length", 64 << 20),),
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return f"127.0.0.1:{port}", server
