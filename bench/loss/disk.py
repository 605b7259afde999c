"""A small file system, for a program in a namespace of its own: no privileges are needed where users may have one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
MOUNT = 'mount -t tmpfs -o size="$1" lightwell "$2" && shift 2 && exec "$@"'


def available(folder: Path) -> bool:
    """Whether this machine lets us have one."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "lightwell", str(folder)], capture_output=True, check=False)
    return tried.returncode == 0


def on_small_disk(folder: Path, size_bytes: int) -> list[str]:
    """Words before a command, which then finds at `folder` an empty file system of that size."""
    return [*NAMESPACE, "sh", "-c", MOUNT, "sh", str(size_bytes), str(folder)]
