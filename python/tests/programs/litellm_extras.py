"""What LiteLLM does only where its proxy's packages are installed: cache hits, streamed Messages calls, retries with tenacity."""

from __future__ import annotations

import asyncio
import os

import litellm
from litellm.caching.caching import Cache
from sigil_sdk import Client
from sigil_sdk_litellm import SigilLiteLLMLogger

HELLO = [{"role": "user", "content": "Hello!"}]

client = Client()
litellm.callbacks = [SigilLiteLLMLogger(client=client)]
litellm.cache = Cache()
for _ in range(2):
    litellm.completion(
        model="openai/gpt-4o-mini", messages=HELLO, caching=True, metadata={"conversation_id": "cached"}
    )
litellm.cache = None


async def stream() -> None:
    reply = await litellm.anthropic_messages(
        model="anthropic/claude-sonnet-4-5",
        messages=HELLO,
        max_tokens=50,
        system="Be brief.",
        stream=True,
        litellm_metadata={"conversation_id": "streamed"},
    )
    async for _piece in reply:
        pass


asyncio.run(stream())
litellm.completion(
    model="openai/gpt-4o-mini",
    messages=HELLO,
    num_retries=3,
    max_retries=0,
    base_url=os.environ["OPENAI_BASE_URL"] + "/failing",
    metadata={"conversation_id": "retried"},
)
client.shutdown()
