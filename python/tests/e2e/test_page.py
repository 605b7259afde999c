"""The page in a real browser, as the binary serves it: `ui/tests` against a real server."""

from __future__ import annotations

import os
import subprocess

import pytest

from conftest import ROOT, Server


@pytest.mark.timeout(600)
def test_the_page_in_a_browser(server: Server) -> None:
    environment = {**os.environ, "LIGHTWELL_URL": server.url}
    finished = subprocess.run(
        ["npm", "run", "e2e"], cwd=ROOT / "ui", env=environment, capture_output=True, text=True, timeout=580
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
