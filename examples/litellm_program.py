"""A weather assistant on LiteLLM, recorded with sigil_sdk: several turns of one conversation, a streamed reply, a tool call
and a call that fails. Replies are LiteLLM's own mocks: no model and no network are needed.

    SIGIL_ENDPOINT   where the records go (http://127.0.0.1:8080)
    SIGIL_PROTOCOL   http or grpc (http)
"""

from __future__ import annotations

import os

# LiteLLM otherwise fetches its price table over the network when it is imported.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import json
import uuid
from importlib.util import find_spec
from typing import Any

import litellm

from sigil_sdk import Client, ClientConfig, GenerationExportConfig
from sigil_sdk_litellm import SigilLiteLLMLogger

ENDPOINT = os.environ.get("SIGIL_ENDPOINT", "http://127.0.0.1:8080")
PROTOCOL = os.environ.get("SIGIL_PROTOCOL", "http")
MODEL = "openai/gpt-4o-mini"
SYSTEM_PROMPT = "You are a weather assistant. Use the tools. Answer in one sentence."
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

Message = dict[str, Any]


class Assistant:
    """One conversation. Each call sends everything that was said before, as LLM calls do."""

    def __init__(self, conversation_id: str) -> None:
        self.messages: list[Message] = [{"role": "system", "content": SYSTEM_PROMPT}]
        self.options: dict[str, Any] = {
            "model": MODEL,
            "user": "user-42",
            "metadata": {
                "conversation_id": conversation_id,
                "agent_name": "weather-assistant",
                "agent_version": "1.2.0",
                "tags": ["example"],
            },
        }
        # LiteLLM handles `tools=` with the help of the package `mcp`, which it does not require.
        if find_spec("mcp") is not None:
            self.options["tools"] = [WEATHER_TOOL]

    def ask(self, question: str, reply: str) -> str:
        """A plain turn."""
        self.messages.append({"role": "user", "content": question})
        response = litellm.completion(messages=self.messages, mock_response=reply, temperature=0.2, **self.options)
        return self._said(response.choices[0].message.content)

    def ask_streamed(self, question: str, reply: str) -> str:
        """A turn whose reply comes in pieces."""
        self.messages.append({"role": "user", "content": question})
        stream = litellm.completion(messages=self.messages, mock_response=reply, stream=True, **self.options)
        return self._said("".join(chunk.choices[0].delta.content or "" for chunk in stream))

    def ask_with_tool(self, question: str, city: str, weather: Message, reply: str) -> str:
        """A turn in which the model calls a tool before it answers."""
        call = {
            "id": f"call_{uuid.uuid4().hex[:8]}",
            "type": "function",
            "function": {"name": "get_weather", "arguments": json.dumps({"city": city})},
        }
        self.messages.append({"role": "user", "content": question})
        litellm.completion(messages=self.messages, mock_response="", mock_tool_calls=[call], **self.options)
        self.messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        self.messages.append(
            {"role": "tool", "tool_call_id": call["id"], "name": "get_weather", "content": json.dumps(weather)}
        )
        response = litellm.completion(messages=self.messages, mock_response=reply, **self.options)
        return self._said(response.choices[0].message.content)

    def ask_and_fail(self, question: str) -> str:
        """A turn in which the provider is over its rate limit."""
        self.messages.append({"role": "user", "content": question})
        try:
            litellm.completion(messages=self.messages, mock_response="litellm.RateLimitError", **self.options)
        except litellm.RateLimitError as error:
            self.messages.pop()
            return f"failed: {error}"
        raise AssertionError("the mock did not fail")

    def _said(self, text: str) -> str:
        self.messages.append({"role": "assistant", "content": text})
        return text


def main() -> None:
    """Holds the conversation and prints what was said and what was sent."""
    litellm.suppress_debug_info = True
    client = Client(ClientConfig(generation_export=GenerationExportConfig(protocol=PROTOCOL, endpoint=ENDPOINT)))
    litellm.callbacks = [SigilLiteLLMLogger(client=client)]
    conversation_id = f"example-{uuid.uuid4().hex[:12]}"
    assistant = Assistant(conversation_id)

    print(f"conversation {conversation_id}")
    print(" plain    ", assistant.ask("Hello, what can you do?", "I can tell you the weather of any city."))
    print(
        " tool     ",
        assistant.ask_with_tool(
            "What is the weather in Lisbon?", "Lisbon", {"celsius": 24, "sky": "clear"}, "It is 24 degrees and clear in Lisbon."
        ),
    )
    print(" streamed ", assistant.ask_streamed("And tomorrow?", "Tomorrow will be a little cooler, with 21 degrees."))
    print(" failing  ", assistant.ask_and_fail("And in Porto?"))

    client.shutdown()
    stats = client.stats()
    print(f"sent {stats['delivered']} of {stats['accepted']} generations to {ENDPOINT} over {PROTOCOL}")
    if stats["delivered"] != stats["accepted"]:
        raise SystemExit(f"not everything was delivered: {stats}")


if __name__ == "__main__":
    main()
