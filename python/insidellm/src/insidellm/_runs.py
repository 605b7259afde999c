"""Which run the current thread or task is in.

A run belongs to the context (thread, task) that started it and to the contexts copied from it. A context that never
started a run of its own sees the run that was started last anywhere, as plain worker threads expect; none while runs of
several users are open, because it could be anybody's. One that has started and ended its own sees none.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from typing import Any, Dict, Optional

from lightwell import Run


# One variable for all clients: a context variable per client could never be freed.
context_runs: ContextVar[Optional[Dict[int, Run]]] = ContextVar("insidellm_runs", default=None)
_registry_keys = itertools.count()


class RunRegistry:
    """The runs of one client. Safe to use from any thread or task.

    There is no lock, which a forked child could inherit held: every step is one operation on a dict.
    """

    def __init__(self) -> None:
        self.key = next(_registry_keys)
        """What the variable of the runs knows this registry by."""
        self.open: Dict[Optional[str], Run] = {}
        """The runs that are open, in the order of their start."""
        self.get = self.open.get
        """An open run by its id, None when there is none."""

    def start(self, run_id: str, user_id: str, metadata: Dict[str, Any]) -> Run:
        """Makes a run the current one of this context."""
        runs = context_runs.get() or {}
        run = Run(run_id, user_id, metadata, _first_open(runs.get(self.key)))
        self.open.pop(run_id, None)
        self.open[run_id] = run
        context_runs.set({**runs, self.key: run})
        return run

    def end(self, run_id: str) -> Optional[Run]:
        """Ends a run, whoever started it. None when it is not open."""
        run = self.open.pop(run_id, None)
        if run is not None:
            run.end()
        return run

    def current(self) -> Optional[Run]:
        """The run that this context is in."""
        runs = context_runs.get()
        own = runs.get(self.key) if runs is not None else None
        if own is not None:
            return own if not own.ended else _first_open(own)
        return self._started_last()

    def _started_last(self) -> Optional[Run]:
        while True:
            try:
                latest = next(reversed(self.open.values()), None)
                if latest is None or all(run.user_id == latest.user_id for run in self.open.values()):
                    return latest
                return None
            except RuntimeError:  # Another thread started or ended a run meanwhile.
                continue


def _first_open(run: Optional[Run]) -> Optional[Run]:
    while run is not None and run.ended:
        run = run.before
    return run
