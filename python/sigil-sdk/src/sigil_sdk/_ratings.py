"""Ratings: what a person thought of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._api import ApiFailure, Call, base_url, call, decode_json, encode_json, parse_time, quoted
from ._capture import resolver_or_client_mode
from .errors import RatingConflictError, RatingTransportError, ValidationError
from .models import ContentCaptureMode, ConversationRatingValue
from .models.rating import (
    ConversationRating,
    ConversationRatingInput,
    ConversationRatingSummary,
    SubmitConversationRatingResponse,
)

if TYPE_CHECKING:
    from .client import Client

_TIMEOUT_SECONDS = 10.0
_MAX_COMMENT_BYTES = 4096
_MAX_METADATA_BYTES = 16 * 1024
_MAX_CHARACTERS = {"conversation_id": 255, "rating_id": 128, "generation_id": 255, "rater_id": 255, "source": 64}
_VALUES = tuple(value.value for value in ConversationRatingValue)


def submit_conversation_rating(
    client: Client, conversation_id: str, rating: ConversationRatingInput
) -> SubmitConversationRatingResponse:
    """Sends a rating and waits for the answer, at most 10 s and once.

    `ValidationError` for a rating that cannot be, `RatingConflictError` when its id is in use with another content,
    `RatingTransportError` for everything else. METADATA_ONLY drops the comment.
    """
    config = client._config
    mode = resolver_or_client_mode(client._resolver, rating.metadata, client._content_capture, client._logger)
    id_ = _checked("conversation_id", conversation_id, required=True)
    body = encode_json(_body(rating, with_comment=mode is not ContentCaptureMode.METADATA_ONLY))
    try:
        base = base_url(config.api.endpoint, client._insecure)
    except ValueError as error:
        raise _transport_error(error) from error
    url = f"{base}/api/v1/conversations/{quoted(id_)}/ratings"
    request = Call("POST", url, config.generation_export.headers or {}, body)
    try:
        return _response(decode_json(call(request, _TIMEOUT_SECONDS)))
    except ApiFailure as failure:
        raise _error_of(failure) from failure.__cause__ or failure


def _body(rating: ConversationRatingInput, *, with_comment: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"rating_id": _checked("rating_id", rating.rating_id, required=True)}
    value = getattr(rating.rating, "value", rating.rating)
    if value not in _VALUES:
        raise _validation_error(f"rating must be {_VALUES[0]} or {_VALUES[1]}")
    body["rating"] = value
    comment = (rating.comment or "").strip() if with_comment else ""
    if len(comment.encode("utf-8", "surrogatepass")) > _MAX_COMMENT_BYTES:
        raise _validation_error("comment is too long")
    body["comment"] = comment
    body["metadata"] = rating.metadata
    if rating.metadata and len(_encode_metadata(rating.metadata)) > _MAX_METADATA_BYTES:
        raise _validation_error("metadata is too large")
    for name in ("generation_id", "rater_id", "source"):
        body[name] = _checked(name, getattr(rating, name))
    return {name: value for name, value in body.items() if value}


def _encode_metadata(metadata: dict[str, Any]) -> bytes:
    try:
        return encode_json(metadata)
    except (TypeError, ValueError) as error:
        raise _validation_error(f"metadata is not JSON: {error}") from error


def _checked(name: str, value: str, *, required: bool = False) -> str:
    text = ("" if value is None else str(value)).strip()
    if required and not text:
        raise _validation_error(f"{name} is required")
    if len(text) > _MAX_CHARACTERS[name]:
        raise _validation_error(f"{name} is too long")
    return text


def _error_of(failure: ApiFailure) -> Exception:
    said = str(failure) or f"HTTP {failure.status}"
    if failure.status == 400:
        return _validation_error(said)
    if failure.status == 409:
        return RatingConflictError(f"sigil conversation rating conflict: {said}")
    return _transport_error(said if failure.status is None else f"status {failure.status}: {said}")


def _validation_error(what: object) -> ValidationError:
    return ValidationError(f"sigil conversation rating validation failed: {what}")


def _transport_error(what: object) -> RatingTransportError:
    return RatingTransportError(f"sigil conversation rating transport failed: {what}")


def _response(answer: Any) -> SubmitConversationRatingResponse:
    if not isinstance(answer, dict):
        raise ApiFailure("invalid response payload")
    rating, summary = answer.get("rating"), answer.get("summary")
    if not isinstance(rating, dict) or not isinstance(summary, dict):
        raise ApiFailure("invalid response payload")
    return SubmitConversationRatingResponse(_rating(rating), _summary(summary))


def _rating(fields: dict[str, Any]) -> ConversationRating:
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ApiFailure("invalid rating payload")
    return ConversationRating(
        rating_id=_required(fields, "rating_id", str),
        conversation_id=_required(fields, "conversation_id", str),
        rating=_value(_required(fields, "rating", str)),
        created_at=_time(_required(fields, "created_at", str)),
        comment=_optional_text(fields, "comment"),
        metadata=metadata,
        generation_id=_optional_text(fields, "generation_id"),
        rater_id=_optional_text(fields, "rater_id"),
        source=_optional_text(fields, "source"),
    )


def _summary(fields: dict[str, Any]) -> ConversationRatingSummary:
    latest, latest_bad = fields.get("latest_rating"), fields.get("latest_bad_at")
    for given in (latest, latest_bad):
        if given is not None and not (isinstance(given, str) and given):
            raise ApiFailure("invalid rating summary payload")
    return ConversationRatingSummary(
        total_count=_required(fields, "total_count", int),
        good_count=_required(fields, "good_count", int),
        bad_count=_required(fields, "bad_count", int),
        latest_rated_at=_time(_required(fields, "latest_rated_at", str)),
        has_bad_rating=_required(fields, "has_bad_rating", bool),
        latest_rating=None if latest is None else _value(latest),
        latest_bad_at=None if latest_bad is None else _time(latest_bad),
    )


def _required(fields: dict[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if not isinstance(value, kind) or value == "":
        raise ApiFailure("invalid response payload")
    return value


def _optional_text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ApiFailure("invalid rating payload")
    return value


def _value(text: str) -> ConversationRatingValue:
    try:
        return ConversationRatingValue(text)
    except ValueError as error:
        raise ApiFailure("invalid rating payload") from error


def _time(text: str) -> Any:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ApiFailure("invalid timestamp in response payload") from error
