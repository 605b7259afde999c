"""A full disk: 503 with Retry-After, nothing acknowledged is lost, and when there is room again it goes on by itself."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable

import pytest

from conftest import ROOT, Server
from waiting import wait_for

DISK_BYTES = 64 << 20
FREE_BYTES = 8 << 20

#: Starts a program on a file system of its own, in a namespace of its own: no privileges are needed where users may have one.
SMALL_DISK = """#!/bin/sh
exec unshare --user --map-root-user --mount \\
  sh -c 'mount -t tmpfs -o size={bytes} lightwell {folder} && exec "$@"' sh {binary} "$@"
"""


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that a server, started with LIGHTWELL_BINARY, sees as a small file system of its own."""
    try_it = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "lightwell", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(try_it, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let us have a small file system (unshare and mount)")
    folder = tmp_path / "small"
    folder.mkdir()
    binary = os.environ.get("LIGHTWELL_BINARY", str(ROOT / "dist" / "lightwell"))
    wrapper = tmp_path / "lightwell"
    wrapper.write_text(SMALL_DISK.format(bytes=DISK_BYTES, folder=folder, binary=binary))
    wrapper.chmod(0o755)
    monkeypatch.setenv("LIGHTWELL_BINARY", str(wrapper))
    return folder


@pytest.mark.timeout(120)
def test_full_disk(small_disk: Path, new_server: Callable[..., Server]) -> None:
    server = new_server(data=small_disk / "data").start()
    assert server.process is not None
    seen_by_server = Path(f"/proc/{server.process.pid}/root") / small_disk.relative_to("/")
    filler = seen_by_server / "filler"
    fill(filler, shutil.disk_usage(seen_by_server).free - FREE_BYTES)

    acknowledged: dict[str, str] = {}
    refused = fill_by_ingest(server, acknowledged)
    assert acknowledged, "nothing was stored before the disk was full"
    assert_told(server, acknowledged)
    status, headers, _ = export(server, refused)
    assert (status, int(headers["Retry-After"]) > 0) == (503, True)
    assert server.status("/healthz") == 200

    filler.unlink()
    wait_for(lambda: export(server, refused)[0] == 202, "the server stores again")
    acknowledged |= texts(refused)
    assert_told(server, acknowledged)
    assert server.get("/api/v1/totals")["generations"] == len(acknowledged)
    assert server.status("/readyz") == 200
    assert server.stop() == 0


def fill(path: Path, size: int) -> None:
    """A file of `size` bytes that are really there."""
    with path.open("wb") as file:
        file.write(b"\0" * size)


def fill_by_ingest(server: Server, acknowledged: dict[str, str]) -> list[dict[str, Any]]:
    """Sends until the server has no room, noting what it acknowledged. Gives the batch that it refused."""
    chosen = random.Random(7)
    for number in range(2000):
        generations = [generation(f"gen-{number}-{i}", chosen) for i in range(10)]
        status, headers, answer = export(server, generations)
        if status == 503:
            assert int(headers["Retry-After"]) > 0, headers
            return generations
        assert status == 202, (status, answer)
        assert all(result["accepted"] for result in answer["results"]), answer
        acknowledged |= texts(generations)
    raise AssertionError("the disk never got full")


def generation(generation_id: str, chosen: random.Random) -> dict[str, Any]:
    """A call with 6 kB that nothing compresses."""
    text = base64.b64encode(chosen.randbytes(4500)).decode()
    return {
        "id": generation_id,
        "conversation_id": f"conv-{generation_id}",
        "model": {"provider": "openai", "name": "gpt-4o-mini"},
        "input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": text}]}],
        "started_at": "2026-11-20T12:00:00Z",
    }


def texts(generations: list[dict[str, Any]]) -> dict[str, str]:
    """What each generation says, by id."""
    return {each["id"]: each["input"][0]["parts"][0]["text"] for each in generations}


def export(server: Server, generations: list[dict[str, Any]]) -> tuple[int, Any, Any]:
    """Status, headers and answer of one export."""
    body = json.dumps({"generations": generations}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(server.url + "/api/v1/generations:export", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode(errors="replace")


def assert_told(server: Server, acknowledged: dict[str, str]) -> None:
    """Every acknowledged generation is told as it was sent."""
    for generation_id, text in acknowledged.items():
        told = server.get(f"/api/v1/generations/{generation_id}")
        assert told["input"][0]["parts"][0]["text"] == text, generation_id
