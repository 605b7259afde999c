"""Runs one scenario for one side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from server import Server

from .disk import on_small_disk
from .outcome import Outcome, observe
from .scenario import Scenario, Side, Size
from .stage import PROGRAMS, SUCCESSOR_RECORD, Stage


def run(scenario: Scenario, side: Side, size: Size, folder: Path, shared: Optional[Server] = None) -> Outcome:
    """Everything from the server's start to its end. A `shared` server is used where the scenario does not harm it."""
    server = shared
    if server is None or scenario.owns_server:
        server = start_server(scenario, folder)
    try:
        stage = Stage(
            folder, server, lane=side.lane, command=command(scenario, side, folder),
            environment=environment(scenario, side, folder), patience_s=size.patience_s,
        )  # fmt: skip
        try:
            return on_stage(scenario, side, stage)
        finally:
            stage.close()
    finally:
        if server is not shared and server.process is not None and server.process.poll() is None:
            server.kill()


def on_stage(scenario: Scenario, side: Side, stage: Stage) -> Outcome:
    """The program with its faults, then, where records may lie on a disk, its next life."""
    trouble = None
    try:
        scenario.fault(stage)
    except AssertionError as error:
        trouble = str(error)
    ending = stage.end()
    stage.proxy.heal()
    if side.spool and not scenario.spool_disk_bytes:
        stage.start("successor.py")
        next_ending = stage.end()
        ending.hung = ending.hung or next_ending.hung
        if next_ending.code != 0:
            trouble = trouble or f"the next life ended with {next_ending.code}"
    return observe(scenario, side, stage, ending, trouble)


def start_server(scenario: Scenario, folder: Path) -> Server:
    """A server with an empty store."""
    data = folder / "server" / "data"
    data.parent.mkdir()
    before: list[str] = []
    if scenario.server_disk_bytes:
        data = folder / "server" / "disk" / "data"
        data.parent.mkdir()
        before = on_small_disk(data.parent, scenario.server_disk_bytes)
    return Server(data, before=tuple(before), log=folder / "server.log").start()


def command(scenario: Scenario, side: Side, folder: Path) -> list[str]:
    """How the program is run."""
    variable = side.python_variable
    assert variable in os.environ, f"{variable} is not set: run this with scripts/bench or scripts/python-test"
    words = [os.environ[variable], str(PROGRAMS / scenario.program)]
    if scenario.spool_disk_bytes and side.spool:
        (folder / "spool").mkdir()
        words = [*on_small_disk(folder / "spool", scenario.spool_disk_bytes), *words]
    return words


def environment(scenario: Scenario, side: Side, folder: Path) -> dict[str, str]:
    """What the program finds beside what every program finds."""
    spool = {"LIGHTWELL_SPOOL_DIR": str(folder / "spool")} if side.spool else {}
    return {"FIRST": str(SUCCESSOR_RECORD), **scenario.environment, **spool}
