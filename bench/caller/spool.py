"""CPU of the caller's thread for what records an event, without a spool and with each of its settings, taking turns.

usage: spool.py [FOLDER]   (a folder on the disk in question; prints a table of microseconds a record)

Nobody listens where the records go, so that the delivery thread has nothing to do. CPU counts the system's part too; what `always`
waits for the device is no CPU and is in the second table.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from typing import Dict, List, Tuple

from lightwell import Pipeline

SETTINGS: Dict[str, Dict[str, str]] = {
    "no spool": {},
    "never": {"spool_fsync": "never"},
    "500 ms": {"spool_fsync": "500"},
    "always": {"spool_fsync": "always"},
}
SIZES = {"1 kB": 1000, "30 kB": 30_000, "300 kB": 300_000}
TURNS, RECORDS = 5, 100


def main() -> None:
    """Prints both tables."""
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    seen: Dict[Tuple[str, str], List[Tuple[float, float]]] = {}
    for _ in range(TURNS):
        for size in SIZES:
            for setting in SETTINGS:
                seen.setdefault((size, setting), []).append(turn(SIZES[size], SETTINGS[setting], parent))
    for title, which in (("CPU of the caller's thread", 0), ("time until it returns", 1)):
        print(f"\n| {title}, microseconds | " + " | ".join(SETTINGS) + " |")
        print("|---" * (len(SETTINGS) + 1) + "|")
        for size in SIZES:
            medians = [statistics.median(times[which] for times in seen[size, setting]) for setting in SETTINGS]
            print(f"| {size} | " + " | ".join(f"{median:.1f}" for median in medians) + " |")


def turn(size: int, spool: Dict[str, str], parent: "str | None") -> Tuple[float, float]:
    """Microseconds of CPU and of time for one record."""
    folder = tempfile.mkdtemp(dir=parent)
    settings = {"spool_dir": folder, **spool} if spool else {}
    pipeline = Pipeline.insidellm(base_url="http://127.0.0.1:9", api_key="k", flush_interval=3600, batch_size=9999, **settings)
    event = {"event_id": "warm", "text": "x" * size}
    pipeline.record_event(event)
    begun, cpu = time.perf_counter(), time.thread_time()
    for _ in range(RECORDS):
        pipeline.record_event(event)
    cpu, wall = time.thread_time() - cpu, time.perf_counter() - begun
    pipeline.shutdown(0.0)
    shutil.rmtree(folder, ignore_errors=True)
    return cpu / RECORDS * 1e6, wall / RECORDS * 1e6


if __name__ == "__main__":
    main()
