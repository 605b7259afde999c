"""What kind of failure an exception is, from its HTTP status or its words."""

from __future__ import annotations

from typing import Any

_STATUS_ATTRIBUTES = ("status", "status_code", "Status", "StatusCode")


def error_category(error: BaseException | None) -> str:
    """`rate_limit`, `auth_error`, `timeout`, `server_error`, `client_error` or `sdk_error`."""
    if error is None:
        return "sdk_error"
    text = str(error).lower()
    if isinstance(error, TimeoutError) or "timeout" in text or "deadline exceeded" in text:
        return "timeout"
    return _category_of_status(_status(error, text))


def _category_of_status(status: int) -> str:
    if status == 429:
        return "rate_limit"
    if status in (401, 403):
        return "auth_error"
    if status == 408:
        return "timeout"
    if 500 <= status <= 599:
        return "server_error"
    if 400 <= status <= 499:
        return "client_error"
    return "sdk_error"


def _status(error: BaseException, text: str) -> int:
    for holder in (error, getattr(error, "response", None), getattr(error, "error", None)):
        if holder is None:
            continue
        for name in _STATUS_ATTRIBUTES:
            status = _as_status(getattr(holder, name, None))
            if status:
                return status
    import re

    found = re.search(r"\b([1-5]\d\d)\b", text)
    return int(found.group(1)) if found else 0


def _as_status(value: Any) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value.strip())
    return value if isinstance(value, int) and 100 <= value <= 599 else 0
