"""The same scenarios on the originals and on ours, in their own environments, compared field by field: python/parity.

One process an environment and protocol runs all scenarios in turn. What may differ is declared with the scenario.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, interpreter
from parity.compare import differences, normalise
from parity.differences import BEGIN, END, ROWS, Verdict, judge, table
from parity.scenarios import BOTH, EITHER, Scenario, all_scenarios
from parity.schema import Schema

RUN = ROOT / "python" / "parity" / "run.py"
DOCUMENT = ROOT / "docs" / "differences.md"
SCHEMA = ROOT / "proto" / "sigil" / "v1" / "generation_ingest.proto"
ENVIRONMENTS = {"ours": "parity-ours", "0.9.3": "original-sigil-0.9.3", "0.2.0": "original-sigil-0.2.0"}
RUN_SECONDS = 240
SCENARIOS = all_scenarios()
CASES = [
    pytest.param(release, protocol, scenario, id=f"{release}-{protocol}-{scenario.name}")
    for release in EITHER
    for protocol in BOTH
    for scenario in SCENARIOS
    if release in scenario.releases and protocol in scenario.protocols
]

pytestmark = pytest.mark.timeout(3 * RUN_SECONDS)


@dataclass
class Recordings:
    """What every process observed, by release and protocol."""

    observed: dict[tuple[str, str], dict[str, Any]]
    verdicts: dict[tuple[str, str, str], Verdict] = field(default_factory=dict)

    def verdict(self, release: str, protocol: str, scenario: Scenario) -> Verdict:
        """What differs between a release and ours in one scenario."""
        key = (release, protocol, scenario.name)
        if key not in self.verdicts:
            schema = Schema(SCHEMA)
            original = normalise(self.observed[release, protocol][scenario.name], schema)
            ours = normalise(self.observed["ours", protocol][scenario.name], schema)
            self.verdicts[key] = judge(list(differences(original, ours)), scenario, release)
        return self.verdicts[key]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """Runs all scenarios everywhere, two processes at a time."""
    folder = tmp_path_factory.mktemp("parity")
    runs = [(release, protocol) for protocol in BOTH for release in ENVIRONMENTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        observed = list(pool.map(lambda run: record(*run, folder), runs))
    return Recordings(dict(zip(runs, observed)))


def record(release: str, protocol: str, folder: Path) -> dict[str, Any]:
    """Runs all scenarios of one environment over one protocol; what was observed, by scenario."""
    out = folder / f"{release}-{protocol}.json"
    home = folder / f"{release}-{protocol}"
    home.mkdir()
    finished = subprocess.run(
        [interpreter(ENVIRONMENTS[release]), str(RUN), "--release", release, "--protocol", protocol, "--out", str(out)],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    scenarios: dict[str, Any] = json.loads(out.read_text())["scenarios"]
    return scenarios


@pytest.mark.parametrize(("release", "protocol", "scenario"), CASES)
def test_ours_does_what_the_original_does(recordings: Recordings, release: str, protocol: str, scenario: Scenario) -> None:
    verdict = recordings.verdict(release, protocol, scenario)
    assert not verdict.unexpected, "\n".join(str(found) for found in verdict.unexpected)
    assert not verdict.stale, f"declared, and equal: {verdict.stale}"


def test_every_row_of_the_table_is_seen_in_a_scenario(recordings: Recordings) -> None:
    seen = {row for case in CASES for row in recordings.verdict(*case.values).rows}  # type: ignore[arg-type]
    assert seen == set(ROWS)


def test_the_table_of_the_docs_is_that_of_the_scenarios() -> None:
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    if os.environ.get("LIGHTWELL_UPDATE_DOCS"):
        DOCUMENT.write_text(before + table() + after)
    else:
        assert BEGIN + rest.split(END)[0] + END == table(), "write it anew with LIGHTWELL_UPDATE_DOCS=1"


def test_there_are_as_many_scenarios_and_names_as_promised(recordings: Recordings) -> None:
    assert len({scenario.name for scenario in SCENARIOS}) >= 60
    for release, names in {"0.9.3": 98, "0.2.0": 77}.items():
        exported = recordings.observed[release, "http"]["exported_names"]["seen"]
        assert len(exported) - 1 == names
        assert all(recordings.observed["ours", "http"]["exported_names"]["seen"].get(name) for name in exported)
