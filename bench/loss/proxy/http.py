"""The inner half for HTTP/1.1: whole requests, one rule each."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from typing import Callable, NamedTuple, Optional

from .actions import Answer, Forward, Hold, LoseAnswer, Request, Rule
from .counts import Counts
from .gate import HOST

HEAD_LIMIT_BYTES = 1 << 20


class Message(NamedTuple):
    """A request or an answer as it came."""

    first_line: str
    headers: dict[str, str]
    """Names in lower case."""
    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.first_line.split()[1])


class HttpFaults:
    """Serves connections in one event loop; `rule()` is asked for each request."""

    def __init__(
        self, server_port: int, ids: Callable[[bytes], frozenset[str]], rule: Callable[[], Rule], counts: Counts, released: threading.Event
    ) -> None:
        self.port = 0
        self._server_port = server_port
        self._ids, self._rule, self._counts, self._released = ids, rule, counts, released
        self._listener: Optional[asyncio.base_events.Server] = None

    async def start(self) -> None:
        """Listens on a port of its own."""
        self._listener = await asyncio.start_server(self._connected, HOST, 0, limit=HEAD_LIMIT_BYTES)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening."""
        assert self._listener is not None
        self._listener.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await read_message(reader)) is not None:
                await self._handle(message, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The program, the gate or the server went away, or we end; the program sees a cut connection.
        finally:
            writer.transport.abort()

    async def _handle(self, message: Message, writer: asyncio.StreamWriter) -> None:
        path = message.first_line.split()[1]
        request = Request(path, self._ids(plain(message)), len(message.head) + len(message.body))
        action = self._rule()(request)
        with self._counts.request(request) as verdict:
            if isinstance(action, Answer):
                writer.write(written(action))
                await writer.drain()
                if action.status < 300:
                    verdict.answered()
                return
            if isinstance(action, Hold):
                await asyncio.get_running_loop().run_in_executor(None, self._released.wait)
            elif isinstance(action, Forward) and action.delay_s:
                await asyncio.sleep(action.delay_s)
            answer = await self._forwarded(message)
            if isinstance(action, LoseAnswer):
                raise ConnectionResetError
            writer.write(answer.head + answer.body)
            await writer.drain()
            if answer.status < 300:
                verdict.answered()

    async def _forwarded(self, message: Message) -> Message:
        reader, writer = await asyncio.open_connection(HOST, self._server_port, limit=HEAD_LIMIT_BYTES)
        try:
            writer.write(message.head + message.body)
            await writer.drain()
            answer = await read_message(reader)
            if answer is None:
                raise ConnectionResetError
            return answer
        finally:
            writer.transport.abort()


async def read_message(reader: asyncio.StreamReader) -> Optional[Message]:
    """The next request or answer, None when the other side has ended. `ConnectionError` or `IncompleteReadError` in mid-message."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    assert "transfer-encoding" not in headers, f"this proxy reads bodies of a known length only: {first_line}"
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Message(first_line, headers, head, body)


def plain(message: Message) -> bytes:
    """The body without its compression."""
    encoding = message.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return message.body
    if encoding == "gzip":
        return gzip.decompress(message.body)
    assert encoding == "deflate", f"this proxy does not know the content-encoding {encoding!r}"
    return zlib.decompress(message.body)


def written(answer: Answer) -> bytes:
    """An answer of the proxy's own."""
    lines = [f"HTTP/1.1 {answer.status} Scripted", "Content-Length: 0"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
