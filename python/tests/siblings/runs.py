"""Runs a program of a sibling package against a model provider and a server of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable

from conftest import RunProgram, Server
from provider import Provider, Reply

Message = tuple[str, list[Any]]
CITY = ("weather", {"city": "Oslo"})


@dataclass
class Ran:
    """What a program told, and the server that it recorded at."""

    told: dict[str, Any]
    server: Server

    def generations(self, conversation: str) -> list[dict[str, Any]]:
        return self.server.conversation(conversation)["generations"]

    def of_agent(self, agent: str) -> list[dict[str, Any]]:
        """The generations of an agent, in the order of their start."""
        found = [each for each in self.server.generations() if each["agent_name"] == agent]
        return sorted(found, key=lambda each: each["started_at"])


RunSibling = Callable[..., Ran]


def runner(run_program: RunProgram, provider: Provider, server: Server) -> RunSibling:
    """A program runs once, with replies by the part of the provider's path that it asks; else the reply is `Hello there!`."""

    def run(program: str, **scripts: list[Reply]) -> Ran:
        provider.chats = ["Hello there!"]
        provider.scripts = {"failure": [500], **scripts}
        finished = run_program(f"siblings/{program}", env="siblings", SERVER=server.url, PROVIDER=provider.url)
        told = json.loads(finished.out.strip().splitlines()[-1])
        stats = told["stats"]
        assert stats["accepted"] == stats["delivered"] == len(server.generations()) + steps(server), stats
        return Ran(told, server)

    return run


def steps(server: Server) -> int:
    """How many workflow steps the server has."""
    return sum(len(server.conversation(each["id"])["steps"]) for each in server.conversations())


def messages(of: list[dict[str, Any]]) -> list[Message]:
    """(role, parts) of each message: a text as it is, a tool call as (name, arguments), a result as (tool, answer)."""
    return [(each["role"].removeprefix("MESSAGE_ROLE_").lower(), [_part(part) for part in each["parts"]]) for each in of]


def usage(generation: dict[str, Any]) -> tuple[int, int, int]:
    """Input, output and all tokens."""
    return tuple(generation["usage"][f"{kind}_tokens"] for kind in ("input", "output", "total"))  # type: ignore[return-value]


def _part(part: dict[str, Any]) -> Any:
    if part.get("tool_call"):
        arguments = part["tool_call"]["arguments"]
        return part["tool_call"]["name"], json.loads(arguments) if isinstance(arguments, str) else arguments
    if part.get("tool_result"):
        result = part["tool_result"]
        answer = result.get("content") or result.get("content_parsed")
        return {"result_of": result.get("tool_call_id") or result.get("name"), "is": answer}
    if part.get("thinking"):
        return {"thought": part["thinking"]}
    return part["text"]
