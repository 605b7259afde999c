"""What is decorated behaves as before, whatever kind of function it is; and what began has an end."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pickle
from collections.abc import Iterator
from typing import Any, Callable

import pytest

import insidellm
from insidellm import InsideLLMClient

DECORATORS: dict[str, Callable[[Any], Any]] = {
    "llm": insidellm.track_llm_call("m", "p"),
    "tool": insidellm.track_tool_use("t"),
    "step": insidellm.track_agent_step("s"),
    "function": insidellm.track_function_execution(),
}
EACH = pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS.keys())
ENDS = {"llm.response", "tool.response", "agent.reasoning", "function_execution", "error"}


@pytest.fixture(autouse=True)
def client(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InsideLLMClient]:
    made = InsideLLMClient(api_key="k", base_url=server.url, max_retries=0)
    monkeypatch.setattr(insidellm, "_default_client", made)
    made.start_run(user_id="u")
    yield made
    made.shutdown(timeout=1.0)


def ends(client: InsideLLMClient, server: Any) -> list[dict[str, Any]]:
    """The payloads of what ended; every request and call has one end."""
    assert client.flush()
    events = server.events()
    opened = [event["event_id"] for event in events if event["event_type"] in ("llm.request", "tool.call")]
    ended = [event for event in events if event["event_type"] in ENDS]
    if opened:
        assert [event["parent_event_id"] for event in ended] == opened
    return [event["payload"] for event in ended]


@insidellm.track_llm_call("m", "p")
def module_function(prompt: str, limit: int = 3) -> str:
    """Says it again."""
    return prompt * limit


def test_it_looks_as_it_did() -> None:
    assert str(inspect.signature(module_function)) == "(prompt: 'str', limit: 'int' = 3) -> 'str'"
    assert (module_function.__name__, module_function.__module__) == ("module_function", __name__)
    assert module_function.__doc__ == "Says it again." and module_function.__annotations__["limit"] == "int"
    assert inspect.unwrap(module_function) is not module_function
    assert pickle.loads(pickle.dumps(module_function)) is module_function


class Base:
    def __init__(self) -> None:
        self.name = "base"

    def greet(self, prompt: str) -> str:
        return f"{self.name} {prompt}"


@EACH
def test_methods_of_every_kind(client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]) -> None:
    class Agent(Base):
        above_class = decorate(classmethod(lambda cls, prompt: (cls.__name__, prompt)))
        below_class = classmethod(decorate(lambda cls, prompt: (cls.__name__, prompt)))
        above_static = decorate(staticmethod(lambda prompt: prompt))
        below_static = staticmethod(decorate(lambda prompt: prompt))

        @property
        @decorate
        def number(self) -> int:
            return 7

        @decorate
        def greet(self, prompt: str) -> str:
            return super().greet(prompt) + "!"

    class Child(Agent):
        pass

    child = Child()
    for where in (Child, child):
        assert where.above_class("x") == where.below_class("x") == ("Child", "x")
        assert where.above_static("x") == where.below_static("x") == "x"
    assert (child.number, child.greet("hi")) == (7, "base hi!")
    assert len(ends(client, server)) == 10
    for event in server.events():
        assert "object at 0x" not in str(event["payload"]), "self is not told"


@EACH
def test_callables_that_are_no_functions(
    client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]
) -> None:
    class Plain:
        def __call__(self, prompt: str) -> str:
            return prompt

    class Waiting:
        async def __call__(self, prompt: str) -> str:
            await asyncio.sleep(0)
            return prompt

    assert decorate(Plain())("a") == decorate(functools.partial(Plain(), "a"))() == "a"
    assert asyncio.run(decorate(Waiting())("b")) == "b"
    assert decorate(len)("four") == 4
    assert len(ends(client, server)) == 4
    assert "coroutine" not in str(server.events())


@EACH
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_is_raised(
    client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any], error: type[BaseException]
) -> None:
    raised = error("why")

    @decorate
    def fails(prompt: str) -> None:
        raise raised

    @decorate
    async def fails_later(prompt: str) -> None:
        await asyncio.sleep(0)
        raise raised

    with pytest.raises(error) as seen:
        fails("q")
    assert seen.value is raised
    waiting = fails_later("q")
    waiting.send(None)
    with pytest.raises(error) as seen:
        waiting.send(None)
    assert seen.value is raised
    assert [payload["error_message"] for payload in ends(client, server)] == ["why", "why"]


@EACH
def test_generators_are_driven_as_before(client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]) -> None:
    finished: list[str] = []

    @decorate
    def pieces(prompt: str) -> Any:
        try:
            yield (yield "one")
        except KeyError:
            yield "caught"
        finally:
            finished.append(prompt)
        return "returned"

    whole, thrown, left, killed = (pieces(name) for name in ("whole", "thrown", "left", "killed"))
    assert (next(whole), whole.send("two")) == ("one", "two")
    with pytest.raises(StopIteration, match="returned"):
        next(whole)
    assert (next(thrown), thrown.throw(KeyError()), list(thrown)) == ("one", "caught", [])
    assert next(left) == "one"
    left.close()
    assert next(killed) == "one"
    with pytest.raises(SystemExit):
        killed.throw(SystemExit(1))
    assert finished == ["whole", "thrown", "left", "killed"]
    told = ends(client, server)
    assert len(told) == 4
    assert "error_message" in told[-1], "what was thrown in and came out again failed"


@EACH
def test_asynchronous_generators_are_driven_as_before(
    client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]
) -> None:
    finished: list[str] = []

    @decorate
    async def pieces(prompt: str) -> Any:
        try:
            yield (yield "one")
        except KeyError:
            yield "caught"
        finally:
            await asyncio.sleep(0)
            finished.append(prompt)

    async def main() -> None:
        whole, thrown, left, cancelled = (pieces(name) for name in ("whole", "thrown", "left", "cancelled"))
        assert (await whole.__anext__(), await whole.asend("two")) == ("one", "two")
        assert [piece async for piece in whole] == []
        assert (await thrown.__anext__(), await thrown.athrow(KeyError())) == ("one", "caught")
        assert [piece async for piece in thrown] == []
        await left.__anext__()
        await left.aclose()
        await cancelled.__anext__()
        with pytest.raises(asyncio.CancelledError):
            await cancelled.athrow(asyncio.CancelledError())

    asyncio.run(main())
    assert finished == ["whole", "thrown", "left", "cancelled"]
    assert len(ends(client, server)) == 4


@EACH
def test_generators_that_nobody_asks_have_an_end(
    client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]
) -> None:
    @decorate
    def pieces(prompt: str) -> Any:
        yield prompt

    @decorate
    async def pieces_later(prompt: str) -> Any:
        yield prompt

    closed = pieces("closed")
    closed.close()
    pieces("dropped")
    pieces_later("dropped")
    del closed
    assert list(pieces("asked")) == ["asked"]
    assert len(ends(client, server)) == 4


@EACH
def test_it_may_call_itself(client: InsideLLMClient, server: Any, decorate: Callable[[Any], Any]) -> None:
    @decorate
    def count(prompt: int) -> int:
        return 1 + count(prompt - 1) if prompt else 0

    assert count(3) == 3
    assert client.flush()
    assert len([event for event in server.events() if event["event_type"] in ENDS]) == 4
