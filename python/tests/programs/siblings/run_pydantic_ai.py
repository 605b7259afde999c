"""A Pydantic AI agent: a run, a stream, a tool, a run that fails."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from recording import PROVIDER, client, finish
from sigil_sdk_pydantic_ai import with_sigil_pydantic_ai_capability


def agent(part: str) -> Agent:
    provider = AsyncOpenAI(base_url=PROVIDER.replace("/v1", f"/{part}/v1"), api_key="not-used", max_retries=0)
    capabilities = with_sigil_pydantic_ai_capability(
        None, client=client, provider_resolver="auto", agent_name="forecaster", agent_version="1.0.0"
    )
    model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=provider))
    return Agent(model, instructions="Be brief.", capabilities=capabilities)


async def main() -> dict:
    told = {"plain": (await agent("plain").run("Hi", metadata={"conversation_id": "plain"})).output}
    async with agent("stream").run_stream("Count", metadata={"conversation_id": "stream"}) as stream:
        told["stream"] = [piece async for piece in stream.stream_text()][-1]
    forecaster = agent("tools")

    @forecaster.tool_plain
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"sunny in {city}"

    told["tools"] = (await forecaster.run("Weather in Oslo?", metadata={"conversation_id": "tools"})).output
    try:
        await agent("failure").run("Hi", metadata={"conversation_id": "failure"})
    except Exception as error:
        told["failure"] = type(error).__name__
    return told


finish(**asyncio.run(main()))
