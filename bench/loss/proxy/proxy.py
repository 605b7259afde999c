"""The proxy as a fault script sees it."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any, Coroutine, TypeVar, Union

from .actions import Rule, forward
from .counts import Counts
from .gate import HOST, Gate
from .grpc_faults import GrpcFaults
from .http import HttpFaults

T = TypeVar("T")
CALL_SECONDS = 30.0


class Proxy:
    """Runs in a thread of its own; every method may be called from any other."""

    def __init__(self, server_port: int, run: str, grpc: bool) -> None:
        """`run` begins the id of every record of this run; ids are UUIDs."""
        self.rule: Rule = forward
        self.counts = Counts()
        self._released = threading.Event()
        pattern = re.compile(rb"%b-0000-4000-8000-[0-9a-f]{12}" % run.encode())
        inner = GrpcFaults if grpc else HttpFaults
        self._inner: Union[GrpcFaults, HttpFaults] = inner(
            server_port,
            lambda body: frozenset(found.decode() for found in pattern.findall(body)),
            lambda: self.rule,
            self.counts,
            self._released,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> Proxy:
        """Listens, and hands everything on."""
        self._thread.start()
        self._call(self._inner.start())
        self._gate = Gate(self._inner.port)
        self._call(self._gate.open())
        return self

    def stop(self) -> None:
        """Ends every connection and the thread."""
        self.release()
        self._call(self._gate.close())
        self._call(self._inner.stop())
        self._call(_end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    @property
    def address(self) -> str:
        """host:port"""
        return f"{HOST}:{self._gate.port}"

    def heal(self) -> None:
        """Everything passes from now on."""
        self.rule = forward
        self.release()
        self._call(self._gate.open())

    def refuse(self) -> None:
        """Nobody listens."""
        self._call(self._gate.refuse())

    def swallow(self) -> None:
        """A black hole: connections are accepted and read, and nothing ever comes back."""
        self._call(self._gate.swallow())

    def cut(self, after_bytes: int, times: int) -> None:
        """The next `times` connections are reset after `after_bytes` of the program's bytes."""
        self._call(self._gate.cut(after_bytes, times))

    @property
    def cuts_left(self) -> int:
        """Connections that are still to be cut."""
        return self._gate.cuts_left

    def release(self) -> None:
        """Lets go of what a rule holds, from now on at once."""
        self._released.set()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
