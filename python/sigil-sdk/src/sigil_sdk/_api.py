"""HTTP of the control plane: ratings, hooks, conversations, scores and experiments.

Generations and workflow steps go by the native pipeline; here a caller waits for an answer. Imported when first needed, never
by `import sigil_sdk`. Everything that goes wrong is an `ApiFailure`, whose text is a fragment for the caller's own message.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.parse import quote, urlsplit

from ._records import dataclass, field
from .version import user_agent

#: The most of an answer that is read, unless the caller says otherwise.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: What `ApiFailure` says of an answer that is larger than may be read.
TOO_LARGE = "response too large"
_MAX_ERROR_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_TOO_MANY_REQUESTS = 429


class ApiFailure(Exception):
    """No usable answer. `status` is the HTTP status of a refusal, None when there was none."""

    def __init__(self, detail: str, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after
        #: The same request may succeed later.
        self.passing = False


@dataclass(slots=True)
class RetryPolicy:
    """How often a failing call is repeated. Times in seconds; `timeout` holds for each attempt."""

    max_retries: int = 3
    initial_backoff: float = 0.1
    max_backoff: float = 5.0
    timeout: float = 30.0


@dataclass(slots=True)
class Call:
    """One request. Explicit `headers` win over `content_type` and the User-Agent, whatever their case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    max_answer_bytes: int = MAX_ANSWER_BYTES


def base_url(endpoint: str, insecure: bool | None) -> str:
    """`scheme://host:port` of an endpoint; path, query and user are dropped.

    Without an HTTP scheme: plaintext if `insecure`; None means plaintext for loopback hosts. `ValueError` without a host.
    """
    text = endpoint.strip()
    if not text:
        raise ValueError("api endpoint is required")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    parts = urlsplit(f"//{rest}")
    if not parts.hostname:
        raise ValueError("api endpoint host is required")
    scheme = scheme.lower()
    if scheme not in ("http", "https"):
        plaintext = _is_loopback(parts.hostname) if insecure is None else insecure
        scheme = "http" if plaintext else "https"
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}"


def quoted(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")


def encode_json(value: Any) -> bytes:
    """UTF-8 JSON. `TypeError` or `ValueError` for what JSON cannot hold, NaN among it."""
    return json.dumps(value, allow_nan=False).encode()


def decode_json(raw: bytes) -> Any:
    """The value of an answer; `ApiFailure` when it is not JSON."""
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ApiFailure(f"invalid JSON response: {error}") from error


def parse_time(text: str) -> datetime:
    """An ISO time in UTC; without an offset it is UTC, digits beyond microseconds are dropped. `ValueError` if it is none."""
    head, dot, tail = text.strip().replace("Z", "+00:00").replace("z", "+00:00").partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        head += "." + (tail[:digits] + "000000")[:6] + tail[digits:]
    moment = datetime.fromisoformat(head)
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def format_time(moment: datetime) -> str:
    """ISO in UTC with `Z`; a time without an offset is UTC."""
    aware = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    return aware.isoformat().replace("+00:00", "Z")


def call(request: Call, timeout: float) -> bytes:
    """The body of a 2xx answer; `ApiFailure` for everything else.

    `timeout` seconds hold for connecting and for each piece of the answer; a trickling answer is given up after twice that.
    """
    deadline = time.monotonic() + timeout
    try:
        return _call(request, timeout, deadline)
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise _refusal(refusal) from refusal
    except urllib.error.URLError as error:
        failure = ApiFailure(str(error.reason))
        failure.passing = True
        raise failure from error
    except (OSError, HTTPException) as error:
        failure = ApiFailure(str(error) or type(error).__name__)
        failure.passing = True
        raise failure from error
    except ValueError as error:
        # A header or an address that cannot be sent.
        raise ApiFailure(str(error)) from error


def call_again(request: Call, policy: RetryPolicy, sleep: Callable[[float], object] | None = None) -> bytes:
    """`call`, repeated while the failure is a passing one: connection errors, timeouts, 429 and 5xx.

    Pauses double from `initial_backoff` to `max_backoff`; the server's `Retry-After` makes them longer, never above that.
    """
    pause = policy.initial_backoff
    for attempt in range(max(0, policy.max_retries) + 1):
        try:
            return call(request, policy.timeout)
        except ApiFailure as failure:
            if not failure.passing or attempt >= policy.max_retries:
                raise
            wait = max(pause, min(failure.retry_after, policy.max_backoff))
        (sleep or time.sleep)(wait)
        pause = min(pause * 2, policy.max_backoff)
    raise AssertionError("the last attempt returns or raises")


def _call(request: Call, timeout: float, deadline: float) -> bytes:
    message = urllib.request.Request(request.url, data=request.body, method=request.method)
    if request.body is not None:
        message.add_header("Content-Type", request.content_type)
    message.add_header("User-Agent", user_agent())
    for name, value in request.headers.items():
        message.add_header(name, value)
    answer: HTTPResponse
    with _opener().open(message, timeout=timeout) as answer:
        chunks: list[bytes] = []
        size = 0
        while chunk := answer.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > request.max_answer_bytes:
                raise ApiFailure(TOO_LARGE)
            if time.monotonic() > deadline:
                raise TimeoutError("timed out")
        if answer.length:
            raise ConnectionError(f"the response ended {answer.length} bytes early")
        return b"".join(chunks)


def _refusal(refusal: urllib.error.HTTPError) -> ApiFailure:
    try:
        text = refusal.read(_MAX_ERROR_BYTES).decode("utf-8", "replace").strip()
    except (OSError, HTTPException):
        text = ""
    failure = ApiFailure(_sentence(text), refusal.code, _retry_after(refusal.headers))
    failure.passing = refusal.code == _TOO_MANY_REQUESTS or refusal.code >= 500
    return failure


def _sentence(text: str) -> str:
    """The `error` of a JSON body, else the body."""
    if text.startswith("{"):
        try:
            sentence = json.loads(text).get("error")
        except ValueError:
            return text
        if isinstance(sentence, str) and sentence.strip():
            return sentence.strip()
    return text


def _retry_after(headers: HTTPMessage | Any) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except (TypeError, ValueError):
        return 0.0


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects of GET. Anything else would arrive as a GET without its body: it is a failure."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if req.get_method() != "GET":
            return None
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            for name in ("Authorization", "X-scope-orgid"):
                followed.remove_header(name)
        return followed


_shared_opener: urllib.request.OpenerDirector | None = None


def _opener() -> urllib.request.OpenerDirector:
    """One for all calls: making it reads the proxy settings and the certificates."""
    global _shared_opener
    if _shared_opener is None:
        _shared_opener = urllib.request.build_opener(_Redirects())
    return _shared_opener
