"""What passed the proxy, by the id of each record."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import Iterator

from .actions import Request


class Counts:
    """Thread-safe. A record is sent again when it comes while a request with it is under way or after one was answered well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._good: Counter[str] = Counter()
        self._again: Counter[str] = Counter()
        self.requests = 0
        self.refused = 0
        """Requests that failed: answered with an error, or never."""
        self.answered = 0
        """Requests that the program got a good answer to."""

    @contextmanager
    def request(self, request: Request) -> Iterator[Verdict]:
        """Counts one request; it is refused unless the body says `answered()`."""
        verdict = Verdict()
        with self._lock:
            self.requests += 1
            self._again.update(known for known in request.ids if self._good[known] > 0)
            self._good.update(request.ids)
        try:
            yield verdict
        finally:
            with self._lock:
                if verdict.good:
                    self.answered += 1
                else:
                    self.refused += 1
                    self._good.subtract(request.ids)

    def again(self) -> int:
        """How often a record was sent again without need."""
        with self._lock:
            return sum(self._again.values())


class Verdict:
    """What became of one request."""

    def __init__(self) -> None:
        self.good = False

    def answered(self) -> None:
        """The program has a good answer."""
        self.good = True
