"""What happens to queued records when the process is told to end (SIGTERM) and has no handler of its own.

They are delivered first, for at most `grace_seconds()`; then the process ends by the signal, as it would have. A program that
handles SIGTERM itself is left alone. `signal.getsignal` never shows any of this. See docs/adr/0009-signals.md.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found,unused-ignore]
import os
from typing import Any, Optional

from . import _native

DEFAULT_GRACE_SECONDS = 2.0

_given: Optional[float] = None


def set_grace(seconds: float) -> None:
    """How long SIGTERM may be held up; 0 leaves the signal alone. Counts when called before the first record."""
    global _given
    _given = seconds


def grace_seconds() -> float:
    """What `set_grace` said, else `LIGHTWELL_SIGTERM_SECONDS`, else 2. What cannot be read as a number is 2."""
    if _given is not None:
        return _given
    try:
        return float(os.environ.get("LIGHTWELL_SIGTERM_SECONDS", ""))
    except ValueError:
        return DEFAULT_GRACE_SECONDS


def arm() -> None:
    """Called by the native core when a pipeline makes its first record in a process."""
    grace = grace_seconds()
    if grace > 0:
        _native.arm_sigterm(grace)
        _follow_the_default()


def _follow_the_default() -> None:
    # Servers such as uvicorn handle SIGTERM while they run, then put the default back and raise the signal once more. Python
    # tells nobody of such a change, so the function that makes it does: the one under `signal.signal`, which stays as it is.
    # Nothing is imported here: a child that is forked in the middle of an import waits for that import for ever.
    put = _signal.signal
    if getattr(put, "_lightwell_follows", False):
        return

    def signal(signalnum: Any, handler: Any) -> Any:
        previous = put(signalnum, handler)
        if signalnum == _signal.SIGTERM and type(handler) is int and handler == _signal.SIG_DFL:
            _native.rearm_sigterm()
        return previous

    signal.__doc__ = put.__doc__
    signal._lightwell_follows = True  # type: ignore[attr-defined]
    _signal.signal = signal


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.forked)
