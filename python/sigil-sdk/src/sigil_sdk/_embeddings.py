"""Embedding calls: a span and its metrics. They are not exported, and cost nothing in a program without OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _otel, context
from ._capture import resolver_or_client_mode
from ._copies import copy_metadata, copy_model
from ._error_category import error_category
from ._normalise import to_utc
from ._operation import OperationRecorder
from ._records import replace
from .errors import ValidationError
from .models import EmbeddingResult, EmbeddingStart
from .validation import validate_embedding_result, validate_embedding_start

if TYPE_CHECKING:
    from datetime import datetime

    from .client import Client
    from .models import ContentCaptureMode

_DIMENSIONS = "gen_ai.embeddings.dimension.count"


class EmbeddingRecorder(OperationRecorder):
    """An embedding call in progress. Use it as a context manager, or call `end()`, which never raises."""

    def __init__(self, client: Client, seed: EmbeddingStart, started_at: datetime, mode: ContentCaptureMode) -> None:
        super().__init__(client, started_at, mode)
        #: What was known at the start, completed from the context and the configuration.
        self.seed = seed
        self._begin_span(f"embeddings {seed.model.name}".strip(), "client", _start_attributes(seed))
        self._result: EmbeddingResult | None = None
        self._final_error: Exception | None = None

    def set_result(self, result: EmbeddingResult | None = None, **kwargs: Any) -> None:
        """What the call returned: an `EmbeddingResult`, or its fields as keywords. The last call wins.

        `TypeError` for an unknown field.
        """
        given = result if result is not None else EmbeddingResult(**kwargs)
        if not self._ended:
            self._result = replace(given, input_texts=list(given.input_texts or ()))

    def set_call_error(self, error: BaseException | None) -> None:
        """The call failed. None is ignored; the last error wins."""
        self._fail(error)

    def err(self) -> Exception | None:
        """`ValidationError` when the record is not usable, else None, also when the call itself failed."""
        return self._final_error

    def _finish(self) -> None:
        """Records duration and tokens."""
        client, span = self.client, self._span
        completed_at = to_utc(client._clock())
        self._final_error = self._problem()
        if self._result is not None:
            span.set_attributes(self._result_attributes(self._result))
        error = self._failure or self._final_error
        error_type = category = ""
        if self._failure is not None:
            error_type, category = "provider_call_error", error_category(self._failure)
        elif error is not None:
            error_type, category = "validation_error", "sdk_error"
        seconds = max(0.0, (completed_at - self.started_at).total_seconds())
        metric = self._metric_attributes()
        _otel.record_duration(client, span, seconds, {**metric, "error.type": error_type, "error.category": category})
        if self._result is not None and self._result.input_tokens:
            counted = {**metric, "gen_ai.token.type": "input"}
            _otel.record_tokens(client, span, self._result.input_tokens, counted)
        hidden = self._hidden
        told = (self._failure, self._final_error)
        _otel.end_span(
            span,
            completed_at,
            error_type=error_type,
            category=category,
            description=category if hidden else str(error or ""),
            exceptions=() if hidden else tuple(each for each in told if isinstance(each, BaseException)),
        )

    def _problem(self) -> ValidationError | None:
        try:
            validate_embedding_start(self.seed)
            if self._result is not None:
                validate_embedding_result(self._result)
        except (ValueError, TypeError) as error:
            return ValidationError(f"sigil: embedding validation failed: {error}")
        return None

    def _result_attributes(self, result: EmbeddingResult) -> dict[str, Any]:
        found: dict[str, Any] = {"gen_ai.embeddings.input_count": result.input_count}
        if result.input_tokens:
            found["gen_ai.usage.input_tokens"] = result.input_tokens
        if result.response_model:
            found["gen_ai.response.model"] = result.response_model
        if result.dimensions is not None:
            found[_DIMENSIONS] = result.dimensions
        capture = self.client._config.embedding_capture
        if capture.capture_input and result.input_texts and not self._hidden:
            texts = result.input_texts[: capture.max_input_items]
            found["gen_ai.embeddings.input_texts"] = [_cut(str(text), capture.max_text_length) for text in texts]
        return found

    def _metric_attributes(self) -> dict[str, Any]:
        seed = self.seed
        return {
            "gen_ai.operation.name": "embeddings",
            **_otel.identity(seed.model.provider, seed.model.name, seed.agent_name, seed.agent_version),
        }


def start_embedding(client: Client, start: EmbeddingStart) -> EmbeddingRecorder:
    """Begins to record an embedding call."""
    config = client._config
    metadata = copy_metadata(start.metadata or {})
    mode = resolver_or_client_mode(client._resolver, metadata, client._content_capture, client._logger)
    started_at = to_utc(client._clock() if start.started_at is None else start.started_at)
    seed = replace(
        start,
        model=copy_model(start.model),
        agent_name=start.agent_name or context.agent_name_from_context() or config.agent_name or "",
        agent_version=start.agent_version or context.agent_version_from_context() or config.agent_version or "",
        tags=dict(start.tags or {}),
        metadata=metadata,
        started_at=started_at,
    )
    return EmbeddingRecorder(client, seed, started_at, mode)


def _start_attributes(seed: EmbeddingStart) -> dict[str, Any]:
    optional = {
        "gen_ai.provider.name": seed.model.provider,
        "gen_ai.request.model": seed.model.name,
        "gen_ai.agent.name": seed.agent_name,
        "gen_ai.agent.version": seed.agent_version,
    }
    found: dict[str, Any] = {
        "gen_ai.operation.name": "embeddings",
        "sigil.sdk.name": "sdk-python",
        **{key: value for key, value in optional.items() if value},
    }
    if seed.dimensions is not None:
        found[_DIMENSIONS] = seed.dimensions
    if seed.encoding_format.strip():
        found["gen_ai.request.encoding_formats"] = [seed.encoding_format.strip()]
    return found


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return text[:longest] if longest <= 3 else f"{text[: longest - 3]}..."
