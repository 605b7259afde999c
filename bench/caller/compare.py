"""What recording costs the caller: our packages beside the originals, in the same run, taking turns.

usage: compare.py [--turns N] [--record FILE]

Takes the pythons of the environments from LIGHTWELL_OURS, LIGHTWELL_ORIGINAL_SIGIL_0_9_3 and LIGHTWELL_ORIGINAL_INSIDELLM,
and the server from LIGHTWELL_BINARY, as scripts/bench sets them. The server is a process of its own. CPU is that of the
calling thread only; imports are CPU of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
#: Script, our environment and the original's.
SCRIPTS = [
    ("generation.py", "LIGHTWELL_ORIGINAL_SIGIL_0_9_3"),
    ("litellm_callback.py", "LIGHTWELL_ORIGINAL_SIGIL_0_9_3"),
    ("redaction.py", "LIGHTWELL_ORIGINAL_SIGIL_0_9_3"),
    ("event.py", "LIGHTWELL_ORIGINAL_INSIDELLM"),
]
IMPORTS = [
    ("sigil_sdk", "LIGHTWELL_ORIGINAL_SIGIL_0_9_3"),
    ("insidellm", "LIGHTWELL_ORIGINAL_INSIDELLM"),
]
IMPORT = "import time; before = time.process_time_ns(); import {}; print((time.process_time_ns() - before) / 1000)"

#: Operation -> whose -> one median a turn, in microseconds.
Samples = dict[str, dict[str, list[float]]]


def main() -> None:
    """Runs everything and prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3, help="how often each side runs")
    parser.add_argument("--record", type=Path, help="gets the figures as one more line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lightwell-caller") as folder:
        server, url = start_server(Path(folder))
        try:
            samples = measure(url, arguments.turns)
        finally:
            server.terminate()
            server.wait(timeout=30)
    rows = [row(name, sides) for name, sides in samples.items()]
    print(f"{'CPU of the caller, microseconds':34} {'original':>11} {'ours':>9} {'ratio':>8}")
    for each in rows:
        print(f"{each['operation']:34} {each['original_us']:11.1f} {each['ours_us']:9.1f} {each['ratio']:7.1f}x")
    if arguments.record:
        with arguments.record.open("a") as file:
            file.write(json.dumps({"caller": rows}) + "\n")


def start_server(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A real server on a free port, and its address."""
    command = [os.environ["LIGHTWELL_BINARY"], "serve", "--data", str(folder / "data"), "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if "http://" in line:
            return server, "http://" + line.split("http://", 1)[1].split()[0].rstrip("/")
    raise SystemExit(f"the server ended before it listened: {server.wait()}")


def measure(url: str, turns: int) -> Samples:
    """The original's turn, ours, the original's, ours, ..."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    for _ in range(turns):
        for script, original in SCRIPTS:
            for side, env in (("original", original), ("ours", "LIGHTWELL_OURS")):
                told = json.loads(run(env, str(HERE / script), url))
                for operation, microseconds in told["microseconds"].items():
                    name = f"{operation} messages" if operation.isdigit() else operation
                    samples[f"{told['package']}: {name}"][side].append(microseconds)
        for module, original in IMPORTS:
            for side, env in (("original", original), ("ours", "LIGHTWELL_OURS")):
                samples[f"import {module}"][side].append(float(run(env, "-c", IMPORT.format(module))))
    return samples


def run(env: str, *arguments: str) -> str:
    """What a script printed last, in one of the environments."""
    command = [os.environ[env], *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{command}: {finished.returncode}\n{finished.stderr}")
    return finished.stdout.strip().splitlines()[-1]


def row(operation: str, sides: dict[str, list[float]]) -> dict[str, float | str]:
    """Medians over the turns and how many times ours is cheaper."""
    original, ours = statistics.median(sides["original"]), statistics.median(sides["ours"])
    return {"operation": operation, "original_us": original, "ours_us": ours, "ratio": original / ours}


if __name__ == "__main__":
    main()
