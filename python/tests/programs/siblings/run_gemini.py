"""Google's own client through the wrappers: content with thoughts, a stream, a tool call, embeddings, a failure; also async."""

from __future__ import annotations

import asyncio

from google import genai
from google.genai import types
from recording import PROVIDER, client, finish
from sigil_sdk_gemini import GeminiOptions, GeminiStreamSummary, models

MODEL = "gemini-2.5-pro"
BASE = PROVIDER.removesuffix("/v1")
CONTENTS = [types.Content(role="user", parts=[types.Part(text="Hi")])]
WEATHER = types.FunctionDeclaration(name="weather", description="Looks it up", parameters_json_schema={"type": "object"})
CONFIG = types.GenerateContentConfig(
    system_instruction="Be brief.",
    max_output_tokens=256,
    temperature=0.5,
    thinking_config=types.ThinkingConfig(thinking_budget=1024, include_thoughts=True),
)


def at(part: str = "") -> genai.Client:
    return genai.Client(api_key="not-used", http_options=types.HttpOptions(base_url=f"{BASE}/{part}"))


def options(conversation: str) -> GeminiOptions:
    return GeminiOptions(conversation_id=conversation, agent_name="assistant", agent_version="1.0.0")


def asking(part: str = ""):
    provider = at(part)
    return lambda model, contents, config: provider.models.generate_content(model=model, contents=contents, config=config)


def streamed(model, contents, config) -> GeminiStreamSummary:
    pieces = google.models.generate_content_stream(model=model, contents=contents, config=config)
    return GeminiStreamSummary(responses=list(pieces))


google = at()
models.generate_content(client, MODEL, CONTENTS, CONFIG, asking(), options("plain"))
models.generate_content_stream(client, MODEL, CONTENTS, CONFIG, streamed, options("stream"))
with_tools = CONFIG.model_copy(update={"tools": [types.Tool(function_declarations=[WEATHER])]})
models.generate_content(client, MODEL, CONTENTS, with_tools, asking("tools"), options("tools"))
embedded = models.embed_content(
    client,
    "gemini-embedding-001",
    "hello",
    None,
    lambda model, contents, config: google.models.embed_content(model=model, contents=contents, config=config),
)
assert embedded.embeddings
try:
    models.generate_content(client, MODEL, CONTENTS, CONFIG, asking("failure"), options("failure"))
except Exception as error:
    failure = type(error).__name__


async def main() -> None:
    provider = at()
    await models.generate_content_async(
        client,
        MODEL,
        CONTENTS,
        CONFIG,
        lambda model, contents, config: provider.aio.models.generate_content(
            model=model, contents=contents, config=config
        ),
        options("async"),
    )


asyncio.run(main())
finish(failure=failure)
