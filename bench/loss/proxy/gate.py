"""The outer half: bytes only. Refuses, swallows, cuts, or hands everything on."""

from __future__ import annotations

import asyncio
from typing import Optional

HOST = "127.0.0.1"
CHUNK_BYTES = 1 << 16


class Gate:
    """Listens on one port for as long as it is open. Lives in one event loop; every method is called there."""

    def __init__(self, inner_port: int) -> None:
        self.port = 0
        self._inner_port = inner_port
        self._listener: Optional[asyncio.base_events.Server] = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._swallowed: set[asyncio.StreamWriter] = set()
        self._swallowing = False
        self._cut_after_bytes = 0
        self._cuts = 0

    async def open(self) -> None:
        """Accepts connections and hands on what they carry. Connections whose bytes were swallowed end."""
        self._swallowing = False
        self._abort(self._swallowed)
        if self._listener is None:
            self._listener = await asyncio.start_server(self._connected, HOST, self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Nobody listens, and every connection is reset."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._abort(self._connections)

    async def swallow(self) -> None:
        """Connections are accepted and read, and nothing ever comes back."""
        self._swallowing = True

    async def cut(self, after_bytes: int, times: int) -> None:
        """The next `times` connections are reset once the program has sent `after_bytes` on them."""
        self._abort(self._connections)
        self._cut_after_bytes, self._cuts = after_bytes, times

    async def close(self) -> None:
        """The end."""
        await self.refuse()

    @property
    def cuts_left(self) -> int:
        """Connections that are still to be cut."""
        return self._cuts

    def _abort(self, connections: set[asyncio.StreamWriter]) -> None:
        for writer in list(connections):
            writer.transport.abort()
        connections.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(HOST, self._inner_port)
            self._connections.add(inner_writer)
            back = asyncio.ensure_future(self._back(inner_reader, writer))
            try:
                await self._forth(reader, writer, inner_writer)
            finally:
                back.cancel()
                inner_writer.transport.abort()
                self._connections.discard(inner_writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # Either end may go at any time, and so may we; the finally tells the other.
        finally:
            writer.transport.abort()
            self._connections.discard(writer)
            self._swallowed.discard(writer)

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inner: asyncio.StreamWriter
    ) -> None:
        passed = 0
        while data := await reader.read(CHUNK_BYTES):
            if self._swallowing:
                self._swallowed.add(writer)
            if writer in self._swallowed:
                continue
            passed += len(data)
            if self._cuts and passed > self._cut_after_bytes:
                self._cuts -= 1
                return
            inner.write(data)
            await inner.drain()

    async def _back(self, inner: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await inner.read(CHUNK_BYTES):
                if writer in self._swallowed or self._swallowing:
                    self._swallowed.add(writer)
                    continue
                writer.write(data)
                await writer.drain()
            writer.transport.close()
        except ConnectionError:
            writer.transport.abort()
