"""CrewAI and LiteLLM with the handler, against a provider at $PROVIDER; a scenario's name is its run and in its path there.

Prints JSON: by scenario of $SCENARIOS, what it returned.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Callable

import litellm

from insidellm import CrewAIInsideLLMCallbackHandler, InsideLLMClient

client = InsideLLMClient(api_key="any", base_url=os.environ["SERVER"])


def provider(scenario: str) -> str:
    return f"{os.environ['PROVIDER']}/{scenario}"


def crew(
    scenario: str, is_litellm: bool, stream: bool = False, tools: bool = True, named: str = "gpt-4o-mini"
) -> Any:
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    @tool("forecast")
    def forecast(city: str) -> str:
        """The weather of a city."""
        if city == "Atlantis":
            raise ValueError("no such city")
        return f"sunny in {city}"

    model = LLM(
        model=named,
        base_url=provider(scenario),
        api_key="sk-secret",
        is_litellm=is_litellm,
        stream=stream,
        temperature=0.5,
    )
    about = {"llm": model, "verbose": False, "max_retry_limit": 0}
    reporter = Agent(role="Reporter", goal="Tell the weather", backstory="Old", tools=[forecast] if tools else [], **about)
    writer = Agent(role="Writer", goal="Write it up", backstory="Young", **about)
    report = Task(name="report", description="Weather of {city}?", expected_output="A sentence", agent=reporter)
    write = Task(name="write", description="Write it up", expected_output="A poem", agent=writer)
    return Crew(name="weather", agents=[reporter, writer], tasks=[report, write], verbose=False)


def native() -> Any:
    return crew("native", is_litellm=False).kickoff(inputs={"city": "Paris"}).raw


def solo() -> Any:
    """Agents that are asked without a crew; the second cannot reach its model."""
    reporter, writer = crew("solo", is_litellm=False).agents
    answer = reporter.kickoff("How is Paris?").raw
    writer.llm = crew("broken_solo", is_litellm=False).agents[1].llm
    return [answer, raised(lambda: writer.kickoff([{"role": "user", "content": "Write it up"}]))]


def through_litellm() -> Any:
    return crew("through_litellm", is_litellm=True, tools=False).kickoff(inputs={"city": "Paris"}).raw


def native_tool_through_litellm() -> Any:
    return crew("native_tool_through_litellm", is_litellm=True).kickoff(inputs={"city": "Paris"}).raw


def streamed_tool_through_litellm() -> Any:
    return crew("streamed_tool_through_litellm", is_litellm=True, stream=True).kickoff(inputs={"city": "Paris"}).raw


def awaited_tool_through_litellm() -> Any:
    """Asynchronous all the way: LiteLLM's own `acompletion`."""
    kickoff = crew("awaited_tool_through_litellm", is_litellm=True).akickoff(inputs={"city": "Paris"})
    return asyncio.run(kickoff).raw


def broken_model_through_litellm() -> Any:
    return raised(lambda: crew("broken_model_through_litellm", is_litellm=True).kickoff(inputs={"city": "Paris"}))


def streamed() -> Any:
    return crew("streamed", is_litellm=False, stream=True, tools=False).kickoff(inputs={"city": "Paris"}).raw


def broken_tool() -> Any:
    return crew("broken_tool", is_litellm=False).kickoff(inputs={"city": "Atlantis"}).raw


def broken_model() -> Any:
    return raised(lambda: crew("broken_model", is_litellm=False, tools=False).kickoff(inputs={"city": "Paris"}))


def tool_through_litellm() -> Any:
    # A model that knows no calls of tools writes them, and CrewAI reads them.
    return crew("tool_through_litellm", is_litellm=True, named="openai/house-model").kickoff(inputs={"city": "Paris"}).raw


def at_once() -> Any:
    """Two crews in one loop, of one handler."""

    async def both() -> Any:
        left, right = crew("at_once_left", is_litellm=False), crew("at_once", is_litellm=False)
        kickoffs = left.kickoff_async(inputs={"city": "Oslo"}), right.kickoff_async(inputs={"city": "Rome"})
        answers = await asyncio.gather(*kickoffs)
        return [answer.raw for answer in answers]

    return asyncio.run(both())


def litellm_alone() -> Any:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    about: Any = {"model": "openai/gpt-4o-mini", "api_base": provider("litellm_alone"), "api_key": "sk-secret"}
    about["messages"] = messages
    told = litellm.completion(**about, temperature=0.5, metadata={"plan": "pro", "list": [1]})
    pieces = litellm.completion(**about, stream=True, stream_options={"include_usage": True})
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)

    async def later() -> str:
        return str((await litellm.acompletion(**about)).choices[0].message.content)

    return [told.choices[0].message.content, text, asyncio.run(later())]


def litellm_fails() -> Any:
    messages = [{"role": "user", "content": "Hi"}]
    return raised(
        lambda: litellm.completion(
            model="openai/gpt-4o-mini",
            api_base=provider("litellm_fails"),
            api_key="sk-secret",
            messages=messages,
            max_retries=0,
        )
    )


def raised(action: Callable[[], Any]) -> str:
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def main() -> None:
    told = {}
    for name in os.environ["SCENARIOS"].split():
        own_run = {} if name == "native" else {"run_id": name}
        handler = CrewAIInsideLLMCallbackHandler(client=client, debug=True, **own_run)
        # The seed's recipe, beside the registration that the handler makes itself.
        if not any(isinstance(callback, CrewAIInsideLLMCallbackHandler) for callback in litellm.callbacks):
            litellm.callbacks.append(handler)
        told[name] = {"answer": globals()[name](), "run_id": handler.run_id}
        if name != "litellm_alone":
            handler.close()
    # LiteLLM tells of some successes from threads that it does not wait for, and of the last at exit: no shutdown here.
    print(json.dumps(told))


if __name__ == "__main__":
    main()
