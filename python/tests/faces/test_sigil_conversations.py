"""Asking about conversations and collections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, ControlPlane
from sigil_sdk import (
    ApiConfig,
    Client,
    ClientConfig,
    ClientShutdownError,
    ConflictError,
    ExperimentTransportError,
    GenerationExportConfig,
    NotFoundError,
    ValidationError,
)
from sigil_sdk._experiments_transport import RetryPolicy
from sigil_sdk.conversations import get_conversation, list_collection_members

ONCE = RetryPolicy(max_retries=0)


def where(plane: ControlPlane) -> dict[str, Any]:
    return {"api_endpoint": f"{plane.url}/ignored", "insecure": True, "headers": {"x-a": "b"}, "retry": ONCE}


@pytest.mark.parametrize(
    ("body", "members"),
    [
        ([{"a": 1}, 5], [{"a": 1}]),
        ({"members": [{"a": 1}], "items": []}, [{"a": 1}]),
        ({"members": None, "items": [{"a": 1}]}, [{"a": 1}]),
        ({}, []),
        (5, []),
    ],
)
def test_members_in_every_shape(plane: ControlPlane, body: Any, members: list[Any]) -> None:
    plane.script.append(Answer(200, body))
    assert list_collection_members(**where(plane), collection_id=" c/1 ") == members
    [asked] = plane.asked
    assert (asked.method, asked.path) == ("GET", "/api/v1/eval/collections/c%2F1/members")
    assert asked.headers["x-a"] == "b"


def test_a_conversation(plane: ControlPlane) -> None:
    plane.script += [Answer(200, {"id": "c"}), Answer(200, [1]), Answer(200, b"")]
    assert get_conversation(**where(plane), conversation_id="c/1") == {"id": "c"}
    assert get_conversation(**where(plane), conversation_id="c", path_prefix="x/y/") == {}
    assert get_conversation(**where(plane), conversation_id="c", path_prefix=" ") == {}
    paths = ["/api/v1/query/conversations/c%2F1", "/x/y/query/conversations/c", "/api/v1/query/conversations/c"]
    assert [asked.path for asked in plane.asked] == paths


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (Answer(400, b"bad"), ValidationError, "sigil conversation get validation failed: bad"),
        (Answer(422, b""), ValidationError, "sigil conversation get validation failed: 422"),
        (Answer(404, {"error": "none"}), NotFoundError, "sigil conversation get not found: none"),
        (Answer(409, b""), ConflictError, "sigil conversation get conflict: 409"),
        (Answer(401, b"no"), ExperimentTransportError, "sigil conversation get transport failed: status 401: no"),
        (
            Answer(500, b""),
            ExperimentTransportError,
            "sigil conversation get transport failed: status 500: unexpected status",
        ),
        (Answer(200, b"{"), ExperimentTransportError, "sigil conversation get transport failed: invalid JSON response"),
        (
            Answer(200, b" " * (8 * 1024 * 1024 + 1)),
            ExperimentTransportError,
            "sigil conversation get transport failed: response too large",
        ),
    ],
)
def test_what_an_answer_becomes(plane: ControlPlane, answer: Answer, error: type[Exception], text: str) -> None:
    plane.script.append(answer)
    with pytest.raises(error) as raised:
        get_conversation(**where(plane), conversation_id="c")
    assert str(raised.value).startswith(text)


def test_what_cannot_be_asked(plane: ControlPlane) -> None:
    with pytest.raises(ValidationError, match="conversation_id is required"):
        get_conversation(**where(plane), conversation_id=" ")
    with pytest.raises(ValidationError, match="collection_id is required"):
        list_collection_members(**where(plane), collection_id="")
    with pytest.raises(ExperimentTransportError, match="api endpoint is required"):
        get_conversation(api_endpoint="", insecure=True, headers={}, conversation_id="c", retry=ONCE)
    with pytest.raises(ExperimentTransportError, match="refused"):
        get_conversation(
            api_endpoint="http://127.0.0.1:1", insecure=True, headers={}, conversation_id="c", retry=ONCE
        )


def test_the_client_says_who_it_is_and_tries_again(plane: ControlPlane) -> None:
    pause = timedelta(milliseconds=1)
    export = GenerationExportConfig(protocol="none", max_retries=2, initial_backoff=pause, max_backoff=pause)
    client = Client(ClientConfig(generation_export=export, api=ApiConfig(plane.url), ingest_actor=" me "))
    plane.script += [Answer(503), Answer(429), Answer(200, {"id": "c"}), Answer(200, [{"a": 1}])]
    assert client.get_conversation("c") == {"id": "c"}
    assert client.list_collection_members("c") == [{"a": 1}]
    assert [asked.headers["x-sigil-ingest-actor"] for asked in plane.asked] == ["me"] * 4
    client.shutdown()
    for call in (client.get_conversation, client.list_collection_members):
        with pytest.raises(ClientShutdownError):
            call("c")
