"""Runs the loop program against a real server that is healthy, slow or down."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Callable

from loss.proxy import Forward, Proxy
from loss.scenario import LANES
from server import Server

from .table import Row

LOOP = Path(__file__).parent / "loop.py"
SLOW_S = 0.3
#: Lane and load of each row.
LOADS = [
    ("sigil-http", "2"),
    ("sigil-http", "20"),
    ("sigil-http", "200"),
    ("sigil-grpc", "20"),
    ("insidellm", "event"),
    ("insidellm", "burst"),
]


def slow(proxy: Proxy) -> None:
    """Every answer takes a while."""
    proxy.rule = lambda _: Forward(SLOW_S)


SERVERS: dict[str, Callable[[Proxy], None]] = {"healthy": lambda proxy: None, "slow": slow, "down": Proxy.refuse}


def measure(server: Server, lane: str, workload: str, state: str, whose: str, seconds: float) -> Row:
    """One run of the program in a process of its own."""
    port = int(server.address.rsplit(":", 1)[1])
    proxy = Proxy(port, uuid.uuid4().hex[:8], grpc=lane == "sigil-grpc").start()
    try:
        SERVERS[state](proxy)
        address = server.address if state == "healthy" else proxy.address
        python = os.environ["LIGHTWELL_OURS" if whose == "ours" else LANES[lane]]
        command = [python, str(LOOP), lane, address, workload, str(seconds)]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=60 + 4 * seconds, check=False)
        if finished.returncode != 0:
            raise RuntimeError(f"{command}: {finished.returncode}\n{finished.stderr}")
        return Row(lane, workload, state, whose, json.loads(finished.stdout.splitlines()[-1]))
    finally:
        proxy.stop()
