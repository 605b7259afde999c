"""The scenarios of `bench/loss`, small, for ours: nothing is lost, stored twice or left hanging, and what a bound drops is told."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from loss import disk
from loss.run import run
from loss.scenario import FULL, TEST, Scenario, Side
from loss.scenarios import scenarios
from loss.stage import PROGRAMS
from server import Server

SCENARIOS = {scenario.name: scenario for scenario in scenarios(TEST)}
OURS = [(name, side) for name, scenario in SCENARIOS.items() for side in scenario.sides() if side.ours]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of all scenarios that do not harm it; each has records and conversations of its own."""
    server = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield server
    server.kill()


@pytest.mark.parametrize(("name", "side"), OURS, ids=[f"{name}-{side.name.replace(' ', '-')}" for name, side in OURS])
def test_ours_keeps_its_promises(name: str, side: Side, tmp_path: Path, shared_server: Server) -> None:
    scenario = SCENARIOS[name]
    skip_without_small_disk(scenario, tmp_path)
    outcome = run(scenario, side, TEST, tmp_path, shared_server)
    assert outcome.broken == [], f"{outcome}\n{outcome.log}"


@pytest.mark.parametrize("lane", ["sigil-http", "insidellm"])
def test_the_harness_sees_a_loss(lane: str, tmp_path: Path, shared_server: Server) -> None:
    """The originals lose what is queued when a program ends; if we saw nothing of that, we would see nothing of ours either."""
    outcome = run(SCENARIOS["exit"], Side(lane, "original"), TEST, tmp_path, shared_server)
    assert (outcome.recorded, outcome.lost) == (TEST.steady, TEST.steady)


def test_the_harness_sees_what_is_sent_again(tmp_path: Path, shared_server: Server) -> None:
    """A forked child of the original sends what its parent sends, too."""
    outcome = run(SCENARIOS["fork-queued"], Side("sigil-http", "original"), TEST, tmp_path, shared_server)
    assert outcome.again == outcome.recorded == 10


def skip_without_small_disk(scenario: Scenario, folder: Path) -> None:
    """Full disks need a file system of their own."""
    if (scenario.server_disk_bytes or scenario.spool_disk_bytes) and not disk.available(folder):
        pytest.skip("this machine does not let us have a small file system (unshare and mount)")


def test_every_program_belongs_to_a_scenario() -> None:
    helpers = {"lane.py", "successor.py", "gunicorn_app.py", "celery_app.py"}
    used = {scenario.program for scenario in scenarios(FULL)}
    assert {path.name for path in PROGRAMS.glob("*.py")} == used | helpers
