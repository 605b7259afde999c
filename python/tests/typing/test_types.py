"""Types: a program for the originals is type-correct with ours, and our packages are so by themselves, all under `--strict`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import interpreter

HERE = Path(__file__).parent
PACKAGES = ("lightwell", "sigil_sdk", "sigil_sdk_litellm", "insidellm")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("env", ["original-sigil-0.9.3", "ours"])
def test_a_program_for_the_originals(env: str, cache: Path) -> None:
    """The packages are those that are installed there, known by their `py.typed`."""
    check(cache / env, "--python-executable", interpreter(env), str(HERE / "program.py"))


def test_our_packages(cache: Path, installed: Path) -> None:
    names = [word for package in PACKAGES for word in ("-p", package)]
    check(cache / "packages", "--python-executable", interpreter("ours"), *names, folder=installed)


def test_the_stub_is_what_the_native_module_is(installed: Path) -> None:
    run([sys.executable, "-m", "mypy.stubtest", "lightwell._native"], installed, PYTHONPATH=str(installed))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our packages as they are installed, where mypy reports of them."""
    folder = tmp_path_factory.mktemp("packages")
    root = Path(interpreter("ours")).parent.parent
    packages = next(root.glob("lib/python3*/site-packages"))
    for package in PACKAGES:
        assert (packages / package / "py.typed").exists(), f"{package} does not say that it is typed"
        (folder / package).symlink_to(packages / package)
    return folder


def check(cache: Path, *arguments: str, folder: Path = HERE) -> None:
    settings = ["--config-file", str(HERE / "mypy.ini"), "--cache-dir", str(cache)]
    run([sys.executable, "-m", "mypy", *settings, *arguments], folder)


def run(command: list[str], folder: Path, **variables: str) -> None:
    environment = {**os.environ, **variables}
    finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
