"""What is kept with a trial: bytes, a kind and a MIME type."""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import Any

_KINDS = {
    "application/json": "json",
    "text/markdown": "markdown",
    "application/pdf": "pdf",
    "text/csv": "csv",
}
#: What the tables of some systems do not know.
_MIME_OF_SUFFIX = {".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"}
_BINARY = "application/octet-stream"


def artifact_content(path: str, data: Any, text: str, kind: str, mime: str) -> tuple[bytes, str, str]:
    """Bytes, kind and MIME type of the one source that is given: a file, a value (as JSON, bytes as they are) or a text."""
    if path:
        file = Path(path)
        mime = mime or _MIME_OF_SUFFIX.get(file.suffix.lower()) or mimetypes.guess_type(path)[0] or _BINARY
        return file.read_bytes(), kind or kind_from_mime(mime), mime
    if isinstance(data, (bytes, bytearray, memoryview)):
        mime = mime or _BINARY
        return bytes(data), kind or kind_from_mime(mime), mime
    if data is not None:
        return json.dumps(data, default=str).encode(), kind or "json", mime or "application/json"
    if text:
        return text.encode(), kind or (kind_from_mime(mime) if mime else "text"), mime or "text/plain"
    raise ValueError("artifact requires one of path=, data=, or text=")


def kind_from_mime(mime: str) -> str:
    """image, json, markdown, pdf, csv, text or binary."""
    essence = mime.partition(";")[0].strip().lower()
    if essence in _KINDS:
        return _KINDS[essence]
    top = essence.partition("/")[0]
    return top if top in ("image", "text") else "binary"
