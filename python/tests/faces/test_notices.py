"""What goes wrong with delivery is logged in a program that only ever records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Callable

import pytest
from waiting import wait_for

import insidellm
from sigil_sdk import Client, GenerationStart, ModelRef
from sigil_sdk.config import ClientConfig, GenerationExportConfig


def sigil_recording(url: str) -> tuple[Callable[[], None], Callable[[], int]]:
    export = GenerationExportConfig(
        protocol="http", endpoint=url, max_retries=0, batch_size=1, flush_interval=timedelta(hours=1)
    )
    client = Client(ClientConfig(generation_export=export))

    def record() -> None:
        with client.start_generation(GenerationStart(model=ModelRef("openai", "gpt-4o"))):
            pass

    return record, lambda: client.stats()["dropped_rejected"]


def insidellm_recording(url: str) -> tuple[Callable[[], None], Callable[[], int]]:
    client = insidellm.InsideLLMClient(api_key="k", base_url=url, max_retries=0, batch_size=1)

    def record() -> None:
        client.log_event(insidellm.Event.create_user_input("run", "user", "Hello"))

    return record, lambda: client.queue_manager.get_statistics()["dropped_rejected"]


@pytest.mark.parametrize("recording", [sigil_recording, insidellm_recording])
def test_a_program_that_never_flushes_is_told(
    recording: Callable[[str], tuple[Callable[[], None], Callable[[], int]]],
    server: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.respond = lambda _request: (400, {"error": "the model is not known here"})
    record, rejected = recording(server.url)

    def is_told() -> bool:
        record()
        return "the model is not known here" in caplog.text

    record()
    wait_for(lambda: rejected() > 0, "the record is refused")
    wait_for(is_told, "the log says why")
