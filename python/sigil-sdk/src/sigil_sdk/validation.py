"""What a record must fulfil to be exported. `ValueError` names the first field that does not, in reading order."""

from __future__ import annotations

from .models import (
    Artifact,
    ArtifactKind,
    ContentCaptureMode,
    EmbeddingResult,
    EmbeddingStart,
    Generation,
    GenerationMode,
    Message,
    MessageRole,
    Part,
    PartKind,
)

CAPTURE_MODE_KEY = "sigil.sdk.content_capture_mode"

_MODES = (None, GenerationMode.SYNC, GenerationMode.STREAM)
_ROLES = frozenset(MessageRole)
_PART_KINDS = frozenset(PartKind)
_ARTIFACT_KINDS = frozenset(ArtifactKind)


def validate_generation(generation: Generation) -> None:
    """`ValueError` when the generation cannot be exported."""
    if generation.mode not in _MODES:
        raise ValueError("generation.mode must be one of SYNC|STREAM")
    if is_blank(generation.model.provider):
        raise ValueError("generation.model.provider is required")
    if is_blank(generation.model.name):
        raise ValueError("generation.model.name is required")
    stripped = generation.metadata.get(CAPTURE_MODE_KEY) == ContentCaptureMode.METADATA_ONLY.value
    for index, message in enumerate(generation.input):
        _validate_message(message, "input", index, stripped)
    for index, message in enumerate(generation.output):
        _validate_message(message, "output", index, stripped)
    for index, tool in enumerate(generation.tools):
        if is_blank(tool.name):
            raise ValueError(f"generation.tools[{index}].name is required")
    for index, artifact in enumerate(generation.artifacts):
        _validate_artifact(artifact, index)


def validate_embedding_start(start: EmbeddingStart) -> None:
    """`ValueError` when the start of an embedding call is not usable."""
    if is_blank(start.model.provider):
        raise ValueError("embedding.model.provider is required")
    if is_blank(start.model.name):
        raise ValueError("embedding.model.name is required")
    if start.dimensions is not None and start.dimensions <= 0:
        raise ValueError("embedding.dimensions must be > 0")
    if start.encoding_format and is_blank(start.encoding_format):
        raise ValueError("embedding.encoding_format must not be blank")


def validate_embedding_result(result: EmbeddingResult) -> None:
    """`ValueError` when the result of an embedding call is not usable."""
    if result.input_count < 0:
        raise ValueError("embedding.input_count must be >= 0")
    if result.input_tokens < 0:
        raise ValueError("embedding.input_tokens must be >= 0")
    if result.dimensions is not None and result.dimensions <= 0:
        raise ValueError("embedding.dimensions must be > 0")


def is_blank(text: str) -> bool:
    """Empty or only white space. Looks at a long text's first character, not at all of it."""
    return not text or text.isspace()


def _validate_message(message: Message, side: str, index: int, stripped: bool) -> None:
    role = message.role
    if role not in _ROLES:
        raise ValueError(f"generation.{side}[{index}].role must be one of user|assistant|tool")
    parts = message.parts
    if not parts:
        raise ValueError(f"generation.{side}[{index}].parts must not be empty")
    for part_index, part in enumerate(parts):
        # The common part, a text and nothing else, without the general checks.
        if (
            part.kind is PartKind.TEXT
            and part.text
            and not part.text.isspace()
            and not part.thinking
            and part.tool_call is None
            and part.tool_result is None
        ):
            continue
        problem = _part_problem(part, role, stripped)
        if problem is not None:
            raise ValueError(f"generation.{side}[{index}].parts[{part_index}]{problem}")


def _part_problem(part: Part, role: MessageRole, stripped: bool) -> str | None:
    kind = part.kind
    if kind not in _PART_KINDS:
        return ".kind is invalid"
    payloads = (
        (not is_blank(part.text))
        + (not is_blank(part.thinking))
        + (part.tool_call is not None)
        + (part.tool_result is not None)
    )
    is_prose = kind in (PartKind.TEXT, PartKind.THINKING)
    if payloads != 1 and not (stripped and is_prose):
        return " must set exactly one payload field"
    if kind == PartKind.TEXT:
        return ".text is required" if is_blank(part.text) else None
    if kind == PartKind.THINKING:
        if role != MessageRole.ASSISTANT:
            return ".thinking only allowed for assistant role"
        return ".thinking is required" if is_blank(part.thinking) else None
    if kind == PartKind.TOOL_CALL:
        if role != MessageRole.ASSISTANT:
            return ".tool_call only allowed for assistant role"
        return ".tool_call.name is required" if part.tool_call is None or is_blank(part.tool_call.name) else None
    if role != MessageRole.TOOL:
        return ".tool_result only allowed for tool role"
    return ".tool_result is required" if part.tool_result is None else None


def _validate_artifact(artifact: Artifact, index: int) -> None:
    if artifact.kind not in _ARTIFACT_KINDS:
        raise ValueError(f"generation.artifacts[{index}].kind is invalid")
    if is_blank(artifact.record_id) and not artifact.payload:
        raise ValueError(f"generation.artifacts[{index}] must provide payload or record_id")
