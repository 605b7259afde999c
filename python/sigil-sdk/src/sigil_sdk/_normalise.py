"""A finished generation from what was known at the start and what the call returned: pure functions."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from ._capture import CALL_ERROR_KEY, TITLE_KEY
from .models import Generation, GenerationMode, GenerationStart, ModelRef, TokenUsage
from .validation import is_blank

SDK_NAME_KEY = "sigil.sdk.name"
SDK_NAME = "sdk-python"
TIME_TO_FIRST_TOKEN_KEY = "gen_ai.response.time_to_first_chunk"
_USER_KEY = "sigil.user.id"
_LEGACY_USER_KEY = "user.id"
_OPERATION_NAMES = {GenerationMode.SYNC: "generateText", GenerationMode.STREAM: "streamText"}


def operation_name_for(mode: GenerationMode | None) -> str:
    """The operation of a generation that does not name one."""
    return _OPERATION_NAMES.get(mode or GenerationMode.SYNC, "generateText")


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive time is taken for UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def merge_result(
    seed: GenerationStart,
    result: Generation,
    started_at: datetime,
    completed_at: datetime,
    extra_metadata: dict[str, Any],
) -> Generation:
    """`result` completed, in place, with what `seed` knows. Both must belong to the recorder.

    None stands for empty everywhere: programs pass on what a provider left out.
    """
    merged = result
    merged.id = merged.id or seed.id or f"gen_{os.urandom(8).hex()}"
    merged.conversation_id = merged.conversation_id or seed.conversation_id
    merged.conversation_title = merged.conversation_title or seed.conversation_title
    merged.user_id = merged.user_id or seed.user_id
    merged.agent_name = merged.agent_name or seed.agent_name
    merged.agent_version = merged.agent_version or seed.agent_version
    merged.system_prompt = merged.system_prompt or seed.system_prompt
    merged.mode = merged.mode or seed.mode or GenerationMode.SYNC
    merged.operation_name = merged.operation_name or seed.operation_name or operation_name_for(merged.mode)
    model = merged.model or seed.model
    merged.model = ModelRef(model.provider or seed.model.provider, model.name or seed.model.name)
    _merge_controls(seed, merged)
    merged.input = merged.input or []
    merged.output = merged.output or []
    merged.artifacts = merged.artifacts or []
    merged.tools = merged.tools or seed.tools
    merged.parent_generation_ids = merged.parent_generation_ids or seed.parent_generation_ids
    if is_blank(merged.effective_version):
        merged.effective_version = seed.effective_version
    merged.tags = {**seed.tags, **(merged.tags or {})}
    merged.metadata = {**seed.metadata, **(merged.metadata or {}), **extra_metadata}
    merged.started_at = to_utc(merged.started_at) if merged.started_at is not None else started_at
    merged.completed_at = to_utc(merged.completed_at or completed_at)
    _merge_usage(merged)
    _merge_identity_metadata(merged)
    merged.metadata[SDK_NAME_KEY] = SDK_NAME
    return merged


def apply_call_error(generation: Generation, call_error: BaseException | None) -> None:
    """Records the failure of the call itself."""
    if call_error is not None:
        generation.call_error = generation.call_error or str(call_error)
        generation.metadata[CALL_ERROR_KEY] = str(call_error)


def apply_first_token(generation: Generation, first_token_at: datetime | None) -> None:
    """Records how long a streamed reply took to begin, in seconds. The format has no field for it: it is metadata."""
    if first_token_at is None or generation.started_at is None or generation.mode is not GenerationMode.STREAM:
        return
    seconds = (to_utc(first_token_at) - generation.started_at).total_seconds()
    if seconds >= 0:
        generation.metadata[TIME_TO_FIRST_TOKEN_KEY] = seconds


def _merge_controls(seed: GenerationStart, merged: Generation) -> None:
    if merged.max_tokens is None:
        merged.max_tokens = seed.max_tokens
    if merged.temperature is None:
        merged.temperature = seed.temperature
    if merged.top_p is None:
        merged.top_p = seed.top_p
    if merged.tool_choice is None:
        merged.tool_choice = seed.tool_choice
    if merged.thinking_enabled is None:
        merged.thinking_enabled = seed.thinking_enabled


def _merge_usage(merged: Generation) -> None:
    usage = (merged.usage or TokenUsage()).normalize()
    # Current servers know one counter for tokens written to the cache; 0.2 programs fill the other name.
    if not usage.cache_write_input_tokens:
        usage.cache_write_input_tokens = usage.cache_creation_input_tokens
    merged.usage = usage


def _merge_identity_metadata(merged: Generation) -> None:
    """Title and user have no field on the wire: they travel in the metadata, in both directions."""
    metadata = merged.metadata
    merged.conversation_title = _stripped(merged.conversation_title) or _stripped(metadata.get(TITLE_KEY))
    if merged.conversation_title:
        metadata[TITLE_KEY] = merged.conversation_title
    merged.user_id = (
        _stripped(merged.user_id) or _stripped(metadata.get(_USER_KEY)) or _stripped(metadata.get(_LEGACY_USER_KEY))
    )
    if merged.user_id:
        metadata[_USER_KEY] = merged.user_id


def _stripped(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
