"""Delivers what is still queued when the interpreter ends, within a bounded time.

Each package hands its pipelines to `watch`. A pipeline is kept until its owner was shut down, or was collected and nothing
is left to deliver; so a client that is a local variable of `main()` loses nothing. Records that come after the exit
handler ran (other libraries flush in theirs) are for the caller to flush at once: see `exiting`. What was lost by then is said
in one line of the log `lightwell`.

Children of `multiprocessing` and celery end without running exit handlers; they have others, and those are used.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from typing import Any, Dict, List, Optional, Protocol, Tuple

from ._native import mark_exiting

EXIT_BUDGET_SECONDS = 5.0
"""The longest that all pipelines together may hold up the end of the process."""



class Flushable(Protocol):
    """What is needed of a pipeline, native or not."""

    def flush(self, timeout: Optional[float] = None) -> bool: ...
    def stats(self) -> Dict[str, int]: ...
    def take_notices(self) -> List[Tuple[str, str]]: ...


_watched: Dict[int, Flushable] = {}
_orphans: List[Flushable] = []
_exiting = False
_finalizer: Any = None
_knows_multiprocessing = False
_knows_celery = False


def watch(owner: Any, pipeline: Flushable) -> None:
    """Delivers `pipeline` at exit, or after `owner` was collected. `owner` must be weakly referable."""
    _release_idle_orphans()
    _finalize_multiprocessing_child()
    _watched[id(pipeline)] = pipeline
    weakref.finalize(owner, _orphan, id(pipeline)).atexit = False


def forget(pipeline: Flushable) -> None:
    """The pipeline was shut down: nothing is left to do for it."""
    _watched.pop(id(pipeline), None)


def exiting() -> bool:
    """True once the exit handler has run: a record made now must be flushed by who makes it."""
    return _exiting


def flush_all(budget_seconds: float = EXIT_BUDGET_SECONDS) -> None:
    """Delivers everything that is queued in any pipeline; returns when it is done or the budget is spent."""
    deadline = time.monotonic() + budget_seconds
    pipelines = list(_watched.values()) + list(_orphans)
    for pipeline in pipelines if len(pipelines) > 1 else ():
        pipeline.flush(0.0)  # All begin to send before the first one is waited for.
    for pipeline in pipelines:
        pipeline.flush(max(0.0, deadline - time.monotonic()))


def _orphan(key: int) -> None:
    pipeline = _watched.pop(key, None)
    if pipeline is not None and pipeline.stats()["pending"]:
        _orphans.append(pipeline)
        pipeline.flush(0.0)  # Begins sending now; does not wait.


def _release_idle_orphans() -> None:
    _orphans[:] = [pipeline for pipeline in _orphans if pipeline.stats()["pending"]]


def _at_exit() -> None:
    global _exiting
    _exiting = True
    mark_exiting()
    flush_all(EXIT_BUDGET_SECONDS)
    for pipeline in list(_watched.values()) + list(_orphans):
        _tell(pipeline)


def _tell(pipeline: Flushable) -> None:
    """Logs what the delivery thread left to say, and what was lost."""
    lines = [text for _, text in pipeline.take_notices()]
    summary = getattr(pipeline, "summary", None)
    if summary is not None:
        lines += [line for line in (summary(),) if line]
    stats = pipeline.stats()
    spooled = stats.get("spooled", 0)
    pending = stats["pending"] - spooled
    if pending:
        lines.append(f"lightwell: {pending} records were still undelivered when the process ended")
    if spooled:
        lines.append(f"lightwell: {spooled} records stay in the spool: the next start that sends there delivers them")
    if lines:
        import logging

        for line in lines:
            logging.getLogger("lightwell").warning("%s", line)


def _before_fork() -> None:
    _finalize_later_children()
    _know_celery()


def _after_fork_in_child() -> None:
    # The first use in a child lets go of the parent's spool, which nobody can take over before, should the parent end.
    for pipeline in list(_watched.values()) + _orphans:
        pipeline.stats()


def _finalize_later_children() -> None:
    # A child forgets at its start the finalizers that its parent registered, and then runs what is registered here.
    global _knows_multiprocessing
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _knows_multiprocessing:
        _knows_multiprocessing = True
        util.register_after_fork(sys.modules[__name__], lambda _module: _finalize(util))


def _finalize_multiprocessing_child() -> None:
    # A child that imports this package itself (forkserver) was not forked with it: either its start is still to come, or it
    # is over and the child is known as one.
    _finalize_later_children()
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        if _finalizer is None or not _finalizer.still_active():
            _finalize(util)


def _finalize(util: Any) -> None:
    global _finalizer
    _finalizer = util.Finalize(None, _at_exit, exitpriority=0)


def _know_celery() -> None:
    global _knows_celery
    signals = sys.modules.get("celery.signals")
    if signals is not None and not _knows_celery:
        _knows_celery = True
        signals.worker_process_shutdown.connect(_celery_child_ends, weak=False)


def _celery_child_ends(**_arguments: Any) -> None:
    _at_exit()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
