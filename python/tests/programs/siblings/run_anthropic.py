"""Anthropic's own client through the wrappers: a message with thinking, a stream, a tool call, a failure; sync and async."""

from __future__ import annotations

import asyncio

from anthropic import Anthropic, AsyncAnthropic
from recording import PROVIDER, client, finish
from sigil_sdk_anthropic import AnthropicOptions, AnthropicStreamSummary, messages

BASE = PROVIDER.removesuffix("/v1")
anthropic = Anthropic(base_url=BASE, api_key="not-used", max_retries=0)
REQUEST = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 256,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hi"}],
}
WEATHER = {"name": "weather", "description": "Looks it up", "input_schema": {"type": "object"}}


def options(conversation: str) -> AnthropicOptions:
    return AnthropicOptions(conversation_id=conversation, agent_name="assistant", agent_version="1.0.0")


def at(part: str) -> Anthropic:
    return Anthropic(base_url=f"{BASE}/{part}", api_key="not-used", max_retries=0)


def streamed(request: dict) -> AnthropicStreamSummary:
    return AnthropicStreamSummary(events=list(anthropic.messages.create(**request, stream=True)))


messages.create(client, REQUEST, lambda r: anthropic.messages.create(**r), options("plain"))
messages.stream(client, REQUEST, streamed, options("stream"))
messages.create(client, {**REQUEST, "tools": [WEATHER]}, lambda r: at("tools").messages.create(**r), options("tools"))
answered = [
    *REQUEST["messages"],
    {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]},
]
messages.create(
    client, {**REQUEST, "messages": answered}, lambda r: anthropic.messages.create(**r), options("tools")
)
try:
    messages.create(client, REQUEST, lambda r: at("failure").messages.create(**r), options("failure"))
except Exception as error:
    failure = type(error).__name__


async def main() -> None:
    provider = AsyncAnthropic(base_url=BASE, api_key="not-used")
    await messages.create_async(client, REQUEST, lambda r: provider.messages.create(**r), options("async"))


asyncio.run(main())
finish(failure=failure)
