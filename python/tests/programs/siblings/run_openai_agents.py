"""An agent of OpenAI's Agents SDK with a tool, a handoff, and a run that fails; chat completions and Responses."""

from __future__ import annotations

import asyncio

from agents import Agent, OpenAIProvider, RunConfig, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from recording import PROVIDER, client, finish
from sigil_sdk_openai_agents import with_sigil_openai_agents_hooks

set_tracing_disabled(True)


def provider(part: str, use_responses: bool) -> RunConfig:
    openai = AsyncOpenAI(base_url=PROVIDER.replace("/v1", f"/{part}/v1"), api_key="not-used", max_retries=0)
    return RunConfig(model_provider=OpenAIProvider(openai_client=openai, use_responses=use_responses))


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


async def run(part: str, agent: Agent, question: str, use_responses: bool = False) -> str:
    options = with_sigil_openai_agents_hooks(None, client=client, provider_resolver="auto", agent_name=part)
    config = provider(part, use_responses)
    return str((await Runner.run(agent, input=question, hooks=options["hooks"], run_config=config)).final_output)


async def main() -> dict:
    told = {}
    agent = Agent(name="Forecaster", instructions="Be brief.", model="gpt-4o-mini", tools=[weather])
    told["tools"] = await run("tools", agent, "Weather in Oslo?")
    speaker = Agent(name="Speaker", instructions="Answer.", model="gpt-5")
    told["responses"] = await run("responses", speaker, "Hi", use_responses=True)
    triage = Agent(name="Triage", instructions="Hand over.", model="gpt-4o-mini", handoffs=[speaker])
    told["handoff"] = await run("handoff", triage, "To the speaker")
    try:
        await run("failure", Agent(name="Broken", model="gpt-4o-mini"), "Hi")
    except Exception as error:
        told["failure"] = type(error).__name__
    return told


finish(**asyncio.run(main()))
