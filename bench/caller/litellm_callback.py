"""How long LiteLLM's asynchronous success callback holds up the event loop, with whichever `sigil_sdk_litellm` is installed.

usage: litellm_callback.py ENDPOINT   (an HTTP server that takes generations; prints JSON: microseconds by number of messages)

The callback is called as LiteLLM calls it, with the standard logging object of a completion. CPU of the loop's thread: the
callback awaits nothing, so nothing else runs on the loop meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import statistics
import sys
import time
from datetime import datetime, timedelta
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import sigil_sdk as sdk
from sigil_sdk.config import AuthConfig, ClientConfig, GenerationExportConfig
from sigil_sdk_litellm import SigilLiteLLMLogger

#: Messages of a call, and how many calls are timed.
SIZES = {2: 200, 20: 100, 200: 30}
WARM_UP = 5
CALLS = itertools.count()
WORDS = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "


async def main() -> None:
    """Times each size."""
    export = GenerationExportConfig(
        protocol="http", endpoint=sys.argv[1], insecure=True, auth=AuthConfig(mode="tenant", tenant_id="caller")
    )
    client = sdk.Client(ClientConfig(generation_export=export, content_capture=sdk.ContentCaptureMode.FULL))
    handler = SigilLiteLLMLogger(client=client, agent_name="reader")
    medians = {}
    for size, count in SIZES.items():
        arguments = call(size)
        for _ in range(WARM_UP):
            await report(handler, arguments)
        gc.collect()
        medians[str(size)] = statistics.median([await report(handler, arguments) for _ in range(count)])
    print(json.dumps({"package": "sigil-sdk-litellm", "microseconds": medians}))
    client.shutdown()


async def report(handler: Any, arguments: dict[str, Any]) -> float:
    """Reports one call; microseconds of CPU that it took on the loop's thread."""
    # A call of its own: a server refuses another content under the same id.
    arguments["standard_logging_object"]["id"] = f"chatcmpl-{os.getpid()}-{next(CALLS)}"
    end = datetime.now()
    before = time.thread_time_ns()
    await handler.async_log_success_event(arguments, None, end - timedelta(seconds=1), end)
    return (time.thread_time_ns() - before) / 1000


def call(count: int) -> dict[str, Any]:
    """What LiteLLM hands to a callback, of a call with this many messages, its answer included."""
    answer = {"role": "assistant", "content": "It fails because of this: " + WORDS * 5}
    choice = {"index": 0, "finish_reason": "stop", "message": answer}
    payload = {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "status": "success",
        "stream": False,
        "model": "gpt-4o-mini",
        "custom_llm_provider": "openai",
        "messages": messages(count - 1),
        "response": {"id": "chatcmpl-1", "model": "gpt-4o-mini-2024-07-18", "choices": [choice]},
        "model_parameters": {"temperature": 0.5},
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "response_cost": 0.001,
        "request_tags": ["bench"],
        "end_user": "",
    }
    return {
        "standard_logging_object": payload,
        "litellm_call_id": "call-1",
        "call_type": "acompletion",
        "litellm_params": {"metadata": {"conversation_id": "conversation-1"}},
        "optional_params": {"temperature": 0.5},
    }


def messages(count: int) -> list[dict[str, Any]]:
    """A history as agents have it: a system prompt, what was asked, tool calls with their results; about 600 bytes each."""
    history: list[dict[str, Any]] = [{"role": "user", "content": "Why does the test fail? " + WORDS * 5}]
    if count > 1:
        history.insert(0, {"role": "system", "content": "Be brief."})
    while len(history) < count:
        function = {"name": "read_file", "arguments": '{"path": "src/main.py"}'}
        calls = [{"id": f"call-{len(history)}", "type": "function", "function": function}]
        history.append({"role": "assistant", "content": WORDS * 4, "tool_calls": calls})
        if len(history) < count:
            history.append({"role": "tool", "tool_call_id": calls[0]["id"], "name": "read_file", "content": WORDS * 8})
    return history


if __name__ == "__main__":
    asyncio.run(main())
