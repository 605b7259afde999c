"""Small helpers that programs use too, and the parent of the next event in this context."""

from __future__ import annotations

import inspect
import time
import traceback
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Callable, Dict, List, Optional, Tuple

from lightwell import new_event_id, utc_now

current_parent_event_id_var: ContextVar[Optional[str]] = ContextVar("current_parent_event_id", default=None)
"""The id of the last event that a tracker or decorator logged in this thread or task."""

parent_run: ContextVar[Tuple[Optional[str], Optional[str]]] = ContextVar("parent_run", default=(None, None))
_UNSET: Any = object()


def current_parent(run_id: Optional[str]) -> Optional[str]:
    """The parent for the next event of that run: never an event of another run.

    A value that a program has put into `current_parent_event_id_var` itself holds for any run.
    """
    parent = current_parent_event_id_var.get()
    if parent is not None:
        parent_run_id, own_parent = parent_run.get()
        if parent_run_id != run_id and parent is own_parent:
            return None
    return parent


def set_current_parent(run_id: Optional[str], event_id: str) -> None:
    """Makes an event the parent of the next one of that run in this context."""
    parent_run.set((run_id, event_id))
    current_parent_event_id_var.set(event_id)


def generate_uuid() -> str:
    """A random (version 4) UUID in its usual spelling."""
    return new_event_id()


def get_iso_timestamp() -> str:
    """Now in UTC, ISO 8601 with `Z`, microseconds unless they are 0."""
    return utc_now()


def parse_iso_timestamp(timestamp: str) -> datetime:
    """A datetime from ISO 8601; `Z` means UTC."""
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00"))


def validate_uuid(uuid_string: Any) -> bool:
    """Whether it is a string that reads as a UUID."""
    if not isinstance(uuid_string, str):
        return False
    # What `uuid.UUID` takes, without its import: that costs more than most of this package's, and here, amid a recording,
    # a child that is forked while another thread imports waits for that import for ever.
    digits = uuid_string.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")
    if len(digits) != 32:
        return False
    try:
        int(digits, 16)
    except ValueError:
        return False
    return True


def sanitize_metadata(metadata: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    """Metadata that an event accepts: None values left out, everything but primitives as text."""
    return {
        str(key): value if isinstance(value, (str, int, float, bool)) else str(value)
        for key, value in (metadata or {}).items()
        if value is not None
    }


def merge_metadata(*metadata_dicts: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    """All of them in one, sanitised; later ones win."""
    merged: Dict[str, Any] = {}
    for metadata in metadata_dicts:
        merged.update(sanitize_metadata(metadata))
    return merged


def truncate_string(text: str, max_length: int = 10000) -> str:
    """The text, its end replaced by `...` when it is longer than `max_length` characters."""
    return text if len(text) <= max_length else text[: max(0, max_length - 3)] + "..."


def extract_error_context(exception: BaseException) -> Dict[str, Any]:
    """Class, message, module and stack trace of an exception."""
    return {
        "error_type": type(exception).__name__,
        "error_message": error_text(exception),
        "error_module": type(exception).__module__,
        "stack_trace": format_stack_trace(exception),
    }


def error_text(exception: BaseException) -> str:
    """What an exception says; the name of its class when that is nothing, or cannot be had. Never raises."""
    return printed(exception) or type(exception).__name__


def printed(value: Any) -> str:
    """`str()` of anything; a marker when that raises."""
    try:
        return str(value)
    except Exception:
        return f"<unprintable {type(value).__name__}>"


def format_stack_trace(exception: BaseException) -> str:
    """The traceback as text."""
    return "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))


def elapsed_ms(started: float) -> int:
    """Whole milliseconds since a `time.monotonic()` reading."""
    return int((time.monotonic() - started) * 1000)


def safe_serialize(obj: Any) -> Any:
    """The value in JSON types: containers rebuilt, anything unknown as text."""
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj
    if isinstance(obj, (list, tuple)):
        return [safe_serialize(item) for item in obj]
    if isinstance(obj, dict):
        return {str(key): safe_serialize(value) for key, value in obj.items()}
    return str(obj)


def calculate_batch_delay(attempt: int, base_delay: float = 1.0, max_delay: float = 60.0) -> float:
    """Seconds to wait before attempt `attempt` (from 0): doubling, at most `max_delay`."""
    return float(min(base_delay * 2**attempt, max_delay))


def format_duration(duration_ms: float) -> str:
    """`999ms`, `1.5s`, `1m 1.5s`."""
    if duration_ms < 1000:
        return f"{duration_ms:.0f}ms"
    seconds = duration_ms / 1000
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds // 60)}m {seconds % 60:.1f}s"


def get_function_signature(func: Callable[..., Any]) -> str:
    """Name and parameters as text."""
    try:
        return f"{func.__name__}{inspect.signature(func)}"
    except (TypeError, ValueError):  # Builtins may have no signature.
        return f"{func.__name__}(...)"


def chunk_list(items: List[Any], chunk_size: int) -> List[List[Any]]:
    """The list in pieces of at most `chunk_size`."""
    return [items[start : start + chunk_size] for start in range(0, len(items), chunk_size)]


def deep_merge_dicts(dict1: Dict[str, Any], dict2: Dict[str, Any]) -> Dict[str, Any]:
    """Both in one; the second wins, dicts are merged at every depth."""
    merged = dict(dict1)
    for key, value in dict2.items():
        present = merged.get(key, _UNSET)
        both_dicts = isinstance(present, dict) and isinstance(value, dict)
        merged[key] = deep_merge_dicts(present, value) if both_dicts else value
    return merged
