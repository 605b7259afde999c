"""OpenAI's own client through the wrappers: chat, a stream, Responses, a tool call, embeddings, failures; sync and async."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI, OpenAI
from recording import PROVIDER, client, finish
from sigil_sdk_openai import ChatCompletionsStreamSummary, OpenAIOptions, ResponsesStreamSummary, chat, embeddings, responses

openai = OpenAI(base_url=PROVIDER, api_key="not-used", max_retries=0)
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Looks it up", "parameters": {"type": "object"}}}


def options(conversation: str) -> OpenAIOptions:
    return OpenAIOptions(conversation_id=conversation, agent_name="assistant", agent_version="1.0.0", tags={"env": "test"})


def streamed(request: dict) -> ChatCompletionsStreamSummary:
    return ChatCompletionsStreamSummary(events=list(openai.chat.completions.create(**request)))


def streamed_response(request: dict) -> ResponsesStreamSummary:
    return ResponsesStreamSummary(events=list(openai.responses.create(**request)))


def at(part: str) -> OpenAI:
    return OpenAI(base_url=PROVIDER.replace("/v1", f"/{part}/v1"), api_key="not-used", max_retries=0)


request = {"model": "gpt-5", "messages": MESSAGES, "temperature": 0.5, "max_tokens": 99}
said = chat.completions.create(client, request, lambda r: openai.chat.completions.create(**r), options("chat"))
assert said.choices[0].message.content == "Hello there!"
chat.completions.stream(
    client, {**request, "stream": True, "stream_options": {"include_usage": True}}, streamed, options("stream")
)
chat.completions.create(
    client, {**request, "tools": [WEATHER]}, lambda r: at("tools").chat.completions.create(**r), options("tools")
)
asked = {"model": "gpt-5", "instructions": "Be brief.", "input": "Hi", "max_output_tokens": 300}
responses.create(client, asked, lambda r: openai.responses.create(**r), options("responses"))
responses.stream(client, {**asked, "stream": True}, streamed_response, options("responses-stream"))
embedded = embeddings.create(
    client,
    {"model": "text-embedding-3-small", "input": ["hello", "world"]},
    lambda r: openai.embeddings.create(**r),
)
assert len(embedded.data) == 2
try:
    chat.completions.create(client, request, lambda r: at("failure").chat.completions.create(**r), options("failure"))
except Exception as error:
    failure = type(error).__name__


async def main() -> None:
    provider = AsyncOpenAI(base_url=PROVIDER, api_key="not-used")
    await chat.completions.create_async(client, request, lambda r: provider.chat.completions.create(**r), options("async"))


asyncio.run(main())
finish(failure=failure)
