"""CPU of the caller's thread for what logs events, of whichever `insidellm` is installed.

usage: event.py BASE_URL   (a server that takes events; prints JSON: microseconds by operation)
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Callable, Dict

import insidellm
from insidellm.decorators import track_function_execution

#: Operations that are timed together, and how often.
CHUNK, CHUNKS = 50, 60
WORDS = "the agent reads a file and looks for the cause of the failure before it changes anything in the code "


def main() -> None:
    """Times each way to log an event."""
    insidellm.initialize(api_key="caller", base_url=sys.argv[1])
    client = insidellm.get_client()
    run_id = client.start_run(user_id="user-1")
    tracker = insidellm.InsideLLMTracker(run_id=run_id, user_id="user-1", auto_start_session=False)
    operations = {"event": event(run_id), **decorated(), **blocks(tracker)}
    medians = {name: timed(operation) for name, operation in operations.items()}
    print(json.dumps({"package": "insidellm", "microseconds": medians}))
    insidellm.shutdown()


def event(run_id: str) -> Callable[[], None]:
    """One event, created and logged."""
    client = insidellm.get_client()

    def create_and_log() -> None:
        client.log_event(insidellm.Event.create_user_input(run_id=run_id, user_id="user-1", input_text=WORDS))

    return create_and_log


def decorated() -> Dict[str, Callable[[], object]]:
    """A function that does nothing under each decorator: two events for a call of a model or tool, else one."""

    def nothing(prompt: str) -> str:
        return prompt

    decorators = {
        "track_llm_call": insidellm.track_llm_call("gpt-4o-mini", "openai"),
        "track_tool_use": insidellm.track_tool_use("read_file"),
        "track_agent_step": insidellm.track_agent_step("planning"),
        "track_function_execution": track_function_execution(),
    }

    def call_of(function: Callable[[str], str]) -> Callable[[], object]:
        return lambda: function(WORDS)

    return {name: call_of(decorate(nothing)) for name, decorate in decorators.items()}


def blocks(tracker: insidellm.InsideLLMTracker) -> Dict[str, Callable[[], object]]:
    """The tracker's two blocks, two events each."""

    def llm_call() -> None:
        with tracker.track_llm_call("gpt-4o-mini", "openai", WORDS) as log_response:
            log_response(WORDS)

    def tool_call() -> None:
        with tracker.track_tool_call("read_file", {"path": "src/main.py"}) as log_response:
            log_response(WORDS)

    return {"tracker.track_llm_call": llm_call, "tracker.track_tool_call": tool_call}


def timed(operation: Callable[[], object]) -> float:
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
