"""CPU of the caller's thread for one event, created and logged, of whichever `insidellm` is installed.

usage: event.py BASE_URL   (a server that takes events; prints JSON: microseconds by operation)
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Callable

import insidellm

#: Operations that are timed together, and how often.
CHUNK, CHUNKS = 50, 60
WORDS = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "


def main() -> None:
    """Times an event by itself, and a tracked LLM call (two events)."""
    insidellm.initialize(api_key="caller", base_url=sys.argv[1])
    client = insidellm.get_client()
    run_id = client.start_run(user_id="user-1")

    def create_and_log() -> None:
        event = insidellm.Event.create_user_input(run_id=run_id, user_id="user-1", input_text=WORDS)
        client.log_event(event)

    @insidellm.track_llm_call("gpt-4o-mini", "openai")
    def call(prompt: str) -> str:
        return prompt

    def tracked_call() -> None:
        call(WORDS)

    medians = {"event": timed(create_and_log), "tracked_llm_call": timed(tracked_call)}
    print(json.dumps({"package": "insidellm", "microseconds": medians}))
    insidellm.shutdown()


def timed(operation: Callable[[], None]) -> float:
    """Microseconds of CPU that one call took on this thread: the median of many chunks."""
    for _ in range(CHUNK):
        operation()
    gc.collect()
    means = []
    for _ in range(CHUNKS):
        before = time.thread_time_ns()
        for _ in range(CHUNK):
            operation()
        means.append((time.thread_time_ns() - before) / 1000 / CHUNK)
        insidellm.flush()
    return statistics.median(means)


if __name__ == "__main__":
    main()
