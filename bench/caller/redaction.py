"""CPU of the caller's thread for redacting a record with a large tool result, of whichever `sigil_sdk` is installed.

usage: redaction.py   (prints JSON: microseconds by what is done; nothing is sent)
"""

from __future__ import annotations

import json
import random
import statistics
import time
from typing import Any, Callable

import sigil_sdk as sdk
from sigil_sdk.config import ClientConfig, GenerationExportConfig

BYTES = 1_100_000
COUNT = 5
WORDS = "the agent reads a file and asks for the token count of its key task before it risks a change in user data".split()


def main() -> None:
    """Times a record by a client, and a generation that the sanitizer is called with."""
    text = tool_result()
    sanitizer = sdk.create_secret_redaction_sanitizer()
    client = sdk.Client(
        ClientConfig(
            generation_export=GenerationExportConfig(protocol="none"),
            generation_sanitizer=sanitizer,
            content_capture=sdk.ContentCaptureMode.FULL,
        )
    )

    def record() -> None:
        start = sdk.GenerationStart(model=sdk.ModelRef("openai", "gpt-5"))
        with client.start_generation(start) as recorder:
            recorder.set_result(output=[message(text)])
        if recorder.err() is not None:
            raise SystemExit(str(recorder.err()))

    def call() -> None:
        redacted = sanitizer(sdk.Generation(model=sdk.ModelRef("openai", "gpt-5"), output=[message(text)]))
        if "[REDACTED:" not in redacted.output[0].parts[0].tool_result.content:
            raise SystemExit("nothing was redacted")

    medians = {"a record with a tool result of 1.1 MB": timed(record), "the sanitizer of 1.1 MB": timed(call)}
    print(json.dumps({"package": "redaction", "microseconds": medians}))
    client.shutdown()


def timed(run: Callable[[], None]) -> float:
    """The median of some runs, in microseconds of CPU on this thread."""
    run()
    times = []
    for _ in range(COUNT):
        before = time.thread_time_ns()
        run()
        times.append((time.thread_time_ns() - before) / 1000)
    return statistics.median(times)


def message(text: str) -> Any:
    """A tool's message."""
    result = sdk.ToolResult(tool_call_id="c", name="list", content=text)
    return sdk.Message(role=sdk.MessageRole.TOOL, parts=[sdk.Part(kind=sdk.PartKind.TOOL_RESULT, tool_result=result)])


def tool_result() -> str:
    """What an API answers: rows of JSON, one of them with a key."""
    seeded = random.Random(1)
    rows: list[dict[str, object]] = []
    while len(rows) * 200 < BYTES:
        note = " ".join(seeded.choices(WORDS, k=24))
        row = {"id": len(rows), "note": note, "url": f"https://example.com/{len(rows)}", "token_count": len(note)}
        rows.append({**row, "at": "2026-11-22T10:00:00Z"})
    rows[7]["note"] = "use AKIAIOSFODNN7EXAMPLE"
    return json.dumps(rows)[:BYTES]


if __name__ == "__main__":
    main()
