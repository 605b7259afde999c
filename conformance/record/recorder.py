"""What the recorders share: a server that accepts every export, that of `python/parity`, and the fixture files this becomes.

HTTP and gRPC listen on free loopback ports. A request is answered the way a Sigil or InsideLLM server answers, so that the
program under observation goes on; its body is kept byte for byte.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent
# Behind everything else: it has folders with the names of packages that are recorded.
sys.path.append(str(FIXTURES.parent / "python"))

from parity.server import CaptureServer, Request

__all__ = ["CaptureServer", "Request", "recording", "take", "write"]

#: Beside the type of the content.
KEPT_HEADERS = ("authorization", "user-agent", "x-scope-orgid")


@contextmanager
def recording(*, grpc: bool = True) -> Iterator[CaptureServer]:
    """Listen until the block ends. Without ``grpc`` the grpcio package is not needed."""
    server = CaptureServer(grpc)
    try:
        yield server
    finally:
        server.close()


def take(server: CaptureServer) -> list[Request]:
    """Hand out what came since the last call, in order of arrival."""
    taken = server.requests
    server.reset()
    return taken


def write(dialect: str, name: str, package: str, request: Request) -> None:
    """Write one fixture: ``conformance/<dialect>/<name>.json``. What it means is added by the Rust tests."""
    content_type = "application/grpc" if request.transport == "grpc" else request.headers.get("content-type", "")
    fixture: dict[str, Any] = {
        "source": f"{package} {metadata.version(package)}",
        "transport": request.transport,
        "content_type": content_type,
        "path": request.path,
        "headers": {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
    }
    if content_type.startswith("application/json"):
        fixture["body"] = json.loads(request.body)
    else:
        fixture["body_base64"] = base64.b64encode(request.body).decode()
    path = FIXTURES / dialect / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(fixture, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(path.relative_to(FIXTURES))
