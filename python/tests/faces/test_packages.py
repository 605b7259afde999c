"""The packages as such: versions, light imports, examples."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / "python"


def version_in(package: str) -> str:
    found = re.search(r'^version = "([^"]+)"', (PYTHON / package / "pyproject.toml").read_text(), re.MULTILINE)
    assert found is not None
    return found.group(1)


def test_version_constants_are_those_of_the_packages() -> None:
    import insidellm

    assert insidellm.__version__ == version_in("insidellm")
    if sys.version_info >= (3, 10):
        from sigil_sdk.version import SDK_VERSION

        assert SDK_VERSION == version_in("sigil-sdk") == version_in("sigil-sdk-litellm")


@pytest.mark.parametrize("package", ["insidellm", "sigil_sdk"])
def test_importing_loads_nothing_heavy(run_program: Any, package: str) -> None:
    if package == "sigil_sdk":
        pytest.importorskip("sigil_sdk", reason="sigil_sdk needs Python 3.10")
    heavy = "grpc google opentelemetry pydantic requests litellm langchain langchain_core crewai asyncio urllib.request"
    program = f"import sys, {package}; print(sorted(set(sys.modules) & set({heavy.split()!r})))"
    assert run_program(program).stdout.strip() == "[]"


def test_the_insidellm_example(run_program: Any, server: Any) -> None:
    program = (ROOT / "examples" / "custom_agent_example.py").read_text()
    output = run_program(program, INSIDELLM_BASE_URL=server.url).stdout
    assert f"sent 16 of 16 events to {server.url}" in output
    types = [event["event_type"] for event in server.events()]
    assert types[0] == "run.start" and types[-1] == "run.end"
    assert {"user.input", "llm.request", "llm.response", "tool.call", "tool.response", "error", "user.feedback"} <= set(types)


@pytest.mark.parametrize("protocol", ["http"])
def test_the_litellm_example(run_program: Any, server: Any, protocol: str) -> None:
    pytest.importorskip("litellm", reason="the example needs LiteLLM")
    program = (ROOT / "examples" / "litellm_program.py").read_text()
    output = run_program(program, SIGIL_ENDPOINT=server.url, SIGIL_PROTOCOL=protocol).stdout
    assert "sent 5 of 5 generations" in output
    generations = server.generations()
    assert len({generation["conversation_id"] for generation in generations}) == 1
    assert [len(generation["input"]) for generation in sorted(generations, key=lambda g: g["started_at"])] == [1, 3, 5, 7, 9]
    assert sum("call_error" in generation for generation in generations) == 1
    assert sum(generation["mode"] == "GENERATION_MODE_STREAM" for generation in generations) == 1
