"""Servers on a thread of the test process, gone when their block ends."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from socketserver import BaseServer
from typing import Iterator, TypeVar

S = TypeVar("S", bound=BaseServer)

#: How often a server looks whether it is to end: what each test would wait for at its end.
POLL_SECONDS = 0.01


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Serves until the block ends, then closes the listener."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
