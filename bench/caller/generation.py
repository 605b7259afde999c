"""CPU of the caller's thread for one recorded generation, of whichever `sigil_sdk` is installed.

usage: generation.py ENDPOINT   (an HTTP server that takes generations; prints JSON: microseconds by number of messages)
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Any

import sigil_sdk as sdk
from sigil_sdk.config import AuthConfig, ClientConfig, GenerationExportConfig

#: Messages of a generation, and how many generations are timed.
SIZES = {2: 200, 20: 100, 200: 30}
WARM_UP = 5
WORDS = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "


def main() -> None:
    """Times each size."""
    client = sdk.Client(
        ClientConfig(
            generation_export=GenerationExportConfig(
                protocol="http",
                endpoint=sys.argv[1],
                insecure=True,
                auth=AuthConfig(mode="tenant", tenant_id="caller"),
            ),
            content_capture=sdk.ContentCaptureMode.FULL,
        )
    )
    medians: dict[str, float] = {}
    for size, count in SIZES.items():
        history = messages(size)
        for _ in range(WARM_UP):
            record(client, history)
        gc.collect()
        medians[str(size)] = statistics.median(record(client, history) for _ in range(count))
    longest = statistics.median(longest_call(client, history) for _ in range(count))
    medians[f"longest call of {size}"] = longest
    print(json.dumps({"package": "sigil-sdk", "microseconds": medians}))
    client.shutdown()


def record(client: sdk.Client, history: list[sdk.Message]) -> float:
    """Records one generation; microseconds of CPU that it took on this thread."""
    before = time.thread_time_ns()
    recorder = client.start_generation(generation_start())
    recorder.set_result(**result(history))
    recorder.end()
    elapsed = time.thread_time_ns() - before
    error = recorder.err()
    if error is not None:
        raise error
    return elapsed / 1000


def longest_call(client: sdk.Client, history: list[sdk.Message]) -> float:
    """Records one generation; microseconds of CPU of the longest of its calls: no other Python thread runs meanwhile."""
    moments = [time.thread_time_ns()]
    recorder = client.start_generation(generation_start())
    moments.append(time.thread_time_ns())
    recorder.set_result(**result(history))
    moments.append(time.thread_time_ns())
    recorder.end()
    moments.append(time.thread_time_ns())
    error = recorder.err()
    if error is not None:
        raise error
    return max(after - before for before, after in zip(moments, moments[1:])) / 1000


def generation_start() -> sdk.GenerationStart:
    """What is known before the call."""
    return sdk.GenerationStart(
        model=sdk.ModelRef(provider="openai", name="gpt-4o-mini"),
        conversation_id="conversation-1",
        agent_name="reader",
        system_prompt="Be brief.",
        tags={"env": "bench"},
    )


def result(history: list[sdk.Message]) -> dict[str, Any]:
    """What the call returned."""
    return {
        "input": history[:-1],
        "output": history[-1:],
        "usage": sdk.TokenUsage(input_tokens=1000, output_tokens=50),
        "response_id": "response-1",
        "stop_reason": "stop",
    }


def messages(count: int) -> list[sdk.Message]:
    """A history as agents have it: what was asked, tool calls with their results, an answer; about 600 bytes each."""
    history = [sdk.user_text_message("Why does the test fail? " + WORDS * 5)]
    while len(history) < count - 1:
        call = sdk.ToolCall(name="read_file", id=f"call-{len(history)}", input_json=b'{"path": "src/main.py"}')
        parts = [sdk.text_part(WORDS * 4), sdk.tool_call_part(call)]
        history.append(sdk.Message(role=sdk.MessageRole.ASSISTANT, parts=parts))
        if len(history) < count - 1:
            result = sdk.ToolResult(tool_call_id=call.id, name=call.name, content=WORDS * 8)
            history.append(sdk.Message(role=sdk.MessageRole.TOOL, parts=[sdk.tool_result_part(result)]))
    history.append(sdk.assistant_text_message("It fails because of this: " + WORDS * 5))
    return history


if __name__ == "__main__":
    main()
