"""usage: python -m stall [--seconds N] [--turns N] [--record FILE]

Prints one table. Each row is the turn with the median of the longest delays. scripts/stall sets what it needs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from server import Server

from .measure import LOADS, SERVERS, measure
from .table import Row, lines


def main() -> None:
    """The original's turn, ours, the original's, ours, ..."""
    parser = argparse.ArgumentParser(prog="stall")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one run")
    parser.add_argument("--turns", type=int, default=3, help="how often each side runs")
    parser.add_argument("--record", type=Path, help="gets the figures as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lightwell-stall-") as folder:
        server = Server(Path(folder) / "data").start()
        try:
            rows = [median([measure(server, "sigil-http", "idle", "healthy", "ours", arguments.seconds)])]
            for lane, workload in LOADS:
                for state in SERVERS:
                    turns: dict[str, list[Row]] = {"original": [], "ours": []}
                    for _ in range(arguments.turns):
                        for whose, measured in turns.items():
                            measured.append(measure(server, lane, workload, state, whose, arguments.seconds))
                    rows += [median(measured) for measured in turns.values()]
                    print(f"{lane} {workload} {state}", file=sys.stderr)
        finally:
            server.kill()
    print("\n".join(lines(rows, arguments.seconds)))
    if arguments.record:
        with arguments.record.open("a") as file:
            file.write(json.dumps({"stall": [asdict(row) for row in rows]}) + "\n")


def median(rows: list[Row]) -> Row:
    """The one in the middle by its longest delay."""
    return sorted(rows, key=lambda row: row.figures["longest"])[len(rows) // 2]


main()
