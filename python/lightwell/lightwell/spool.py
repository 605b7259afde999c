"""The settings of the spool, which every package reads alike: given > environment > default."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Union

PREFIX = "LIGHTWELL_SPOOL_"


def keywords(
    directory: Union[str, "os.PathLike[str]", None] = None,
    max_bytes: int = 0,
    when_full: str = "",
    fsync: str = "",
    env: Optional[Mapping[str, str]] = None,
) -> Dict[str, Any]:
    """The spool's keyword arguments of a `Pipeline`; empty when no folder is named.

    None, 0 and "" mean: ask `LIGHTWELL_SPOOL_DIR`, `_MAX_BYTES`, `_WHEN_FULL`, `_FSYNC`. `ValueError` for a number that is
    none; what the other words may be, `Pipeline` checks.
    """
    variables = os.environ if env is None else env

    def text(name: str) -> str:
        return variables.get(PREFIX + name, "").strip()

    folder = os.fspath(directory or text("DIR"))
    if not folder:
        return {}
    chosen: Dict[str, Any] = {"spool_dir": os.path.abspath(folder)}
    size = max_bytes or _number("MAX_BYTES", text("MAX_BYTES"))
    if size:
        chosen["spool_max_bytes"] = size
    if when_full or text("WHEN_FULL"):
        chosen["spool_when_full"] = when_full or text("WHEN_FULL")
    if fsync or text("FSYNC"):
        chosen["spool_fsync"] = fsync or text("FSYNC")
    return chosen


def _number(name: str, text: str) -> int:
    try:
        return int(text) if text else 0
    except ValueError:
        raise ValueError(f"{PREFIX}{name} is {text!r}, which is not a number of bytes") from None
