"""What differs between two observations of one scenario, as paths and values, with ids and addresses made comparable.

Set aside, in every scenario: the headers of the HTTP and gRPC libraries, what follows the first token of the user agent, the
order of log lines, the version of the package, random ids (numbered in the order of their appearance), addresses of servers,
stack traces, and durations that were measured by the machine's clock.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .schema import Schema

ABSENT = "<absent>"

#: Of the HTTP or gRPC library, not of the package; `user-agent` is compared in its first token.
TRANSPORT_HEADERS = {
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
}

_ADDRESS = re.compile(r"127\.0\.0\.1:\d+|localhost:\d{5}")
_RANDOM = re.compile(
    r"\b(?:gen|wfs)_[0-9a-f]{16}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|chatcmpl-[0-9a-f-]{36}"
)
_VERSION = re.compile(r"\b(sigil-sdk-python)/\d[\w.+]*")


class Found(NamedTuple):
    """One difference: where, and the value on either side, `ABSENT` for none."""

    path: str
    original: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path}\n    original: {_short(self.original)}\n    ours:     {_short(self.ours)}"


def normalise(observed: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Decodes protobuf, drops the headers of the transport, numbers random ids in the order of their appearance."""
    for request in observed["wire"]:
        if "protobuf" in request:
            request["body"] = schema.request(request["path"], base64.b64decode(request.pop("protobuf")))
        headers = {name: value for name, value in request["headers"].items() if name not in TRANSPORT_HEADERS}
        if "user-agent" in headers:
            headers["user-agent"] = headers["user-agent"].split(" ")[0]
        request["headers"] = headers
    names: dict[str, str] = {}
    renamed = {part: _renamed(observed[part], names) for part in ("wire", "seen", "spans", "metrics", "log")}
    for request in renamed["wire"]:
        request["body"] = _by_id(request["body"])
    renamed["log"] = {line: renamed["log"].count(line) for line in renamed["log"]}
    return renamed


def differences(original: Any, ours: Any, path: str = "") -> Iterator[Found]:
    """Every leaf that is not equal."""
    if isinstance(original, dict) and isinstance(ours, dict):
        for key in sorted({*original, *ours}):
            yield from differences(original.get(key, ABSENT), ours.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(original, list) and isinstance(ours, list):
        for index in range(max(len(original), len(ours))):
            yield from differences(_at(original, index), _at(ours, index), f"{path}.{index}")
    elif original != ours or (type(original) is not type(ours) and not path.startswith("wire.")):
        yield Found(path, original, ours)


def _by_id(body: Any) -> Any:
    """A batch with its items under their ids, so that one more or less does not make all after it different."""
    for name in ("generations", "workflow_steps", "scores"):
        if isinstance(body, dict) and isinstance(body.get(name), list):
            items: dict[str, Any] = {}
            for item in body[name]:
                id_ = item.get("id") or item.get("score_id") or "no id"
                items[f"{id_} again" if id_ in items else id_] = item
            body = {**body, name: items, "order": list(items)}
    return body


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else ABSENT


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(each, names) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, str):
        return value
    text = _VERSION.sub(r"\1/VERSION", _ADDRESS.sub("HOST", value))
    return _RANDOM.sub(lambda found: names.setdefault(found.group(), f"{_kind(found.group())}#{len(names) + 1}"), text)


def _kind(id_: str) -> str:
    return id_[:3] if id_[3:4] == "_" else "id"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
