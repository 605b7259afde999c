"""The table that people read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Row:
    """One package under one load. Times in milliseconds."""

    lane: str
    workload: str
    server: str
    whose: str
    figures: dict[str, float]


TITLES = ["lane", "load", "server", "", "records/s", "late p50 ms", "p99", "p99.9", "longest", "longest, wall"]


def lines(rows: list[Row], seconds: float) -> list[str]:
    """The table as text."""
    table = [TITLES]
    for row in rows:
        f = row.figures
        rate = (f["made"] + f["refused"]) / seconds
        times = [f"{f[name]:.2f}" for name in ("p50", "p99", "p999", "longest", "wall_longest")]
        table.append([row.lane, row.workload, row.server, row.whose, f"{rate:.0f}", *times])
    widths = [max(len(row[column]) for row in table) for column in range(len(TITLES))]
    return [
        "  ".join(cell.ljust(width) if column < 4 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths)))
        for row in table
    ]
