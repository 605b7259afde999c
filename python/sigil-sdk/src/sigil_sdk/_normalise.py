"""The header of a finished generation from what was known at the start and what the call returned: pure functions.

A header is a dict of fields of `Generation`, without its content (`input`, `output`, `tools`, `artifacts`), which the native
core reads and keeps. A seed is a dict of fields of `GenerationStart`, without its tools. Both may lack what is empty. What the
native core can make for less is left to it: a new id, and times of the system's clock, which it takes as nanoseconds since 1970
(`started_ns`, `completed_ns`). Who looks at a header itself has it completed first: `complete_header`.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from lightwell import new_event_id

from .models import ContentCaptureMode, GenerationMode, ModelRef
from .validation import CAPTURE_MODE_KEY, is_blank

SDK_NAME_KEY = "sigil.sdk.name"
SDK_NAME = "sdk-python"
TIME_TO_FIRST_TOKEN_KEY = "gen_ai.response.time_to_first_chunk"
TITLE_KEY = "sigil.conversation.title"
CALL_ERROR_KEY = "call_error"
#: The second is of earlier versions.
_USER_KEYS = ("sigil.user.id", "user.id")
_NOTHING: dict[str, Any] = {}
_STREAM = GenerationMode.STREAM
_UTC = timezone.utc
_EPOCH = datetime(1970, 1, 1, tzinfo=_UTC)


def new_id(prefix: str) -> str:
    """`prefix` and 16 random hex digits."""
    random = new_event_id()
    return f"{prefix}_{random[:4]}{random[-12:]}"


def operation_name_for(mode: GenerationMode | None) -> str:
    """The operation of a generation that does not name one."""
    return "streamText" if mode == _STREAM else "generateText"


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive time is taken for UTC."""
    zone = moment.tzinfo
    if zone is _UTC:
        return moment
    if zone is None:
        return moment.replace(tzinfo=_UTC)
    return moment.astimezone(_UTC)


def whole_number(value: Any) -> int | None:
    """An int, an integral float, or a string of one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            return None
    return None


def merge_header(
    seed: dict[str, Any],
    result: dict[str, Any],
    began: datetime | int,
    ended: datetime | int,
    extra_metadata: dict[str, Any] | None,
) -> dict[str, Any]:
    """What the call returned, completed with what `seed` knows. Neither holds anything empty, see `take_header`."""
    header = {**seed, **result}
    get = header.get
    if not seed.keys().isdisjoint(result):
        _merge_both(header, seed, result)
    moment = get("started_at")
    if moment is not None:
        header["started_at"] = to_utc(moment)
    else:
        header["started_ns" if isinstance(began, int) else "started_at"] = began
    moment = get("completed_at")
    if moment is not None:
        header["completed_at"] = to_utc(moment)
    else:
        header["completed_ns" if isinstance(ended, int) else "completed_at"] = ended
    usage = get("usage")
    if usage is not None and not usage.cache_write_input_tokens:
        # Current servers know one counter for tokens written to the cache; 0.2 programs fill the other name.
        usage.cache_write_input_tokens = usage.cache_creation_input_tokens
    metadata = header["metadata"] = {**seed.get("metadata", _NOTHING), **result.get("metadata", _NOTHING)}
    if extra_metadata:
        metadata.update(extra_metadata)
    if metadata or "conversation_title" in header or "user_id" in header:
        _merge_identity(header, metadata, "conversation_title", (TITLE_KEY,))
        _merge_identity(header, metadata, "user_id", _USER_KEYS)
    metadata[SDK_NAME_KEY] = SDK_NAME
    return header


def complete_header(header: dict[str, Any]) -> dict[str, Any]:
    """The same header with the id and times that the native core would have made."""
    if "id" not in header:
        header["id"] = new_id("gen")
    for nanoseconds, name in (("started_ns", "started_at"), ("completed_ns", "completed_at")):
        if nanoseconds in header:
            header[name] = of_nanoseconds(header.pop(nanoseconds))
    return header


def of_nanoseconds(nanoseconds: int) -> datetime:
    """A time of the system's clock, to the microsecond."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _merge_both(header: dict[str, Any], seed: dict[str, Any], result: dict[str, Any]) -> None:
    """What is put together where both know something."""
    if "model" in result:
        model, of_seed = result["model"], seed["model"]
        header["model"] = ModelRef(model.provider or of_seed.provider, model.name or of_seed.name)
    if "tags" in seed and "tags" in result:
        header["tags"] = {**seed["tags"], **result["tags"]}
    if "effective_version" in result and "effective_version" in seed and is_blank(result["effective_version"]):
        header["effective_version"] = seed["effective_version"]


def apply_call_error(header: dict[str, Any], call_error: BaseException) -> None:
    """Records the failure of the call itself."""
    header["call_error"] = header.get("call_error") or str(call_error)
    header["metadata"][CALL_ERROR_KEY] = str(call_error)


def apply_first_token(header: dict[str, Any], first_token_at: datetime) -> None:
    """Records how long a streamed reply took to begin, in seconds. The format has no field for it: it is metadata."""
    if header["mode"] == _STREAM:
        seconds = (to_utc(first_token_at) - complete_header(header)["started_at"]).total_seconds()
        if seconds >= 0:
            header["metadata"][TIME_TO_FIRST_TOKEN_KEY] = seconds


def strip_header(header: dict[str, Any], call_error_category: str) -> None:
    """Removes, in place, what METADATA_ONLY withholds of a header."""
    metadata = header["metadata"]
    metadata[CAPTURE_MODE_KEY] = ContentCaptureMode.METADATA_ONLY.value
    metadata.pop(TITLE_KEY, None)
    header["system_prompt"] = header["conversation_title"] = ""
    if header.get("call_error"):
        header["call_error"] = call_error_category
        metadata.pop(CALL_ERROR_KEY, None)


def _merge_identity(header: dict[str, Any], metadata: dict[str, Any], name: str, keys: tuple[str, ...]) -> None:
    """Title and user have no field on the wire: they travel in the metadata, in both directions."""
    text = _stripped(header.get(name))
    for key in keys:
        text = text or _stripped(metadata.get(key))
    if text:
        header[name] = metadata[keys[0]] = text
    else:
        header.pop(name, None)


def _stripped(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
