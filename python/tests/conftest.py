"""What every test that drives a real server shares: the server, programs in environments of their own, the API."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

from provider import provider
from server import ROOT, Server

if TYPE_CHECKING:
    from loss.proxy import Proxy

__all__ = ["ROOT", "Server", "provider"]

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers that are gone when the test ends."""
    servers: list[Server] = []

    def make(*arguments: str, data: Path | None = None) -> Server:
        server = Server(data or tmp_path / "data", arguments)
        servers.append(server)
        return server

    yield make
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@pytest.fixture
def server(new_server: Callable[..., Server]) -> Server:
    """A running server with an empty store."""
    return new_server().start()


NewProxy = Callable[[Server, str], "Proxy"]


@pytest.fixture
def new_proxy() -> Iterator[NewProxy]:
    """Makes fault proxies before a server, for a lane (`sigil-http`, `sigil-grpc`, `insidellm`), gone when the test ends."""
    from loss.proxy import Proxy  # It needs grpcio, which not every environment with tests has.

    proxies: list[Proxy] = []

    def make(server: Server, lane: str) -> Proxy:
        port = int(server.address.rsplit(":", 1)[1])
        proxies.append(Proxy(port, "00000000", grpc=lane == "sigil-grpc").start())
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.stop()


@dataclass
class Finished:
    """What a program left behind."""

    code: int
    out: str
    err: str


RunProgram = Callable[..., Finished]


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    """Runs a program of `programs/` (or given as text) in one of the environments: ours, or an original's."""
    return program_runner(tmp_path)


def program_runner(tmp_path: Path) -> RunProgram:
    """`run_program`, in a folder of the caller's."""

    def run(program: str, *, env: str = "ours", timeout: float = 90, code: int = 0, **variables: str) -> Finished:
        python = interpreter(env)
        path = PROGRAMS / program
        if "\n" in program:
            path = tmp_path / "program.py"
            path.write_text(program)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "OPENAI_API_KEY": "not-used",
            **variables,
        }
        finished = subprocess.run(
            [python, str(path)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=timeout
        )
        assert finished.returncode == code, f"{program}\n{finished.stdout}\n{finished.stderr}"
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    return run


def interpreter(env: str) -> str:
    """The python of an environment, as `scripts/python-test` made it."""
    variable = "LIGHTWELL_" + env.upper().replace("-", "_").replace(".", "_")
    python = os.environ.get(variable)
    assert python, f"{variable} is not set: run the tests with scripts/python-test"
    return python
