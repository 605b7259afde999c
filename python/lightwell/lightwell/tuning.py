"""Settings of delivery that the originals do not have, which every package reads alike from the environment."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional


def keywords(env: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
    """Keyword arguments of a `Pipeline`; empty when nothing is set.

    `LIGHTWELL_QUEUE_MAX_BYTES`: what a pipeline may hold in memory, encoded; 64 MiB unless set. `LIGHTWELL_COMPRESSION`: `off`,
    `auto` or `on`. `ValueError` for a number that is none; what the word may be, `Pipeline` checks.
    """
    variables = os.environ if env is None else env
    chosen: Dict[str, Any] = {}
    size = variables.get("LIGHTWELL_QUEUE_MAX_BYTES", "").strip()
    if size:
        if not size.isdigit() or int(size) == 0:
            raise ValueError(f"LIGHTWELL_QUEUE_MAX_BYTES is {size!r}, which is not a number of bytes")
        chosen["queue_max_bytes"] = int(size)
    compression = variables.get("LIGHTWELL_COMPRESSION", "").strip()
    if compression:
        chosen["compression"] = compression
    return chosen
