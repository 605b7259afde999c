"""Every Python block of README.md and docs/ runs as it is written, against a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT, RunProgram, Server
from provider import Provider, Reply

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: LiteLLM answers from its mock instead of the network; blocks that build on an earlier one of the page come after it.
PRELUDE = """
import sys
if "litellm" in {program!r}:
    import functools, litellm
    litellm.completion = functools.partial(litellm.completion, mock_response="Hello!")
"""


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)


#: The environment that a page's blocks need, and what their model says there.
NEEDS: dict[str, tuple[str, list[Reply]]] = {
    "crewai.md": ("crewai", [("weather", {"city": "Paris"}), "It is sunny."]),
    "vertex.md": ("vertex", []),
    "frameworks.md": ("siblings", ["It is sunny."]),
    "langchain.md": ("langchain-1", [("weather", {"city": "Paris"}), "It is sunny."]),
}

#: CrewAI sends nothing of its own anywhere.
CREWAI = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}

SNIPPETS = [(page, number) for page in PAGES for number in range(len(blocks(page)))]


@pytest.mark.parametrize(("page", "number"), SNIPPETS, ids=[f"{page.name}-{number}" for page, number in SNIPPETS])
def test_a_snippet_runs_and_its_records_arrive(
    server: Server, run_program: RunProgram, provider: Provider, page: Path, number: int
) -> None:
    env, provider.chats = NEEDS.get(page.name, ("ours", []))
    program = blocks(page)[number].replace("http://127.0.0.1:8080", server.url)
    run_program(
        (PRELUDE.format(program=program) if env == "ours" else "") + program,
        env=env,
        OPENAI_BASE_URL=provider.url,
        **(CREWAI if env == "crewai" else {}),
        SIGIL_ENDPOINT=server.url,
        INSIDELLM_BASE_URL=server.url,
        INSIDELLM_API_KEY="any",
    )
    assert server.conversations(), "nothing arrived"


def test_pages_are_linked() -> None:
    """Every link of the pages to a file of the repository leads somewhere."""
    dead = []
    for page in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert dead == []
