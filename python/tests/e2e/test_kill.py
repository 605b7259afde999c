"""SIGKILL in the middle of ingest: what was acknowledged is there, once, as it was sent. `bench` does it fifty times."""

from __future__ import annotations

import os
import subprocess

import pytest

from conftest import ROOT

ROUNDS = 3


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled() -> None:
    program = os.environ.get("LIGHTWELL_KILL_BENCH")
    assert program, "LIGHTWELL_KILL_BENCH is not set: run the tests with scripts/python-test"
    server = os.environ.get("LIGHTWELL_BINARY", str(ROOT / "dist" / "lightwell"))
    finished = subprocess.run([program, server, "--rounds", str(ROUNDS)], capture_output=True, text=True, timeout=280)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "0 lost, 0 doubled, 0 altered" in finished.stdout
