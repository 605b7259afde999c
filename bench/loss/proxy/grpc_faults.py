"""The inner half for gRPC: whole unary calls of any method, one rule each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NoReturn

import grpc

from .actions import Answer, Forward, Hold, LoseAnswer, Request, Rule
from .counts import Counts
from .gate import HOST

HANDLERS = 16
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
RECONNECTING = [("grpc.min_reconnect_backoff_ms", 50), ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 50)]


class GrpcFaults:
    """Serves calls in threads of its own; `rule()` is asked for each."""

    def __init__(
        self, server_port: int, ids: Callable[[bytes], frozenset[str]], rule: Callable[[], Rule], counts: Counts, released: threading.Event
    ) -> None:
        self._ids, self._rule, self._counts, self._released = ids, rule, counts, released
        self._stopped = threading.Event()
        self._channel = grpc.insecure_channel(f"{HOST}:{server_port}", options=[*UNBOUNDED, *RECONNECTING])
        self._server = grpc.server(ThreadPoolExecutor(HANDLERS), handlers=[_Every(self._handle)], options=UNBOUNDED)
        self.port = self._server.add_insecure_port(f"{HOST}:0")

    async def start(self) -> None:
        """Serves."""
        self._server.start()

    async def stop(self) -> None:
        """Ends every call."""
        self._stopped.set()
        self._server.stop(None)
        self._channel.close()

    def _handle(self, method: str, body: bytes, context: Any) -> bytes:
        request = Request(method, self._ids(body), len(body))
        action = self._rule()(request)
        with self._counts.request(request) as verdict:
            if isinstance(action, Answer):
                refuse(context, action)
            if isinstance(action, Hold):
                self._released.wait()
            elif isinstance(action, Forward) and action.delay_s:
                self._stopped.wait(action.delay_s)
            answer = self._forwarded(method, body, context)
            if isinstance(action, LoseAnswer):
                context.abort(grpc.StatusCode.UNAVAILABLE, "the answer was lost")
            verdict.answered()
            return answer

    def _forwarded(self, method: str, body: bytes, context: Any) -> bytes:
        call = self._channel.unary_unary(method)
        metadata = [(key, value) for key, value in context.invocation_metadata() if key != "user-agent"]
        try:
            answer, finished = call.with_call(body, metadata=metadata)
        except grpc.RpcError as error:
            told: Any = error
            context.set_trailing_metadata(told.trailing_metadata() or ())
            context.abort(told.code(), told.details() or "")
        context.send_initial_metadata([(key, value) for key, value in finished.initial_metadata() if key != "date"])
        context.set_trailing_metadata(finished.trailing_metadata())
        assert isinstance(answer, bytes)
        return answer


class _Every(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Any method, with its request and answer as bytes."""

    def __init__(self, handle: Callable[[str, bytes, Any], bytes]) -> None:
        self._handle = handle

    def service(self, details: Any) -> Any:
        """The handler of one method."""
        return grpc.unary_unary_rpc_method_handler(lambda body, context: self._handle(details.method, body, context))


def refuse(context: Any, answer: Answer) -> NoReturn:
    """Ends the call with the code of an HTTP status; Retry-After goes as google.rpc.RetryInfo."""
    code = CODES[answer.status]
    seconds = answer.headers.get("Retry-After")
    if seconds is not None:
        status = rpc_status(code.value[0], int(seconds))
        context.set_trailing_metadata([("grpc-status-details-bin", status)])
    context.abort(code, "scripted")
    raise AssertionError("abort raises")


def rpc_status(code: int, retry_after_s: int) -> bytes:
    """google.rpc.Status {code, details: [RetryInfo {retry_delay}]}, for values under 128."""
    delay = b"\x08" + bytes([retry_after_s])
    info = b"\x0a" + bytes([len(delay)]) + delay
    kind = b"type.googleapis.com/google.rpc.RetryInfo"
    any_ = b"\x0a" + bytes([len(kind)]) + kind + b"\x12" + bytes([len(info)]) + info
    return b"\x08" + bytes([code]) + b"\x1a" + bytes([len(any_)]) + any_
