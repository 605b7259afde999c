"""What the original `insidellm` does wrong, row by row, beside ours: the same program, the same server, the same answers.

A row whose failure is a matter of chance there (W-02b, W-11, W-14) is asserted of ours alone. What needs CrewAI (W-36, W-37) is in
test_crewai.py; there is nothing of the original to run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import PROGRAMS, RunProgram, interpreter
from delivery.sink import sink
from integrations.original_rows import CLOSED_PORT, ROWS, Row, Told

#: Rows that LangChain is needed for, and are one program.
LANGCHAIN_ROWS = ("W-31", "W-32", "W-33", "W-34", "W-35")


@pytest.mark.parametrize("env", ["original-insidellm", "ours"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row, env: str, run_program: RunProgram, tmp_path: Path) -> None:
    check = row.original if env.startswith("original") else row.ours
    if check is None:
        return  # It is wrong by chance there.
    with sink() as server:
        if row.answer is not None:
            server.answer = row.answer
        if row.is_held:
            server.gate.clear()
        url = CLOSED_PORT if row.is_unreachable else server.url
        places = {"SINK": url, "LIGHTWELL_SPOOL_DIR": str(tmp_path / "spool") if row.spools else ""}
        finished = run_program(PRELUDE + row.program, env=env, code=row.code, **places, **row.environment)
        lines = finished.out.strip().splitlines()
        check(Told(json.loads(lines[-1]) if lines else None, server))


PRELUDE = (PROGRAMS / "originals_insidellm.py").read_text() + "\n\n"


@pytest.fixture
def original_path(tmp_path: Path) -> str:
    """A folder with the original package alone, for environments that have what it needs."""
    root = Path(interpreter("original-insidellm")).parent.parent
    [package] = root.glob("lib/python3*/site-packages/insidellm")
    (tmp_path / "original").mkdir()
    (tmp_path / "original" / "insidellm").symlink_to(package)
    return str(tmp_path / "original")


@pytest.mark.parametrize("whose", ["original", "ours"])
def test_langchain_rows(whose: str, run_program: RunProgram, original_path: str) -> None:
    """W-31 to W-35 with LangChain 0.3, the last that the original can be imported with."""
    path = {"PYTHONPATH": original_path} if whose == "original" else {}
    with sink() as server:
        finished = run_program("originals_langchain.py", env="langchain-0.3", SINK=server.url, **path)
        told = json.loads(finished.out.strip().splitlines()[-1])
        events: dict[str, list[dict[str, Any]]] = {name: [] for name in told["runs"]}
        for event in (event for batch in server.batches for event in batch):
            events[told["names"][event["run_id"]]].append(event)
    CHECKS_OF_LANGCHAIN[whose](events, told)


Events = dict[str, list[dict[str, Any]]]


def wrong_with_langchain(events: Events, told: dict[str, Any]) -> None:
    """What the original does."""
    assert "llm.request" not in types(events["W-31"])
    request, response = events["W-32"]
    assert request["payload"].get("messages") is None and request["payload"]["provider"] == "unknown"
    assert not response["payload"]["usage"]
    assert events["W-33"] == []
    assert [event["payload"]["response_data"] for event in events["W-34"][1:]] != ["4"]
    assert told["remembered"] > 0


def right_with_langchain(events: Events, told: dict[str, Any]) -> None:
    """What ours does."""
    assert types(events["W-31"])[-2:] == ["llm.request", "llm.response"]
    *_, request, response = events["W-32"]
    assert request["payload"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert response["payload"]["usage"]["total_tokens"] == 5
    assert types(events["W-33"])[-2:] == ["tool.call", "tool.response"]
    assert events["W-34"][-1]["payload"]["response_data"] == "4"
    assert told["remembered"] == 0


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in events]


CHECKS_OF_LANGCHAIN: dict[str, Callable[[Events, dict[str, Any]], None]] = {
    "original": wrong_with_langchain,
    "ours": right_with_langchain,
}


def test_w30_langchain_is_not_installed_or_is_new(run_program: RunProgram, original_path: str) -> None:
    """The module can be imported with any LangChain and without; only using the callback needs one."""
    program = PRELUDE + "told(problems('from insidellm.langchain_integration import InsideLLMCallback'))"

    def seen(env: str, **path: str) -> Any:
        return json.loads(run_program(program, env=env, SINK=CLOSED_PORT, **path).out)

    assert seen("original-insidellm") == ["NameError"] == seen("langchain-1", PYTHONPATH=original_path)
    assert seen("ours") == [] == seen("langchain-1")


def test_every_row_is_here() -> None:
    """Of the table of the original's failures, but for those that are test_crewai.py's."""
    numbered = {f"W-{number:02}" for number in [*range(1, 23), *range(30, 36)]}
    here = {row.name.split(" ")[0].rstrip("bc") for row in ROWS} | {*LANGCHAIN_ROWS, "W-30"}
    assert numbered == here
    assert "W-36, W-37" in (Path(__file__).parent / "test_crewai.py").read_text()
