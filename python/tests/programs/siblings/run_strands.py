"""A Strands agent: two turns of one conversation, a tool, a run that fails."""

from __future__ import annotations

from recording import PROVIDER, client, finish
from sigil_sdk_strands import with_sigil_strands_hooks
from strands import Agent, tool
from strands.models.openai import OpenAIModel


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def agent(part: str) -> Agent:
    model = OpenAIModel(
        client_args={"api_key": "not-used", "base_url": PROVIDER.replace("/v1", f"/{part}/v1"), "max_retries": 0},
        model_id="gpt-4o-mini",
    )
    config = {"name": "forecaster", "model": model, "tools": [weather], "system_prompt": "Be brief.", "callback_handler": None}
    return Agent(**with_sigil_strands_hooks(config, client=client, provider_resolver="auto", agent_name="forecaster"))


def ask(who: Agent, question: str, conversation: str) -> str:
    return str(who(question, invocation_state={"conversation_id": conversation})).strip()


plain = agent("plain")
told = {"plain": ask(plain, "Hi", "plain"), "again": ask(plain, "And now?", "plain")}
told["tools"] = ask(agent("tools"), "Weather in Oslo?", "tools")
try:
    ask(agent("failure"), "Hi", "failure")
except Exception as error:
    told["failure"] = type(error).__name__
finish(**told)
