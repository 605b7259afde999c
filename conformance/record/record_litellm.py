"""Record what the installed sigil-sdk-litellm sends: ``python record_litellm.py``.

No model is called: LiteLLM makes the replies up.
"""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from importlib import metadata
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import recorder as recording_server

import sigil_sdk
from sigil_sdk_litellm import SigilLiteLLMLogger

PACKAGE = "sigil-sdk-litellm"
WAIT_SECONDS = 20.0
HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Käse?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"q":"käse"}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "name": "look", "content": "gut"},
]
TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}}}]


def completion() -> None:
    """One reply, with everything that the handler maps."""
    litellm.completion(
        model="openai/gpt-4o",
        messages=HISTORY,
        tools=TOOLS,
        temperature=0.2,
        max_tokens=50,
        mock_response="Ja.",
        metadata={"conversation_id": "conv-1", "agent_name": "agent", "tags": ["blue"]},
        user="user-1",
    )


def stream() -> None:
    """A streamed reply."""
    chunks = litellm.completion(
        model="anthropic/claude-sonnet-4-5",
        messages=[{"role": "user", "content": "hi"}],
        mock_response="hello there",
        stream=True,
    )
    for _ in chunks:
        pass


def failure() -> None:
    """A call that fails."""
    try:
        litellm.completion(
            model="openai/gpt-4o", messages=[{"role": "user", "content": "hi"}], mock_response="litellm.RateLimitError"
        )
    except litellm.RateLimitError:
        return
    raise RuntimeError("the call was to fail")


class Reporting(SigilLiteLLMLogger):
    """Says when LiteLLM has called it, which it does on a pool of threads, some time after the program's call."""

    def __init__(self, client: sigil_sdk.Client, **settings: Any) -> None:
        super().__init__(client=client, **settings)
        self.reported = threading.Semaphore(0)

    def log_success_event(self, *args: Any, **kwargs: Any) -> None:
        super().log_success_event(*args, **kwargs)
        self.reported.release()

    def log_failure_event(self, *args: Any, **kwargs: Any) -> None:
        super().log_failure_event(*args, **kwargs)
        self.reported.release()


def main() -> None:
    """All scenarios in one client, over HTTP: LiteLLM takes a second handler of equal settings for the first one."""
    version = metadata.version(PACKAGE)
    with recording_server.recording(grpc=False) as recorder:
        export: Any = sigil_sdk.GenerationExportConfig(
            protocol="http", endpoint=recorder.http_endpoint, flush_interval=timedelta(hours=1), max_retries=0
        )
        client = sigil_sdk.Client(sigil_sdk.ClientConfig(generation_export=export))
        handler = Reporting(client, extra_tags={"env": "test"})
        litellm.callbacks = [handler]
        for scenario in (completion, stream, failure):
            scenario()
            if not handler.reported.acquire(timeout=WAIT_SECONDS):
                raise TimeoutError(f"{scenario.__name__}: LiteLLM told nothing within {WAIT_SECONDS} s")
            client.flush()
            (request,) = recording_server.take(recorder)
            recording_server.write("sigil", f"{PACKAGE}-{version}.{scenario.__name__}.http", PACKAGE, request)
        client.shutdown()


if __name__ == "__main__":
    main()
