"""`Client.submit_conversation_rating`: what is sent, what is refused, and what each answer becomes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Iterator

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, ControlPlane
from sigil_sdk import (
    ApiConfig,
    AuthConfig,
    Client,
    ClientConfig,
    ClientShutdownError,
    ContentCaptureMode,
    ConversationRatingInput,
    ConversationRatingValue,
    GenerationExportConfig,
    RatingConflictError,
    RatingTransportError,
    ValidationError,
    with_content_capture_mode,
)

GOOD, BAD = ConversationRatingValue.GOOD, ConversationRatingValue.BAD


def accepted(rating: dict[str, Any] | None = None, summary: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "rating": {
            "rating_id": "r1",
            "conversation_id": "c1",
            "rating": GOOD.value,
            "created_at": "2026-01-02T03:04:05.123456Z",
            **(rating or {}),
        },
        "summary": {
            "total_count": 2,
            "good_count": 1,
            "bad_count": 1,
            "latest_rating": GOOD.value,
            "latest_rated_at": "2026-01-02T05:04:05+02:00",
            "has_bad_rating": True,
            **(summary or {}),
        },
    }


def make(plane: ControlPlane, **fields: Any) -> Client:
    export = GenerationExportConfig(protocol="none", **fields.pop("export", {}))
    return Client(ClientConfig(generation_export=export, api=ApiConfig(f"{plane.url}/ignored"), **fields))


@pytest.fixture
def client(plane: ControlPlane) -> Iterator[Client]:
    plane.otherwise = lambda _asked: Answer(200, accepted())
    made = make(plane)
    yield made
    made.shutdown()


def test_a_rating_is_sent_and_its_answer_is_read(client: Client, plane: ControlPlane) -> None:
    rating = ConversationRatingInput(" r1 ", GOOD, " fine ", {"k": 1}, " g ", "u", " web ")
    answer = client.submit_conversation_rating(" c/1 é ", rating)
    [asked] = plane.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/conversations/c%2F1%20%C3%A9/ratings")
    assert asked.body == {
        "rating_id": "r1",
        "rating": "CONVERSATION_RATING_VALUE_GOOD",
        "comment": "fine",
        "metadata": {"k": 1},
        "generation_id": "g",
        "rater_id": "u",
        "source": "web",
    }
    assert answer.rating.created_at == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc)
    assert answer.summary.latest_rated_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert (answer.summary.latest_rating, answer.summary.latest_bad_at) == (GOOD, None)


def test_credentials_go_along_and_empty_fields_do_not(plane: ControlPlane) -> None:
    plane.otherwise = lambda _asked: Answer(200, accepted())
    auth = AuthConfig(mode="basic", tenant_id="t", basic_password="p")
    make(plane, export={"auth": auth}).submit_conversation_rating("c", ConversationRatingInput("r", BAD, "  "))
    [asked] = plane.asked
    assert (asked.headers["authorization"], asked.headers["x-scope-orgid"]) == ("Basic dDpw", "t")
    assert asked.body == {"rating_id": "r", "rating": BAD.value}


@pytest.mark.parametrize(
    ("conversation", "fields", "problem"),
    [
        (" ", {}, "conversation_id is required"),
        ("c" * 256, {}, "conversation_id is too long"),
        ("c", {"rating_id": " "}, "rating_id is required"),
        ("c", {"rating_id": "r" * 129}, "rating_id is too long"),
        ("c", {"rating": "good"}, f"rating must be {GOOD.value} or {BAD.value}"),
        ("c", {"comment": "é" * 2049}, "comment is too long"),
        ("c", {"generation_id": "g" * 256}, "generation_id is too long"),
        ("c", {"rater_id": "u" * 256}, "rater_id is too long"),
        ("c", {"source": "s" * 65}, "source is too long"),
        ("c", {"metadata": {"k": "x" * 16384}}, "metadata is too large"),
        ("c", {"metadata": {"k": object()}}, "metadata is not JSON: Object of type object is not JSON serializable"),
        ("c", {"metadata": {"k": float("nan")}}, "metadata is not JSON: Out of range float values are not JSON compliant"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(
    client: Client, plane: ControlPlane, conversation: str, fields: dict[str, Any], problem: str
) -> None:
    rating = ConversationRatingInput(**{"rating_id": "r", "rating": GOOD, **fields})
    with pytest.raises(ValidationError) as refused:
        client.submit_conversation_rating(conversation, rating)
    assert str(refused.value).startswith(f"sigil conversation rating validation failed: {problem}")
    assert plane.asked == []


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (Answer(400, b"bad"), ValidationError, "validation failed: bad"),
        (Answer(409, b""), RatingConflictError, "conflict: HTTP 409"),
        (Answer(401, b"no"), RatingTransportError, "transport failed: status 401: no"),
        (Answer(500, b""), RatingTransportError, "transport failed: status 500: HTTP 500"),
        (Answer(200, b"junk"), RatingTransportError, "transport failed: invalid JSON response"),
        (Answer(200, []), RatingTransportError, "transport failed: invalid response payload"),
        (Answer(200, accepted({"created_at": "x"})), RatingTransportError, "invalid timestamp in response payload"),
        (Answer(200, accepted({"rating": "X"})), RatingTransportError, "invalid rating payload"),
        (Answer(200, accepted({"rating_id": ""})), RatingTransportError, "invalid response payload"),
        (Answer(200, accepted({"comment": 5})), RatingTransportError, "invalid rating payload"),
        (Answer(200, accepted(None, {"total_count": "1"})), RatingTransportError, "invalid response payload"),
        (Answer(200, accepted(None, {"latest_bad_at": ""})), RatingTransportError, "invalid rating summary payload"),
        (Answer(200, b"{}", promised=99), RatingTransportError, "97 bytes early"),
        (Answer(200, b" " * (8 * 1024 * 1024 + 1)), RatingTransportError, "response too large"),
    ],
)
def test_what_an_answer_becomes(
    client: Client, plane: ControlPlane, answer: Answer, error: type[Exception], text: str
) -> None:
    plane.script.append(answer)
    with pytest.raises(error) as raised:
        client.submit_conversation_rating("c", ConversationRatingInput("r", GOOD))
    assert str(raised.value).startswith("sigil conversation rating ")
    assert text in str(raised.value)
    # A rating is sent once: the caller decides whether to send it again.
    assert len(plane.asked) == 1


def test_the_capture_mode_decides_about_the_comment(plane: ControlPlane) -> None:
    plane.otherwise = lambda _asked: Answer(200, accepted())
    seen: list[Any] = []

    def resolver(metadata: dict[str, Any]) -> ContentCaptureMode:
        seen.append(metadata)
        return ContentCaptureMode.METADATA_ONLY

    # What is not sent may be of any length.
    rating = ConversationRatingInput("r", GOOD, "x" * 5000, {"k": 1})
    make(plane, content_capture=ContentCaptureMode.METADATA_ONLY).submit_conversation_rating("c", rating)
    make(plane, content_capture_resolver=resolver).submit_conversation_rating("c", rating)
    rating.comment = "kept"
    # The context says nothing about ratings.
    with with_content_capture_mode(ContentCaptureMode.METADATA_ONLY):
        make(plane).submit_conversation_rating("c", rating)
    mode = ContentCaptureMode.FULL_WITH_METADATA_SPANS
    make(plane, content_capture=mode).submit_conversation_rating("c", rating)
    assert [asked.body.get("comment") for asked in plane.asked] == [None, None, "kept", "kept"]
    assert seen == [{"k": 1}]


def test_nothing_is_sent_after_shutdown(plane: ControlPlane) -> None:
    client = make(plane)
    client.shutdown()
    with pytest.raises(ClientShutdownError, match="sigil: client is shutting down"):
        client.submit_conversation_rating("c", ConversationRatingInput("r", GOOD))
    assert plane.asked == []
