"""The figures of a run of scripts/bench as one table. usage: table.py RESULTS.jsonl"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

#: Column, member of an ingest line.
INGEST = [
    ("gen/s", "generations_per_second"),
    ("ack p50 ms", "ack_p50_ms"),
    ("p99 ms", "ack_p99_ms"),
    ("max ms", "ack_max_ms"),
    ("CPU-s/100k", "server_cpu_s_per_100k"),
    ("whole/first", "rate_whole_to_first"),
    ("last/first", "rate_last_to_first"),
    ("CPU first/whole", "cpu_first_to_whole"),
    ("disk B/gen", "disk_bytes_per_generation"),
    ("raw/disk", "raw_to_disk"),
    ("peak MB", "server_peak_rss_mb"),
]
#: Column, member of a stall line's figures.
STALL = [("late p50 ms", "p50"), ("p99 ms", "p99"), ("p99.9 ms", "p999"), ("longest ms", "longest")]
#: Members of a loss line.
LOSS = ["recorded", "delivered", "again", "received_again", "duplicated", "lost", "missing"]


def main() -> None:
    """Reads the lines and prints what is there."""
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    ingests = [line for line in lines if "protocol" in line]
    rows = [[f"{line['protocol']} {line['generations']} x{line['connections']}"] + [text(line.get(key, "")) for _, key in INGEST] for line in ingests]
    print_table(["ingest", *(title for title, _ in INGEST)], rows)
    kills = [line["kill"] for line in lines if "kill" in line]
    rows = [[text(value) for value in kill.values()] for kill in kills]
    print_table(list(kills[0]) if kills else [], rows)
    callers = [row for line in lines for row in line.get("caller", [])]
    rows = [[r["operation"], text(r["original_us"]), text(r["ours_us"]), f"{r['ratio']:.1f}x"] for r in callers]
    print_table(["caller's CPU", "original us", "ours us", "ratio"], rows)
    stalls = [row for line in lines for row in line.get("stall", [])]
    rows = [[f"{r['lane']} {r['workload']}, {r['server']}", r["whose"], *(text(r["figures"][key]) for _, key in STALL)] for r in stalls]
    print_table(["a loop that records", "", *(title for title, _ in STALL)], rows)
    losses = [row for line in lines for row in line.get("loss", [])]
    rows = [[r["scenario"], r["side"], *(str(r[key]) for key in LOSS), str(sum(r["told"].values()))] for r in losses]
    print_table(["fault", "", *LOSS, "told"], rows)


def text(value: Any) -> str:
    """A number without noise."""
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.2f}"
    return str(value)


def print_table(titles: list[str], rows: list[list[str]]) -> None:
    """Columns as wide as they must be; nothing without rows."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    for row in [titles, *rows]:
        first, *rest = (cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        print("  ".join([first, *rest]))
    print()


if __name__ == "__main__":
    main()
