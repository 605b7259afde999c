"""Content capture: which mode holds for a record, and what METADATA_ONLY takes away from model objects.

Content that the native core reads is withheld there; see `lightwell.Content`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._copies import copy_generation
from .context import content_capture_mode_from_context
from .models import ContentCaptureMode, Generation, Message

if TYPE_CHECKING:
    import logging

    from lightwell import Redactor

    from .config import ClientConfig, ContentCaptureResolver, GenerationSanitizer

_DEFAULT = ContentCaptureMode.DEFAULT
#: Modes under which spans tell nothing that somebody wrote.
HIDDEN_FROM_SPANS = frozenset({ContentCaptureMode.METADATA_ONLY, ContentCaptureMode.FULL_WITH_METADATA_SPANS})


def generation_mode(
    start_mode: ContentCaptureMode,
    resolver: ContentCaptureResolver | None,
    metadata: dict[str, Any] | None,
    client_mode: ContentCaptureMode | None,
    logger: logging.Logger,
) -> ContentCaptureMode:
    """The start's own mode, else the context's, else the resolver's, else the client's."""
    if start_mode is not _DEFAULT:
        return _as_mode(start_mode)
    context_mode = content_capture_mode_from_context()
    if context_mode is not None and context_mode is not _DEFAULT:
        return _as_mode(context_mode)
    return resolver_or_client_mode(resolver, metadata, client_mode, logger)


def resolver_or_client_mode(
    resolver: ContentCaptureResolver | None,
    metadata: dict[str, Any] | None,
    client_mode: ContentCaptureMode | None,
    logger: logging.Logger,
) -> ContentCaptureMode:
    """A resolver that fails or answers nonsense means METADATA_ONLY: in doubt, nothing leaves."""
    if resolver is not None:
        resolved = _resolve(resolver, metadata or {}, logger)
        if resolved is not _DEFAULT:
            return resolved
    if client_mode is None or client_mode is _DEFAULT:
        return ContentCaptureMode.NO_TOOL_CONTENT
    return _as_mode(client_mode)


def _as_mode(mode: ContentCaptureMode | str) -> ContentCaptureMode:
    """The mode that a program wrote, perhaps as its string; what is no mode means METADATA_ONLY."""
    if isinstance(mode, ContentCaptureMode):
        return mode
    try:
        return ContentCaptureMode(mode)
    except ValueError:
        return ContentCaptureMode.METADATA_ONLY


def _resolve(resolver: ContentCaptureResolver, metadata: dict[str, Any], logger: logging.Logger) -> ContentCaptureMode:
    try:
        resolved = resolver(metadata)
    except Exception:
        logger.warning("sigil: content capture resolver failed, falling back to METADATA_ONLY", exc_info=True)
        return ContentCaptureMode.METADATA_ONLY
    if not isinstance(resolved, ContentCaptureMode):
        logger.warning(
            "sigil: content capture resolver returned %s instead of ContentCaptureMode, falling back to METADATA_ONLY",
            type(resolved).__name__,
        )
        return ContentCaptureMode.METADATA_ONLY
    return resolved


def strip_lists(lists: dict[str, list[Any]]) -> None:
    """Removes, in place, the content of a recorder's own model objects. Roles, kinds, ids, names and counts stay."""
    lists["artifacts"] = []
    _strip_messages(lists["input"])
    _strip_messages(lists["output"])
    for tool in lists["tools"]:
        tool.description = ""
        tool.input_schema_json = b""


def _strip_messages(messages: list[Message]) -> None:
    for message in messages:
        for part in message.parts:
            part.text = ""
            part.thinking = ""
            if part.tool_call is not None:
                part.tool_call.input_json = b""
            if part.tool_result is not None:
                part.tool_result.content = ""
                part.tool_result.content_json = b""


def sanitise(sanitizer: GenerationSanitizer, generation: Generation, logger: logging.Logger) -> Generation | None:
    """What the sanitizer makes of a copy, or None when it failed (the caller must then strip)."""
    try:
        sanitised = sanitizer(copy_generation(generation))
        if sanitised is None:
            raise TypeError("the sanitizer returned None")
        return copy_generation(sanitised)
    except Exception:
        logger.warning("sigil: generation sanitization failed, falling back to metadata_only", exc_info=True)
        return None


def native_redactor(config: ClientConfig) -> Redactor | None:
    """What redacts while the native core encodes, when the sanitizer is this package's and nobody wants model objects."""
    from lightwell import Redactor

    sanitizer = config.generation_sanitizer
    if config.generation_exporter is None and isinstance(getattr(sanitizer, "native", None), Redactor):
        from .redaction import SecretRedactionSanitizer

        if type(sanitizer) is SecretRedactionSanitizer:
            return sanitizer.native
    return None
