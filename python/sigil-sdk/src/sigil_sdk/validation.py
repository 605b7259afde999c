"""What a record must fulfil to be exported. `ValueError` names the first field that does not, in reading order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightwell import EncodeError, generation_problem

if TYPE_CHECKING:
    from .models import EmbeddingResult, EmbeddingStart, Generation

CAPTURE_MODE_KEY = "sigil.sdk.content_capture_mode"


def validate_generation(generation: Generation) -> None:
    """`ValueError` when the generation cannot be exported."""
    stripped = (generation.metadata or {}).get(CAPTURE_MODE_KEY) == "metadata_only"
    try:
        problem = generation_problem(generation, stripped)
    except EncodeError as error:
        raise ValueError(str(error)) from error
    if problem is not None:
        raise ValueError(problem)


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


def is_blank(text: str | None) -> bool:
    """None, empty or only white space. Looks at a long text's first character, not at all of it."""
    return not text or text.isspace()
