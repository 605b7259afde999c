"""Export over HTTP with JSON."""

from __future__ import annotations

from collections.abc import Mapping

from ._native import NativeDelivery
from ._sending import SendingExporter

GENERATIONS_PATH = "/api/v1/generations:export"


class HTTPGenerationExporter(SendingExporter):
    """Posts JSON. `ValueError` for an endpoint that cannot be used; nothing is connected before the first export."""

    def __init__(self, endpoint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(NativeDelivery("http", _normalize_endpoint(endpoint), headers, None))


def _normalize_endpoint(endpoint: str, path: str = GENERATIONS_PATH) -> str:
    """The URL that is posted to: `path` on a bare host, any other path as it is."""
    from urllib.parse import urlsplit, urlunsplit

    text = endpoint.strip()
    if not text:
        raise ValueError("endpoint is required")
    url = urlsplit(text if text.lower().startswith(("http://", "https://")) else f"http://{text}")
    if not url.netloc:
        raise ValueError("endpoint host is required")
    return urlunsplit((url.scheme.lower(), url.netloc, path if url.path in ("", "/") else url.path, url.query, ""))
