"""Why a prompt cache was missed, as metadata of the generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._recorder import GenerationRecorder

CACHE_DIAGNOSTICS_MISS_REASON_KEY = "sigil.cache_diagnostics.miss_reason"
CACHE_DIAGNOSTICS_MISSED_INPUT_TOKENS_KEY = "sigil.cache_diagnostics.missed_input_tokens"
CACHE_DIAGNOSTICS_PREVIOUS_MESSAGE_ID_KEY = "sigil.cache_diagnostics.previous_message_id"


def set_cache_diagnostics(
    rec: GenerationRecorder | None,
    miss_reason: str,
    *,
    missed_input_tokens: int | None = None,
    previous_message_id: str | None = None,
) -> None:
    """Forwards to the recorder; does nothing without one."""
    if rec is not None:
        rec.set_cache_diagnostics(
            miss_reason, missed_input_tokens=missed_input_tokens, previous_message_id=previous_message_id
        )


def diagnostics_metadata(
    miss_reason: str, missed_input_tokens: int | None, previous_message_id: str | None
) -> dict[str, str]:
    """The metadata entries, empty when there is no reason."""
    reason = miss_reason.strip()
    if not reason:
        return {}
    entries = {CACHE_DIAGNOSTICS_MISS_REASON_KEY: reason}
    if missed_input_tokens is not None:
        entries[CACHE_DIAGNOSTICS_MISSED_INPUT_TOKENS_KEY] = str(missed_input_tokens)
    if previous_message_id is not None and previous_message_id.strip():
        entries[CACHE_DIAGNOSTICS_PREVIOUS_MESSAGE_ID_KEY] = previous_message_id.strip()
    return entries
