"""usage: python -m loss [--size full|short|test] [--only NAME,...] [--lane LANE,...] [--ours] [--record FILE] [--keep]

Runs the scenarios and prints one table. Exit code 1 when ours broke a promise. scripts/loss sets what it needs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from . import disk
from .outcome import Outcome
from .run import run
from .scenario import FULL, SHORT, TEST, Scenario, Side, Size
from .scenarios import scenarios
from .table import lines

AT_ONCE = 3


def main() -> int:
    """Everything; 1 when ours broke a promise."""
    parser = argparse.ArgumentParser(prog="loss")
    parser.add_argument("--size", choices=["full", "short", "test"], default="full")
    parser.add_argument("--only", default="", help="names of scenarios")
    parser.add_argument("--lane", default="", help="sigil-http, sigil-grpc, insidellm")
    parser.add_argument("--ours", action="store_true", help="leave the originals out")
    parser.add_argument("--record", type=Path, help="gets the outcomes as one line of JSON")
    parser.add_argument("--keep", type=Path, help="keeps each run's folder below this one")
    arguments = parser.parse_args()
    size = {"full": FULL, "short": SHORT, "test": TEST}[arguments.size]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="lightwell-loss-") as temporary:
        small_disks = disk.available(Path(temporary))
        for scenario in scenarios(size):
            if arguments.only and scenario.name not in arguments.only.split(","):
                continue
            if (scenario.server_disk_bytes or scenario.spool_disk_bytes) and not small_disks:
                print(f"{scenario.title}: left out, this machine does not let us have a small file system", file=sys.stderr)
                continue
            sides = [side for side in scenario.sides() if side.ours or not arguments.ours]
            sides = [side for side in sides if not arguments.lane or side.lane in arguments.lane.split(",")]
            outcomes += run_sides(scenario, sides, size, arguments.keep or Path(temporary))
    print("\n".join(lines(outcomes)))
    if arguments.record:
        with arguments.record.open("a") as file:
            file.write(json.dumps({"loss": [{**asdict(each), "log": ""} for each in outcomes]}) + "\n")
    broken = [each for each in outcomes if each.broken]
    for each in broken:
        print(f"\n{each.scenario}, {each.side}: {'; '.join(each.broken)}\n{each.log}", file=sys.stderr)
    return 1 if broken else 0


def run_sides(scenario: Scenario, sides: list[Side], size: Size, folder: Path) -> list[Outcome]:
    """The sides of one scenario, some at once when it mostly waits."""

    def one(side: Side) -> Outcome:
        own = folder / f"{scenario.name}-{side.name.replace(' ', '-')}"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        return run(scenario, side, size, own)

    before = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE if scenario.waits else 1) as pool:
        outcomes = list(pool.map(one, sides))
    print(f"{scenario.name}: {time.monotonic() - before:.1f} s", file=sys.stderr)
    return outcomes


sys.exit(main())
