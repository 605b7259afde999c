"""The HTTP of the control plane: where calls go, what is tried again, and what every failure becomes."""

from __future__ import annotations

import socket
import threading
from datetime import datetime, timezone
from typing import Any

import pytest

pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")

from control_plane import Answer, ControlPlane
from serving import serving
from sigil_sdk import version
from sigil_sdk._api import ApiFailure, Call, RetryPolicy, base_url, call, call_again, parse_time


@pytest.mark.parametrize(
    ("endpoint", "insecure", "base"),
    [
        ("http://h:8080/some/path?x=1", False, "http://h:8080"),
        ("HTTPS://h", True, "https://h"),
        ("http://user:secret@h:1/", None, "http://h:1"),
        ("h:4317", True, "http://h:4317"),
        ("h:4317/p", False, "https://h:4317"),
        ("grpc://h:4317", True, "http://h:4317"),
        ("localhost:4317", None, "http://localhost:4317"),
        ("127.0.0.1:1", None, "http://127.0.0.1:1"),
        ("[::1]:4317", None, "http://[::1]:4317"),
        ("example.org", None, "https://example.org"),
    ],
)
def test_the_base_of_an_endpoint(endpoint: str, insecure: bool | None, base: str) -> None:
    assert base_url(endpoint, insecure) == base


@pytest.mark.parametrize(("endpoint", "why"), [(" ", "api endpoint is required"), ("http://", "host is required")])
def test_an_endpoint_needs_a_host(endpoint: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        base_url(endpoint, True)


def test_times_are_read_as_utc() -> None:
    expected = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc)
    for text in ("2026-01-02T03:04:05.123456789Z", "2026-01-02T05:04:05.123456+02:00", "2026-01-02T03:04:05.123456"):
        assert parse_time(text) == expected
        assert parse_time(text).tzinfo == timezone.utc
    with pytest.raises(ValueError):
        parse_time("soon")


def test_headers_of_the_caller_win(plane: ControlPlane) -> None:
    call(Call("POST", plane.url, {"content-type": "x/y", "user-agent": "mine/1"}, b"{}"), 5)
    call(Call("GET", plane.url), 5)
    first, second = plane.asked
    assert (first.headers["content-type"], first.headers["user-agent"]) == ("x/y", "mine/1")
    assert second.headers["user-agent"] == version.user_agent()
    assert "content-type" not in second.headers


def failing(plane: ControlPlane, answer: Answer, **limits: Any) -> ApiFailure:
    plane.script.append(answer)
    with pytest.raises(ApiFailure) as failure:
        call(Call("POST", plane.url, body=b"{}", **limits), 5)
    return failure.value


def test_a_refusal_has_its_status_and_sentence(plane: ControlPlane) -> None:
    assert str(failing(plane, Answer(404, b" nothing\n"))) == "nothing"
    said = failing(plane, Answer(409, {"error": "it is \"so\""}, {"Retry-After": "7"}))
    assert (str(said), said.status, said.passing, said.retry_after) == ('it is "so"', 409, False, 7.0)
    assert failing(plane, Answer(503, b"", {"Retry-After": "soon"})).passing


def test_an_answer_is_not_read_beyond_its_limit(plane: ControlPlane) -> None:
    assert str(failing(plane, Answer(200, b" " * 11), max_answer_bytes=10)) == "response too large"
    plane.script.append(Answer(200, b" " * 10))
    assert call(Call("GET", plane.url, max_answer_bytes=10), 5) == b" " * 10


def test_an_answer_that_ends_early_is_none(plane: ControlPlane) -> None:
    failure = failing(plane, Answer(200, b"{}", promised=10))
    assert "8 bytes early" in str(failure)
    assert failure.passing


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ApiFailure, match="refused") as failure:
            call(Call("GET", url), 5)
    assert (failure.value.status, failure.value.passing) == (None, True)


def test_a_silent_server_is_given_up(plane: ControlPlane) -> None:
    held = threading.Event()
    plane.script.append(Answer(held=held))
    with pytest.raises(ApiFailure, match="timed out"):
        call(Call("GET", plane.url), 0.05)
    held.set()


def test_what_is_no_http_is_a_failure() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def babble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(ApiFailure, match="SSH-2.0"):
            call(Call("GET", f"http://127.0.0.1:{listener.getsockname()[1]}"), 5)
        thread.join()


def test_a_header_that_cannot_be_sent_is_a_failure_at_once() -> None:
    with pytest.raises(ApiFailure) as failure:
        call(Call("GET", "http://127.0.0.1:1", {"x": "a\nb"}), 5)
    assert not failure.value.passing


def test_a_redirected_post_is_not_repeated_as_a_get(plane: ControlPlane) -> None:
    assert failing(plane, Answer(302, b"", {"Location": f"{plane.url}/there"})).status == 302
    assert [asked.method for asked in plane.asked] == ["POST"]


def test_credentials_do_not_follow_to_another_host(plane: ControlPlane) -> None:
    other = ControlPlane()
    secret = {"Authorization": "Bearer x", "X-Scope-OrgID": "t", "X-Kept": "1"}
    plane.script += [Answer(307, b"", {"Location": f"{plane.url}/there"}), Answer(307, b"", {"Location": other.url})]
    with serving(other.httpd):
        call(Call("GET", plane.url, secret), 5)
    assert plane.asked[1].headers["authorization"] == "Bearer x"
    [followed] = other.asked
    assert "authorization" not in followed.headers
    assert "x-scope-orgid" not in followed.headers
    assert followed.headers["x-kept"] == "1"


@pytest.mark.parametrize(
    ("answers", "attempts", "pauses"),
    [
        ([500, 429, 503, 200], 4, [0.1, 0.2, 0.4]),
        ([500] * 9, 4, [0.1, 0.2, 0.4]),
        ([400, 200], 1, []),
        ([404, 200], 1, []),
    ],
)
def test_passing_failures_are_tried_again(plane: ControlPlane, answers: list[int], attempts: int, pauses: list[float]) -> None:
    plane.script += [Answer(status) for status in answers]
    slept: list[float] = []
    try:
        call_again(Call("POST", plane.url, body=b"{}"), RetryPolicy(), slept.append)
    except ApiFailure:
        assert answers[attempts - 1] != 200
    assert len(plane.asked) == attempts
    assert slept == pauses


def test_retry_after_makes_pauses_longer_within_the_bound(plane: ControlPlane) -> None:
    plane.script += [Answer(429, b"", {"Retry-After": "2"}), Answer(503, b"", {"Retry-After": "60"}), Answer(200)]
    slept: list[float] = []
    call_again(Call("GET", plane.url), RetryPolicy(max_backoff=5.0), slept.append)
    assert slept == [2.0, 5.0]
