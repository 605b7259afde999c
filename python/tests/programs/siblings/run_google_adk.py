"""An agent of Google's ADK with a tool, two turns of one session, and a call that fails; Gemini's protocol."""

from __future__ import annotations

import asyncio
import os

from google.adk.agents import LlmAgent
from google.adk.models.google_llm import Gemini
from google.adk.runners import InMemoryRunner
from google.genai import types
from recording import PROVIDER, client, finish
from sigil_sdk_google_adk import with_sigil_google_adk_plugins

os.environ["GOOGLE_API_KEY"] = "not-used"


def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def runner(part: str) -> InMemoryRunner:
    model = Gemini(model="gemini-2.5-pro", base_url=f"{PROVIDER.removesuffix('/v1')}/{part}")
    agent = LlmAgent(name="forecaster", model=model, instruction="Be brief.", tools=[weather])
    plugins = with_sigil_google_adk_plugins(None, client=client, provider_resolver="auto", agent_name="forecaster")
    return InMemoryRunner(agent=agent, app_name="qa", **plugins)


async def ask(part: str, *questions: str) -> list[str]:
    running = runner(part)
    await running.session_service.create_session(app_name="qa", user_id="u", session_id=part)
    said = []
    for question in questions:
        content = types.Content(role="user", parts=[types.Part(text=question)])
        async for event in running.run_async(user_id="u", session_id=part, new_message=content):
            for each in (event.content.parts or []) if event.content else []:
                if each.text and not each.thought:
                    said.append(each.text)
    return said


async def main() -> dict:
    told = {"plain": await ask("plain", "Hi", "And now?"), "tools": await ask("tools", "Weather in Oslo?")}
    try:
        await ask("failure", "Hi")
    except Exception as error:
        told["failure"] = type(error).__name__
    return told


finish(**asyncio.run(main()))
