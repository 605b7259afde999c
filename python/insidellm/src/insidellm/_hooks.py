"""Hooks that other libraries call: whatever goes wrong in one is logged and stays here."""

from __future__ import annotations

import functools
import logging
from typing import Any, Callable, TypeVar, cast

logger = logging.getLogger("insidellm")

_Hook = TypeVar("_Hook", bound=Callable[..., Any])


def quiet(hook: _Hook) -> _Hook:
    """A hook that never raises into the library that calls it."""

    @functools.wraps(hook)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return hook(*args, **kwargs)
        except Exception:
            logger.warning("insidellm: an event was not logged", exc_info=True)
            return None

    return cast(_Hook, wrapper)
